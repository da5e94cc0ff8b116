"""Two gateways on one PostgreSQL database: whoever gets a request, and whoever dies, one order."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from aiohttp import ClientError, ClientSession

from gateway.api.access import new_key
from gateway.app import bind, listening, open_gateway
from gateway.config import Config, Entra, Public
from gateway.simulator import Simulator
from gateway.snapshot import Snapshot
from gateway.storage import ApiKey
from tests import postgres
from tests.clock import MovingClock
from tests.journeys.processes import CLIENT_ID, House, Json
from tests.scraping import series, value

POST_ORDER = {"method": "POST", "entity": "salesOrders"}
LATE: Json = {"kind": "delay", "seconds": 30, "when": "after", "match": POST_ORDER}


def order(reference: str) -> Json:
    return {
        "external_reference": reference,
        "customer": {"number": "10000"},
        "lines": [{"sku": "1896-S", "quantity": 2, "unit_price": 1000.8}],
    }


@pytest.fixture
def storage() -> Iterator[str]:
    with postgres.database() as url:
        yield url


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as opened:
        yield opened


@asynccontextmanager
async def in_this_process(
    house: House, snapshot: Snapshot, clock: MovingClock
) -> AsyncIterator[House]:
    """Another gateway on the same database, whose time a test can move."""
    with bind("127.0.0.1", 0) as socket:
        url = f"http://127.0.0.1:{socket.getsockname()[1]}"
        config = Config(
            entra=Entra(CLIENT_ID, ("simulator-secret",), house.simulator),
            encryption_keys=(b"journeys".ljust(32, b"."),),
            public=Public("127.0.0.1", 0, url),
            storage_url=house.storage,
            business_central_url=house.simulator,
        )
        async with (
            open_gateway(config, clock=clock, snapshot=snapshot) as gateway,
            listening(gateway, socket),
        ):
            text, hashed = new_key()
            await gateway.store.add_key(ApiKey("key_1", hashed, "admin", None, clock.now()))
            yield replace(house, gateway=url, key=text)


@pytest.mark.timeout(60)
async def test_the_same_orders_to_both_and_one_killed_in_the_middle(
    simulator: Simulator, storage: str, session: ClientSession, snapshot: Snapshot, tmp_path: Path
) -> None:
    clock = MovingClock(datetime.now(UTC))
    house = House(tmp_path, session, simulator=simulator.url, storage=storage)
    house.configure()
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(in_this_process(house, snapshot, clock))
        house.key = other.key
        stack.push_async_callback(house.tear_down)
        await house.serve()
        path = f"/v1/connections/{await house.connect()}/sales-orders"
        references = [f"D-{number}" for number in range(10)]
        answers = await asyncio.gather(
            *(
                each.call("POST", path, order(reference))
                for reference in references
                for each in (house, other)
            )
        )
        assert {status for status, _ in answers} <= {201, 409}
        for reference in references:
            (there,) = await house.orders(reference)
            _, answer = await other.call("POST", path, order(reference))
            assert answer["number"] == there["number"]

        await house.control("POST", "faults", LATE)
        sent = asyncio.create_task(house.call("POST", path, order("KILLED")))
        while not await house.orders("KILLED"):
            assert not sent.done()
            await asyncio.sleep(0.05)
        await house.kill("serve")
        with pytest.raises(ClientError):
            await sent
        await house.control("DELETE", "faults")

        _, found = await other.call("GET", "/v1/operations?key=KILLED")
        assert found["data"][0]["state"] == "sending"
        await clock.advance(61)
        while found["data"][0]["state"] != "succeeded":
            await asyncio.sleep(0.05)
            await clock.advance(1)
            _, found = await other.call("GET", "/v1/operations?key=KILLED")
        (there,) = await house.orders("KILLED")
        assert found["data"][0]["record"]["number"] == there["number"]


async def another_two(parent: psutil.Process, before: set[int]) -> set[int]:
    """Wait until two workers run that are not those of `before`."""
    while True:
        now = {child.pid for child in parent.children()}
        if len(now) == 2 and now != before:
            return now
        await asyncio.sleep(0.05)


async def lives_answered(house: House) -> float:
    """What one of the workers says that all of them answered, dead ones too."""
    lines = (house.folder / "serve.log").read_text().splitlines()
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    (port,) = (line["port"] for line in logged if line["event"] == "console")
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as page:
        return value(series(await page.text()), "bc_gateway_requests_total", route="/health/live")


@pytest.mark.timeout(60)
async def test_workers_share_the_port_and_one_that_dies_is_replaced(
    tmp_path: Path, storage: str, session: ClientSession
) -> None:
    async with AsyncExitStack() as stack:
        house = House(tmp_path, session, storage=storage, workers=2)
        stack.push_async_callback(house.tear_down)
        house.configure()
        await house.serve()
        parent = psutil.Process(house.pid("serve"))
        before = await another_two(parent, set())
        for _ in range(6):
            assert await house.answers(f"{house.gateway}/health/live")
        os.kill(min(before), signal.SIGKILL)
        assert await house.answers(f"{house.gateway}/health/ready")
        after = await another_two(parent, before)
        assert await house.answers(f"{house.gateway}/health/ready")
        for _ in range(4):
            assert await house.answers(f"{house.gateway}/health/live")
        assert [await lives_answered(house) for _ in range(4)] == [10] * 4

        assert await house.end("serve") == 0
        assert not any(psutil.pid_exists(pid) for pid in before | after)
        lines = (tmp_path / "serve.log").read_text().splitlines()
        events = [json.loads(line)["event"] for line in lines if line.startswith("{")]
        assert "worker_ended" in events
        assert sum("The gateway listens at" in line for line in lines) == 1
