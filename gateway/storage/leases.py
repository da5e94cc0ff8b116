"""The statements of leases: what one process at a time may do, whichever process that is.

The number of a lease grows with each holder, so that a late one can be told from the present one.
Rows stay for ever, since a number that started again would say nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from gateway.storage.dialects import insertion
from gateway.storage.records import Lease
from gateway.storage.tables import leases

if TYPE_CHECKING:
    from sqlalchemy import Connection


def take(connection: Connection, name: str, now: datetime, life: timedelta) -> Lease | None:
    """The lease, if nobody holds it."""
    fresh = insertion(connection, leases).values(name=name, number=1, until=now + life)
    taken = fresh.on_conflict_do_update(
        index_elements=["name"],
        set_={"number": leases.c.number + 1, "until": fresh.excluded.until},
        where=leases.c.until <= now,
    ).returning(leases.c.number)
    number = connection.execute(taken).scalar_one_or_none()
    return None if number is None else Lease(name, number)


def release(connection: Connection, lease: Lease, now: datetime) -> None:
    """Give the lease back, if it is still this one."""
    connection.execute(
        update(leases)
        .where(leases.c.name == lease.name, leases.c.number == lease.number)
        .values(until=now)
    )


def release_all(connection: Connection, now: datetime) -> None:
    """Free every lease: who held one is dead, or will find that its number has passed."""
    connection.execute(update(leases).where(leases.c.until > now).values(until=now))


def holds(connection: Connection, lease: Lease) -> bool:
    """Whether nobody has taken the lease since; until this transaction ends nobody can."""
    number = connection.execute(
        select(leases.c.number).where(leases.c.name == lease.name).with_for_update()
    ).scalar_one_or_none()
    return number == lease.number
