"""A hundred requests at once find their token expired: Microsoft is asked once."""

from __future__ import annotations

import asyncio

from aiohttp import ClientSession

from gateway.simulator import Simulator
from tests.conftest import Connect


async def test_a_hundred_requests_with_an_expired_token_cause_one_token_call(
    connect: Connect, product: ClientSession, simulator: Simulator
) -> None:
    path = f"/v1/connections/{await connect()}/customers?limit=1"
    control = f"{simulator.url}/_simulator"
    async with ClientSession() as session:
        await session.post(f"{control}/clock", json={"advance": 7200})
        await session.delete(f"{control}/journal")

        async def read() -> int:
            async with product.get(path) as response:
                return response.status

        statuses = await asyncio.gather(*(read() for _ in range(100)))
        async with session.get(f"{control}/journal?path=/token$") as response:
            calls = (await response.json())["value"]
    assert statuses == [200] * 100
    assert len(calls) == 1
