"""What the operators' page begins with: a mapping of the gateway, and one of the tests beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.cases import Case, read_cases, record_there
from gateway.console.attempt import Texts, writing
from gateway.documents import pretty, write_yaml
from gateway.errors import InvalidFiles
from gateway.snapshot import ResourcePlans, Snapshot
from gateway.validation import Schemas


@dataclass(frozen=True, slots=True)
class Start:
    """A verb of a mapping that can be begun with, and whose override the mapping is."""

    plans: ResourcePlans
    verb: str
    schemas: Schemas
    owner: str = ""

    @property
    def key(self) -> str:
        """How an address names it."""
        resource = f"{self.owner}/{self.plans.resource}" if self.owner else self.plans.resource
        return f"{resource}:{self.verb}"

    @property
    def title(self) -> str:
        """For people."""
        title = f"{self.plans.title} for {self.owner}" if self.owner else self.plans.title
        return f"{title}: {self.verb}"

    def texts(self) -> Texts:
        """The mapping, and document and answers of the first test that sends something.

        Without such a test the document is empty.
        """
        mapping = self.plans.mapping.text
        case = next(_sending(self.plans, self.verb), None)
        if case is None:
            return Texts(mapping, self.verb, "{}\n", "", "")
        given = {kind: dict(case.answers.get(kind, {})) for kind in ("lookups", "steps")}
        answers = {kind: one for kind, one in (given | {"params": case.params}).items() if one}
        plan = self.plans.verbs[self.verb]
        entity = self.schemas.entity(plan.api, plan.entity)
        target = case.target or record_there(case, entity)
        return Texts(
            mapping,
            self.verb,
            f"{pretty(case.given)}\n",
            write_yaml(answers) if answers else "",
            str(next(iter(target.values()), "")),
        )


def starts(snapshot: Snapshot) -> dict[str, Start]:
    """What can be begun with, by the keys."""
    owned = [("", snapshot.resources), *snapshot.overrides.items()]
    found = [
        Start(plans, verb, snapshot.schemas, owner)
        for owner, resources in owned
        for plans in resources.values()
        for verb in writing(plans)
    ]
    return {one.key: one for one in found}


def _sending(plans: ResourcePlans, verb: str) -> Iterator[Case]:
    """The tests beside a mapping that expect requests of the verb."""
    file = Path(plans.file)
    try:
        cases = read_cases(file.with_name(f"{file.stem}.test.yaml"))
    except InvalidFiles:
        return
    yield from (one for one in cases.cases if one.verb == verb and one.expect.get("requests"))
