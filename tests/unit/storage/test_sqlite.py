from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import StartError, StorageUnavailable
from gateway.storage import ApiKey, Store, open_store, upgrade
from tests.clock import MovingClock
from tests.unit.storage.conftest import KEY


async def write(store: Store, clock: MovingClock) -> None:
    await store.add_key(ApiKey("key_1", "hash", "admin", None, clock.now()))


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def cut(file: Path) -> None:
    os.truncate(file, 0)


def unlinked(file: Path) -> None:
    file.unlink()


def replaced(file: Path) -> None:
    upgrade(f"sqlite:///{file}.new")
    Path(f"{file}.new").replace(file)


@pytest.mark.parametrize("change", [cut, unlinked, replaced])
@pytest.mark.parametrize("serving", [True, False])
async def test_a_file_that_is_not_the_one_any_more_is_noticed(
    file_url: str, clock: MovingClock, change: Callable[[Path], None], serving: bool
) -> None:
    async with open_store(file_url, [KEY], clock, serving=serving) as store:
        await store.ping()
        change(file_of(file_url))
        with pytest.raises(StorageUnavailable, match="moved, replaced or cut"):
            await store.ping()
        with pytest.raises(StorageUnavailable, match="moved, replaced or cut"):
            await write(store, clock)


async def test_a_half_is_noticed_although_the_rest_is_in_memory(
    file_url: str, clock: MovingClock
) -> None:
    async with open_store(file_url, [KEY], clock, serving=True) as store:
        file = file_of(file_url)
        os.truncate(file, file.stat().st_size // 2)
        with pytest.raises(StorageUnavailable):
            await store.ping()


async def test_of_two_that_serve_after_the_lock_was_removed_the_first_stops(
    file_url: str, clock: MovingClock
) -> None:
    async with open_store(file_url, [KEY], clock, serving=True) as first:
        unlinked(Path(f"{file_of(file_url)}.lock"))
        async with open_store(file_url, [KEY], clock, serving=True) as second:
            await write(second, clock)
            for use in (first.ping(), write(first, clock)):
                with pytest.raises(StorageUnavailable, match="lock file was removed"):
                    await use


async def test_nobody_serves_beside_another_through_a_link(
    file_url: str, clock: MovingClock, tmp_path: Path
) -> None:
    async with open_store(file_url, [KEY], clock, serving=True):
        (tmp_path / "elsewhere").mkdir()
        link = tmp_path / "elsewhere" / "link.db"
        link.symlink_to(file_of(file_url))
        with pytest.raises(StartError, match="Another bc-gateway serves"):
            async with open_store(f"sqlite:///{link}", [KEY], clock, serving=True):
                pass


async def test_a_file_with_a_second_name_is_not_served_from(
    file_url: str, clock: MovingClock
) -> None:
    """Its lock and its log are named after the file, so two could write at once."""
    async with open_store(file_url, [KEY], clock):
        pass
    file = file_of(file_url)
    os.link(file, f"{file}.twin")
    with pytest.raises(StartError, match="hard link"):
        async with open_store(file_url, [KEY], clock, serving=True):
            pass


async def test_a_stale_copy_put_over_the_file_is_noticed(file_url: str, clock: MovingClock) -> None:
    file = file_of(file_url)
    async with open_store(file_url, [KEY], clock, serving=True) as store:
        stale = await asyncio.to_thread(file.read_bytes)
        with await asyncio.to_thread(file.open, "r+b") as held:
            held.seek(0, os.SEEK_END)
            held.write(b"\0" * 4096)  # as if it had grown
            held.flush()
            await write(store, clock)
            held.seek(0)
            held.truncate()
            held.write(stale)
        with pytest.raises(StorageUnavailable, match="moved, replaced or cut"):
            await store.revoke_key("key_1")


async def test_a_disk_that_is_nearly_full_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    async with open_store(url, [KEY], MovingClock()) as store:
        await store.ping()
        monkeypatch.setattr("gateway.storage.sqlite.LEAST_FREE", 2**62)
        with pytest.raises(StorageUnavailable, match="full"):
            await store.ping()
