"""A case is run: its document through `prepare`, its answers through the mapping's record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from gateway.cases.answers import BEFORE, answering_step
from gateway.cases.reading import Case
from gateway.documents import encode_json
from gateway.errors import GatewayError, InvalidInput, InvalidQuery, MappingError
from gateway.mapping import Lookup, Names, Plan, Question, Request
from gateway.operations.changes import identified
from gateway.operations.compare import same_value
from gateway.operations.prepare import Prepared, names_for
from gateway.operations.sources import Absent, Found, GivenAnswers
from gateway.operations.walk import rehearsed
from gateway.snapshot import Snapshot
from gateway.wire import Entity, decode, filter_text, key_conditions, key_of

NOW: Final = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)  # of every case: two runs must agree


@dataclass(slots=True)
class Outcome:
    """What came out of a case.

    `asked` are the paths of the answers that were used, `unanswered` those that were missed:
    lookups (with their key) and steps. `others` are answers that are no answer to what was asked,
    each with the field that tells. `anchor` is what a record would be found again by.
    """

    requests: tuple[Request, ...] = ()
    problem: GatewayError | None = None
    filter: str | None = None
    answer: object = None
    answered: bool = False
    asked: set[tuple[str, ...]] = field(default_factory=set)
    unanswered: list[tuple[str, ...]] = field(default_factory=list)
    others: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    anchor: Mapping[str, object] | None = None


class CaseAnswers:
    """The answers of a case as the source of what is read; notes down which were asked for."""

    def __init__(
        self,
        answers: Mapping[str, Mapping[str, object]],
        outcome: Outcome,
        entity_of: Callable[[str], Entity],
    ) -> None:
        self._given = GivenAnswers(answers.get("lookups", {}), answers.get("steps", {}))
        self._outcome = outcome
        self._entity_of = entity_of

    async def find(
        self, lookup: Lookup, questions: Sequence[Question]
    ) -> Sequence[Found | Absent | None]:
        """The given records, in the order of the questions; null where nothing is given."""
        return [await self._found(lookup, question) for question in questions]

    async def current(self, plan: Plan, names: Names) -> Found | None:
        """The given record that is there before a change; null for none."""
        step = plan.steps[0]
        if plan.part and step.kind != "read":
            return await self._given.current(plan, names)
        name = step.name if plan.part else BEFORE
        try:
            found = await self._given.current(plan, names)
        except InvalidInput:
            self._outcome.unanswered.append(("steps", name))
            return None
        self._outcome.asked.add(("steps", name))
        if found is not None:
            self._compare(("steps", name), plan.entity, found, self._wanted(plan, names))
        return found

    def after(self, plan: Plan, names: Names) -> Found | None:
        """The given record of a step that writes."""
        name = plan.steps[0].name
        found = self._given.after(plan, names)
        if found is not None:
            self._outcome.asked.add(("steps", name))
        elif plan.steps[0].kind != "delete":
            self._outcome.unanswered.append(("steps", name))
        return found

    async def _found(self, lookup: Lookup, question: Question) -> Found | Absent | None:
        kind = "steps" if lookup.step else "lookups"
        path = (kind, lookup.name, *([question.key or ""] if lookup.each else []))
        try:
            (found,) = await self._given.find(lookup, [question])
        except InvalidInput:
            self._outcome.unanswered.append(path)
            return None
        self._outcome.asked.add(path)
        if isinstance(found, Mapping) and lookup.entity is not None:
            self._compare(path, lookup.entity, found, question.where)
        return found

    def _wanted(self, plan: Plan, names: Names) -> Sequence[tuple[str, object]]:
        """What the record of a change or of a step that reads is found by."""
        by = plan.steps[0].by
        if by is not None:
            return [(by.field, by.value(names))]
        try:
            named = key_conditions(self._entity_of(plan.entity), identified(plan, names))
        except InvalidQuery:
            return []
        return [(condition.field, condition.values[0]) for condition in named]

    def _compare(
        self,
        path: tuple[str, ...],
        entity_set: str,
        row: Found,
        where: Sequence[tuple[str, object]],
    ) -> None:
        """Note a given record that what is asked for would never find."""
        entity = self._entity_of(entity_set)
        there = decode(entity, row, self._entity_of)
        for name, value in where:
            asked = decode(entity, {name: value}, self._entity_of)[name]
            if name in row and not same_value(entity.fields[name], asked, there[name]):
                self._outcome.others.append((path, name))


async def run_case(case: Case, plan: Plan, snapshot: Snapshot) -> Outcome:
    """What comes out of `case`. Its mistakes are in the outcome, nothing is raised."""
    outcome = Outcome()
    entity = snapshot.schemas.entity(plan.api, plan.entity)
    target = case.target or record_there(case, entity)
    names = names_for(plan, case.given, None, now=NOW, target=target)
    names["params"] = dict(case.params)
    if plan.list is not None:
        try:
            outcome.filter = filter_text(entity, plan.list.conditions(case.query))
        except InvalidQuery as error:
            outcome.problem = error
    elif plan.steps:
        source = CaseAnswers(case.answers, outcome, partial(snapshot.schemas.entity, plan.api))
        try:
            prepared = await rehearsed(snapshot.schemas, plan, names, source, whole=True)
        except GatewayError as error:  # of an id that is none
            prepared = Prepared(problem=error, names=names)
        outcome.requests, outcome.problem = prepared.requests, prepared.problem
        names = prepared.names
        outcome.anchor = _anchor(plan, outcome, names)
    step = answering_step(plan)
    changes = not plan.walks and plan.steps and plan.steps[0].change is not None
    if changes and not outcome.requests:
        step = BEFORE  # nothing was sent, so the record stays what it was
    given = case.answers.get("steps", {}).get(step)
    if outcome.problem is None and given is not None:
        outcome.asked.add(("steps", step))
        _answer(given, plan, snapshot, names, outcome)
    return outcome


def _anchor(plan: Plan, outcome: Outcome, names: Names) -> Mapping[str, object] | None:
    """What the record of a request would be found again by; None where none is made."""
    making = {step.name for step in plan.steps if step.kind in {"create", "upsert"}}
    anchor = plan.anchor
    if anchor is None or not any(one.step in making for one in outcome.requests):
        return None
    value = anchor.value(names)
    return {"field": anchor.field, "value": value, "also_in": list(anchor.also_in)}


def record_there(case: Case, entity: Entity) -> Mapping[str, object]:
    """What the address names where a case does not say it: the record that is there."""
    there = case.answers.get("steps", {}).get(BEFORE)
    key = key_of(entity, there) if isinstance(there, Mapping) else None
    return {} if key is None else {"id": key}


def rendered(outcome: Outcome) -> bytes:
    """Everything of an outcome that two runs must agree about, byte for byte."""
    calls = [[call.method, call.path, call.body] for call in outcome.requests]
    return encode_json([calls, outcome.filter, outcome.answer])


def _answer(given: object, plan: Plan, snapshot: Snapshot, names: Names, outcome: Outcome) -> None:
    entity_of = partial(snapshot.schemas.entity, plan.api)
    entity = entity_of(plan.entity)
    record = plan.record if plan.list is None else plan.list.record
    raws: list[Any] = given if isinstance(given, list) else [given]
    try:
        answers = [record.answer(decode(entity, raw, entity_of), names) for raw in raws]
    except MappingError as error:
        outcome.problem = error
        return
    outcome.answered = True
    outcome.answer = answers if isinstance(given, list) else answers[0]
