"""Every recipe of the cookbook: checked, tested, and what writes carried out in the simulator."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway import reads
from gateway.cases import case_files, own_cases, read_cases, run_all
from gateway.cli import main
from gateway.config import shipped
from gateway.snapshot import Snapshot, load_checked, load_snapshot
from tests.journeys.pages import ROOT, files
from tests.remote import COMPANY_NAME, open_remote
from tests.unit.operations.conftest import Writes, open_writes

COOKBOOK = ROOT / "docs/cookbook.md"
PARTNER = Path(__file__).parent / "custom_apis"
PARAMS = {"freight_account": "40100", "own_currency": "GBP", "location": "EAST"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of all recipes, and those that the partner's tenant would tell."""
    found = tmp_path_factory.mktemp("cookbook")
    shutil.copytree(PARTNER / "schemas/bc", found / "schemas/bc")
    for name, text in files(COOKBOOK.read_text(encoding="utf-8")).items():
        (found / name).parent.mkdir(parents=True, exist_ok=True)
        (found / name).write_text(text, encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def known(folder: Path) -> Snapshot:
    return load_snapshot(
        mappings=[folder / "mappings"], schemas=[shipped("schemas"), folder / "schemas"]
    )


def test_nothing_is_found_in_the_recipes(folder: Path) -> None:
    found, _ = load_checked(
        mappings=[folder / "mappings"],
        schemas=[shipped("schemas"), folder / "schemas"],
        overrides=folder / "overrides",
    )
    assert found == []


def test_nothing_is_found_in_the_page(folder: Path) -> None:
    words = ["check", str(COOKBOOK), "--schemas", str(folder / "schemas")]
    checked = CliRunner().invoke(main, words)
    assert (checked.exit_code, checked.stdout) == (0, "Everything is fine.\n")


async def test_the_tests_of_the_recipes_pass(folder: Path) -> None:
    lain = folder / "overrides"
    loaded = load_snapshot(
        mappings=[folder / "mappings"],
        schemas=[shipped("schemas"), folder / "schemas"],
        overrides=lain,
    )
    cases = [read_cases(path) for path in case_files([folder / "mappings"])]
    assert {file.resource for file in cases} == set(loaded.resources)
    results = await run_all(cases, loaded, own_cases(lain, []))
    assert [finding for result in results for finding in result.findings] == []
    assert len(results) >= 45


@pytest.fixture
async def writes(known: Snapshot, tmp_path: Path) -> AsyncIterator[Writes]:
    async with open_remote(tmp_path, seed_file=PARTNER / "seed.json") as remote:
        connected = await remote.connect()
        connection = await remote.store.update_connection(connected.id, params=PARAMS)
        async with open_writes(remote, connection, tmp_path, known) as opened:
            yield opened


class Recipe:
    """The recipes in the simulator: what their first tests give is what is written."""

    def __init__(self, writes: Writes, known: Snapshot, folder: Path) -> None:
        self._writes = writes
        self._known = known
        self._folder = folder

    async def carried_out(self, resource: str, verb: str, **target: object) -> dict[str, Any]:
        """What is answered to the document of the first test of this verb."""
        cases = read_cases(self._folder / f"mappings/{resource}.test.yaml").cases
        given = next((one.given for one in cases if one.verb == verb), None)
        outcome = await self._writes.engine.run(
            self._writes.connection,
            self._known.plan(resource, verb),
            given,
            snapshot=self._known,
            key=None,
            target=target,
        )
        assert outcome.status in {200, 201, 204}
        body: dict[str, Any] = json.loads(json.dumps(outcome.body, default=float))
        return body

    async def there(self, entity: str, **fields: object) -> list[dict[str, Any]]:
        """The records with these fields that Business Central holds."""
        query = {"company": COMPANY_NAME, "entity": entity}
        async with self._writes.remote.control.get("/_simulator/state", params=query) as answer:
            found = json.loads(await answer.text())["value"]
        return [one for one in found if all(one[key] == fields[key] for key in fields)]

    async def lines(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        found = await self.there("salesOrderLines", documentId=order["id"])
        return sorted(found, key=lambda line: int(line["sequence"]))

    async def put_in(self, entity: str, row: dict[str, object]) -> None:
        wish = {"company": COMPANY_NAME, "entity": entity, "rows": [row]}
        async with self._writes.remote.control.post("/_simulator/records", json=wish) as answer:
            assert answer.status < 300, await answer.text()

    async def read(self, resource: str, record_id: str) -> dict[str, Any]:
        remote = self._writes.remote
        return await reads.read_record(
            remote.business_central,
            self._known.schemas,
            self._known.plan(resource, "read"),
            self._writes.connection,
            record_id,
            now=remote.clock.now(),
            deadline=remote.deadline(),
        )


@pytest.fixture
def recipe(writes: Writes, known: Snapshot, folder: Path) -> Recipe:
    return Recipe(writes, known, folder)


async def test_orders_of_the_recipes_in_the_simulator(recipe: Recipe) -> None:
    boxes = await recipe.lines(await recipe.carried_out("unit-orders", "create"))
    assert [(one["unitOfMeasureCode"], one["unitPrice"]) for one in boxes] == [
        *(("BOX", 1.2), ("PCS", 19.90)),
    ]
    discounted = await recipe.carried_out("discount-orders", "create")
    percent, amount, none = await recipe.lines(discounted)
    assert (percent["discountPercent"], amount["discountAmount"]) == (12.5, 9.70)
    assert (none["discountPercent"], none["discountAmount"]) == (0, 0)

    freight = await recipe.carried_out("freight-orders", "create")
    assert freight["freight"] == 25
    assert [one["lineType"] for one in await recipe.lines(freight)] == ["Item", "Account"]

    export = await recipe.carried_out("export-orders", "create")
    (header,) = await recipe.there("salesOrders", id=export["id"])
    assert (header["currencyCode"], header["shipToCountry"]) == ("EUR", "DE")

    (east,) = await recipe.there("locations", code="EAST")
    (line,) = await recipe.lines(await recipe.carried_out("located-orders", "create"))
    assert line["locationId"] == east["id"]


async def test_dimensions_and_files_of_the_recipes_in_the_simulator(recipe: Recipe) -> None:
    order = await recipe.carried_out("area-orders", "create")
    owners = [order, *await recipe.lines(order)]
    found = [await recipe.there("dimensionSetLines", parentId=one["id"]) for one in owners]
    assert [[one["valueCode"] for one in each] for each in found] == [["30"], ["30"], ["40"]]

    assert (await recipe.read("order-files", order["id"]))["files"] == []
    row = {"parentId": order["id"], "parentType": "Sales Order", "fileName": "drawing.pdf"}
    await recipe.put_in("attachments", row)
    (file,) = (await recipe.read("order-files", order["id"]))["files"]
    assert (file["name"], file["bytes"]) == ("drawing.pdf", 0)


async def test_steps_of_the_recipes_in_the_simulator(recipe: Recipe) -> None:
    order = await recipe.carried_out("web-orders", "create")
    (header,) = await recipe.there("salesOrders", id=order["id"])
    (buyer,) = await recipe.there("customers", number="W-77")
    assert (header["customerId"], buyer["email"]) == (buyer["id"], "otis@brandt.example")

    offer = await recipe.carried_out("offers", "create")
    accepted = await recipe.carried_out("offers", "accept", id=offer["id"])
    assert accepted["number"] == offer["number"]
    (made,) = await recipe.there("salesOrders", number=accepted["order"]["number"])
    assert made["externalDocumentNumber"] == "C-108"
    assert await recipe.there("salesQuotes", id=offer["id"]) == []


async def test_changes_of_the_recipes_in_the_simulator(recipe: Recipe) -> None:
    made = await recipe.carried_out("price-list-items", "upsert", key="1897-S")
    assert (made["number"], made["unit"]) == ("1897-S", "PCS")
    changed = await recipe.carried_out("price-list-items", "update", id=made["id"])
    assert (changed["name"], changed["unit_price"]) == ("ATHENS Desk", 990)
    await recipe.carried_out("price-list-items", "block", id=made["id"])
    (item,) = await recipe.there("items", number="1897-S")
    assert item["blocked"] is True
    await recipe.carried_out("price-list-items", "delete", id=made["id"])
    assert await recipe.there("items", number="1897-S") == []


async def test_the_pages_of_a_partner_in_the_simulator(recipe: Recipe) -> None:
    group = await recipe.carried_out("price-groups", "upsert", key="NEW")
    assert group == {"id": "NEW", "name": "Key accounts", "discount": 12.5, "closed": False}
    assert (await recipe.carried_out("price-groups", "close", id="NEW"))["closed"] is True
