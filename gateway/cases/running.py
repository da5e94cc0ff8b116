"""A case is run: its document through `prepare`, its answers through the mapping's record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, cast

from gateway.cases.reading import Case
from gateway.documents import encode_json
from gateway.errors import GatewayError, InvalidQuery, MappingError
from gateway.mapping import Lookup, Names, Plan, Question, Request
from gateway.operations.prepare import names_for, prepare
from gateway.snapshot import Snapshot
from gateway.wire import decode, filter_text

NOW: Final = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)  # of every case: two runs must agree


@dataclass(slots=True)
class Outcome:
    """What came out of a case.

    `asked` are the paths of the answers that were used, `unanswered` the lookups (with their
    key) for which the case has none.
    """

    requests: tuple[Request, ...] = ()
    problem: GatewayError | None = None
    filter: str | None = None
    answer: object = None
    answered: bool = False
    asked: set[tuple[str, ...]] = field(default_factory=set)
    unanswered: list[tuple[str, ...]] = field(default_factory=list)


class CaseAnswers:
    """The answers of a case as the source of its lookups; notes down which were asked for."""

    def __init__(self, lookups: Mapping[str, object], outcome: Outcome) -> None:
        self._lookups = lookups
        self._outcome = outcome

    async def find(
        self, lookup: Lookup, questions: Sequence[Question]
    ) -> Sequence[Mapping[str, object] | None]:
        """The given records, in the order of the questions; null where nothing is given."""
        return [self._answer(lookup, question.key or "") for question in questions]

    def _answer(self, lookup: Lookup, key: str) -> Mapping[str, object] | None:
        path = (lookup.name, key) if lookup.each else (lookup.name,)
        given: Any = self._lookups
        for name in path:
            if not isinstance(given, Mapping) or name not in given:
                self._outcome.unanswered.append(path)
                return None
            given = given[name]
        self._outcome.asked.add(("lookups", *path))
        return cast("Mapping[str, object] | None", given)


async def run_case(case: Case, plan: Plan, snapshot: Snapshot) -> Outcome:
    """What comes out of `case`. Its mistakes are in the outcome, nothing is raised."""
    outcome = Outcome()
    names = names_for(plan, case.given, None, now=NOW)
    names["params"] = dict(case.params)
    if plan.list is not None:
        entity = snapshot.schemas.entity(plan.api, plan.entity)
        try:
            outcome.filter = filter_text(entity, plan.list.conditions(case.query))
        except InvalidQuery as error:
            outcome.problem = error
    elif plan.steps:
        source = CaseAnswers(case.answers.get("lookups", {}), outcome)
        prepared = await prepare(snapshot.schemas, plan, names, source)
        outcome.requests, outcome.problem = prepared.requests, prepared.problem
        names = prepared.names
    given = case.answers.get("steps", {}).get(answering_step(plan))
    if outcome.problem is None and given is not None:
        outcome.asked.add(("steps", answering_step(plan)))
        _answer(given, plan, snapshot, names, outcome)
    return outcome


def answering_step(plan: Plan) -> str:
    """Under which name a case gives the record that the answer is made of."""
    return plan.answer_step or plan.verb


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
