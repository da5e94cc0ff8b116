from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from gateway.simulator import Clock, Simulator, run_simulator
from tests.unit.simulator.client import Client, signed_in

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with run_simulator(clock=Clock(lambda: NOON)) as running:
        yield running


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[Client]:
    async with signed_in(simulator) as signed:
        yield signed
