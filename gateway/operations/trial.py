"""A trial: a verb whose leaves tell what they do, and what is told of it once it was prepared.

Dry runs, the operators' page and `bc-gateway render` try verbs with it. It sends nothing: what a
trial needs to know comes through a `Source`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.documents import Document, meant
from gateway.errors import NotFound
from gateway.mapping import Explanation, Plan
from gateway.operations.explaining import Leaf, explained, field_names, within, without_indexes
from gateway.operations.prepare import Prepared, names_for
from gateway.operations.sources import Source
from gateway.operations.walk import rehearsed
from gateway.snapshot import compile_mapping
from gateway.validation import Schemas


@dataclass(frozen=True, slots=True)
class Trial:
    """One verb of `mapping`. A trial is for one run: `explanation` notes down what its leaves do."""

    plan: Plan
    mapping: Document
    schemas: Schemas
    explanation: Explanation

    async def offline(
        self,
        document: object,
        source: Source,
        *,
        now: datetime,
        target: Mapping[str, object],
        params: Mapping[str, object],
    ) -> Prepared:
        """What the verb would send without any connection. Raises what `source` raises."""
        names = names_for(self.plan, document, None, now=now, target=target)
        names["params"] = dict(params)
        return await rehearsed(self.schemas, self.plan, names, source)

    def leaves(self, prepared: Prepared, field: str = "") -> list[Leaf]:
        """The leaves that were evaluated, those of `field` alone where it is named."""
        return explained(self.explanation, self.mapping, prepared, self.plan.verb, field)

    def require(self, field: str) -> None:
        """Raises `NotFound` when no leaf of the verb is `field` or in it."""
        names = field_names(self.explanation, self.mapping, self.plan.verb)
        if any(within(name, without_indexes(field)) for name in names):
            return
        hint = meant(field, names) or f"There are: {', '.join(names)}."
        raise NotFound(f'{self.plan.verb} of {self.plan.resource} writes no "{field}". {hint}')

    def unused(self, document: object) -> list[str]:
        """The JSON pointers of what is in the document and no expression of the verb reads."""
        return list(self.plan.unread(document)) if document else []


def trial_of(mapping: Document, verb: str, schemas: Schemas) -> Trial:
    """A trial of a verb that `mapping`, which has no error, is known to have."""
    explanation = Explanation()
    plan = compile_mapping(mapping, schemas, explanation)[verb]
    return Trial(plan, mapping, schemas, explanation)


def told(prepared: Prepared) -> dict[str, object]:
    """The calls and the lookups of what was prepared, as JSON."""
    return {
        "requests": [
            {"step": one.step, "method": one.method, "path": one.path, "body": one.body}
            for one in prepared.requests
        ],
        "then": list(prepared.then),
        "lookups": [
            {
                "name": one.name,
                "asked": one.asked,
                "found": one.found,
                "missing": list(one.missing),
            }
            for one in prepared.lookups
        ],
    }
