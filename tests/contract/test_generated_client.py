"""A client from PyPI that was made from Microsoft's OpenAPI description runs against the
simulator. It checks the type and length of every property that it reads.
"""

from __future__ import annotations

import asyncio
from importlib import import_module

from gateway.simulator import run_simulator
from tests.unit.simulator.client import signed_in


async def test_it_notices_nothing() -> None:
    # It takes half a second to load, so only the process that runs this test does.
    work = import_module("tests.contract.generated_client").work
    async with run_simulator() as running, signed_in(running) as client:
        await asyncio.to_thread(work, client.root, client.token)
