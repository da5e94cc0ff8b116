from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.journeys.processes import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with ClientSession() as session:
        house = House(tmp_path, session)
        try:
            await house.set_up()
            yield house
        finally:
            await house.tear_down()
