"""INSERT … ON CONFLICT as each of the two databases says it; for the statements of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection, Table

Insert = sqlite.Insert | postgresql.Insert

INSERTS: Final[Mapping[str, Callable[[Table], Insert]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def insertion(connection: Connection, table: Table) -> Insert:
    """An INSERT into `table` that can take a conflict, for the database behind `connection`."""
    return INSERTS[connection.dialect.name](table)
