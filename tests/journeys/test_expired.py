"""A hundred requests at once find their token expired: Microsoft is asked once."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import ClientSession

from gateway.simulator import TENANT_ID, Simulator
from tests.conftest import COMPANY, Connect


@pytest.mark.parametrize("grant", ["authorization_code", "client_credentials"])
async def test_a_hundred_requests_with_an_expired_token_cause_one_token_call(
    connect: Connect, product: ClientSession, simulator: Simulator, grant: str
) -> None:
    if grant == "authorization_code":
        connection = await connect()
    else:
        wish = {
            "organization": "harwick",
            "grant": grant,
            "tenant": TENANT_ID,
            "environment": "Production",
            "company": {"name": COMPANY},
        }
        async with product.post("/v1/connections", json=wish) as response:
            connection = (await response.json())["id"]
    path = f"/v1/connections/{connection}/customers?limit=1"
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
