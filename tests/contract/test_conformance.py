"""Requests, answers and where they are known from (`cases/`), run against the simulator.

Against a real sandbox as well, when `BC_CONFORMANCE_URL` (up to `/api/v2.0`),
`BC_CONFORMANCE_TOKEN` and `BC_CONFORMANCE_COMPANY` (its id) are set: cases make records there.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from gateway.simulator import run_simulator
from tests.contract.conformance import Case, Runner, Step, read_cases, same, sender, value_at
from tests.unit.simulator.client import LTD, signed_in

SANDBOX = os.environ.get("BC_CONFORMANCE_URL", "").rstrip("/")
CASES = read_cases()
EVERYWHERE = {name: case for name, case in CASES.items() if not case.seeded}


@pytest.fixture
async def simulated() -> AsyncIterator[Runner]:
    async with run_simulator() as running, signed_in(running) as client:
        yield Runner(sender(client.session, client.root, client.token), LTD)


@pytest.fixture
async def sandbox() -> AsyncIterator[Runner]:
    async with ClientSession() as session:
        send = sender(session, SANDBOX, os.environ["BC_CONFORMANCE_TOKEN"])
        yield Runner(send, os.environ["BC_CONFORMANCE_COMPANY"])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_the_simulator_answers_as_business_central(simulated: Runner, case: Case) -> None:
    await simulated.run(case)


if SANDBOX:

    @pytest.mark.timeout(120)
    @pytest.mark.parametrize("case", EVERYWHERE.values(), ids=EVERYWHERE)
    async def test_a_sandbox_answers_so_too(sandbox: Runner, case: Case) -> None:
        await sandbox.run(case)


def test_a_few_hundred_cases_name_their_source() -> None:
    assert len(CASES) >= 200
    assert all(case.source for case in CASES.values())


async def test_a_case_that_is_not_so_is_told_with_what_came_back(simulated: Runner) -> None:
    wrong = Case("items are gone", "nowhere", [Step("GET items", 404)])
    with pytest.raises(AssertionError, match=r"items are gone, step 1 \(GET items\)"):
        await simulated.run(wrong)


def test_values_are_found_by_their_path() -> None:
    body = {"value": [{"@odata.etag": "x", "lines": [1, 2]}]}
    assert value_at(body, "value[0].'@odata.etag'") == "x"
    assert value_at(body, "value[0].lines#") == 2
    assert repr(value_at(body, "value[1].id")) == "missing"
    assert same("W/abc", "/^W/")
    assert not same("abc", "/^W/")
