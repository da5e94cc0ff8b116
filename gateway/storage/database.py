"""The database as the store uses it: one writer whose commits are shared, readers apart.

A write is a function run inside a savepoint. The writer takes every write that waits, runs them
in one transaction and commits once; while that commit reaches the disk the next ones gather. A
write that fails is rolled back alone. `write` returns when its transaction is durable.

SQLite blocks, so the writer and the readers have threads of their own: one hop there and back
for a whole transaction, whatever it holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import StorageUnavailable
from gateway.storage.sqlite import set_up

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

T = TypeVar("T")
Statement = Callable[["Connection"], T]

MOST_TOGETHER: Final = 200  # writes in one transaction
READERS: Final = 4

_CLOSED: Final = "The gateway is shutting down. Nothing was sent."


@dataclass(slots=True)
class _Write:
    statement: Statement[Any]
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


class Database:
    """Open it with `start`, close it with `close`. Raises `StorageUnavailable` for the driver."""

    def __init__(self, file: Path) -> None:
        self._writes = _engine(file, "BEGIN IMMEDIATE", connections=1)
        self._reads = _engine(file, "BEGIN", connections=READERS)
        self._writing = ThreadPoolExecutor(1, "storage-writer")
        self._reading = ThreadPoolExecutor(READERS, "storage-reader")
        self._waiting: asyncio.Queue[_Write | None] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take writes."""
        self._writer = asyncio.create_task(self._write_all(), name="storage writer")

    async def close(self) -> None:
        """Finish the writes that wait, then end the threads and close every connection."""
        writer, self._writer = self._writer, None
        if writer is not None:
            self._waiting.put_nowait(None)
            await writer
        for threads in (self._writing, self._reading):
            await asyncio.to_thread(threads.shutdown)
        self._writes.dispose()
        self._reads.dispose()

    async def read(self, statement: Statement[T]) -> T:
        """The value of `statement`, which changes nothing."""
        if self._writer is None:
            raise StorageUnavailable(_CLOSED)
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._reading, _read, self._reads, statement)
        except SQLAlchemyError as error:
            raise _unavailable(error) from None

    async def write(self, statement: Statement[T]) -> T:
        """The value of `statement`, once what it did is durable. It runs whole or not at all.

        A caller who is cancelled while waiting does not undo it.
        """
        if self._writer is None:
            raise StorageUnavailable(_CLOSED)
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(_Write(statement, done))
        return await done

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        closing = False
        while not closing:
            together = [await self._waiting.get()]
            while not self._waiting.empty() and len(together) < MOST_TOGETHER:
                together.append(self._waiting.get_nowait())
            writes = [write for write in together if write is not None]
            closing = len(writes) < len(together)
            results = await loop.run_in_executor(self._writing, _commit, self._writes, writes)
            for write, result in zip(writes, results, strict=True):
                _tell(write.done, result)


def _read(engine: Engine, statement: Statement[T]) -> T:
    with engine.connect() as connection:
        return statement(connection)


def _commit(engine: Engine, writes: list[_Write]) -> list[object]:
    """Run `writes` in one transaction; the result of each, or why it failed."""
    try:
        with engine.begin() as connection:
            return [_run(connection, write.statement) for write in writes]
    except SQLAlchemyError as error:
        return [_Failed(_unavailable(error))] * len(writes)


def _run(connection: Connection, statement: Statement[object]) -> object:
    savepoint = connection.begin_nested()
    try:
        result = statement(connection)
        savepoint.commit()
    except Exception as error:  # noqa: BLE001 - it belongs to whoever asked for this write
        savepoint.rollback()
        return _Failed(_unavailable(error) if isinstance(error, SQLAlchemyError) else error)
    return result


def _tell(done: asyncio.Future[Any], result: object) -> None:
    if done.done():
        return
    if isinstance(result, _Failed):
        done.set_exception(result.error)
    else:
        done.set_result(result)


def _unavailable(error: SQLAlchemyError) -> StorageUnavailable:
    """The driver's error in our words: its own text may hold values of the statement."""
    text = str(getattr(error, "orig", "")).lower()
    if "locked" in text or "busy" in text:
        return StorageUnavailable("The database is held by another program. Nothing was sent.")
    if "full" in text:
        return StorageUnavailable("The disk of the database is full. Nothing was sent.")
    if "readonly" in text:
        return StorageUnavailable("The database cannot be written to. Nothing was sent.")
    return StorageUnavailable()


def _engine(file: Path, begin: str, *, connections: int) -> Engine:
    engine = create_engine(
        f"sqlite:///{file}", pool_size=connections, max_overflow=0, hide_parameters=True
    )
    set_up(engine, begin)
    return engine
