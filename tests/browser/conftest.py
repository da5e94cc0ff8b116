"""One browser per worker; a gateway, a simulator and a person of its own for every test."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from playwright.async_api import Browser, async_playwright, expect

from gateway.app import bind, listening, open_gateway
from gateway.config import Config, Entra, Listener, Public
from gateway.simulator import CLIENT_ID, CLIENT_SECRET, run_simulator
from gateway.simulator import Clock as SimulatedClock
from gateway.snapshot import Snapshot
from tests.browser.chromium import INSTALL, arguments, find_chromium
from tests.browser.person import House, People, Person
from tests.clock import MovingClock
from tests.remote import empty_database

PATIENCE = 10_000  # milliseconds that a page may take on a busy machine
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"


def pytest_configure() -> None:
    if find_chromium() is None:
        raise pytest.UsageError(
            f"The browser tests need Chromium. Install it: {INSTALL} "
            "(or name its file in the variable CHROMIUM)"
        )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=find_chromium(), args=arguments()
        )
        yield chromium
        await chromium.close()


@pytest.fixture
def product_name() -> str | None:
    """What the pages call the product; a module may say otherwise."""
    return "Tidewater Deals"


@pytest_asyncio.fixture(loop_scope="session")
async def house(
    snapshot: Snapshot, tmp_path: Path, product_name: str | None
) -> AsyncIterator[House]:
    """Gateway and simulator over real sockets, both by one clock that tests move."""
    clock = MovingClock()
    (tmp_path / "gateway.db").write_bytes(empty_database())
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(run_simulator(clock=SimulatedClock(clock.now)))
        socket = stack.enter_context(bind("127.0.0.1", 0))
        port = socket.getsockname()[1]
        console = stack.enter_context(bind("127.0.0.1", 0, "console.listen"))
        config = Config(
            entra=Entra(CLIENT_ID, (CLIENT_SECRET,), simulator.url),
            encryption_keys=(b"k" * 32,),
            public=Public("127.0.0.1", port, f"http://127.0.0.1:{port}", product_name),
            storage_url=f"sqlite:///{tmp_path / 'gateway.db'}",
            business_central_url=simulator.url,
            console=Listener("127.0.0.1", console.getsockname()[1]),
        )
        gateway = await stack.enter_async_context(
            open_gateway(config, clock=clock, snapshot=snapshot)
        )
        await stack.enter_async_context(listening(gateway, socket, console))
        control = await stack.enter_async_context(ClientSession(simulator.url))
        yield House(gateway, simulator.url, clock, control)


@pytest_asyncio.fixture(loop_scope="session")
async def people(
    browser: Browser, house: House, request: pytest.FixtureRequest
) -> AsyncIterator[People]:
    """Makes people with a browser profile of their own; in the end nobody saw anything wrong."""
    folder = SCREENSHOTS / re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    made: list[Person] = []

    async def make(*, java_script: bool = True) -> Person:
        context = await browser.new_context(java_script_enabled=java_script)
        context.set_default_timeout(PATIENCE)
        made.append(Person(await context.new_page(), house, folder))
        return made[-1]

    yield make
    for person in made:
        await person.page.context.close()
    assert [oddity for person in made for oddity in person.oddities] == []


@pytest_asyncio.fixture(loop_scope="session")
async def person(people: People) -> Person:
    """Somebody who was sent a connect address."""
    return await people()
