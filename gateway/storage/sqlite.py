"""What is particular to SQLite: a file, how it is opened, who may serve from it, what breaks it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from sqlalchemy import URL, create_engine, event

from gateway.errors import GatewayError, StartError, StorageUnavailable
from gateway.storage.prepared import run

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
    from sqlalchemy.exc import SQLAlchemyError

LEAST_FREE: Final = 4 * 1024 * 1024  # bytes on its disk; less counts as full
BUSY_MILLISECONDS: Final = 5000  # how long to wait for a command that writes at the same time

_PRAGMAS: Final = (
    f"PRAGMA busy_timeout={BUSY_MILLISECONDS}",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA wal_autocheckpoint=4000",  # pages, 16 MiB: the same ones change again and again
)
CACHE: Final = 2048  # KiB for the connections of one engine; the system caches files, too
_FULL: Final = "The disk of the database is full. Nothing was sent."
_NOT_OURS: Final = (
    "The database's file was moved, replaced or cut while the gateway used it. Stop the gateway "
    "and put the file back. Nothing was sent."
)
_NOT_ALONE: Final = (
    "The database's lock file was removed, so another bc-gateway may serve from the same file. "
    "Stop both and start one. Nothing was sent."
)


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """The database is this file, its links followed."""

    file: Path
    near: ClassVar[bool] = True  # a few rows are read in less time than a thread takes to wake

    def __str__(self) -> str:
        return str(self.file)

    def exists(self) -> bool:
        """Whether there is such a file."""
        return self.file.exists()

    def create(self) -> None:
        """Make the file for its owner alone. What is wrong is said when it is opened."""
        with suppress(OSError):
            self.file.touch(mode=0o600)

    def engine(self, *, connections: int, writing: bool) -> Engine:
        """Connections that are durable. Those for writing take the file's lock as they begin,
        those that only read need no transactions.
        """
        engine = create_engine(
            URL.create("sqlite", database=str(self.file)),
            pool_size=connections,
            max_overflow=0,
            hide_parameters=True,
            isolation_level=None if writing else "AUTOCOMMIT",
        )
        cache = f"PRAGMA cache_size=-{CACHE // connections}"
        event.listen(engine, "connect", lambda made, _: _prepare(made, cache))
        if writing:
            event.listen(engine, "begin", lambda connection: run(connection, "BEGIN IMMEDIATE"))
        return engine

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock file beside the file while serving from it. Raises `StartError`.

        The lock is SQLite's own, on an empty database: the system drops it when the process dies,
        however it dies, on every platform.
        """
        if self.file.exists() and self.file.stat().st_nlink > 1:
            raise StartError(
                f"The file {self} has a second name (a hard link), under which another bc-gateway "
                "could serve from it unnoticed: remove one of them."
            )
        try:
            with closing(sqlite3.connect(self._lock, timeout=0, isolation_level=None)) as held:
                held.execute("BEGIN EXCLUSIVE")
                yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise StartError(
                    f"Another bc-gateway serves from {self}: stop it, or set storage.url to "
                    "another file."
                ) from None
            raise StartError(
                f"The lock file {self._lock} cannot be written: see that its folder exists and "
                "that this user may write there."
            ) from None

    def watch(self, *, serving: bool) -> Callable[[], None]:
        """What finds out that the file, or the lock on it, is not the one that was opened.

        The file must not be opened for that: closing it would drop the locks SQLite has on it.
        """
        file, lock_file = self.file, self._lock
        opened, lock = file.stat(), lock_file.stat() if serving else None
        largest = opened.st_size

        def check() -> None:
            nonlocal largest
            try:
                now = file.stat()
            except OSError:
                raise StorageUnavailable(_NOT_OURS) from None
            if not os.path.samestat(now, opened) or now.st_size < largest:
                raise StorageUnavailable(_NOT_OURS)
            largest = now.st_size
            if lock is not None and not _is(lock_file, lock):
                raise StorageUnavailable(_NOT_ALONE)

        return check

    def before_migrating(self, connection: Connection) -> None:
        """Let nobody else migrate: the transaction has the lock of the file already."""

    def examine(self, connection: Connection) -> None:
        """Read every page. Raises `StartError` for a damaged file."""
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if found != "ok":
            raise StartError(
                f"The database {self} is damaged: put back a copy, or save what can be read with "
                "`sqlite3 … .recover`."
            )

    def prove(self, _connection: Connection) -> None:
        """Read the file as somebody who opens it now does: what is in memory proves nothing. And
        see that there is room: a small write may still fit where an order does not.
        """
        try:
            address = f"{self.file.as_uri()}?mode=rw"
            with closing(sqlite3.connect(address, uri=True, timeout=1)) as fresh:
                fresh.execute("SELECT 1 FROM operations LIMIT 1").fetchone()
            free = shutil.disk_usage(self.file.parent).free
        except (sqlite3.Error, OSError):
            raise StorageUnavailable(_NOT_OURS) from None
        if free < LEAST_FREE:
            raise StorageUnavailable(_FULL)

    def repeatable(self, error: SQLAlchemyError, *, committing: bool) -> bool:  # noqa: ARG002 - the other database can tell
        """Whether the same again may succeed: never at once."""
        return False

    def unavailable(self, error: SQLAlchemyError) -> GatewayError:
        """The driver's error in our words: its own text may hold values of the statement."""
        text = _text(error)
        if "locked" in text or "busy" in text:
            return StorageUnavailable("The database is held by another program. Nothing was sent.")
        if "full" in text:
            return StorageUnavailable(_FULL)
        if "readonly" in text:
            return StorageUnavailable("The database cannot be written to. Nothing was sent.")
        return StorageUnavailable()

    def cannot_start(self, error: SQLAlchemyError) -> StartError:
        """The driver's error while opening, as a sentence that says what to do."""
        text = _text(error)
        if "locked" in text:
            return StartError(
                f"The database {self} is held by another program: stop that one first."
            )
        if "not a database" in text or "malformed" in text:
            return StartError(
                f"The file {self} is not a database of bc-gateway: set storage.url to another one."
            )
        return StartError(
            f"The database {self} cannot be opened and written: see that its folder exists "
            "and that this user may write there."
        )

    @property
    def _lock(self) -> Path:
        return self.file.with_name(self.file.name + ".lock")


def _prepare(connection: DBAPIConnection, cache: str) -> None:
    # The driver's own way to begin is switched off, so that ours is the only one.
    cast("Any", connection).isolation_level = None
    cursor = connection.cursor()
    for pragma in (*_PRAGMAS, cache):
        cursor.execute(pragma)
    if _is_ours(cursor):  # another program's stays as it is
        _write_ahead(cursor)
    cursor.close()


def _is_ours(cursor: DBAPICursor) -> bool:
    """Whether there are our tables in the file, or none yet."""
    cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    names = {name for (name,) in cursor.fetchall()}
    return not names or "canaries" in names


def _write_ahead(cursor: DBAPICursor) -> None:
    """Switch the file to a write-ahead log. For the lock that takes on a file which has none yet,
    SQLite does not wait (`busy_timeout` does not count), so we do.
    """
    last = time.monotonic() + BUSY_MILLISECONDS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > last:
                raise
            time.sleep(0.005)  # in a thread of ours, or while starting
        else:
            return


def _is(file: Path, known: os.stat_result) -> bool:
    try:
        return os.path.samestat(file.stat(), known)
    except OSError:
        return False


def _text(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", "")).lower()
