"""The version of the database: what it is, what this program needs, how it gets there.

`open_store` and the command `db upgrade` call it. A fresh database is made from the description
of the tables, an older one by the migrations, which lie inside the package, so that a wheel
carries them. Only then is their library loaded: nothing else of a serving process is as large.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    Column,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import StartError
from gateway.storage.addresses import Address, address_of
from gateway.storage.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS: Final = Path(__file__).parent / "migrations"

_NOT_MEANT: Final = "See that storage.url leads to the one you mean"
_MIGRATING: Final = "gateway.storage.migrating"

# As the library of the migrations keeps it.
_version: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def upgrade(url: str) -> None:
    """Bring the database at `url` to the version this program needs; make it if it is not there.

    Raises `StartError` when it cannot be written or was written by a newer program.
    """
    with _connect(address_of(url)) as connection:
        found = _look(connection)
        if not found.tables:
            _make(connection)
            return
        _refuse_unknown(found)
        if found.version != _revisions()[0]:
            import_module(_MIGRATING).migrate(connection, "head")


def revision(url: str) -> str | None:
    """The version of the database at `url`; None while it holds no tables."""
    address = address_of(url)
    if not address.exists():
        return None
    with _connect(address) as connection:
        return _look(connection).version


def prepare(address: Address, *, create: bool, thorough: bool) -> None:
    """Make a fresh database if `create`, and make sure that it is ours, and whole if `thorough`.

    Raises `StartError`: missing, outdated, newer, damaged, not a database, not writable.
    """
    if not create and not address.exists():
        raise StartError(
            f"There is no database {address}. {_NOT_MEANT}; `bc-gateway serve` makes one."
        )
    if create:
        address.create()
    with _connect(address) as connection:
        found = _look(connection)
        if not found.tables:
            if not create:
                raise StartError(
                    f"The database {address} is empty. {_NOT_MEANT}, or run `bc-gateway db upgrade`."
                )
            _make(connection)
            return
        _refuse_unknown(found)
        if found.version != _revisions()[0]:
            raise StartError(
                f"The database {address} is of an older version: run `bc-gateway db upgrade`."
            )
        missing = sorted(set(metadata.tables) - found.tables)
        if missing:
            raise StartError(f"The database {address} lacks {missing[0]}: put back a copy.")
        if thorough:
            address.examine(connection)


def _make(connection: Connection) -> None:
    """All the tables, at the newest version."""
    metadata.create_all(connection, checkfirst=False)
    _version.create(connection)
    connection.execute(insert(_version).values(version_num=_revisions()[0]))


@dataclass(frozen=True, slots=True)
class _Found:
    """What is in a database: the names of its tables, and its version if it is one of ours."""

    tables: frozenset[str]
    version: str | None


def _look(connection: Connection) -> _Found:
    tables = frozenset(inspect(connection).get_table_names())
    if _version.name not in tables:
        return _Found(tables, None)
    return _Found(tables, connection.execute(select(_version.c.version_num)).scalar_one_or_none())


def _refuse_unknown(found: _Found) -> None:
    if found.version is not None and found.version not in _revisions():
        raise StartError(
            f"The database was written by a newer bc-gateway (version {found.version}): "
            "use that program, or another database."
        )
    if found.version is None and found.tables:
        raise StartError(
            "This database belongs to another program: set storage.url to another one."
        )


@contextmanager
def _connect(address: Address) -> Iterator[Connection]:
    """One transaction, with nobody else migrating meanwhile."""
    engine = address.engine(connections=1, writing=True)
    try:
        with engine.begin() as connection:
            address.before_migrating(connection)
            yield connection
    except SQLAlchemyError as error:
        raise address.cannot_start(error) from None
    finally:
        engine.dispose()


@cache
def _revisions() -> tuple[str, ...]:
    """Every version there has been, the newest first: the files of the migrations begin with it."""
    files = (MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return tuple(sorted((file.stem.partition("_")[0] for file in files), reverse=True))
