from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.storage import Store, open_store
from tests.clock import MovingClock

KEY = bytes(range(32))


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'gateway.db'}"


@pytest.fixture
async def store(url: str, clock: MovingClock) -> AsyncIterator[Store]:
    async with open_store(url, [KEY], clock, serving=True) as opened:
        yield opened
