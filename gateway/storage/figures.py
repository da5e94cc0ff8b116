"""How things stand in the database, for those who watch: a few counts over indexes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, get_args

from sqlalchemy import and_, func, or_, select

from gateway.storage.journal_rows import UNDER_WAY
from gateway.storage.records import ConnectionStatus
from gateway.storage.tables import connections, operations

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Those that have ended are not counted here: there are ever more of them, and counting takes
# ever longer. How many end is told by the states that operations come into.
STANDING: Final[tuple[str, ...]] = (*UNDER_WAY, "parked")


@dataclass(frozen=True, slots=True)
class Figures:
    """Operations that have not ended by state, connections by status.

    `due` operations could run now and nobody is at them; the one that waits longest has waited
    for `oldest_due` seconds.
    """

    operations: Mapping[str, int]
    connections: Mapping[str, int]
    due: int
    oldest_due: float


def read_figures(connection: Connection, now: datetime) -> Figures:
    """What the database holds at `now`."""
    table = operations.c
    states = connection.execute(
        select(table.state, func.count().label("found"))
        .where(table.state.in_(STANDING))
        .group_by(table.state)
    )
    statuses = connection.execute(
        select(connections.c.status, func.count().label("found")).group_by(connections.c.status)
    )
    since = func.coalesce(table.not_before, table.updated_at, type_=table.updated_at.type)
    due, oldest = connection.execute(
        select(func.count(), func.min(since, type_=table.updated_at.type)).where(
            and_(
                table.state.in_(UNDER_WAY),
                or_(table.not_before.is_(None), table.not_before <= now),
                or_(table.owner.is_(None), table.lease_until < now),
            )
        )
    ).one()
    return Figures(
        operations=dict.fromkeys(STANDING, 0) | {row.state: row.found for row in states},
        connections=dict.fromkeys(get_args(ConnectionStatus), 0)
        | {row.status: row.found for row in statuses},
        due=due,
        oldest_due=0.0 if oldest is None else max(0.0, (now - oldest).total_seconds()),
    )
