"""After a success: read back, compare with what was sent, answer in canonical form.

Whatever goes wrong here, the write has succeeded: the answer then holds the id and the number,
and a warning says why there is no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from typing import Any, Final, cast

import structlog

from gateway.clock import breath
from gateway.errors import (
    CallerError,
    GatewayError,
    MappingError,
    StorageUnavailable,
    UnexpectedAnswer,
)
from gateway.mapping import Names, Plan
from gateway.operations.changes import text_of
from gateway.operations.compare import differences
from gateway.operations.elements import ELEMENT, read_element
from gateway.operations.failures import in_part
from gateway.operations.prepare import Prepared
from gateway.operations.sending import carried_out, has_written
from gateway.operations.tools import READ_WITHIN, Tools
from gateway.storage import Call, Connection, Operation, OperationWarning
from gateway.wire import Entity, decode, key_of, query, record_path

MOST_WARNINGS: Final = 100
LONGEST_NAME: Final = 200  # characters of a record's id and number that the journal has room for
_OF_ITS_OWN_CALL: Final = ("Nothing was written.", "Nothing was sent.")

_LOG = structlog.get_logger("gateway.operations")
_NOT_IDEMPOTENT: Final = OperationWarning(
    "not_idempotent",
    "Neither an Idempotency-Key nor a reference was sent: sent again, this is written again.",
)


@dataclass(frozen=True, slots=True)
class _Back:
    """A record read back: its canonical form and the targets that came back different."""

    document: dict[str, object]
    different: list[str]


async def completed(
    tools: Tools, operation: Operation, call: Call, by: tuple[Connection, Names] | None = None
) -> dict[str, Any]:
    """The last fields of an operation whose `call` has written. `by` are the connection it was
    sent by and the names it was rendered from, if it has just been sent.

    Raises `StorageUnavailable`.
    """
    answer = cast("Mapping[str, Any]", call.answer)
    body: Mapping[str, object] = answer["body"] or call.request
    record_id, number = _named(tools, operation, body), text_of(body.get("number"))
    if call.request["method"] == "DELETE":
        return _ended(204, None, record_id, number)
    document: dict[str, object] = {"id": record_id, "number": number}
    bare = operation.verb == "create" and operation.key is None
    warnings = [_NOT_IDEMPOTENT] if bare else []
    if "moved_to" in answer:
        warnings.append(_moved(operation, answer["moved_to"]))
    else:
        try:
            sent = cast("Mapping[str, object]", call.request["body"])
            back = await _read_back(tools, operation, sent, record_id, by)
        except StorageUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - it is written, whatever we make of the answer
            warnings.append(_not_mapped(operation, error))
        else:
            document = back.document
            warnings.extend(_not_taken(back.different))
    status = 201 if call.request["method"] == "POST" else 200
    return _ended(status, document, record_id, number, warnings)


def unchanged(tools: Tools, operation: Operation, prepared: Prepared) -> dict[str, Any]:
    """The last fields of an operation that found its record as it was to become.

    Raises `MappingError`.
    """
    baseline = prepared.baseline
    if baseline is None:
        raise AssertionError("nothing is there and nothing was to be sent")
    _check_answer(tools, tools.plan(operation), baseline.record)
    return _ended(200, baseline.record, baseline.id, baseline.number)


async def brought(
    tools: Tools, operation: Operation, plan: Plan, record_id: str, calls: Sequence[Call]
) -> dict[str, Any]:
    """The last fields of an operation that has changed a record and elements of its parts."""
    warnings = _of_calls(tools, plan, operation, calls)
    document: dict[str, object] = {"id": record_id, "number": None}
    try:
        document = (await _read_back(tools, operation, {}, record_id)).document
    except StorageUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - it is written, whatever we make of the answer
        warnings.append(_not_mapped(operation, error))
    return _ended(200, document, record_id, text_of(document.get("number")), warnings)


def walked(
    tools: Tools, operation: Operation, names: Names, calls: Sequence[Call]
) -> dict[str, Any]:
    """The last fields of an operation of several steps, all of which are done."""
    plan = tools.plan(operation)
    steps = cast("Mapping[str, Mapping[str, object] | None]", names["steps"])
    row = steps[plan.answer_step] if plan.answer_step is not None else None
    record_id = text_of(operation.target.get("id"))
    if row is not None and (answering := plan.step_named(plan.answer_step)) is not None:
        record_id = key_of(tools.entity(plan, answering.entity), row)
    number = None if row is None else text_of(row.get("number"))
    warnings = _of_calls(tools, plan, operation, calls)
    if row is None:
        return _ended(204, None, record_id, number, warnings)
    status = 201 if operation.verb == "create" and not plan.action else 200
    try:
        document = plan.record.answer(row, names)
        _check_answer(tools, plan, document)
    except MappingError as error:
        document = {"id": record_id, "number": number}
        warnings.append(_not_mapped(operation, error))
    return _ended(status, document, record_id, number, warnings)


def _named(tools: Tools, operation: Operation, body: Mapping[str, object]) -> str | None:
    """What names the record of an answer, or of the request that changed it."""
    try:
        plan = tools.plan(operation)
    except CallerError:  # the mapping is gone, and what was written stands
        return text_of(body.get("id"))
    return key_of(tools.entity(plan, plan.entity), body) or text_of(body.get("id"))


def _of_calls(
    tools: Tools, plan: Plan, operation: Operation, calls: Sequence[Call]
) -> list[OperationWarning]:
    """What there is to say of the single writes: values that were not taken, and whether one of
    them would be done again if the request came again.
    """
    warnings: list[OperationWarning] = []
    entities = partial(tools.entity, plan)
    for call in filter(has_written, calls):
        answer = cast("Mapping[str, Any]", call.answer)["body"]
        sent, step, within = call.request["body"], plan.step_named(call.step), ""
        entity_set = None if step is None else step.entity
        if ELEMENT in call.request:
            element = read_element(call.request[ELEMENT])
            entity_set, within = element.entity, f"{element.place}."
        acted = "action" in call.request
        if acted or entity_set is None or not isinstance(sent, Mapping) or not answer:
            continue
        entity = entities(entity_set)
        different = differences(entity, sent, decode(entity, answer, entities), entities)
        warnings += _not_taken([f"{within}{target}" for target in different])
    makes = any(step.kind == "create" for step in plan.steps)
    return [_NOT_IDEMPOTENT, *warnings] if makes and operation.key is None else warnings


def half_done(remedy: str, written: Sequence[Call]) -> str:
    """What has been carried out of an operation that cannot go on, for whoever looks at it."""
    return f"{_so_far(remedy)} {_carried_out(written)}"


def parked_in_part(problem: Mapping[str, object], written: Sequence[Call]) -> dict[str, object]:
    """The problem of an operation that is parked with something `written`: no clean refusal."""
    told = f"Carried out in part, and parked. {_carried_out(written)}"
    return in_part({**problem, "detail": _so_far(str(problem["detail"]))}, told)


def _carried_out(written: Sequence[Call]) -> str:
    steps = carried_out(written)
    return f"Carried out already: {steps}. Mend the cause and retry the operation, or cancel it."


def _so_far(words: str) -> str:
    """What an error says of its own call, without what is not so of the whole operation."""
    for claim in _OF_ITS_OWN_CALL:
        words = words.replace(claim, "").rstrip()
    return words


def _ended(
    status: int,
    answer: object,
    record_id: str | None,
    number: str | None,
    warnings: Sequence[OperationWarning] = (),
) -> dict[str, Any]:
    return {
        "status": status,
        "answer": answer,
        "record_id": _fitting(record_id),
        "record_number": _fitting(number),
        "warnings": warnings[:MOST_WARNINGS],
        "cause": None,
        "remedy": None,
        "problem": None,
        "restartable": False,
        "not_before": None,
    }


def _fitting(name: str | None) -> str | None:
    """A record's id or number, if the journal has room for it: it is looked for by them, and what
    was written must not wait for an answer that is out of the ordinary.
    """
    return None if name is None or len(name) > LONGEST_NAME or "\0" in name else name


async def _read_back(
    tools: Tools,
    operation: Operation,
    sent: Mapping[str, object],
    record_id: str | None,
    by: tuple[Connection, Names] | None = None,
) -> _Back:
    if record_id is None:
        raise UnexpectedAnswer("Business Central named no id for the new record.")
    plan = tools.plan(operation)
    if by is None:
        connection = await tools.connections.require(operation.connection_id)
        by = connection, tools.names(plan, operation, connection)
    connection, names = by
    entities = partial(tools.entity, plan)
    entity = entities(plan.entity)
    answer = await tools.at(plan).read(
        connection,
        record_path(entity, record_id),
        _query(plan, entity, sent),
        deadline=tools.within(READ_WITHIN),
        api=plan.api,
    )
    await breath()
    record = decode(entity, answer.body or {}, entities)
    await breath()
    document = plan.record.answer(record, names)
    _check_answer(tools, plan, document)
    await breath()
    different = differences(entity, sent, record, entities)
    await breath()
    return _Back(document, different)


def _check_answer(tools: Tools, plan: Plan, document: Mapping[str, object]) -> None:
    if tools.snapshot.schemas.answer_validator(plan.schema).violations(document):
        raise MappingError("The answer does not fit the schema of its resource.")


def _query(plan: Plan, entity: Entity, sent: Mapping[str, object]) -> str:
    """What the record needs, and what was sent, so that the two can be compared."""
    parts = [*filter(entity.parts.__contains__, sent)]
    lines = cast("list[Sequence[Mapping[str, object]]]", [sent[part] for part in parts])
    return _asked(
        plan.record.select,
        tuple(plan.record.expand.items()),
        tuple(filter(entity.fields.__contains__, sent)),
        tuple(
            (part, tuple(dict.fromkeys(chain.from_iterable(its))))
            for part, its in zip(parts, lines, strict=True)
        ),
    )


@lru_cache(1000)  # documents of one shape are asked for alike
def _asked(
    select: Sequence[str],
    expand: Sequence[tuple[str, Sequence[str]]],
    fields: Sequence[str],
    parts: Sequence[tuple[str, Sequence[str]]],
) -> str:
    """The query for `select` and `expand` of a record, and for what was sent of it."""
    wanted = dict(expand)
    for part, written in parts:
        known = wanted.get(part)
        if known is None or known:  # with none at all the whole part is read
            wanted[part] = tuple(dict.fromkeys([*(known or ()), *written]))
    return query(select=tuple(dict.fromkeys([*select, *fields])), expand=wanted)


def _not_taken(different: Sequence[str]) -> list[OperationWarning]:
    return [
        OperationWarning(
            "value_not_taken", f"Business Central holds another value for {target} than was sent."
        )
        for target in different
    ]


def _not_mapped(operation: Operation, error: Exception) -> OperationWarning:
    _LOG.warning("answer_not_mapped", operation=operation.id, error=type(error).__name__)
    reason = f" {error.detail}" if isinstance(error, GatewayError) else ""
    return OperationWarning(
        "answer_not_mapped",
        f"The record was written; this answer holds its id and its number only.{reason}",
    )


def _moved(operation: Operation, entity_set: str) -> OperationWarning:
    return OperationWarning(
        "record_moved", f"The record has gone on from {operation.entity} to {entity_set} meanwhile."
    )
