from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from tests.journeys.processes import House


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One pair of processes for a module, since starting them takes seconds."""
    async with ClientSession() as session:
        house = House(tmp_path_factory.mktemp("house"), session)
        try:
            await house.set_up()
            yield house
        finally:
            await house.tear_down()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits longest, for calls that hang: at the end the others would be idle."""
    items.sort(key=lambda item: item.path.name != "test_killed.py")
