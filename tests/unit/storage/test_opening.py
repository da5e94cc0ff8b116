from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gateway.errors import StartError
from gateway.storage import ApiKey, open_store, revision
from tests.clock import MovingClock
from tests.unit.storage.conftest import KEY

OTHER = bytes(32)

HOLDER = """
import asyncio, sys
from gateway.clock import Clock
from gateway.storage import open_store

async def main():
    async with open_store(sys.argv[1], [bytes(range(32))], Clock(), serving=True):
        print("open", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def mode(url: str) -> int:
    return stat.S_IMODE(Path(url.removeprefix("sqlite:///")).stat().st_mode)


async def test_a_fresh_database_is_for_its_owner_alone(file_url: str, clock: MovingClock) -> None:
    async with open_store(file_url, [KEY], clock):
        assert mode(file_url) == 0o600


async def test_one_serves_and_commands_work_beside_it(file_url: str, clock: MovingClock) -> None:
    key = ApiKey("key_1", "hash", "admin", None, clock.now())
    async with open_store(file_url, [KEY], clock, serving=True) as serving:
        with pytest.raises(StartError, match="Another bc-gateway serves"):
            async with open_store(file_url, [KEY], clock, serving=True):
                pass
        async with open_store(file_url, [KEY], clock) as command:
            await command.add_key(key)
        assert await serving.keys() == [key]
    async with open_store(file_url, [KEY], clock, serving=True) as again:
        assert await again.keys() == [key]


async def test_a_killed_process_holds_nothing(file_url: str, clock: MovingClock) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, file_url, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"open\n"
    with pytest.raises(StartError, match="Another bc-gateway serves"):
        async with open_store(file_url, [KEY], clock, serving=True):
            pass
    holder.kill()
    await holder.wait()
    async with open_store(file_url, [KEY], clock, serving=True) as store:
        await store.ping()


async def test_no_key_is_named_with_the_command(url: str, clock: MovingClock) -> None:
    with pytest.raises(StartError, match="keys generate"):
        async with open_store(url, [], clock):
            pass
    with pytest.raises(StartError, match="32 bytes"):
        async with open_store(url, [b"short"], clock):
            pass


async def test_a_wrong_key_is_noticed_at_once(url: str, clock: MovingClock) -> None:
    async with open_store(url, [KEY], clock):
        pass

    with pytest.raises(StartError, match="not those this database was sealed with"):
        async with open_store(url, [OTHER], clock):
            pass


async def test_a_new_key_is_put_before_the_old_one(url: str, clock: MovingClock) -> None:
    async with open_store(url, [KEY], clock) as store:
        cursor = store.seal("list", "here")
    async with open_store(url, [OTHER, KEY], clock) as store:
        assert store.open("list", cursor) == "here"

    for alone in (KEY, OTHER):
        with pytest.raises(StartError, match="not those"):
            async with open_store(url, [alone], clock):
                pass


async def test_a_missing_database_is_made_only_when_asked(
    file_url: str, clock: MovingClock
) -> None:
    with pytest.raises(StartError, match="There is no database"):
        async with open_store(file_url, [KEY], clock, create=False):
            pass
    assert revision(file_url) is None


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path, clock: MovingClock) -> None:
    url = f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}"

    for serving in (True, False):
        with pytest.raises(StartError, match="folder exists"):
            async with open_store(url, [KEY], clock, serving=serving):
                pass


async def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path, clock: MovingClock) -> None:
    with pytest.raises(StartError, match="cannot be opened and written"):
        async with open_store(f"sqlite:///{tmp_path}", [KEY], clock):
            pass


async def test_the_database_is_durable_and_readable_by_others(
    file_url: str, clock: MovingClock
) -> None:
    async with open_store(file_url, [KEY], clock) as store:
        await store.ping()
        with closing(sqlite3.connect(file_url.removeprefix("sqlite:///"))) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        synchronous = await store._database.write(
            lambda c: c.exec_driver_sql("PRAGMA synchronous").scalar_one()
        )
        assert synchronous == 2
