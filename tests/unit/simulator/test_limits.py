from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.simulator import Clock, run_simulator
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.limits import Turns
from gateway.simulator.receiving import LARGEST_BODY
from tests.unit.simulator.client import LTD, Client, sign_in, signed_in


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


async def test_calls_of_a_time_that_is_still_to_come_do_not_count(client: Client) -> None:
    await limited(client, per_five_minutes=4)
    moments = ("2026-03-02T12:00:00Z", "2027-03-02T12:00:00Z", "2026-03-02T12:01:00Z")
    statuses = []
    for moment in moments:
        await client.post("/_simulator/clock", {"set": moment, "stands": True})
        client.token = (await sign_in(client))["access_token"]
        statuses += [(await client.get("customers")).status for _ in range(3)]
    assert statuses == [200] * 9
    assert [(await client.get("customers")).status for _ in range(2)] == [200, 429]


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


async def test_nobody_waits_for_more_than_eight_minutes_of_the_clock() -> None:
    clock = Clock()
    turns = Turns(clock)
    turns.limits.in_flight = 1

    async def call() -> None:
        async with turns.turn("somebody"):
            pass

    async with turns.turn("somebody"):
        first = asyncio.create_task(call())
        await asyncio.sleep(0)
        clock.advance(200)
        second = asyncio.create_task(call())
        await asyncio.sleep(0)
        clock.advance(300)
        with pytest.raises(BusinessCentralError) as raised:
            await first
        assert not second.done()
    assert raised.value.status == 503
    await second


async def test_those_who_wait_are_served_in_their_order(client: Client) -> None:
    await limited(client, in_flight=1)
    await client.arm("delay", {"path": "customers"}, seconds=0.05, count=1)
    first = asyncio.create_task(client.get("customers"))
    await asyncio.sleep(0.02)
    others = []
    for name in "ABC":
        others.append(asyncio.create_task(client.post("customers", {"displayName": name})))
        await asyncio.sleep(0.005)
    await asyncio.gather(first, *others)
    numbers = [other.result().json["number"] for other in others]
    assert numbers == sorted(numbers)


async def test_a_batch_is_one_call(client: Client) -> None:
    await limited(client, per_five_minutes=2)
    one = {"method": "GET", "url": f"companies({LTD})/customers?$top=1"}
    body = {"requests": [one] * 5}
    headers = {"Accept": "application/json"}
    batch = await client.send("POST", f"{client.root}/$batch", body, headers)
    assert [answer["status"] for answer in batch.json["responses"]] == [200] * 5
    statuses = [(await client.get("customers")).status for _ in range(2)]
    assert statuses == [200, 429]


async def test_principals_do_not_count_for_each_other(client: Client) -> None:
    await limited(client, per_five_minutes=1)
    other = replace(client)
    other.token = (await sign_in(client, username="clerk@harwick.example"))["access_token"]
    assert [(await one.get("customers")).status for one in (client, client, other)] == [
        200,
        429,
        200,
    ]


async def test_a_body_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.simulator.receiving.LARGEST_BODY", 1000)
    async with run_simulator() as running, signed_in(running) as small:
        body = {"code": "LARGE", "displayName": "x" * 1000}
        assert (await small.post("paymentTerms", body)).status == 413
    assert LARGEST_BODY == 350 * 1024 * 1024


async def test_a_query_that_is_too_long(client: Client) -> None:
    for spare, status in ((0, 200), (1, 414)):
        query = "$top=1&x=" + "y" * (8099 - len("$top=1&x=") + spare)
        assert (await client.get(f"customers?{query}")).status == status
