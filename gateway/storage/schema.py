"""The version of the database: what it is, what this program needs, how it gets there.

`open_store` and the command `db upgrade` call it. The migrations lie inside the package, so a
wheel carries them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import StartError
from gateway.storage.sqlite import set_up

if TYPE_CHECKING:
    from sqlalchemy import Connection

_PREFIX: Final = "sqlite:///"
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def database_file(url: str) -> Path:
    """The file behind `sqlite:///FILE`. Raises `StartError` for any other address."""
    file = url.removeprefix(_PREFIX)
    if file == url or not file or file == ":memory:":
        raise StartError("The storage must be a SQLite file: set storage.url to sqlite:///FILE.")
    return Path(file)


def upgrade(url: str) -> None:
    """Bring the database at `url` to the version this program needs; make it if it is not there.

    Raises `StartError` when it cannot be written or was written by a newer program.
    """
    with _connect(url) as connection:
        _refuse_unknown(connection)
        command.upgrade(_config(connection), "head")


def revision(url: str) -> str | None:
    """The version of the database at `url`; None while it holds no tables."""
    if not database_file(url).exists():
        return None
    with _connect(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def prepare(url: str, *, create: bool) -> None:
    """Make a fresh database if `create`, and make sure that the version is ours.

    Raises `StartError`: missing, outdated, newer, not a database, not writable.
    """
    file = database_file(url)
    if not create and not file.exists():
        raise StartError(f"There is no database {file}. `bc-gateway serve` makes one.")
    if create:
        with contextlib.suppress(OSError):  # what is wrong is said when it is opened
            file.touch(mode=0o600)
    with _connect(url) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        empty = found is None and not inspect(connection).get_table_names()
        if empty and create:
            command.upgrade(_config(connection), "head")
            return
        _refuse_unknown(connection)
        if found != _scripts().get_current_head():
            raise StartError(
                f"The database {file} is of an older version: run `bc-gateway db upgrade`."
            )


def _refuse_unknown(connection: Connection) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in _known():
        raise StartError(
            f"The database was written by a newer bc-gateway (version {found}): "
            "use that program, or another database."
        )
    if found is None and inspect(connection).get_table_names():
        raise StartError(
            "This database belongs to another program: set storage.url to another one."
        )


@contextmanager
def _connect(url: str) -> Iterator[Connection]:
    file = database_file(url)
    engine = create_engine(f"{_PREFIX}{file}", poolclass=NullPool, hide_parameters=True)
    set_up(engine, "BEGIN IMMEDIATE")
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StartError(_sentence(file, str(getattr(error, "orig", "")).lower())) from None
    finally:
        engine.dispose()


def _sentence(file: Path, text: str) -> str:
    if "locked" in text:
        return f"The database {file} is held by another program: stop that one first."
    if "not a database" in text or "malformed" in text:
        return f"The file {file} is not a database of bc-gateway: set storage.url to another one."
    return (
        f"The database {file} cannot be opened and written: see that its folder exists "
        "and that this user may write there."
    )


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _known() -> set[str]:
    return {script.revision for script in _scripts().walk_revisions()}
