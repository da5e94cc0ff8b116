from __future__ import annotations

import asyncio
from pathlib import Path

from gateway.storage import Connection, Lease, Store, open_store
from tests.clock import MovingClock
from tests.unit.storage.conftest import KEY


async def test_of_many_one_has_the_lease(url: str, clock: MovingClock) -> None:
    async with (
        open_store(url, [KEY], clock) as first,
        open_store(url, [KEY], clock) as second,
    ):
        asked = await asyncio.gather(
            *(store.take_lease("token con_1", 30) for store in (first, second) * 5)
        )
        assert [lease for lease in asked if lease is not None] == [Lease("token con_1", 1)]
        assert await second.take_lease("token con_2", 30) == Lease("token con_2", 1)


async def test_a_lease_that_is_given_back_is_free_and_counts_on(store: Store) -> None:
    first = await store.take_lease("x", 30)
    assert first is not None
    await store.release_lease(first)
    assert await store.take_lease("x", 30) == Lease("x", 2)


async def test_a_lease_ends_by_itself_and_a_late_holder_gives_nothing_back(
    store: Store, clock: MovingClock
) -> None:
    first = await store.take_lease("x", 30)
    assert first is not None
    await clock.advance(29)
    assert await store.take_lease("x", 30) is None
    await clock.advance(1)
    second = await store.take_lease("x", 30)
    assert second == Lease("x", 2)

    await store.release_lease(first)
    assert await store.take_lease("x", 30) is None


async def test_who_serves_alone_waits_for_no_dead_process(
    tmp_path: Path, clock: MovingClock
) -> None:
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    async with open_store(url, [KEY], clock, serving=True) as killed:
        assert await killed.take_lease("token con_1", 30) == Lease("token con_1", 1)
    async with open_store(url, [KEY], clock) as command:
        assert await command.take_lease("token con_1", 30) is None
    async with open_store(url, [KEY], clock, serving=True) as next_one:
        assert await next_one.take_lease("token con_1", 30) == Lease("token con_1", 2)


async def test_who_has_lost_the_lease_stores_no_token(store: Store, clock: MovingClock) -> None:
    await store.add_connection(Connection("con_1", "harwick", clock.now(), clock.now()))
    late = await store.take_lease("token con_1", 30)
    await clock.advance(31)
    present = await store.take_lease("token con_1", 30)

    assert await store.save_refresh_token("con_1", "late", None, lease=late) is None
    assert await store.refresh_token("con_1") is None
    kept = await store.save_refresh_token("con_1", "present", None, lease=present)
    assert kept is not None
    assert await store.save_refresh_token("con_1", "late", 1, lease=late) is None
    assert await store.refresh_token("con_1") == kept
