"""Everything about a write before it is sent: validation, lookups, guards, rendering. No I/O.

`prepare` is what the engine runs, and the very same function answers a dry run, `render` and the
tests beside the mappings. What must be read for it comes through a `Source`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from gateway.clock import breath, timestamp
from gateway.errors import (
    CallerError,
    GatewayError,
    InvalidInput,
    MappingError,
    RecordGone,
    Rejected,
    Violation,
)
from gateway.mapping import By, Change, Lookup, Names, Plan, Question, Request
from gateway.operations.changes import Baseline, addressed, baseline_of, request_of
from gateway.operations.compare import same_value
from gateway.operations.elements import Element, request_for
from gateway.operations.etags import check_condition
from gateway.operations.sources import NOTHING, Absent, Found, Source
from gateway.operations.wanted import Whole, elements_of
from gateway.storage import Connection
from gateway.validation import Schemas
from gateway.wire import Entity, fits, is_guid


class LookupReport(NamedTuple):
    """What became of a lookup: how many questions, how many records, and the pointers in the
    input of those that found none.
    """

    name: str
    asked: int
    found: int
    missing: tuple[str, ...] = ()


class Prepared(NamedTuple):
    """What would be sent, or the problem why nothing would be.

    `baseline` is the record that is changed or deleted; when nothing of it has to be changed
    there are no requests. `elements` are those of its parts that are to be as the document says,
    with the calls for them behind that of the record. `then` are the steps that follow once these
    calls have been answered.
    """

    requests: tuple[Request, ...] = ()
    lookups: tuple[LookupReport, ...] = ()
    anchor: str | None = None
    problem: GatewayError | None = None
    baseline: Baseline | None = None
    elements: tuple[Element, ...] = ()
    then: tuple[str, ...] = ()
    names: Names = {}  # noqa: RUF012 - nobody writes into names that were given

    def __repr__(self) -> str:
        return f"Prepared({len(self.requests)} requests, problem={self.problem!r})"

    def of_step(self, name: str) -> tuple[Request, ...]:
        """The calls of this step: those of elements are steps of their own."""
        return tuple(one for one in self.requests if one.step == name)


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


def check_document(schemas: Schemas, plan: Plan, names: Names) -> None:
    """Raises `InvalidInput` with everything that the canonical schema has against the document,
    and that the address has against its key.
    """
    if plan.input is None:
        return
    document, step = names[plan.input], plan.steps[0]
    patched = plan.verb == "update" and not plan.action
    side = schemas.change_validator if patched else schemas.input_validator
    violations = side(plan.takes or plan.schema).violations(document)
    if not violations and step.by is not None and not plan.walks:
        violations = _wrong_key(schemas, plan, step.by, names)
    if violations:
        raise InvalidInput(violations=violations)


async def prepare(
    schemas: Schemas,
    plan: Plan,
    names: Names,
    source: Source,
    if_match: Sequence[str] = (),
    *,
    checked: bool = False,
) -> Prepared:
    """From a document to requests. A document that cannot be sent gives a problem, not an error.

    `if_match` are the canonical ETags one of which the record must have; none: any will do.
    `checked`: the document has passed `check_document` with these schemas. Raises only what
    `source` raises.
    """
    try:
        if not checked:
            check_document(schemas, plan, names)
        base = Prepared(names=names)
        if plan.steps[0].kind != "create":
            base = _standing(schemas, plan, base, await source.current(plan, names), if_match)
    except (CallerError, MappingError, RecordGone) as error:
        return Prepared(problem=error, names=names)
    patch = None if plan.input is None else names[plan.input]
    base = await look_up(plan, base, source, _asked(plan, base, patch))
    if base.problem is not None:
        return base
    await breath()
    return _render(schemas, plan, base, patch)


async def look_up(plan: Plan, base: Prepared, source: Source, asked: Collection[str]) -> Prepared:
    """With the answers of the lookups that are `asked`, or the problem of what they lack.

    Raises only what `source` raises.
    """
    if not plan.lookups:
        return base
    reports: list[LookupReport] = []
    refused: list[Rejected] = []
    found: dict[str, object] = {}
    names = {**base.names, "lookups": found}  # each lookup may name those before it
    for lookup in plan.lookups:
        found[lookup.name] = {} if lookup.each else None
        if lookup.name in asked:
            try:
                questions = lookup.ask(names)
            except (CallerError, MappingError) as error:
                return base._replace(names=names, lookups=tuple(reports), problem=error)
            answers = await source.find(lookup, questions)
            report, found[lookup.name], rejections = judged(plan, lookup, questions, answers)
            reports.append(report)
            refused.extend(rejections)
    problem = together(refused) if refused else base.problem
    return base._replace(names=names, lookups=tuple(reports), problem=problem)


def _standing(
    schemas: Schemas, plan: Plan, base: Prepared, row: Found | None, if_match: Sequence[str]
) -> Prepared:
    """With the record that is there, and the document as it is to become."""
    step, names = plan.steps[0], base.names
    if row is None:
        if step.kind != "upsert":
            raise RecordGone
        check_condition(if_match, None)
        return base
    patch = None if plan.input is None else names[plan.input]
    baseline = baseline_of(schemas, plan, names, row, patch)
    check_condition(if_match, baseline.record)
    if plan.input is not None and isinstance(step.change, Change):
        names = {**names, plan.input: step.change.desired(baseline.record, patch)}
    return base._replace(baseline=baseline, names=names)


def _asked(plan: Plan, base: Prepared, patch: object) -> frozenset[str]:
    """The lookups that are needed: of a change only those of what it touches."""
    change = plan.steps[0].change
    if base.baseline is not None and change is not None:
        return change.asks(patch)
    return frozenset(lookup.name for lookup in plan.lookups)


def judged(
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
        absent = answer or NOTHING
        missing.extend(question.pointers)
        code = lookup.ambiguous if absent.ambiguous else lookup.on_missing
        if code is None:
            records[question.key] = None
        else:
            refused.setdefault(code, []).extend(_absences(plan, code, question, absent))
    rejections = [
        plan.rejections[code].raised(tuple(violations)) for code, violations in refused.items()
    ]
    found = len(records) - [*records.values()].count(None)
    value = records if lookup.each else records.get(None)
    return LookupReport(lookup.name, len(questions), found, tuple(missing)), value, rejections


def _absences(plan: Plan, code: str, question: Question, absent: Absent) -> list[Violation]:
    detail = absent.reason or f"{plan.rejections[code].title}."
    pointers: tuple[str | None, ...] = question.pointers or (None,)
    return [Violation(code, detail, pointer) for pointer in pointers]


def together(refused: Sequence[Rejected]) -> Rejected:
    """All of them in one: the words of the first, the violations of all."""
    first = refused[0]
    violations = tuple(violation for error in refused for violation in error.violations)
    return Rejected(first.own_code, first.own_title, remedy=first.remedy, violations=violations)


def _render(schemas: Schemas, plan: Plan, base: Prepared, patch: object) -> Prepared:
    names, change = base.names, plan.steps[0].change
    entities = partial(schemas.entity, plan.api)
    anchor: str | None = None
    elements: tuple[Element, ...] = ()
    try:
        refused = plan.guards(names)
        if refused:
            return base._replace(problem=together(refused))
        if base.baseline is not None:
            values = None if change is None else change.render(names, patch)
            given = plan.steps[0].body if plan.steps[0].action is not None else None
            values = values if given is None else given(names)
            request = request_of(schemas, plan, base.baseline, values)
            requests: tuple[Request, ...] = () if request is None else (request,)
            elements = _elements(plan, base.baseline, names, patch, entities)
        else:
            anchor = None if plan.anchor is None else plan.anchor.value(names)
            requests = tuple(step.render(names) for step in plan.steps)
    except (CallerError, MappingError) as error:
        return base._replace(problem=error)
    validator = schemas.entity_validator(
        plan.api, plan.entity, "create" if base.baseline is None else "update"
    )
    if (action := plan.steps[0].action) is not None:
        validator = schemas.action_validator(plan.api, plan.entity, action) or validator
    violations = [*_anchor_too_long(schemas, plan, anchor)]
    for request in requests:
        if request.body is not None:
            violations.extend(_as_targets(validator.violations(request.body)))
    calls = [(one, called) for one in elements if (called := request_for(one, entities))]
    for element, called in calls:
        if called.body is not None and element.kind != "delete":
            judge = schemas.entity_validator(plan.api, element.entity, element.kind)
            violations.extend(_as_targets(judge.violations(called.body), element.place))
    if violations:
        return base._replace(
            problem=InvalidInput(
                "What the mapping makes of this document does not fit Business Central.",
                violations=violations,
            ),
        )
    requests = (*requests, *(called for _, called in calls))
    return base._replace(requests=requests, anchor=anchor, elements=elements)


def _elements(
    plan: Plan, baseline: Baseline, names: Names, patch: object, entities: Callable[[str], Entity]
) -> tuple[Element, ...]:
    """What becomes of the elements of the parts that the patch touches.

    Raises `InvalidInput`, `MappingError`, `Ambiguous`.
    """
    change = plan.steps[0].change
    if not isinstance(change, Change) or not change.parts:
        return ()
    parent = addressed(entities(plan.entity), baseline.id)
    return tuple(
        element
        for part in change.touched_parts(patch)
        for element in elements_of(
            part,
            part.valued(names),
            Whole(baseline.id, parent, baseline.record, baseline.parts[part.part]),
            entities,
        )
    )


def _wrong_key(schemas: Schemas, plan: Plan, by: By, names: Names) -> list[Violation]:
    """What is wrong with the key of an address: it is nothing the field could hold, or the
    document says another one.
    """
    bound, value = schemas.entity(plan.api, plan.entity).fields[by.field], by.value(names)
    if value is None or (isinstance(value, str) and not value.strip()):
        return [Violation("minLength", "The key in the address is blank.", target=by.field)]
    if not fits(bound, value):
        detail = f"The key in the address is longer than {bound.max_length} characters."
        hint = "To change a record by its id, PATCH it." if is_guid(str(value)) else None
        return [Violation("maxLength", detail, target=by.field, hint=hint)]
    path = plan.steps[0].own_key or ()
    own: object = names[plan.input or ""]
    for name in path:
        own = own.get(name) if isinstance(own, Mapping) else None
    if not path or own is None or same_value(bound, own, value):
        return []
    detail = "The document has another key than the address."
    return [Violation("key", detail, "".join(f"/{name}" for name in path))]


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


def _as_targets(violations: Iterable[Violation], within: str = "") -> list[Violation]:
    """Pointers into Business Central's body as targets: `salesOrderLines[3].quantity`; the body
    is that of the element `within`, if it is one.
    """
    targets = [(one, target_of(one.pointer or "")) for one in violations]
    return [
        replace(one, pointer=None, target=f"{within}.{target}" if within else target)
        for one, target in targets
    ]


def target_of(pointer: str) -> str:
    """`/salesOrderLines/3/quantity` as `salesOrderLines[3].quantity`."""
    target = ""
    for part in pointer.split("/")[1:]:
        target += f"[{part}]" if part.isdecimal() else f".{part}"
    return target.removeprefix(".")
