"""Lists of operations: what people and callers look for in the journal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from gateway.storage.journal_codec import decoded
from gateway.storage.records import Operation, OperationFilter
from gateway.storage.rows import Seals
from gateway.storage.tables import operations
from gateway.wire import code

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection


def listed(
    connection: Connection,
    seals: Seals,
    wanted: OperationFilter,
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[Operation]:
    """The newest first; `before` is the time and id of the last one already given."""
    table = operations.c
    conditions: list[ColumnElement[bool]] = [
        table[name] == value
        for name, value in (
            ("organization", wanted.organization),
            ("connection_id", wanted.connection_id),
            ("resource", wanted.resource),
            ("state", wanted.state),
            ("cause", wanted.cause),
            ("record_number", wanted.number),
        )
        if value is not None
    ]
    if wanted.key is not None:
        # A reference is an anchor, which is compared as a Code is; it may have another key beside.
        conditions.append(or_(table.key == wanted.key, table.anchor == code(wanted.key)))
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
    return [decoded(seals, row) for row in connection.execute(statement).mappings()]
