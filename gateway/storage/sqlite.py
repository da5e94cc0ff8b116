"""What is particular to SQLite: how a connection is set up, and who may serve from a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import event

from gateway.errors import StartError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

BUSY_MILLISECONDS: Final = 5000  # how long to wait for a command that writes at the same time

_PRAGMAS: Final = (
    f"PRAGMA busy_timeout={BUSY_MILLISECONDS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)


def set_up(engine: Engine, begin: str) -> None:
    """Make every connection of `engine` durable and let it start transactions with `begin`."""

    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver's own way to begin is switched off, so that ours is the only one.
        cast("Any", connection).isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", start)


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Hold the lock file beside `file` while serving from it. Raises `StartError`.

    The lock is SQLite's own, on an empty database: the system drops it when the process dies,
    however it dies, on every platform.
    """
    lock = file.with_name(file.name + ".lock")
    try:
        with closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StartError(
                f"Another bc-gateway serves from {file}: stop it, or set storage.url to "
                "another file."
            ) from None
        raise StartError(
            f"The lock file {lock} cannot be written: see that its folder exists and that this "
            "user may write there."
        ) from None
