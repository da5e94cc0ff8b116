"""Mappings are changed, broken and mended while products write: no request notices but by what
the mappings say.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path

import pytest
from aiohttp import ClientSession

from gateway.config import shipped
from tests.journeys.processes import House, Json

OWN = "mappings: mappings\noverrides: overrides\n"
AGAINST = (
    "header and lines go out together in the order of sending",
    "what the order does not say is not sent",
)
BROKEN = "    externalDocumentNumber?: "


def override(ramp: str) -> str:
    return f'extends: sales-orders\ncreate:\n  body:\n    shipToName: "{ramp}"\n'


def own_tests(ramp: str) -> str:
    """Tests in the place of those of the mapping that an override is against."""
    test = {
        "verb": "create",
        "given": {"customer": {"number": "10000"}, "lines": [{"sku": "1896-S", "quantity": 2}]},
        "expect": {
            "requests": [{"call": "POST salesOrders", "body_contains": {"shipToName": ramp}}]
        },
    }
    lookups = {
        "customer": {"id": "5f8c0000-0000-4000-8000-000000000001", "blocked": None},
        "items": {"1896-S": {"number": "1896-S"}},
    }
    tests = [{"name": name, **test} for name in AGAINST]
    return json.dumps({"resource": "sales-orders", "answers": {"lookups": lookups}, "tests": tests})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A gateway with copies of the shipped mappings as its own."""
    shutil.copytree(shipped("mappings"), tmp_path / "mappings")
    (tmp_path / "overrides" / "harwick").mkdir(parents=True)
    async with ClientSession() as session:
        house = House(tmp_path, session, own=OWN)
        try:
            await house.set_up()
            yield house
        finally:
            await house.tear_down()


async def standing(house: House, wanted: Callable[[Json], bool]) -> Json:
    """How the mappings stand, once it is as wanted."""
    while True:
        async with house.session.get(f"{house.operators}/mappings") as answer:
            told: Json = await answer.json()
        if wanted(told):
            return told
        await asyncio.sleep(0.1)


class Load:
    """Orders, one after the other from several callers, until it is told to end."""

    def __init__(self, write: Callable[[], Awaitable[tuple[int, Json]]]) -> None:
        self._write = write
        self._over = False
        self.statuses: list[int] = []

    async def run(self) -> None:
        await asyncio.gather(*(self._caller() for _ in range(2)))

    def end(self) -> None:
        self._over = True

    async def _caller(self) -> None:
        while not self._over:
            status, _ = await self._write()
            self.statuses.append(status)
            await asyncio.sleep(0.05)


@pytest.mark.timeout(60)
async def test_mappings_are_changed_broken_and_mended_under_load(house: House) -> None:
    mapping = house.folder / "mappings" / "sales-orders.yaml"
    lain = house.folder / "overrides" / "harwick" / "sales-orders.yaml"
    path = f"/v1/connections/{await house.connect()}/sales-orders"
    numbers = count(1)

    async def write() -> tuple[int, Json]:
        body = {
            "external_reference": f"D-{next(numbers)}",
            "customer": {"number": "10000"},
            "ship_to": {"name": "Dock"},
            "lines": [{"sku": "1896-S", "quantity": 2, "unit_price": 1000.8}],
        }
        return await house.call("POST", path, body)

    async def goes_to() -> str:
        """Where an order goes now."""
        status, order = await write()
        assert status == 201
        [there] = await house.orders(order["external_reference"])
        return str(there["shipToName"])

    first = await standing(house, lambda _: True)
    assert (first["findings"], await goes_to()) == ([], "Dock")
    load = Load(write)
    running = asyncio.create_task(load.run())

    # changed: a new override, whose tests pass
    (lain.parent / "sales-orders.test.yaml").write_text(own_tests("Ramp 1"))
    lain.write_text(override("Ramp 1"))
    second = await standing(
        house, lambda told: told["snapshot"] != first["snapshot"] or told["findings"]
    )
    assert (second["findings"], await goes_to()) == ([], "Ramp 1")

    # broken: half of a file, as an editor may leave it for a moment
    whole = mapping.read_text()
    mapping.write_text(whole[: whole.index(BROKEN) + len(BROKEN)])
    third = await standing(house, lambda told: bool(told["findings"]))
    assert third["snapshot"] == second["snapshot"]
    assert third["refused"] is not None
    assert {one["file"] for one in third["findings"]} == {str(mapping)}
    assert await goes_to() == "Ramp 1"
    async with house.session.get(f"{house.operators}/health/ready") as answer:
        assert (answer.status, (await answer.json())["findings"]) == (200, len(third["findings"]))
    assert "mappings_refused" in (house.folder / "serve.log").read_text()

    # mended, and changed once more
    mapping.write_text(whole)
    lain.write_text(override("Ramp 2"))
    (lain.parent / "sales-orders.test.yaml").write_text(own_tests("Ramp 2"))
    fourth = await standing(house, lambda told: told["snapshot"] != second["snapshot"])
    assert (fourth["findings"], await goes_to()) == ([], "Ramp 2")
    _, order = await write()
    shown = await house.command(
        "operations", "show", order["external_reference"], "--format", "json"
    )
    assert json.loads(shown)["snapshot"] == fourth["snapshot"]

    load.end()
    await running
    assert len(load.statuses) > 50
    assert set(load.statuses) == {201}
