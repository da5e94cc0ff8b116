"""The resolver: what became of a write whose answer is not known.

Of a new record it looks for the anchor where it was to be made and wherever it may have moved to
since, and compares what is there with what was sent (bc/pitfalls.md 1). Of a change it looks at
the record: as long as the ETag is the one that was sent, nothing was changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, cast

from gateway.mapping import Anchor, Plan
from gateway.operations.changes import reading
from gateway.operations.compare import differences, is_incomplete, same_record
from gateway.operations.elements import ELEMENT, Element, read_element
from gateway.operations.journal import place_of
from gateway.operations.tools import Tools
from gateway.operations.verdicts import Row, Verdict
from gateway.storage import Call, Connection, Operation
from gateway.wire import Condition, Entity, decode, filter_text, query

# Eight minutes in Business Central's queue, eight running, and a margin (bc/api.md §8).
SETTLED_AFTER: Final = timedelta(minutes=18)
SOONEST_LOOK: Final = timedelta(seconds=2)
LATEST_LOOK: Final = timedelta(minutes=5)


def is_elsewhere(calls: Iterable[Call], connection: Connection) -> bool:
    """Whether something was sent to another place than `connection` leads to now."""
    now = place_of(connection)
    return any(call.request.get("place", now) != now for call in calls)


def next_look(operation: Operation, now: datetime) -> datetime | None:
    """When to look again: sooner at first. None when the last call cannot be under way any more."""
    sent = operation.sent_at or now
    settled = sent + SETTLED_AFTER
    if now >= settled:
        return None
    pause = min(max(now - sent, SOONEST_LOOK), LATEST_LOOK)
    return min(now + pause, settled)


async def look(tools: Tools, connection: Connection, plan: Plan, call: Call) -> Verdict:
    """Look for what `call` was to make. Raises what reading raises."""
    anchor = cast("Anchor", plan.anchor)
    sent = cast("Row", call.request["body"])
    entity = tools.entity(plan, plan.entity)
    parts = [name for name in sent if name in entity.parts]
    condition = Condition(anchor.field, "eq", (call.request["anchor"],))
    rows = await _rows(tools, connection, plan, entity, condition=condition, parts=parts)
    moved: list[tuple[str, Row]] = []
    for entity_set in anchor.also_in:
        other = tools.entity(plan, entity_set)
        there = await _rows(tools, connection, plan, other, condition=condition, parts=())
        moved.extend((entity_set, row) for row in there)
    return _judged(tools, plan, sent, rows, _elsewhere(rows, moved))


async def look_at_change(tools: Tools, connection: Connection, plan: Plan, call: Call) -> Verdict:
    """Look at the record that `call` was to change or delete. Raises what reading raises.

    `unchanged`: it is as it was, so of two such calls only one can still have an effect.
    `kept`: it is there and not as it was, so a deletion that is late has no effect any more.
    `overtaken`: somebody has changed it, and what was sent does not stand there.
    """
    entity, sent = tools.entity(plan, plan.entity), call.request
    deleting = sent["method"] == "DELETE"
    reader = tools.reader(plan, connection)
    row = await reader.by_id(entity, str(sent["id"]), reading(entity, plan))
    if row is None:
        return Verdict("same", {"status": 204, "body": None}) if deleting else Verdict("gone")
    if row.get("@odata.etag") == sent["etag"]:
        return Verdict("unchanged")
    if deleting:
        return Verdict("kept")
    body = cast("Row", sent["body"])
    if differences(entity, body, row, lambda name: tools.entity(plan, name)):
        return Verdict("overtaken", candidates=((plan.entity, row),))
    return Verdict("same", {"status": 200, "body": row})


async def look_at_element(tools: Tools, connection: Connection, plan: Plan, call: Call) -> Verdict:
    """Look for the element of a part that `call` was to make. Raises what reading raises.

    `overtaken`: there is one of this key, and it is not as it was sent.
    """
    element = read_element(call.request[ELEMENT])
    row = await element_there(tools, connection, plan, element)
    if row is None:
        return Verdict("none")
    entity, sent = tools.entity(plan, element.entity), cast("Row", call.request["body"])
    if differences(entity, sent, row, partial(tools.entity, plan)):
        return Verdict("overtaken", candidates=((element.entity, row),))
    return Verdict("same", {"status": 200, "body": row})


async def element_there(
    tools: Tools, connection: Connection, plan: Plan, element: Element
) -> Row | None:
    """The decoded element that has the key of `element`; None: there is none.

    Raises `Ambiguous`, and what reading raises.
    """
    entity = tools.entity(plan, element.entity)
    meant = decode(entity, element.key, partial(tools.entity, plan))
    conditions = [Condition(name, "eq", (value,)) for name, value in meant.items()]
    select = dict.fromkeys([*entity.key, *element.key, *(element.body or {})])
    asked = query(select=tuple(select), filter_=filter_text(entity, conditions))
    path = f"{element.parent}/{element.part}"
    return await tools.reader(plan, connection).element(entity, path, conditions, asked)


async def _rows(
    tools: Tools,
    connection: Connection,
    plan: Plan,
    entity: Entity,
    *,
    condition: Condition,
    parts: Sequence[str],
) -> list[Row]:
    """The decoded records with this anchor."""
    asked = query(expand=dict.fromkeys(parts, ()), filter_=filter_text(entity, [condition]))
    return await tools.reader(plan, connection).all_where(entity, condition, asked)


def _elsewhere(rows: Sequence[Row], moved: Sequence[tuple[str, Row]]) -> list[tuple[str, Row]]:
    """One entry for each order that has moved on: its invoices and shipments name its number."""
    numbers = {row.get("number") for row in rows}
    orders: dict[object, tuple[str, Row]] = {}
    for entity_set, row in moved:
        order = row.get("orderNumber") or (entity_set, row.get("id"))
        if order not in numbers:
            orders.setdefault(order, (entity_set, row))
    return list(orders.values())


def _judged(
    tools: Tools,
    plan: Plan,
    sent: Row,
    rows: Sequence[Row],
    moved: Sequence[tuple[str, Row]],
) -> Verdict:
    candidates = (*((plan.entity, row) for row in rows), *moved)
    if not candidates:
        return Verdict("none")
    if len(candidates) > 1:
        return Verdict("ambiguous", candidates=candidates)

    def entities(entity_set: str) -> Entity:
        return tools.entity(plan, entity_set)

    [(entity_set, row)] = candidates
    entity = entities(entity_set)
    ours = entity_set == plan.entity or row.get("orderNumber") is not None
    if ours and same_record(entity, sent, row, entities):
        return Verdict("same", answer=_answer(plan, entity_set, row))
    if entity_set == plan.entity and is_incomplete(entity, sent, row, entities):
        return Verdict("incomplete", candidates=candidates)
    return Verdict("ambiguous", candidates=candidates)


def _answer(plan: Plan, entity_set: str, row: Row) -> dict[str, Any]:
    """The record as the lost answer would have had it, and where it is now if it has moved."""
    if entity_set == plan.entity:
        return {"status": 200, "body": row}
    record = {"id": row.get("orderId"), "number": row.get("orderNumber")}
    return {"status": 200, "body": record, "moved_to": entity_set}
