from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator

import psutil
import pytest
from sqlalchemy import Connection, event, make_url, text

from gateway.errors import Conflict, InvalidInput, StorageUnavailable
from gateway.storage import CommitLost, upgrade
from gateway.storage.addresses import address_of
from gateway.storage.database import MOST_TOGETHER, QUIET, Database, Statement
from tests import postgres
from tests.unit.storage.conftest import execute

pytestmark = pytest.mark.timeout(60)  # the first one waits for the server


@pytest.fixture
async def database(empty_url: str) -> AsyncIterator[Database]:
    opened = await opened_at(empty_url)
    yield opened
    await opened.close()


async def opened_at(url: str) -> Database:
    address = address_of(url)
    address.create()
    database = Database(address)
    database.start()
    await database.write(lambda c: c.execute(text("CREATE TABLE t (n INTEGER UNIQUE)")))
    return database


def put(number: int) -> Statement[int]:
    def statement(connection: Connection) -> int:
        connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})
        return number

    return statement


def numbers(connection: Connection) -> list[int]:
    return list(connection.execute(text("SELECT n FROM t ORDER BY n")).scalars())


@pytest.mark.parametrize(("writes", "expected"), [(50, 1), (MOST_TOGETHER + 1, 2)])
async def test_writes_that_come_together_share_a_commit(
    database: Database, writes: int, expected: int
) -> None:
    commits: list[int] = []
    event.listen(database._opened.writing.engine, "commit", lambda _: commits.append(1))

    async def after_turns(number: int) -> int:
        for _ in range(number % QUIET):
            await asyncio.sleep(0)
        return await database.write(put(number))

    written = await asyncio.gather(*(after_turns(n) for n in range(writes)))

    assert written == list(range(writes))
    assert await database.read(numbers) == list(range(writes))
    assert len(commits) == expected


async def test_a_write_does_not_wait_for_ever_for_others_to_come(database: Database) -> None:
    begun: list[asyncio.Task[int]] = []

    async def begin_one_every_turn() -> None:
        while True:
            begun.append(asyncio.create_task(database.write(put(len(begun)))))
            await asyncio.sleep(0)

    stream = asyncio.create_task(begin_one_every_turn())
    assert await asyncio.wait_for(database.write(put(-1)), 5) == -1
    stream.cancel()
    assert await asyncio.gather(*begun) == list(range(len(begun)))


async def test_a_failing_write_is_rolled_back_alone(database: Database) -> None:
    def half(connection: Connection) -> None:
        put(100)(connection)
        raise Conflict

    results = await asyncio.gather(
        database.write(put(1)),
        database.write(half),
        database.write(put(1)),
        database.write(put(2)),
        return_exceptions=True,
    )

    assert isinstance(results[1], Conflict)
    assert isinstance(results[2], StorageUnavailable)
    assert await database.read(numbers) == [1, 2]


async def test_a_commit_that_failed_is_undone_and_the_writer_lives_on(database: Database) -> None:
    def stumble(_: object) -> None:
        event.remove(database._opened.writing.engine, "commit", stumble)
        raise RuntimeError("of the driver")

    event.listen(database._opened.writing.engine, "commit", stumble)
    with pytest.raises(StorageUnavailable):
        await database.write(put(1))
    await database.write(put(2))
    assert await database.read(numbers) == [2]


async def test_a_caller_who_goes_away_undoes_nothing(database: Database) -> None:
    task = asyncio.create_task(database.write(put(7)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await database.write(put(8))

    assert await database.read(numbers) == [7, 8]


async def test_writing_goes_on_where_it_was_cancelled(database: Database) -> None:
    waiting = [asyncio.create_task(database.write(put(n))) for n in range(3)]
    await asyncio.sleep(0)
    assert database._gathering is not None
    database._gathering.cancel()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*waiting) == [0, 1, 2]
        assert await database.write(put(3)) == 3


async def test_a_write_that_stops_an_iteration_stops_nothing_else(database: Database) -> None:
    async with asyncio.timeout(5):
        with pytest.raises(StorageUnavailable):
            await database.write(lambda _: next(iter(())))
        assert await database.write(put(1)) == 1


async def test_closing_finishes_what_waits(empty_url: str) -> None:
    database = await opened_at(empty_url)
    waiting = [asyncio.create_task(database.write(put(n))) for n in range(5)]
    await asyncio.sleep(0)
    await database.close()

    assert await asyncio.gather(*waiting) == list(range(5))
    with pytest.raises(StorageUnavailable):
        await database.write(put(9))


async def test_an_error_of_the_driver_names_no_values(database: Database) -> None:
    with pytest.raises(StorageUnavailable) as raised:
        await database.read(lambda c: c.execute(text("SELECT 'secret' FROM nowhere")))

    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_a_lost_connection_is_made_again() -> None:
    with postgres.database(empty=True) as url:
        database = await opened_at(url)
        for number in range(2):
            postgres.end_connections(url)
            await asyncio.gather(database.write(put(number)), database.write(put(number + 10)))
            postgres.end_connections(url)
            assert number in await database.read(numbers)
        assert await database.read(numbers) == [0, 1, 10, 11]
        await database.close()


async def test_a_connection_lost_in_the_middle_repeats_the_whole_transaction() -> None:
    with postgres.database(empty=True) as url:
        database = await opened_at(url)
        tries: list[int] = []

        def unlucky(connection: Connection) -> int:
            tries.append(1)
            if len(tries) == 1:
                postgres.end_connections(url)
            return put(2)(connection)

        await asyncio.gather(database.write(put(1)), database.write(unlucky))
        assert len(tries) == 2
        assert await database.read(numbers) == [1, 2]
        await database.close()


async def test_of_a_commit_that_was_lost_nobody_says_that_it_failed() -> None:
    with postgres.database(empty=True) as url:
        database = await opened_at(url)
        engine = database._opened.writing.engine
        event.listen(engine, "commit", lambda _: postgres.end_connections(url), once=True)
        with pytest.raises(CommitLost):
            await database.write(put(1))
        await database.write(put(2))
        assert 2 in await database.read(numbers)
        await database.close()


async def test_what_a_deadlock_undid_is_run_again() -> None:
    with postgres.database(empty=True) as url:
        first = await opened_at(url)
        second = Database(address_of(url))
        second.start()
        execute(url, "INSERT INTO t VALUES (1), (2)")
        name = make_url(url).database
        execute(url, f"ALTER DATABASE {name} SET deadlock_timeout = '50ms'")
        postgres.end_connections(url)
        tries: list[int] = []
        both_are_here = threading.Barrier(2)

        def both(start: int, then: int) -> Statement[None]:
            def statement(connection: Connection) -> None:
                flip = text("UPDATE t SET n = -n WHERE abs(n) = :n")
                connection.execute(flip, {"n": start})
                tries.append(start)
                if len(tries) <= 2:
                    both_are_here.wait(5)
                connection.execute(flip, {"n": then})

            return statement

        await asyncio.gather(first.write(both(1, 2)), second.write(both(2, 1)))
        assert len(tries) == 3
        assert await first.read(numbers) == [1, 2]
        await first.close()
        await second.close()


async def test_a_restart_of_the_server_is_survived() -> None:
    folder = postgres.new_folder()

    def stop() -> None:
        pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        process.send_signal(signal.SIGINT)
        process.wait(20)

    try:
        sockets = await asyncio.to_thread(postgres.start, folder)
        database = await opened_at(f"postgresql://postgres@/postgres?host={sockets}")
        await database.write(put(1))
        await asyncio.to_thread(stop)
        gone = await asyncio.gather(
            database.read(numbers), database.write(put(2)), return_exceptions=True
        )
        assert [type(error) for error in gone] == [StorageUnavailable] * 2
        await asyncio.to_thread(postgres.start, folder)
        await database.write(put(3))
        assert await database.read(numbers) == [1, 3]
        await database.close()
    finally:
        await asyncio.to_thread(postgres.end, folder)


async def test_a_text_that_postgresql_cannot_keep_is_refused() -> None:
    with postgres.database(empty=True) as url:
        database = await opened_at(url)
        await database.write(lambda c: c.execute(text("CREATE TABLE x (v VARCHAR(3))")))
        for value in ("four", "a\x00b"):

            def statement(connection: Connection, value: str = value) -> None:
                connection.execute(text("INSERT INTO x VALUES (:v)"), {"v": value})

            with pytest.raises(InvalidInput) as raised:
                await database.write(statement)
            assert value not in str(raised.value)
        await database.close()


async def test_a_server_that_says_nothing_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.storage.database.READ_WITHIN", 0.2)
    monkeypatch.setattr("gateway.storage.database.PROVE_WITHIN", 0.2)
    with postgres.database() as url:
        upgrade(url)
        database = Database(address_of(url))
        database.start()
        await database.prove()
        frozen = threading.Event()
        held = asyncio.create_task(database.write(lambda _: frozen.wait(5)))
        await asyncio.sleep(0.05)
        with pytest.raises(StorageUnavailable, match="does not answer"):
            await database.prove()
        with pytest.raises(StorageUnavailable, match="does not answer"):
            await database.read(lambda c: c.execute(text("SELECT pg_sleep(1)")).all())
        frozen.set()
        assert await held
        await database.prove()
        await database.close()
