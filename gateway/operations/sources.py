"""Where what must be read for a write comes from: the protocol, and answers that are given.

`prepare` reads through a Source and nothing else. The engine's reads Business Central, dry runs
and the commands give answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol, cast

from gateway.errors import InvalidInput, Violation
from gateway.mapping import Lookup, Names, Plan, Question
from gateway.operations.changes import identified
from gateway.validation import Schemas
from gateway.wire import key_conditions

Found = Mapping[str, object]


class Absent(NamedTuple):
    """No record for a question. `reason` is a sentence more than that nothing was found."""

    ambiguous: bool = False
    reason: str | None = None


NOTHING: Final = Absent()


class Source(Protocol):
    """Answers lookups, and knows the record that a change is about."""

    async def find(
        self, lookup: Lookup, questions: Sequence[Question]
    ) -> Sequence[Found | Absent | None]:
        """The decoded record for each question, in order; None is an `Absent` without a reason."""
        ...

    async def current(self, plan: Plan, names: Names) -> Found | None:
        """The record that `target` among `names` is about, decoded or as it came; None: none.

        Raises `Ambiguous` when there are several.
        """
        ...

    def after(self, plan: Plan, names: Names) -> Found | None:
        """What a step that writes would leave behind; None: that is known once it is done."""
        ...


class GivenAnswers:
    """Answers from a document instead of Business Central: by name of the lookup one record, or
    a map of records by key; under the step `read` the record that a change is about. Null where
    there is none. With `schemas` a record that is given stands for the one that is asked for, and
    has its key.

    Raises `InvalidInput` for a question that has no answer.
    """

    def __init__(
        self,
        answers: Mapping[str, object],
        steps: Mapping[str, object] | None = None,
        schemas: Schemas | None = None,
    ) -> None:
        self._answers = answers
        self._steps = steps or {}
        self._schemas = schemas

    async def find(
        self, lookup: Lookup, questions: Sequence[Question]
    ) -> Sequence[Found | Absent | None]:
        """The given records, in the order of the questions."""
        return [self._answer(lookup, question) for question in questions]

    async def current(self, plan: Plan, names: Names) -> Found | None:
        """The record under the step `read`. Of several steps each reads under its own name, and
        what one changes is not known, but for its id.
        """
        step, name = plan.steps[0], "read"
        if plan.part:
            if step.writes:
                return None if step.identified is None else {"id": identified(plan, names)}
            name = step.name
        if name not in self._steps:
            raise InvalidInput(
                f"The answers have nothing for the step {name}.",
                violations=[Violation("unanswered", "This needs a record as it stands.", "")],
            )
        found = cast("Found | None", self._steps[name])
        if found is None or self._schemas is None or step.by is not None:
            return found
        entity, key = self._schemas.entity(plan.api, plan.entity), identified(plan, names)
        named = key_conditions(entity, key) if key else []
        return {**found, **{one.field: one.values[0] for one in named}}

    def after(self, plan: Plan, names: Names) -> Found | None:
        """The record under the name of the step; of an action on a record its id is known."""
        step = plan.steps[0]
        given = cast("Found | None", self._steps.get(step.name))
        if given is not None or step.identified is None:
            return given
        return {"id": identified(plan, names)}

    def _answer(self, lookup: Lookup, question: Question) -> Found | None:
        given: object = self._steps if lookup.step else self._answers
        keys = [lookup.name, question.key] if lookup.each else [lookup.name]
        for key in keys:
            if not isinstance(given, Mapping) or key not in given:
                raise InvalidInput(
                    f"The answers have nothing for the {'step' if lookup.step else 'lookup'} {lookup.name}.",
                    violations=[
                        Violation("unanswered", "This leads to a lookup without an answer.", at)
                        for at in question.pointers
                    ],
                )
            given = given[key]
        return cast("Found | None", given)
