from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.storage import Connection, SignIn, Store, open_store
from tests.clock import MovingClock
from tests.unit.storage.conftest import KEY, execute
from tests.unit.storage.test_journal_rows import new, sent

NEW = bytes(reversed(range(32)))


@pytest.fixture
async def store(url: str, clock: MovingClock) -> AsyncIterator[Store]:
    """Everything that is sealed, sealed with the old key, and now the new one is first."""
    async with open_store(url, [KEY], clock) as old:
        await old.add_connection(Connection("con_1", "harwick", clock.now(), clock.now()))
        await old.save_refresh_token("con_1", "token", None)
        await old.save_sign_in(SignIn("t", "con_1", clock.now(), clock.now(), verifier="v"))
        names = [f"op_{number:03}" for number in range(120)]
        await asyncio.gather(*(old.begin(new(clock, name)) for name in names))
        first = await old.operation("op_000")
        assert first is not None
        sending, call = await sent(old, first)
        await old.result(sending, call, {"status": 201})
    async with open_store(url, [NEW, KEY], clock) as opened:
        yield opened


async def test_after_it_everything_opens_with_the_new_key_alone(
    store: Store, url: str, clock: MovingClock
) -> None:
    told: list[tuple[int, int]] = []
    assert await store.reseal(lambda *progress: told.append(progress)) == 0
    assert told[0] == (0, 123)
    assert told[-1] == (123, 123)
    assert len(told) > 4

    async with open_store(url, [NEW], clock) as only:
        token = await only.refresh_token("con_1")
        assert token is not None
        assert token.token == "token"
        signing_in = await only.sign_in_by_ticket("t")
        assert signing_in is not None
        assert signing_in.verifier == "v"
        assert await only.operations(limit=200) == await store.operations(limit=200)
        assert await only.calls("op_000") == await store.calls("op_000")
        assert await only.reseal(lambda *_: None) == 0


async def test_what_does_not_open_is_left_and_the_old_key_stays(
    store: Store, url: str, clock: MovingClock
) -> None:
    execute(
        url,
        "UPDATE operations SET target ="
        " (SELECT target FROM operations WHERE id = 'op_007') WHERE id = 'op_008'",
    )
    assert await store.reseal(lambda *_: None) == 1

    async with open_store(url, [NEW, KEY], clock) as both:
        assert await both.operation("op_007") is not None
    assert len(execute(url, "SELECT key_id FROM canaries")) == 2


async def test_what_others_write_meanwhile_stands(
    store: Store, url: str, clock: MovingClock
) -> None:
    async def renew_often(other: Store) -> None:
        for version in range(1, 30):
            assert await other.save_refresh_token("con_1", f"token {version}", version)

    async with open_store(url, [NEW, KEY], clock) as other:
        left, _ = await asyncio.gather(store.reseal(lambda *_: None), renew_often(other))
        assert left == 0
        kept = await store.refresh_token("con_1")
        assert kept is not None
        assert (kept.token, kept.version) == ("token 29", 30)
