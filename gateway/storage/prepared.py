"""Statements of the hot path: compiled once, then run straight on the driver.

SQLAlchemy says what they are, for both databases, and its types turn the values either way. What
it does around each execution takes several times as long as the database does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Insert, Select, Update
    from sqlalchemy.engine import Dialect

    Statement = Insert | Update | Select[Any]

_Turn = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The text for one database and one set of columns. `binds`: names, what stands there unless
    it is given, and how a value is turned for the driver; `columns`: what comes back.
    """

    text: str
    positional: bool
    binds: tuple[tuple[str, object, _Turn | None], ...]
    columns: tuple[tuple[str, _Turn | None], ...]

    @classmethod
    def of(cls, statement: Statement, dialect: Dialect, names: frozenset[str]) -> _Compiled:
        """`statement` for a database; it writes those columns that `names` has."""
        compiled: Any = statement.compile(dialect=dialect, column_keys=sorted(names))
        types = {
            name: bind.type.dialect_impl(dialect) for bind, name in compiled.bind_names.items()
        }
        return cls(
            compiled.string,
            bool(compiled.positional),
            tuple(
                (name, compiled.params[name], types[name].bind_processor(dialect))
                for name in compiled.positiontup or types
            ),
            tuple(
                (column.name, column.type.dialect_impl(dialect).result_processor(dialect, None))
                for column in statement.exported_columns
            ),
        )

    def values(self, given: Mapping[str, object]) -> list[object] | dict[str, object]:
        """What the driver takes."""
        if self.positional:
            return [
                given.get(name, usual) if turn is None else turn(given.get(name, usual))
                for name, usual, turn in self.binds
            ]
        return {
            name: given.get(name, usual) if turn is None else turn(given.get(name, usual))
            for name, usual, turn in self.binds
        }

    def row(self, raw: tuple[Any, ...]) -> dict[str, Any]:
        """A row by the names of its columns."""
        return {
            name: value if turn is None else turn(value)
            for (name, turn), value in zip(self.columns, raw, strict=True)
        }


class Prepared:
    """One statement. `made` gives it for the database of a name: `sqlite`, `postgresql`.

    An INSERT or UPDATE writes those columns that the values name; a bound parameter must not have
    the name of a column.
    """

    def __init__(self, made: Callable[[str], Statement]) -> None:
        self._made = made
        self._compiled: dict[tuple[str, frozenset[str]], _Compiled] = {}

    def rows(self, connection: Connection, values: Mapping[str, object]) -> list[dict[str, Any]]:
        """Run it; what comes back. Raises `SQLAlchemyError`, as if SQLAlchemy had run it."""
        dialect = connection.dialect
        key = (dialect.name, frozenset(values))
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = _Compiled.of(self._made(dialect.name), dialect, key[1])
            self._compiled[key] = compiled
        given = compiled.values(values)
        try:
            cursor = connection.connection.cursor()
            cursor.execute(compiled.text, given)
            found = cursor.fetchall() if compiled.columns else ()
            cursor.close()
        except dialect.loaded_dbapi.Error as error:
            raise _told(error, connection, compiled.text) from error
        return [compiled.row(raw) for raw in found]

    def row(self, connection: Connection, values: Mapping[str, object]) -> dict[str, Any] | None:
        """Run it; the one row that comes back, or None."""
        found = self.rows(connection, values)
        return found[0] if found else None


def _told(error: Exception, connection: Connection, text: str) -> BaseException:
    """An error of the driver as SQLAlchemy's, without the values."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(cast("Any", error), None, None)
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
