"""The database as the store uses it: one writer whose commits are shared, readers apart.

A write is a function of the database. The writer runs every write that has gathered in one
transaction and commits once; while that commit reaches the disk the next ones gather. When one
fails they are run again, each inside a savepoint, so that it is rolled back alone. `write` returns
when its transaction is durable. What a server undid because of others, or lost on the way to it,
is run again.

The drivers block, so the writer and the readers have threads of their own: one hop there and back
for a whole transaction, whatever it holds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gateway.errors import GatewayError, StorageUnavailable
from gateway.storage.addresses import Address
from gateway.storage.records import CommitLost
from gateway.telemetry import database_written

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

T = TypeVar("T")
Statement = Callable[["Connection"], T]

MOST_TOGETHER: Final = 200  # writes in one transaction
READ_WITHIN: Final = 60.0  # seconds until a database that says nothing counts as gone
PROVE_WITHIN: Final = 5.0  # seconds, for those who ask whether it is there
QUIET: Final = 3  # turns of the event loop without another write, before those there are written
GATHER: Final = 0.004  # seconds at most that a write waits for others to come
READERS: Final = 4
PAUSES: Final = (0.05, 0.3, 1.0)  # seconds before what a server undid or lost is run again

_LOG = structlog.get_logger("gateway.storage")
_CLOSED: Final = "The gateway is shutting down. Nothing was sent."


@dataclass(slots=True)
class _Write:
    statement: Statement[Any]
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


_Together = tuple[list[_Write], "asyncio.Future[None]"]


@dataclass(slots=True)
class _Phase:
    """How far an attempt has come: what fails while committing may have been committed."""

    committing: bool = False


@dataclass(slots=True)
class _Held:
    """One connection of `engine`, open between its uses: taking one from the pool costs more than
    most statements.
    """

    engine: Engine
    connection: Connection | None = None

    def use(self, statement: Statement[T]) -> T:
        """The value of `statement` on the connection. It is closed for good when something fails.

        After a commit that failed its transaction may still be open, and must not become part of
        the next one.
        """
        connection = self.connection
        if connection is None:
            connection = self.connection = self.engine.connect()
        try:
            return statement(connection)
        except BaseException:  # whatever ended it, a cancelled thread too; it is raised again
            self.connection = None
            connection.invalidate()
            connection.close()
            raise

    def close(self) -> None:
        """Close it, and the engine."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()
        self.engine.dispose()


@dataclass(frozen=True, slots=True)
class _Opened:
    """What the threads work with, and the loop where rows are `near`. `check` raises where the
    database is not ours any more.
    """

    address: Address
    check: Callable[[], None]
    writing: _Held
    near: _Held
    reads: Engine


class Database:
    """Open it with `start`, close it with `close`. Raises `StorageUnavailable` for the driver."""

    def __init__(self, address: Address, *, serving: bool = False) -> None:
        self._opened = _Opened(
            address,
            address.watch(serving=serving),
            _Held(address.engine(connections=1, writing=True)),
            _Held(address.engine(connections=1, writing=False)),
            address.engine(connections=READERS, writing=False),
        )
        self._reading = ThreadPoolExecutor(READERS, "storage-reader")
        self._gathered: list[_Write] = []
        self._gathering: asyncio.Task[None] | None = None
        self._several = False  # whether the last transaction had more than one write
        self._together: SimpleQueue[_Together | None] = SimpleQueue()
        self._writer: Thread | None = None

    def start(self) -> None:
        """Begin to take reads and writes, on the running loop."""
        work = (asyncio.get_running_loop(), self._opened, self._together)
        self._writer = Thread(target=_write_all, args=work, name="storage-writer", daemon=True)
        self._writer.start()

    async def close(self) -> None:
        """Finish the writes that wait, then end the threads and close every connection."""
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                if self._gathering is not None:
                    await asyncio.wait({self._gathering})  # which cancels nothing
            finally:
                self._together.put(None)
            await asyncio.to_thread(writer.join)
        await asyncio.to_thread(self._reading.shutdown)
        self._opened.writing.close()
        self._opened.near.close()
        self._opened.reads.dispose()

    async def read(self, statement: Statement[T]) -> T:
        """The value of `statement`, which changes nothing."""
        if self._writer is None:
            raise StorageUnavailable(_CLOSED)
        loop = asyncio.get_running_loop()
        async with _answered(READ_WITHIN):
            return await loop.run_in_executor(self._reading, _read, self._opened, statement)

    async def read_rows(self, statement: Statement[T]) -> T:
        """As `read`, for a few rows by their keys: a file gives them sooner than a thread wakes."""
        if self._writer is None:
            raise StorageUnavailable(_CLOSED)
        if self._opened.address.near:
            return _read_near(self._opened, statement)
        return await self.read(statement)

    async def prove(self) -> None:
        """Prove that it can be read and written. Raises `StorageUnavailable`."""
        async with _answered(PROVE_WITHIN):
            await self.write(self._opened.address.prove)

    async def write(self, statement: Statement[T]) -> T:
        """The value of `statement`, once what it did is durable. It runs whole or not at all.

        A caller who is cancelled while waiting does not undo it.
        """
        if self._writer is None:
            raise StorageUnavailable(_CLOSED)
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._gathered.append(_Write(statement, done))
        if self._gathering is None:
            self._gathering = asyncio.create_task(self._write_gathered(), name="storage writes")
            self._gathering.add_done_callback(self._stop_gathering)
        return await done

    async def _write_gathered(self) -> None:
        """Hand what has gathered to the writer, until there is nothing."""
        while self._gathered:
            await self._gather()
            self._several = len(self._gathered) > 1
            await self._hand_over()

    def _stop_gathering(self, _: asyncio.Task[None]) -> None:
        """Begin anew with the next write. Whoever ended the task early, as an event loop does that
        ends, leaves nothing behind that is not handed over.
        """
        self._gathering = None
        while self._gathered:
            self._hand_over()

    def _hand_over(self) -> asyncio.Future[None]:
        """Give the writer a transaction. What is returned is done once everybody was told."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._together.put((self._gathered[:MOST_TOGETHER], told))
        del self._gathered[:MOST_TOGETHER]
        return told

    async def _gather(self) -> None:
        """Let the writes come that are on their way: a transaction costs more than one of them.

        As long as the loop has work for others, nothing is lost by waiting. Who writes alone, and
        did so just before, does not wait.
        """
        until, known, quiet = time.perf_counter() + GATHER, len(self._gathered), 0
        if known == 1 and not self._several:
            return
        while quiet < QUIET and time.perf_counter() < until:
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._gathered) == known else 0
            known = len(self._gathered)


@asynccontextmanager
async def _answered(seconds: float) -> AsyncIterator[None]:
    """Wait no longer than that for a database that says nothing, for what has no effect."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise StorageUnavailable("The database does not answer. Nothing was sent.") from None


def _write_all(
    loop: asyncio.AbstractEventLoop, opened: _Opened, together: SimpleQueue[_Together | None]
) -> None:
    """The writer's thread: what was handed over together is one transaction, until a None ends
    it.
    """
    while (given := together.get()) is not None:
        writes, told = given
        results = _commit(opened, [write.statement for write in writes])
        loop.call_soon_threadsafe(_tell, writes, results, told)


def _read(opened: _Opened, statement: Statement[T]) -> T:
    def attempt(_phase: _Phase) -> T:
        try:
            with opened.reads.connect() as connection:
                return statement(connection)
        except DBAPIError as error:
            if error.connection_invalidated:
                opened.reads.dispose()  # the others are lost as well, as a rule
            raise

    return _persistently(opened.address, attempt)


def _read_near(opened: _Opened, statement: Statement[T]) -> T:
    def alone(connection: Connection) -> T:
        value = statement(connection)
        if connection.in_transaction():
            connection.rollback()  # of SQLAlchemy's only: for the driver there is none
        return value

    try:
        return opened.near.use(alone)
    except SQLAlchemyError as error:
        raise opened.address.unavailable(error) from None


def _commit(opened: _Opened, statements: list[Statement[Any]]) -> list[object]:
    """Run them in one transaction; the result of each, or why it failed."""
    started = time.perf_counter()
    try:
        return _committed(opened, statements)
    except GatewayError as error:
        return [_Failed(error)] * len(statements)
    except Exception as error:  # noqa: BLE001 - whatever it is, the next writes need the writer
        _LOG.error("storage_stumbled", error=type(error).__name__)
        return [_Failed(StorageUnavailable())] * len(statements)
    finally:
        database_written(len(statements), time.perf_counter() - started)


def _committed(opened: _Opened, statements: list[Statement[Any]]) -> list[object]:
    """As `_commit`. What the server undid, or never had, is run again."""

    def attempt(phase: _Phase) -> list[object]:
        def together(connection: Connection) -> list[object]:
            connection.begin()
            results = _run_all(opened.address, connection, statements)
            phase.committing = True
            connection.commit()
            return results

        opened.check()
        return opened.writing.use(together)

    return _persistently(opened.address, attempt)


def _persistently(address: Address, attempt: Callable[[_Phase], T]) -> T:
    """The value of `attempt`, made again where the server undid it or never had it.

    Raises `CommitLost` when nobody can say whether it was kept.
    """
    pauses = iter(PAUSES)
    while True:
        phase = _Phase()
        try:
            return attempt(phase)
        except SQLAlchemyError as error:
            pause = next(pauses, None)
            if pause is None or not address.repeatable(error, committing=phase.committing):
                if phase.committing and address.repeatable(error, committing=False):
                    raise CommitLost from None
                raise address.unavailable(error) from None
            time.sleep(pause)  # in a thread of ours


def _run_all(
    address: Address, connection: Connection, statements: list[Statement[Any]]
) -> list[object]:
    """The result of each in the transaction that is open afterwards.

    Savepoints cost as much as the statements, so only after a failure each one gets its own.
    """
    try:
        return [statement(connection) for statement in statements]
    except Exception as error:
        if isinstance(error, SQLAlchemyError) and address.repeatable(error, committing=False):
            raise  # it is over with the whole transaction
    connection.rollback()
    return [_run(address, connection, statement) for statement in statements]


def _run(address: Address, connection: Connection, statement: Statement[object]) -> object:
    savepoint = connection.begin_nested()
    try:
        result = statement(connection)
        savepoint.commit()
    except SQLAlchemyError as error:
        if address.repeatable(error, committing=False):
            raise  # it is over with the whole transaction
        savepoint.rollback()
        return _Failed(address.unavailable(error))
    except Exception as error:  # noqa: BLE001 - it belongs to whoever asked for this write
        savepoint.rollback()
        return _Failed(error)
    return result


def _tell(writes: list[_Write], results: list[object], told: asyncio.Future[None]) -> None:
    for write, result in zip(writes, results, strict=True):
        if not isinstance(result, _Failed):
            _give(write.done, result)
        elif not write.done.done():
            stopped = isinstance(result.error, StopIteration)  # which no future takes
            write.done.set_exception(StorageUnavailable() if stopped else result.error)
    _give(told, None)


def _give(to: asyncio.Future[T], value: T) -> None:
    if not to.done():  # who waited may have been cancelled
        to.set_result(value)
