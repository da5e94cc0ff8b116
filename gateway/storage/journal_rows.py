"""The statements of the journal. Each function runs inside one read or one write of the store.

Every change of an operation under way carries `WHERE id AND attempt AND owner`, so that a late
owner changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import ColumnElement, and_, bindparam, case, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from gateway.errors import Conflict
from gateway.storage.dialects import INSERTS, Insert
from gateway.storage.journal_codec import call_place, decoded, decoded_call, encoded
from gateway.storage.prepared import Prepared
from gateway.storage.records import (
    Began,
    Call,
    LeaseLost,
    Operation,
    OperationWarning,
    State,
    changed,
    columns,
)
from gateway.storage.rows import MOST_NAMES, Seals
from gateway.storage.tables import calls, connections, operations

if TYPE_CHECKING:
    from sqlalchemy import Connection

LEASE: Final = timedelta(seconds=60)
UNDER_WAY: Final[tuple[State, ...]] = ("queued", "running", "sending", "uncertain")
REPLACEABLE: Final[tuple[State, ...]] = ("failed", "parked", "cancelled")

_KEPT: Final = frozenset({"id", "created_at", "attempt", "sent_at"})  # by a start over


def _insert_or_start_over(insertion: Insert) -> Insert:
    """Start over only where nobody is at it and nothing binds the key to another body."""
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
        # An IN is expanded anew with every execution.
        where=and_(or_(*(operations.c.state == state for state in REPLACEABLE)), unbound),
    )


_BEGIN: Final = Prepared(
    lambda dialect: INSERTS[dialect](operations).on_conflict_do_nothing(index_elements=["id"])
)
_START_OVER: Final = Prepared(
    lambda dialect: _insert_or_start_over(INSERTS[dialect](operations)).returning(
        *(operations.c[name] for name in sorted(_KEPT))
    )
)
_BY_ID: Final = select(operations).where(operations.c.id == bindparam("of_id"))
_MINE: Final = and_(
    operations.c.id == bindparam("of_id"),
    operations.c.attempt == bindparam("of_attempt"),
    operations.c.owner == bindparam("of_owner"),
)
_CHANGE: Final = {
    False: Prepared(lambda _: update(operations).where(_MINE, operations.c.accepted.is_(False))),
    True: Prepared(lambda _: update(operations).where(_MINE, operations.c.accepted.is_(True))),
}
_CHANGE_TOLD: Final = Prepared(
    lambda _: update(operations).where(_MINE).returning(operations.c.accepted)
)
_ADD_CALL: Final = Prepared(lambda _: insert(calls))
_ANSWER_CALL: Final = Prepared(
    lambda _: update(calls).where(
        calls.c.operation_id == bindparam("of_id"),
        calls.c.step == bindparam("of_step"),
        calls.c.attempt == bindparam("of_attempt"),
    )
)


class AnchorTaken(Exception):
    """Another operation has this anchor."""


def begin(connection: Connection, seals: Seals, new: Operation) -> Began:
    """Insert `new`, or start its row over where nothing binds the key, or give what is there."""
    values = encoded(seals, new.id, columns(new))
    given = {name: value for name, value in values.items() if value is not None}
    if _BEGIN.count(connection, given) == 1:
        return Began(new, fresh=True)
    kept = _START_OVER.row(connection, values)
    if kept is not None:
        return Began(changed(new, **kept), fresh=True)
    row = connection.execute(_BY_ID, {"of_id": new.id}).mappings().one()
    return Began(decoded(seals, row), fresh=False)


def intent(connection: Connection, seals: Seals, before: Operation, call: Call) -> Operation:
    """Note that `call` is about to be sent; `before` names the entity and the anchor it takes.

    Raises `AnchorTaken`, `LeaseLost`.
    """
    changes = {
        "state": "sending",
        "entity": before.entity,
        "anchor": before.anchor,
        "place": before.place,
        "snapshot": before.snapshot,
        "sent_at": call.sent_at,
        "updated_at": call.sent_at,
        "lease_until": call.sent_at + LEASE,
        "restartable": False,  # what was said of an earlier attempt is over
        "cause": None,
        "remedy": None,
        "problem": None,
    }
    after = _anchored(connection, seals, before, changes)
    values = columns(call)
    values["request"] = seals.json(call.request, "calls", call_place(call), "request")
    _ADD_CALL.rows(connection, values)
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
    _ANSWER_CALL.rows(
        connection,
        {
            "of_id": call.operation_id,
            "of_step": call.step,
            "of_attempt": call.attempt,
            "answer": seals.json(call.answer, "calls", call_place(call), "answer"),
            "answered_at": call.answered_at,
        },
    )
    return after


def take_anchor(connection: Connection, seals: Seals, before: Operation) -> Operation:
    """Make the anchor of `before` its own before anything is sent, as `intent` would.

    The latest operation has it: one that succeeded gives it up.
    """
    table = operations.c
    connection.execute(
        update(operations)
        .where(
            _has_anchor_of(before),
            table.state == "succeeded",
        )
        .values(anchor=None)
    )
    changes = {"entity": before.entity, "anchor": before.anchor, "place": before.place}
    return _anchored(connection, seals, before, changes)


def settle(
    connection: Connection, seals: Seals, before: Operation, changes: Mapping[str, object]
) -> Operation | None:
    """Change an operation that nobody lives for and that is as `before`; None: it has gone on."""
    table = operations.c
    statement = (
        update(operations)
        .where(
            table.id == before.id,
            table.state == before.state,
            table.attempt == before.attempt,
            table.owner.is_(None),
        )
        .values(encoded(seals, before.id, changes))
        .returning(operations)
    )
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else decoded(seals, row)


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
    return decoded(seals, row)


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
    # Of several processes at one row, one gets it and the others go on to the next at once.
    free = (
        select(table.id)
        .where(table.id == operation_id, _up_for_taking(owner, now, alone))
        .with_for_update(skip_locked=True)
    )
    row = (
        connection.execute(
            update(operations)
            .where(table.id == free.scalar_subquery())
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
    return None if row is None else decoded(seals, row)


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
    return None if row is None else decoded(seals, row)


def calls_of(connection: Connection, seals: Seals, operation_id: str) -> list[Call]:
    """Every call of the operation, in the order they were sent."""
    statement = (
        select(calls)
        .where(calls.c.operation_id == operation_id)
        .order_by(calls.c.attempt, calls.c.sent_at)
    )
    return [decoded_call(seals, row) for row in connection.execute(statement).mappings()]


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


def anchor_conflict(connection: Connection, operation: Operation) -> Conflict | None:
    """Why `operation` cannot have its anchor; None: no other one has it."""
    table = operations.c
    holders = connection.execute(
        select(table.id, table.resource, table.organization).where(
            _has_anchor_of(operation), table.id != operation.id
        )
    ).all()
    if not holders:
        return None
    known = [one for one in holders if one.organization == operation.organization]
    own = "send the document with a reference of its own."
    if not known:  # of others nothing is said
        return Conflict(
            f"Somebody else has already used this reference for {operation.resource}: {own}"
        )
    return Conflict(
        f"Operation {known[0].id} has already used this reference for {known[0].resource}: ask "
        f"for that operation, or {own}",
        operation=known[0].id,
    )


def _has_anchor_of(operation: Operation) -> ColumnElement[bool]:
    """Rows with this anchor in the same connection, or in the same company by another one."""
    table = operations.c
    return and_(
        table.entity == operation.entity,
        table.anchor == operation.anchor,
        or_(
            table.connection_id == operation.connection_id,
            table.place == operation.place,
        ),
    )


def _changed(
    connection: Connection, seals: Seals, before: Operation, changes: Mapping[str, object]
) -> Operation:
    which = {"of_id": before.id, "of_attempt": before.attempt, "of_owner": before.owner}
    values = which | encoded(seals, before.id, changes)
    now = dict(changes)
    # What an owner changes nobody else does, but for this: a caller may have been told meanwhile.
    # To ask for it back with every change costs as much as to write it.
    if _CHANGE[before.accepted].count(connection, values) == 0:
        kept = _CHANGE_TOLD.row(connection, values)
        if kept is None:
            raise LeaseLost
        now = {**kept, **now}
    if "warnings" in now:
        now["warnings"] = tuple(cast("Sequence[OperationWarning]", now["warnings"]))
    return changed(before, **now)


def _anchored(
    connection: Connection, seals: Seals, before: Operation, changes: Mapping[str, object]
) -> Operation:
    """Changes that take an anchor. Raises `AnchorTaken`, `LeaseLost`."""
    try:
        return _changed(connection, seals, before, changes)
    except IntegrityError:
        raise AnchorTaken from None
