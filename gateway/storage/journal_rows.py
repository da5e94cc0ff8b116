"""The statements of the journal. Each function runs inside one read or one write of the store.

Every change of an operation under way carries `WHERE id AND attempt AND owner`, so that a late
owner changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import ColumnElement, and_, bindparam, case, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import IntegrityError

from gateway.errors import Conflict
from gateway.storage.records import Began, Call, LeaseLost, Operation, OperationWarning, State
from gateway.storage.rows import MOST_NAMES, Seals
from gateway.storage.tables import calls, connections, operations

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping
    from sqlalchemy.dialects.sqlite import Insert

LEASE: Final = timedelta(seconds=60)
UNDER_WAY: Final[tuple[State, ...]] = ("queued", "running", "sending", "uncertain")
REPLACEABLE: Final[tuple[State, ...]] = ("failed", "parked", "cancelled")

_SEALED: Final = ("target", "document", "answer", "problem")
_KEPT: Final = frozenset({"id", "created_at", "attempt", "sent_at"})  # by a start over


@dataclass(frozen=True, slots=True)
class OperationFilter:
    """What a list of operations is limited to; None does not limit. Times: from, to before."""

    organization: str | None = None
    connection_id: str | None = None
    resource: str | None = None
    state: State | None = None
    cause: str | None = None
    key: str | None = None
    number: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def _insert_or_start_over() -> Insert:
    """Start over only where nobody is at it and nothing binds the key to another body."""
    insertion = upsert(operations)
    taken: dict[str, Any] = {
        column.name: insertion.excluded[column.name]
        for column in operations.columns
        if column.name not in _KEPT
    }
    unbound = or_(
        operations.c.sent_at.is_(None),
        and_(operations.c.restartable, operations.c.hash == insertion.excluded.hash),
    )
    return insertion.on_conflict_do_update(
        index_elements=["id"],
        set_=taken | {"attempt": operations.c.attempt + 1},
        where=and_(operations.c.state.in_(REPLACEABLE), unbound),
    )


# Statements of the hot path are built once: building one costs as much as running it.
_BEGIN: Final = _insert_or_start_over().returning(operations)
_BY_ID: Final = select(operations).where(operations.c.id == bindparam("of_id"))
_CHANGE: Final = (
    update(operations)
    .where(
        operations.c.id == bindparam("of_id"),
        operations.c.attempt == bindparam("of_attempt"),
        operations.c.owner == bindparam("of_owner"),
    )
    .returning(operations)
)
_ADD_CALL: Final = insert(calls)


def begin(connection: Connection, seals: Seals, new: Operation) -> Began:
    """Insert `new`, or start its row over where nothing binds the key, or give what is there."""
    values = _encoded(seals, new.id, asdict(new))
    row = connection.execute(_BEGIN, values).mappings().one_or_none()
    if row is not None:
        return Began(_decoded(seals, row), fresh=True)
    row = connection.execute(_BY_ID, {"of_id": new.id}).mappings().one()
    return Began(_decoded(seals, row), fresh=False)


def intent(connection: Connection, seals: Seals, before: Operation, call: Call) -> Operation:
    """Note that `call` is about to be sent; `before` names the entity and the anchor it takes.

    Raises `Conflict` naming the operation that has this anchor, `LeaseLost`.
    """
    changes = {
        "state": "sending",
        "entity": before.entity,
        "anchor": before.anchor,
        "snapshot": before.snapshot,
        "sent_at": call.sent_at,
        "updated_at": call.sent_at,
        "lease_until": call.sent_at + LEASE,
        "restartable": False,  # what was said of an earlier attempt is over
        "cause": None,
        "remedy": None,
        "problem": None,
    }
    try:
        with connection.begin_nested():
            after = _changed(connection, seals, before, changes)
    except IntegrityError:
        raise _anchor_taken(connection, before) from None
    values = asdict(call)
    values["request"] = seals.json(call.request, "calls", _call_row(call), "request")
    connection.execute(_ADD_CALL, values)
    return after


def result(
    connection: Connection,
    seals: Seals,
    before: Operation,
    call: Call,
    changes: Mapping[str, object],
) -> Operation:
    """Note what came back for `call`, and the changes of the operation. Raises `LeaseLost`."""
    after = _changed(connection, seals, before, changes)
    connection.execute(
        update(calls)
        .where(
            calls.c.operation_id == call.operation_id,
            calls.c.step == call.step,
            calls.c.attempt == call.attempt,
        )
        .values(
            answer=seals.json(call.answer, "calls", _call_row(call), "answer"),
            answered_at=call.answered_at,
        )
    )
    return after


def advance(
    connection: Connection, seals: Seals, before: Operation, changes: Mapping[str, object]
) -> Operation:
    """Change the operation while it is ours. Raises `LeaseLost`."""
    return _changed(connection, seals, before, changes)


def accept(connection: Connection, seals: Seals, operation_id: str) -> Operation:
    """Mark an operation under way as one whose caller will come back; give it as it is."""
    connection.execute(
        update(operations)
        .where(operations.c.id == operation_id, operations.c.state.in_(UNDER_WAY))
        .values(accepted=True)
    )
    row = connection.execute(_BY_ID, {"of_id": operation_id}).mappings().one()
    return _decoded(seals, row)


def claim(
    connection: Connection,
    seals: Seals,
    operation_id: str,
    *,
    owner: str,
    now: datetime,
    alone: bool,
) -> Operation | None:
    """Take up an operation nobody lives for; one found `sending` is uncertain from here on."""
    table = operations.c
    starts_over = table.state.in_(("queued", "running"))
    row = (
        connection.execute(
            update(operations)
            .where(table.id == operation_id, _up_for_taking(owner, now, alone))
            .values(
                owner=owner,
                lease_until=now + LEASE,
                updated_at=now,
                not_before=None,
                attempt=case((starts_over, table.attempt + 1), else_=table.attempt),
                state=case((starts_over, "running"), else_="uncertain"),
                # It may have left until its process died, which is not long after the lease.
                sent_at=case((table.state == "sending", now), else_=table.sent_at),
            )
            .returning(operations)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _decoded(seals, row)


def due(connection: Connection, owner: str, now: datetime, alone: bool, limit: int) -> list[str]:
    """Ids of operations that wait to be taken up, the longest waiting first."""
    statement = (
        select(operations.c.id)
        .where(_up_for_taking(owner, now, alone))
        .order_by(operations.c.updated_at)
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def renew(connection: Connection, owner: str, ids: Sequence[str], now: datetime) -> None:
    """Prolong the leases of operations that live here."""
    for start in range(0, len(ids), MOST_NAMES):
        connection.execute(
            update(operations)
            .where(
                operations.c.id.in_(ids[start : start + MOST_NAMES]), operations.c.owner == owner
            )
            .values(lease_until=now + LEASE)
        )


def release_parked(connection: Connection, causes: Collection[str], now: datetime) -> int:
    """Queue what was parked for one of `causes` and whose connection is active again."""
    active = select(connections.c.id).where(connections.c.status == "active")
    table = operations.c
    statement = (
        update(operations)
        .where(
            table.state == "parked",
            table.cause.in_(causes),
            table.connection_id.in_(active),
            or_(table.not_before.is_(None), table.not_before <= now),
        )
        .values(state="queued", cause=None, remedy=None, problem=None, updated_at=now)
    )
    return connection.execute(statement).rowcount


def operation_by_id(connection: Connection, seals: Seals, operation_id: str) -> Operation | None:
    row = connection.execute(_BY_ID, {"of_id": operation_id}).mappings().one_or_none()
    return None if row is None else _decoded(seals, row)


def listed(
    connection: Connection,
    seals: Seals,
    wanted: OperationFilter,
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[Operation]:
    """The newest first; `before` is the time and id of the last one already given."""
    table = operations.c
    conditions = [
        table[name] == value
        for name, value in (
            ("organization", wanted.organization),
            ("connection_id", wanted.connection_id),
            ("resource", wanted.resource),
            ("state", wanted.state),
            ("cause", wanted.cause),
            ("key", wanted.key),
            ("record_number", wanted.number),
        )
        if value is not None
    ]
    if wanted.since is not None:
        conditions.append(table.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(table.created_at < wanted.until)
    if before is not None:
        older = or_(
            table.created_at < before[0],
            and_(table.created_at == before[0], table.id < before[1]),
        )
        conditions.append(older)
    statement = (
        select(operations)
        .where(*conditions)
        .order_by(table.created_at.desc(), table.id.desc())
        .limit(limit)
    )
    return [_decoded(seals, row) for row in connection.execute(statement).mappings()]


def calls_of(connection: Connection, seals: Seals, operation_id: str) -> list[Call]:
    """Every call of the operation, in the order they were sent."""
    statement = select(calls).where(calls.c.operation_id == operation_id).order_by(calls.c.attempt)
    return [_decoded_call(seals, row) for row in connection.execute(statement).mappings()]


def _up_for_taking(owner: str, now: datetime, alone: bool) -> ColumnElement[bool]:
    """Under way, its time has come, and its owner is gone.

    `alone` is the proof that nobody else lives, so whatever another owner left is free at once.
    """
    table = operations.c
    free = or_(table.owner.is_(None), table.lease_until < now)
    if alone:
        free = or_(free, table.owner != owner)
    return and_(
        table.state.in_(UNDER_WAY),
        or_(table.not_before.is_(None), table.not_before <= now),
        free,
    )


def _changed(
    connection: Connection, seals: Seals, before: Operation, changes: Mapping[str, object]
) -> Operation:
    which = {"of_id": before.id, "of_attempt": before.attempt, "of_owner": before.owner}
    values = _encoded(seals, before.id, changes)
    row = connection.execute(_CHANGE, which | values).mappings().one_or_none()
    if row is None:
        raise LeaseLost
    return _decoded(seals, row)


def _anchor_taken(connection: Connection, operation: Operation) -> Conflict:
    table = operations.c
    holder = connection.execute(
        select(table.id).where(
            table.connection_id == operation.connection_id,
            table.entity == operation.entity,
            table.anchor == operation.anchor,
        )
    ).scalar_one()
    return Conflict(
        f"Operation {holder} has already used this reference for {operation.entity}: "
        "ask for that operation, or send the document with a reference of its own.",
        operation=holder,
    )


def _encoded(seals: Seals, operation_id: str, values: Mapping[str, object]) -> dict[str, object]:
    encoded = dict(values)
    for column in _SEALED:
        if column in encoded:
            encoded[column] = seals.json(encoded[column], "operations", operation_id, column)
    if "warnings" in encoded:
        given = cast("Sequence[OperationWarning | dict[str, object]]", encoded["warnings"])
        encoded["warnings"] = [
            asdict(warning) if isinstance(warning, OperationWarning) else warning
            for warning in given
        ]
    return encoded


def _decoded(seals: Seals, row: RowMapping) -> Operation:
    values: dict[str, Any] = dict(row)
    for column in _SEALED:
        values[column] = seals.open_json(values[column], "operations", values["id"], column)
    values["warnings"] = tuple(OperationWarning(**warning) for warning in values["warnings"])
    return Operation(**values)


def _decoded_call(seals: Seals, row: RowMapping) -> Call:
    values: dict[str, Any] = dict(row)
    place = f"{row['operation_id']}/{row['step']}/{row['attempt']}"
    for column in ("request", "answer"):
        values[column] = seals.open_json(values[column], "calls", place, column)
    return Call(**values)


def _call_row(call: Call) -> str:
    return f"{call.operation_id}/{call.step}/{call.attempt}"
