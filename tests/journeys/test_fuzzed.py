"""The listener does what `/openapi.json` says: requests made from that document, good and bad.

`make test` makes a few of each, always the same; `make soak` makes new ones for SOAK_SECONDS.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any, Final

import pytest
from aiohttp import ClientSession

from gateway.app import Gateway
from gateway.simulator import Simulator
from tests.conftest import Caller, Connect
from tests.soak import SECONDS, SEED, SOAK

FEW: Final[dict[str, Any]] = {
    "phases": {
        "examples": {"enabled": False},
        "coverage": {"enabled": False},
        "stateful": {"enabled": False},
        "fuzzing": {"generation": {"max-examples": 2}},
    }
}


@pytest.mark.timeout(SECONDS + 60)
async def test_the_document_is_true(
    gateway: Gateway, caller: Caller, connect: Connect, simulator: Simulator
) -> None:
    integrator = await caller("integrator")  # who may do what the product may, and try things
    url, key = gateway.config.public.url, integrator.headers["Authorization"]
    creates = frozenset(f"create_{name.replace('-', '_')}" for name in gateway.snapshot.resources)
    seed, settings = 3, FEW
    if SOAK:
        seed, settings = SEED, {"max-time": SECONDS}
    async with ClientSession(simulator.url) as control:
        # It takes half a second to load, so only the process that runs this test does.
        fuzzing = import_module("tests.journeys.fuzzing")
        writes = fuzzing.Writes(control, asyncio.get_running_loop())
        fuzzer = fuzzing.Fuzzer(url, key, await connect(), writes, creates)
        await asyncio.to_thread(fuzzer.run, seed, settings)
    assert not fuzzer.wrong, "\n".join(sorted(set(fuzzer.wrong)))
    assert {200, 201, 400, 422} <= fuzzer.statuses.keys()
