"""The statements about item matches, and about how the matching of a connection goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, select, text, update

from gateway.storage import tables
from gateway.storage.dialects import insertion
from gateway.storage.prepared import Lookup
from gateway.storage.records import DECIDED, Match, MatchFilter, MatchProgress, columns

if TYPE_CHECKING:
    import sqlalchemy as sa

    from gateway.storage.prepared import Query

MOST_NAMES: Final = 512  # SKUs in one statement

_NAMES: Final = [f"sku_{at}" for at in range(MOST_NAMES)]


def _match(row: sa.RowMapping | Mapping[str, Any]) -> Match:
    return Match(**{**row, "candidates": tuple(row["candidates"])})


def _of_skus(many: int) -> Lookup[Match]:
    """The matches of so many SKUs of a connection."""
    table = tables.matches.c
    skus = [bindparam(name, type_=table.sku.type) for name in _NAMES[:many]]

    def made(dialect: str) -> Query:
        if dialect == "sqlite":  # which makes and fills a table of its own for an IN
            return text(
                f"SELECT {', '.join(map(str, table))} "  # noqa: S608 - names of our own
                f"FROM (VALUES {', '.join(f'(:{sku.key})' for sku in skus)}) AS wanted "
                "CROSS JOIN matches ON matches.connection_id = :of_connection "
                "AND matches.sku = wanted.column1"
            ).columns(*table)
        return select(tables.matches).where(
            table.connection_id == bindparam("of_connection"), table.sku.in_(skus)
        )

    return Lookup(made, _match, most=500)


# One for each power of two; NULLs, which nothing equals, fill it.
_OF_SKUS: Final = {2**power: _of_skus(2**power) for power in range(10)}


def matches(
    connection: sa.Connection, connection_id: str, skus: Collection[str] | None
) -> list[Match]:
    if skus is None:
        return listed(connection, connection_id, MatchFilter(), None, None)
    wanted = sorted(set(skus))
    found: list[Match] = []
    for start in range(0, len(wanted), MOST_NAMES):
        some = wanted[start : start + MOST_NAMES]
        many = 1 << (len(some) - 1).bit_length()
        values: dict[str, str | None] = dict.fromkeys(_NAMES[:many])
        values.update(zip(_NAMES, some, strict=False))
        values["of_connection"] = connection_id
        found += _OF_SKUS[many].all(connection, values)
    return sorted(found, key=lambda match: match.sku)


def listed(
    connection: sa.Connection,
    connection_id: str,
    wanted: MatchFilter,
    after: str | None,
    limit: int | None,
) -> list[Match]:
    table = tables.matches
    statement = select(table).where(table.c.connection_id == connection_id).order_by(table.c.sku)
    if wanted.status is not None:
        statement = statement.where(table.c.status == wanted.status)
    if wanted.decided is not None:
        decided = table.c.rule.is_not_distinct_from(DECIDED)
        statement = statement.where(decided if wanted.decided else ~decided)
    if after is not None:
        statement = statement.where(table.c.sku > after)
    rows = connection.execute(statement.limit(limit)).mappings()
    return [_match(row) for row in rows]


def save_matches(connection: sa.Connection, some: Sequence[Match]) -> None:
    """Keep matches; a decision replaces everything, and nothing but a decision replaces one."""
    if not some:
        return
    table = tables.matches
    statement = insertion(connection, table)
    new = statement.excluded
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["connection_id", "sku"],
            set_={column.name: new[column.name] for column in table.columns},
            where=table.c.rule.is_distinct_from(DECIDED) | (new["rule"] == DECIDED),
        ),
        [columns(match) for match in some],
    )


def progress(connection: sa.Connection, connection_id: str) -> MatchProgress | None:
    table = tables.match_progress
    statement = select(table).where(table.c.connection_id == connection_id)
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else MatchProgress(**row)


def begin(connection: sa.Connection, new: MatchProgress, silent_since: datetime) -> bool:
    """Make `new` the matching of its connection, unless another one is alive."""
    table = tables.match_progress
    values = columns(new)
    statement = insertion(connection, table).values(**values)
    statement = statement.on_conflict_do_update(
        index_elements=["connection_id"],
        set_=values,
        where=(table.c.state != "running") | (table.c.updated_at < silent_since),
    )
    return connection.execute(statement.returning(table.c.id)).first() is not None


def advance(connection: sa.Connection, now: MatchProgress) -> bool:
    """Note how far it is; False when another one has taken its place."""
    table = tables.match_progress
    statement = update(table).where(
        table.c.connection_id == now.connection_id, table.c.id == now.id
    )
    return connection.execute(statement.values(**columns(now))).rowcount == 1
