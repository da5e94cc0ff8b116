"""Statements of the hot path: compiled once, then run straight on the driver.

SQLAlchemy says what they are, for both databases, and its types turn the values either way. What
it does around each execution takes several times as long as the database does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Insert, Select, TextualSelect, Update
    from sqlalchemy.engine import Dialect

    Query = Select[Any] | TextualSelect
    Statement = Insert | Update | Query

R = TypeVar("R")
_Turn = Callable[[Any], Any]
_CURSOR: Final = "bc-gateway cursor"  # where a connection keeps its cursor


@dataclass(frozen=True, slots=True, eq=False)
class _Compiled:
    """The text for one database and one set of columns. `binds`: the names of its parameters;
    `usual`: what stands there where nothing is given; `turns`: how a value that is not None is
    turned for the driver, by its place or its name; `columns`: what comes back.
    """

    text: str
    positional: bool
    binds: tuple[str, ...]
    usual: Mapping[str, object]
    turns: tuple[tuple[Any, _Turn], ...]
    columns: tuple[tuple[str, _Turn | None], ...]

    @classmethod
    def of(cls, statement: Statement, dialect: Dialect, names: tuple[str, ...]) -> _Compiled:
        """`statement` for a database; it writes those columns that `names` has."""
        compiled: Any = statement.compile(dialect=dialect, column_keys=sorted(names))
        types = {
            name: bind.type.dialect_impl(dialect) for bind, name in compiled.bind_names.items()
        }
        binds = tuple(compiled.positiontup or types)
        places = enumerate(binds) if compiled.positional else zip(binds, binds, strict=True)
        turns = ((place, types[name].bind_processor(dialect)) for place, name in places)
        return cls(
            compiled.string,
            bool(compiled.positional),
            binds,
            {name: compiled.params[name] for name in binds if name not in names},
            tuple((place, turn) for place, turn in turns if turn is not None),
            tuple(
                (column.name, column.type.dialect_impl(dialect).result_processor(dialect, None))
                for column in statement.exported_columns
            ),
        )

    def values(self, given: Mapping[str, object]) -> list[Any] | dict[str, Any]:
        """What the driver takes."""
        if self.usual:
            given = {**self.usual, **given}
        taken = map(given.__getitem__, self.binds)
        values: Any = list(taken) if self.positional else dict(zip(self.binds, taken, strict=True))
        for place, turn in self.turns:
            value = values[place]
            if value is not None:
                values[place] = turn(value)
        return values  # type: ignore[no-any-return]  # a cast takes time

    def row(self, raw: tuple[Any, ...]) -> dict[str, Any]:
        """A row by the names of its columns."""
        return {
            name: value if turn is None or value is None else turn(value)
            for (name, turn), value in zip(self.columns, raw, strict=True)
        }


class Prepared:
    """One statement. `made` gives it for the database of a name: `sqlite`, `postgresql`.

    An INSERT or UPDATE writes those columns that the values name; a bound parameter must not have
    the name of a column. Raises `SQLAlchemyError`, as if SQLAlchemy had run it.
    """

    def __init__(self, made: Callable[[str], Statement]) -> None:
        self._made = made
        self._compiled: dict[tuple[str, tuple[str, ...]], _Compiled] = {}

    def rows(self, connection: Connection, values: Mapping[str, object]) -> list[dict[str, Any]]:
        """Run it; what comes back."""
        compiled, found, _ = self.ran(connection, values)
        return [compiled.row(raw) for raw in found]

    def row(self, connection: Connection, values: Mapping[str, object]) -> dict[str, Any] | None:
        """Run it; the one row that comes back, or None."""
        compiled, found, _ = self.ran(connection, values)
        return compiled.row(found[0]) if found else None

    def count(self, connection: Connection, values: Mapping[str, object]) -> int:
        """Run it; how many rows it wrote. For what gives no rows back."""
        return self.ran(connection, values)[2]

    def ran(
        self, connection: Connection, values: Mapping[str, object]
    ) -> tuple[_Compiled, Sequence[tuple[Any, ...]], int]:
        """Run it; the text that was run, the rows as they come and how many it wrote."""
        dialect = connection.dialect
        key = (dialect.name, tuple(values))
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = _Compiled.of(self._made(dialect.name), dialect, key[1])
            self._compiled[key] = compiled
        given = compiled.values(values)
        return compiled, *run(connection, compiled.text, given, gives=bool(compiled.columns))


class Lookup(Generic[R]):
    """A SELECT whose rows become records. A record says what its row says and nothing else, so
    rows that are the same as one of the last `most` are not turned into a record again.
    """

    def __init__(
        self, made: Callable[[str], Query], record: Callable[[dict[str, Any]], R], most: int
    ) -> None:
        self._statement = Prepared(made)
        self._record = lru_cache(most)(lambda compiled, raw: record(compiled.row(raw)))

    def all(self, connection: Connection, values: Mapping[str, object]) -> list[R]:
        """The records of what it finds."""
        compiled, found, _ = self._statement.ran(connection, values)
        return [self._record(compiled, raw) for raw in found]

    def one(self, connection: Connection, values: Mapping[str, object]) -> R | None:
        """The one record that it finds, or None."""
        found = self.all(connection, values)
        return found[0] if found else None


def run(
    connection: Connection,
    text: str,
    given: Sequence[Any] | Mapping[str, Any] = (),
    *,
    gives: bool = False,
) -> tuple[Sequence[tuple[Any, ...]], int]:
    """Run a text on the driver: the rows where it `gives` any, and how many it wrote.

    Raises `SQLAlchemyError`, as if SQLAlchemy had run it.
    """
    try:
        cursor = _cursor(connection)
        cursor.execute(text, given)
        return cursor.fetchall() if gives else (), cursor.rowcount
    except connection.dialect.loaded_dbapi.Error as error:
        raise _told(error, connection, text) from error


def _cursor(connection: Connection) -> Any:  # noqa: ANN401 - the driver's
    """The one cursor of a connection: to make one takes longer than most statements."""
    driver = connection.connection
    cursor = driver.info.get(_CURSOR)
    if cursor is None:
        cursor = driver.info[_CURSOR] = driver.cursor()
    return cursor


def _told(error: Exception, connection: Connection, text: str) -> BaseException:
    """An error of the driver as SQLAlchemy's, without the values."""
    dialect = connection.dialect
    driver = connection.connection.dbapi_connection  # that of PostgreSQL is asked whether it is
    lost = dialect.is_disconnect(cast("Any", error), driver, None)
    if lost:  # else the pool would try to roll back on it
        connection.invalidate()
    told: BaseException = DBAPIError.instance(
        text,
        None,
        cast("Any", error),
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=dialect,
    )
    return told
