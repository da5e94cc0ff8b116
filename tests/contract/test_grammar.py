"""Every part of the mapping language is used by a mapping that runs against the simulator.

The mappings under `grammar/` use all of it. Each of their verbs is carried out here, with the
marks of coverage in their plans: a part whose leaf was never run does not count.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from gateway import reads
from gateway.config import shipped
from gateway.documents import load_document
from gateway.errors import Rejected
from gateway.mapping import Coverage, Point, compile_document
from gateway.operations import Outcome
from gateway.snapshot import Snapshot, load_snapshot
from tests.contract.grammar.used import parts, used
from tests.remote import open_remote
from tests.unit.operations.conftest import Writes, open_writes

FOLDER = Path(__file__).parent / "grammar"
CUSTOM = Path(__file__).parent / "custom_apis"
PARAMS = {
    "charge": "S-FREIGHT",
    "discount": 5,
    "copies": 2,
    "gift": True,
    "since": "2026-11-20",
    "moment": "2026-12-01T09:30:00Z",
}
LINES = [
    {"sequence": 10000, "sku": "1896-S", "quantity": 2, "price": Decimal("19.90")},
    {"sequence": 20000, "sku": "1900-S", "quantity": 1},
]
CUSTOMER = {
    "names": ["Ada", "Lund"],
    "kind": "company",
    "street": " Dock Road 7 ",
    "city": "Bath",
    "area": "B-12",
    "phone": "+44 20 555",
    "limit": "12.5",
    "stars": "2",
    "mail": "ada@example.com",
    "terms": "14 days",
    "held": False,
}
FILES = sorted((FOLDER / "mappings").glob("*.yaml"))


@cache
def shape() -> dict[str, Any]:
    path = shipped("schemas") / "gateway" / "mapping.schema.json"
    return cast("dict[str, Any]", load_document(path).value)


@cache
def known() -> tuple[Snapshot, dict[str, Coverage]]:
    """The mappings, and by resource what of them has run."""
    loaded = load_snapshot(
        mappings=[FOLDER / "mappings"],
        schemas=[shipped("schemas"), CUSTOM / "schemas", FOLDER / "schemas"],
    )
    resources, coverages = dict(loaded.resources), {}
    for path in FILES:
        coverage = Coverage()
        found = compile_document(load_document(path), shape(), loaded.schemas, coverage)
        assert [one for one in found.findings if one.severity == "error"] == []
        name = next(iter(found.plans.values())).resource
        resources[name] = replace(resources[name], verbs=found.plans)
        coverages[name] = coverage
    return replace(loaded, resources=resources), coverages


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Writes]:
    async with open_remote(tmp_path, seed_file=CUSTOM / "seed.json") as remote:
        connection = await remote.connect()
        async with open_writes(remote, connection, tmp_path, known()[0]) as opened:
            places = await opened.orders("locations")
            params = {**PARAMS, "location": places[0]["id"]}
            await opened.store.update_connection(connection.id, params=params)
            yield opened


async def write(
    house: Writes, resource: str, verb: str, document: object = None, **target: object
) -> Outcome:
    plan = known()[0].plan(resource, verb)
    return await house.engine.run(
        house.connection, plan, document, snapshot=known()[0], key=None, target=target
    )


def body(outcome: Outcome) -> dict[str, Any]:
    return cast("dict[str, Any]", outcome.body)


async def listed(house: Writes, resource: str, **wanted: str) -> int:
    page = await reads.list_records(
        house.remote.business_central,
        house.store,
        known()[0].schemas,
        known()[0].plan(resource, "list"),
        house.connection,
        wanted=wanted,
        limit=50,
        cursor=None,
        now=house.remote.clock.now(),
        deadline=house.remote.deadline(),
    )
    return len(page.data)


async def read(house: Writes, resource: str, record_id: str) -> dict[str, Any]:
    return await reads.read_record(
        house.remote.business_central,
        known()[0].schemas,
        known()[0].plan(resource, "read"),
        house.connection,
        record_id,
        now=house.remote.clock.now(),
        deadline=house.remote.deadline(),
    )


async def refused(
    house: Writes, code: str, resource: str, verb: str, document: object, **target: object
) -> None:
    with pytest.raises(Rejected) as raised:
        await write(house, resource, verb, document, **target)
    assert raised.value.own_code == code


async def orders(house: Writes) -> None:
    resource = "whole-orders"
    order = {"reference": "G-1", "customer": "10000", "salesperson": "JO", "lines": LINES}
    made = body(await write(house, resource, "create", {**order, "note": "Ring twice", "fee": 5}))
    assert [one["sku"] for one in made["lines"]] == ["1896-S", "1900-S"]
    assert (made["texts"], made["units"]) == (["Ring twice"], 4)
    bare = {"reference": "G-2", "customer": "20000", "lines": LINES[:1], "day": "2026-11-21"}
    other = body(await write(house, resource, "create", bare))
    await refused(house, "too_dear", resource, "create", {**order, "reference": "G-3", "fee": 1000})
    unknown = {**order, "reference": "G-3", "customer": "NOBODY"}
    await refused(house, "unknown_customer", resource, "create", unknown)

    assert await listed(house, resource, reference="G-1", status="draft") == 1
    days = {"day_from": "2026-11-20", "day_to": "2026-11-21"}
    assert await listed(house, resource, **days, after="2026-11-20", before="2026-11-22") == 1
    changed = {
        "day": "2026-11-22",
        "lines": [{**LINES[0], "quantity": 3}, {**LINES[1], "sequence": 30000}],
    }
    after = body(await write(house, resource, "update", changed, id=made["id"]))
    assert [one["sequence"] for one in after["lines"]] == [10000, 30000]
    await refused(
        house, "unknown_customer", resource, "update", {"salesperson": "NOBODY"}, id=made["id"]
    )
    await refused(house, "refused", resource, "update", {"salesperson": "NONE"}, id=made["id"])
    assert (await write(house, resource, "delete", id=other["id"])).status == 204
    assert (await read(house, resource, made["id"]))["day"] == "2026-11-22"


async def added(house: Writes) -> None:
    order = {"reference": "G-5", "customer": "10000", "lines": LINES}
    made = body(await write(house, "whole-orders", "create", order))
    more = {"day": "2026-11-24", "lines": [{**LINES[1], "sequence": 30000}]}
    after = body(await write(house, "added-lines", "update", more, id=made["id"]))
    assert [one["sequence"] for one in after["lines"]] == [10000, 20000, 30000]
    assert (after["units"], after["day"]) == (4, "2026-11-24")
    low = {"lines": [{**LINES[0], "sequence": 5}]}
    await refused(house, "too_many", "added-lines", "update", low, id=made["id"])
    assert (await read(house, "added-lines", made["id"]))["number"] == made["number"]


async def customers(house: Writes) -> None:
    resource = "whole-customers"
    made = body(await write(house, resource, "upsert", CUSTOMER, key="G-1"))
    assert (made["names"], made["area"], made["street"]) == (
        ["Ada", "Lund"],
        "00012",
        "DOCK ROAD 7",
    )
    assert (made["limit"], made["mail"], made["phone"]) == ("12.50", "ada@example.com", "4420555")
    less = {"names": ["Ada"], "mail": None, "held": True, "kind": "person"}
    after = body(await write(house, resource, "upsert", {**less}, key="G-2"))
    assert after["kind"] == "person"
    again = {**CUSTOMER, "city": "Leeds"}
    assert body(await write(house, resource, "upsert", again, key="G-1"))["city"] == "leeds"
    await refused(house, "no_name", resource, "upsert", {"names": [" "]}, key="G-3")
    wrong = {**CUSTOMER, "terms": "never"}
    await refused(house, "unknown_terms", resource, "upsert", wrong, key="G-3")
    assert await listed(house, resource, number="G-1") == 1
    assert (await read(house, resource, made["id"]))["site"] == {"city": "leeds", "abroad": False}
    assert (await write(house, resource, "delete", id=after["id"])).status == 204


async def steps(house: Writes) -> None:
    resource = "stepped-customers"
    made = body(await write(house, resource, "create", CUSTOMER))
    bare = body(await write(house, resource, "create", {"names": ["Bo"]}))
    moved = body(
        await write(house, resource, "update", {**CUSTOMER, "city": "York"}, id=made["id"])
    )
    assert moved["city"] == "York"
    await write(house, resource, "update", {"city": "Kiel"}, id=bare["id"])
    await write(house, resource, "update", {"held": False}, id=bare["id"])
    had = body(await write(house, resource, "upsert", {**CUSTOMER, "terms": "14 DAYS"}, key="G-9"))
    assert (await read(house, "whole-customers", had["id"]))["number"] == "G-9"
    await write(house, resource, "upsert", {"names": ["Cy"]}, key="G-9")
    await refused(
        house, "unknown_terms", resource, "upsert", {"names": ["Cy"], "terms": "NO"}, key="G-9"
    )
    renamed = body(await write(house, resource, "rename", {"name": "Di"}, id=had["id"]))
    assert renamed["names"] == ["Di", "Cy"]
    await write(
        house, resource, "rename", {"name": "El", "terms": "Bo", "day": "2026-11-23"}, id=had["id"]
    )
    await refused(house, "there_already", resource, "rename", {"name": "Di"}, id=had["id"])


async def prices(house: Writes) -> None:
    resource = "priced-groups"
    await write(house, resource, "close", id="KEY")
    closing = {"reason": "Nobody buys", "final": True}
    closed = body(await write(house, resource, "close-again", closing, id="RETAIL"))
    assert closed["closed_reason"] == "Nobody buys"
    await write(house, resource, "close-again", {}, id="RETAIL")
    assert (await read(house, resource, "RETAIL"))["closed"] is True


RUNS = {
    "added-lines": added,
    "whole-orders": orders,
    "whole-customers": customers,
    "stepped-customers": steps,
    "priced-groups": prices,
}


@pytest.mark.timeout(60)  # some three seconds where nothing else runs
async def test_every_part_of_the_grammar_is_used_by_what_runs(house: Writes) -> None:
    found: set[str] = set()
    missed: list[Point] = []
    for path in FILES:
        value = cast("dict[str, Any]", load_document(path).value)
        found |= used(shape(), value)
        await RUNS[value["resource"]](house)
        missed += known()[1][value["resource"]].missed
    assert [".".join(map(str, one.path)) for one in missed if one.what == "leaf"] == []
    assert sorted(parts(shape()) - found) == []
