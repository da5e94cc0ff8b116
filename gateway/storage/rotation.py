"""Sealing again, with the first key, what an older key sealed, while others use the database.

Bytes are sealed, so every column of bytes takes part, whatever table it is in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Table,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from gateway.storage.database import Database
from gateway.storage.seal import Sealer, Unopenable
from gateway.storage.tables import canaries, metadata

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Row

MOST_AT_ONCE: Final = 100  # rows in one write, so that others do not wait for long

_Key = tuple[object, ...]  # the primary key of a row


def _sealed(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if isinstance(column.type, LargeBinary)]


_TABLES: Final = [
    table for table in metadata.sorted_tables if _sealed(table) and table is not canaries
]


async def rotate(database: Database, sealer: Sealer, told: Callable[[int, int], None]) -> int:
    """Seal everything again; how many rows are left. `told` is given rows done, and rows in all.

    A row that was changed meanwhile is left, and one that does not open. When none is left the
    older keys are not needed any more.
    """
    total, done = await database.read(partial(_waiting, sealer=sealer)), 0
    told(done, total)
    for table in _TABLES:
        after: _Key | None = None
        while True:
            count, after = await database.write(
                partial(_reseal, sealer=sealer, table=table, after=after)
            )
            if after is None:
                break
            done += count
            told(min(done, total), total)
    left = await database.read(partial(_waiting, sealer=sealer))
    if not left:
        await database.write(partial(_forget_older_keys, sealer=sealer))
    return left


def _waiting(connection: Connection, sealer: Sealer) -> int:
    """How many rows hold something that an older key sealed."""
    return sum(
        connection.execute(
            select(func.count()).select_from(table).where(_older(table, sealer))
        ).scalar_one()
        for table in _TABLES
    )


def _reseal(
    connection: Connection, sealer: Sealer, table: Table, after: _Key | None
) -> tuple[int, _Key | None]:
    """Seal the next rows of `table` again: how many were looked at, and the key of the last."""
    keys = list(table.primary_key.columns)
    statement = select(*keys, *_sealed(table)).where(_older(table, sealer))
    if after is not None:
        statement = statement.where(tuple_(*keys) > tuple_(*after))
    found = connection.execute(statement.order_by(*keys).limit(MOST_AT_ONCE)).all()
    for row in found:
        _reseal_row(connection, sealer, table, row)
    return len(found), tuple(found[-1][: len(keys)]) if found else None


def _forget_older_keys(connection: Connection, sealer: Sealer) -> None:
    """From here on the store opens without the keys that seal nothing any more."""
    connection.execute(delete(canaries).where(canaries.c.key_id != sealer.first_key_id))


def _reseal_row(connection: Connection, sealer: Sealer, table: Table, row: Row[Any]) -> None:
    """Leave the row as it is where it was changed meanwhile, or where it does not open."""
    keys = list(table.primary_key.columns)
    name = "/".join(str(part) for part in row[: len(keys)])
    held = {column: row._mapping[column] for column in _sealed(table)}  # noqa: SLF001 - the library's public name
    try:
        fresh = {
            column: sealer.seal(
                sealer.open(value, table.name, name, column.name), table.name, name, column.name
            )
            for column, value in held.items()
            if value is not None
        }
    except Unopenable:
        return
    as_it_was = [column.is_not_distinct_from(value) for column, value in held.items()]
    same = [column == part for column, part in zip(keys, row, strict=False)]
    connection.execute(update(table).where(*same, *as_it_was).values(fresh))


def _older(table: Table, sealer: Sealer) -> ColumnElement[bool]:
    header = literal(sealer.header, LargeBinary)
    length = len(sealer.header)
    return or_(
        *(func.substr(column, 1, length, type_=LargeBinary) != header for column in _sealed(table))
    )
