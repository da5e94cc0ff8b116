from __future__ import annotations

import asyncio

import pytest

from gateway.simulator import Clock
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.limits import Turns
from tests.unit.simulator.client import Client


async def limited(client: Client, **limits: int | None) -> None:
    assert (await client.post("/_simulator/limits", limits)).status == 200


async def test_five_are_served_at_once_and_the_others_wait(client: Client) -> None:
    await client.arm("delay", {"path": "customers"}, seconds=0.05, count=12)
    replies = await asyncio.gather(*(client.get("customers") for _ in range(12)))
    assert {reply.status for reply in replies} == {200}
    (load,) = (await client.get("/_simulator/load")).json["value"]
    assert load["max"] == 5


async def test_more_than_may_wait_are_too_many(client: Client) -> None:
    await limited(client, in_flight=1, queued=2, retry_after=7)
    await client.arm("delay", {"path": "customers"}, seconds=0.05, count=9)
    replies = await asyncio.gather(*(client.get("customers") for _ in range(5)))
    refused = [reply for reply in replies if reply.status == 429]
    assert len(refused) == 2
    assert {reply.headers["Retry-After"] for reply in refused} == {"7"}
    assert (await client.get("customers")).status == 200


async def test_calls_in_five_minutes_by_the_clock(client: Client) -> None:
    await limited(client, per_five_minutes=2)
    statuses = [(await client.get("customers")).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert "Retry-After" not in (await client.get("customers")).headers
    await client.post("/_simulator/clock", {"advance": 301})
    assert (await client.get("customers")).status == 200
    await client.send("POST", "/_simulator/reset")
    assert (await client.get("/_simulator/limits")).json["per_five_minutes"] == 6000


async def test_limits_that_are_none(client: Client) -> None:
    for body in ({"in_flight": 0}, {"queued": -1}, {"queued": True}, {"queued": "x"}, {"other": 1}):
        assert (await client.post("/_simulator/limits", body)).status == 400


async def test_who_goes_away_while_waiting_loses_no_turn() -> None:
    turns = Turns(Clock())
    turns.limits.in_flight = 1

    async def call(event: asyncio.Event) -> None:
        async with turns.turn("somebody"):
            await event.wait()

    first, second = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(call(first))
    waiting = [asyncio.create_task(call(second)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    first.set()
    await running
    waiting[1].cancel()
    second.set()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert done[2] is None
    async with asyncio.timeout(1), turns.turn("somebody"):
        pass


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.simulator.limits.LONGEST_WAIT", 0.01)
    turns = Turns(Clock())
    turns.limits.in_flight = 1
    async with turns.turn("somebody"):
        with pytest.raises(BusinessCentralError) as raised:
            async with turns.turn("somebody"):
                pass
    assert raised.value.status == 503
