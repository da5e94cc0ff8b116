"""Answers of Business Central that were written down: what a trial is told, and what they lack.

`bc-gateway render` and the operators' page try verbs with them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from gateway.documents import shown
from gateway.errors import InvalidInput
from gateway.mapping import Lookup, Names, Plan, Question
from gateway.operations.compare import same_value
from gateway.operations.sources import Absent, Found, GivenAnswers
from gateway.validation import Schemas
from gateway.wire import Entity

KINDS: Final = ("lookups", "steps", "params")
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_MATCH: Final = ("number", "variant_id", "unit_of_measure")


@dataclass(frozen=True, slots=True)
class Answers:
    """What Business Central would answer, and the params of the connection. `file` is where they
    stand; `shared`: they are those of the tests, and nobody has chosen them.
    """

    lookups: Mapping[str, object] = field(default_factory=dict)
    steps: Mapping[str, object] = field(default_factory=dict)
    params: Mapping[str, object] = field(default_factory=dict)
    file: str | None = None
    shared: bool = False


def answers_of(value: object, file: str) -> Answers | None:
    """The answers that a document holds; None where it is no map of their kinds."""
    if not isinstance(value, Mapping) or not value.keys() <= {*KINDS}:
        return None
    lookups, steps, params = (value.get(kind) or {} for kind in KINDS)
    if not all(isinstance(one, Mapping) for one in (lookups, steps, params)):
        return None
    return Answers(lookups, steps, params, file)


def about(answers: Answers, plan: Plan, entity: Entity, target: str | None) -> Answers:
    """The answers for the record that `target` names. Who has a key that is not that of the
    record the tests share asks for one that is not there.
    """
    there, by = answers.steps.get("read"), plan.steps[0].by
    if by is None or plan.walks or not answers.shared or not isinstance(there, Mapping):
        return answers
    if same_value(entity.fields[by.field], target, there.get(by.field)):
        return answers
    return replace(answers, steps={**answers.steps, "read": None})


@dataclass(frozen=True, slots=True)
class Lacking:
    """Stands for an answer that is not given. `fields` are those it needs."""

    fields: tuple[str, ...]


class Offline(GivenAnswers):
    """The answers as a source. `asked` are the answers that were asked for, by their path; what
    is lacking is taken for something that is not there.
    """

    def __init__(self, answers: Answers, schemas: Schemas) -> None:
        super().__init__(answers.lookups, answers.steps, schemas)
        self._given = answers
        self.asked: dict[tuple[str, ...], object] = {}

    @property
    def lacks(self) -> bool:
        """Whether an answer is not given."""
        return any(isinstance(one, Lacking) for one in self.asked.values())

    async def find(
        self, lookup: Lookup, questions: Sequence[Question]
    ) -> Sequence[Found | Absent | None]:
        """The given records, in the order of the questions."""
        found: list[Found | Absent | None] = []
        for question in questions:
            key = [question.key or ""] if lookup.each else []
            path = ("steps" if lookup.step else "lookups", lookup.name, *key)
            try:
                found += await super().find(lookup, [question])
                self.asked[path] = found[-1]
            except InvalidInput:
                self.asked[path] = Lacking(_MATCH if lookup.item_match else lookup.select)
                found.append(None)
        return found

    async def current(self, plan: Plan, names: Names) -> Found | None:
        """The given record."""
        step = plan.steps[0]
        if plan.part and step.writes:
            return await super().current(plan, names)
        name = step.name if plan.part else "read"
        if name in self._given.steps:
            self.asked[("steps", name)] = self._given.steps[name]
            return await super().current(plan, names)
        needed = step.record if plan.part else plan.record
        fields = needed.select if step.change is None else step.change.select
        self.asked[("steps", name)] = Lacking(fields)
        return None

    def skeleton(self) -> str:
        """A file of answers with all that was asked for; what is lacking is to be filled in."""
        lines: list[str] = []
        before: tuple[str, ...] = ()
        for path, answer in self.asked.items():
            for depth, name in enumerate(path[:-1]):
                if before[: depth + 1] != path[: depth + 1]:
                    lines.append(f"{'  ' * depth}{_key(name)}:")
            if isinstance(answer, Lacking):
                record = f"{{{', '.join(f'{name}: …' for name in answer.fields)}}}"
            else:
                record = shown(answer)
            lines.append(f"{'  ' * (len(path) - 1)}{_key(path[-1])}: {record}")
            before = path
        if self._given.params:
            lines.append(f"params: {shown(self._given.params)}")
        return "\n".join(lines)


def _key(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else shown(text)
