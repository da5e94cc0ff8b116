"""The version of the database: what it is, what this program needs, how it gets there.

`open_store` and the command `db upgrade` call it. The migrations lie inside the package, so a
wheel carries them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import StartError
from gateway.storage.addresses import Address, address_of
from gateway.storage.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def upgrade(url: str) -> None:
    """Bring the database at `url` to the version this program needs; make it if it is not there.

    Raises `StartError` when it cannot be written or was written by a newer program.
    """
    with _connect(address_of(url)) as connection:
        _refuse_unknown(connection)
        command.upgrade(_config(connection), "head")


def revision(url: str) -> str | None:
    """The version of the database at `url`; None while it holds no tables."""
    address = address_of(url)
    if not address.exists():
        return None
    with _connect(address) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def prepare(address: Address, *, create: bool, thorough: bool) -> None:
    """Make a fresh database if `create`, and make sure that it is ours, and whole if `thorough`.

    Raises `StartError`: missing, outdated, newer, damaged, not a database, not writable.
    """
    if not create and not address.exists():
        raise StartError(f"There is no database {address}. `bc-gateway serve` makes one.")
    if create:
        address.create()
    with _connect(address) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        there = set(inspect(connection).get_table_names())
        if create and found is None and not there:
            command.upgrade(_config(connection), "head")
            return
        _refuse_unknown(connection)
        if found != _revisions()[0]:
            raise StartError(
                f"The database {address} is of an older version: run `bc-gateway db upgrade`."
            )
        missing = sorted(set(metadata.tables) - there)
        if missing:
            raise StartError(f"The database {address} lacks {missing[0]}: put back a copy.")
        if thorough:
            address.examine(connection)


def _refuse_unknown(connection: Connection) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in _revisions():
        raise StartError(
            f"The database was written by a newer bc-gateway (version {found}): "
            "use that program, or another database."
        )
    if found is None and inspect(connection).get_table_names():
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


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@cache
def _revisions() -> tuple[str, ...]:
    """Every version there has been, the newest first."""
    scripts = ScriptDirectory.from_config(_config())
    return tuple(script.revision for script in scripts.walk_revisions())
