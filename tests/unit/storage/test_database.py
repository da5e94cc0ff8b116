from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from gateway.errors import Conflict, StorageUnavailable
from gateway.storage.database import Database, Statement


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "x.db")
    opened.start()
    await opened.write(lambda c: c.exec_driver_sql("CREATE TABLE t (n INTEGER UNIQUE)"))
    yield opened
    await opened.close()


def put(number: int) -> Statement[int]:
    def statement(connection: Connection) -> int:
        connection.exec_driver_sql("INSERT INTO t VALUES (?)", (number,))
        return number

    return statement


def numbers(connection: Connection) -> list[int]:
    return list(connection.exec_driver_sql("SELECT n FROM t ORDER BY n").scalars())


async def test_writes_that_wait_share_a_commit(database: Database) -> None:
    commits: list[int] = []
    event.listen(database._writes, "commit", lambda _: commits.append(1))

    written = await asyncio.gather(*(database.write(put(n)) for n in range(50)))

    assert written == list(range(50))
    assert await database.read(numbers) == list(range(50))
    assert len(commits) <= 3


async def test_a_failing_write_is_rolled_back_alone(database: Database) -> None:
    def half(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO t VALUES (100)")
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


async def test_a_caller_who_goes_away_undoes_nothing(database: Database) -> None:
    task = asyncio.create_task(database.write(put(7)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await database.write(put(8))

    assert await database.read(numbers) == [7, 8]


async def test_closing_finishes_what_waits(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    database.start()
    await database.write(lambda c: c.exec_driver_sql("CREATE TABLE t (n INTEGER)"))
    waiting = [asyncio.create_task(database.write(put(n))) for n in range(5)]
    await asyncio.sleep(0)
    await database.close()

    assert await asyncio.gather(*waiting) == list(range(5))
    with pytest.raises(StorageUnavailable):
        await database.write(put(9))


async def test_an_error_of_the_driver_names_no_values(database: Database) -> None:
    with pytest.raises(StorageUnavailable) as raised:
        await database.read(lambda c: c.exec_driver_sql("SELECT 'secret' FROM nowhere"))

    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
