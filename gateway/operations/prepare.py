"""Everything about a write before it is sent: validation, lookups, guards, rendering. No I/O.

`prepare` is what the engine runs, and the very same function answers a dry run, `render` and the
tests beside the mappings. What must be read for it comes through a `LookupSource`: the engine
reads Business Central, the others give answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, cast

from gateway.clock import timestamp
from gateway.errors import (
    CallerError,
    GatewayError,
    InvalidInput,
    MappingError,
    Rejected,
    Violation,
)
from gateway.mapping import Lookup, Names, Plan, Question, Request
from gateway.storage import Connection
from gateway.validation import Schemas
from gateway.wire import fits

Found = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Absent:
    """No record for a question. `reason` is a sentence more than that nothing was found."""

    ambiguous: bool = False
    reason: str | None = None


class LookupSource(Protocol):
    """Where the answers of lookups come from."""

    async def find(
        self, lookup: Lookup, questions: Sequence[Question]
    ) -> Sequence[Found | Absent | None]:
        """The decoded record for each question, in order; None is an `Absent` without a reason."""
        ...


@dataclass(frozen=True, slots=True)
class LookupReport:
    """What became of a lookup: how many questions, how many records, and the pointers in the
    input of those that found none.
    """

    name: str
    asked: int
    found: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What would be sent, or the problem why nothing would be."""

    requests: tuple[Request, ...] = ()
    lookups: tuple[LookupReport, ...] = ()
    anchor: str | None = field(default=None, repr=False)
    problem: GatewayError | None = None
    names: Names = field(default_factory=dict, repr=False)


class GivenAnswers:
    """Answers from a document instead of Business Central: by name of the lookup one record, or
    a map of records by key; null where there is none.

    Raises `InvalidInput` for a question that has no answer.
    """

    def __init__(self, answers: Mapping[str, object]) -> None:
        self._answers = answers

    async def find(
        self, lookup: Lookup, questions: Sequence[Question]
    ) -> Sequence[Found | Absent | None]:
        """The given records, in the order of the questions."""
        return [self._answer(lookup, question) for question in questions]

    def _answer(self, lookup: Lookup, question: Question) -> Found | None:
        given: object = self._answers
        keys = [lookup.name, question.key] if lookup.each else [lookup.name]
        for key in keys:
            if not isinstance(given, Mapping) or key not in given:
                raise InvalidInput(
                    f"The answers have nothing for the lookup {lookup.name}.",
                    violations=[
                        Violation("unanswered", "This leads to a lookup without an answer.", at)
                        for at in question.pointers
                    ],
                )
            given = given[key]
        return cast("Found | None", given)


def names_for(
    plan: Plan,
    document: object,
    connection: Connection | None,
    *,
    now: datetime,
    target: Mapping[str, object] | None = None,
) -> Names:
    """What the expressions of `plan` may name, before its lookups are asked."""
    names: Names = {
        "lookups": {},
        "steps": {},
        "params": {} if connection is None else dict(connection.params),
        "connection": {
            "id": None if connection is None else connection.id,
            "organization": None if connection is None else connection.organization,
            "company": {
                "id": None if connection is None else connection.company_id,
                "name": None if connection is None else connection.company_name,
            },
        },
        "now": timestamp(now),
        "target": dict(target or {}),
    }
    if plan.input is not None:
        names[plan.input] = document
    return names


def check_document(schemas: Schemas, plan: Plan, document: object) -> None:
    """Raises `InvalidInput` with everything the canonical schema has against `document`."""
    violations = schemas.input_validator(plan.schema).violations(document)
    if violations:
        raise InvalidInput(violations=violations)


async def prepare(schemas: Schemas, plan: Plan, names: Names, source: LookupSource) -> Prepared:
    """From a document to requests. A document that cannot be sent gives a problem, not an error.

    Raises only what `source` raises.
    """
    try:
        if plan.input is not None:
            check_document(schemas, plan, names[plan.input])
    except InvalidInput as error:
        return Prepared(problem=error, names=names)
    reports: list[LookupReport] = []
    refused: list[Rejected] = []
    for lookup in plan.lookups:
        try:
            questions = lookup.ask(names)
        except (CallerError, MappingError) as error:
            return Prepared(lookups=tuple(reports), problem=error, names=names)
        answers = await source.find(lookup, questions)
        report, values, rejections = _judge(plan, lookup, questions, answers)
        reports.append(report)
        refused.extend(rejections)
        known = cast("Mapping[str, object]", names["lookups"])
        names = {**names, "lookups": {**known, lookup.name: values}}
    base = Prepared(lookups=tuple(reports), names=names)
    if refused:
        return replace(base, problem=_together(refused))
    return _render(schemas, plan, base)


def _judge(
    plan: Plan,
    lookup: Lookup,
    questions: Sequence[Question],
    answers: Sequence[Found | Absent | None],
) -> tuple[LookupReport, object, list[Rejected]]:
    """The report of a lookup, its value for expressions, and what it refuses."""
    records: dict[str | None, Found | None] = {}
    refused: dict[str, list[Violation]] = {}
    missing: list[str] = []
    for question, answer in zip(questions, answers, strict=True):
        if answer is not None and not isinstance(answer, Absent):
            records[question.key] = answer
            continue
        absent = answer or Absent()
        missing.extend(question.pointers)
        code = lookup.ambiguous if absent.ambiguous else lookup.on_missing
        if code is None:
            records[question.key] = None
        else:
            refused.setdefault(code, []).extend(_absences(plan, code, question, absent))
    rejections = [
        plan.rejections[code].raised(tuple(violations)) for code, violations in refused.items()
    ]
    found = sum(record is not None for record in records.values())
    value = records if lookup.each else records.get(None)
    return LookupReport(lookup.name, len(questions), found, tuple(missing)), value, rejections


def _absences(plan: Plan, code: str, question: Question, absent: Absent) -> list[Violation]:
    detail = absent.reason or f"{plan.rejections[code].title}."
    pointers: tuple[str | None, ...] = question.pointers or (None,)
    return [Violation(code, detail, pointer) for pointer in pointers]


def _together(refused: Sequence[Rejected]) -> Rejected:
    """All of them in one: the words of the first, the violations of all."""
    first = refused[0]
    violations = tuple(violation for error in refused for violation in error.violations)
    return Rejected(first.own_code, first.own_title, remedy=first.remedy, violations=violations)


def _render(schemas: Schemas, plan: Plan, base: Prepared) -> Prepared:
    names = base.names
    try:
        refused = plan.guards(names)
        if refused:
            return replace(base, problem=_together(refused))
        anchor = None if plan.anchor is None else plan.anchor.value(names)
        requests = tuple(step.render(names) for step in plan.steps)
    except (CallerError, MappingError) as error:
        return replace(base, problem=error)
    violations = [*_anchor_too_long(schemas, plan, anchor)]
    for step, request in zip(plan.steps, requests, strict=True):
        validator = schemas.entity_validator(plan.api, step.entity, "create")
        violations.extend(_as_targets(validator.violations(request.body)))
    if violations:
        return replace(
            base,
            problem=InvalidInput(
                "What the mapping makes of this document does not fit Business Central.",
                violations=violations,
            ),
        )
    return replace(base, requests=requests, anchor=anchor)


def _anchor_too_long(schemas: Schemas, plan: Plan, anchor: str | None) -> Iterable[Violation]:
    """A reference is never cut: two different ones could become the same."""
    if plan.anchor is None or anchor is None:
        return
    bound = schemas.entity(plan.api, plan.entity).fields[plan.anchor.field]
    if not fits(bound, anchor):
        yield Violation(
            "maxLength",
            f"The reference has {len(anchor)} characters, at most {bound.max_length} fit.",
            target=bound.name,
        )


def _as_targets(violations: Iterable[Violation]) -> list[Violation]:
    """Pointers into Business Central's body as targets: `salesOrderLines[3].quantity`."""
    return [
        replace(violation, pointer=None, target=target_of(violation.pointer or ""))
        for violation in violations
    ]


def target_of(pointer: str) -> str:
    """`/salesOrderLines/3/quantity` as `salesOrderLines[3].quantity`."""
    target = ""
    for part in pointer.split("/")[1:]:
        target += f"[{part}]" if part.isdecimal() else f".{part}"
    return target.removeprefix(".")
