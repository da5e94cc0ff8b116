"""Item matches: by rules, many at once; what a person decides stays, until it is forgotten."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession
from yarl import URL

from gateway.simulator import Simulator
from tests.conftest import COMPANY, Connect

TRAPS = ["a/b", "50%+#?", "0042", "O'Brien & Co", "ünï", "a b"]
GTIN = "4006381333931"
Json = dict[str, Any]


@pytest.fixture
async def base(connect: Connect) -> str:
    """The address of the item matches of a fresh connection."""
    return f"/v1/connections/{await connect()}/matches/items"


async def control(simulator: Simulator, path: str, body: Json) -> None:
    async with (
        ClientSession(simulator.url) as session,
        session.post(f"/_simulator/{path}", json=body) as response,
    ):
        assert response.status < 300, await response.text()


async def get(product: ClientSession, path: str, **params: str) -> Json:
    status, body = await answered(product, path, **params)
    assert status == 200, body
    return body


async def answered(product: ClientSession, path: str, **params: str) -> tuple[int, Json]:
    async with product.get(path, params=params) as response:
        return response.status, await response.json()


async def post(product: ClientSession, path: str, *skus: object) -> tuple[int, Json]:
    async with product.post(path, json={"skus": list(skus)}) as response:
        return response.status, await response.json()


async def test_a_decision_stays_until_it_is_forgotten(product: ClientSession, base: str) -> None:
    found = await get(product, f"{base}/CHAIR")
    assert (found["status"], found["decided"], found["item"]) == ("unmatched", False, None)
    assert found["reason"]

    given = {"item_number": "1896-S", "variant": "oak", "unit_of_measure": "BOX"}
    async with product.put(f"{base}/CHAIR", json=given) as response:
        decided = await response.json()
    assert (response.status, decided["status"], decided["decided"]) == (200, "matched", True)
    assert (decided["item"]["number"], decided["item"]["variant"]["code"]) == ("1896-S", "OAK")
    assert decided["unit_of_measure"] == "BOX"

    body = await get(product, base)
    assert (body["data"], body["next_cursor"]) == ([decided], None)
    assert await get(product, f"{base}/CHAIR") == decided

    async with product.delete(f"{base}/CHAIR") as response:
        assert response.status == 204
    async with product.delete(f"{base}/CHAIR") as response:
        assert (response.status, (await response.json())["code"]) == (404, "not_found")


async def test_the_exact_number_matches(product: ClientSession, base: str) -> None:
    for sku in ("1896-S", "000", "10115", "1e5", "0x10"):
        found = await get(product, f"{base}/{sku}")
        assert (found["status"], found["decided"], found["rule"]) == ("matched", False, "number")


async def test_any_text_can_be_a_sku(product: ClientSession, base: str) -> None:
    for sku in TRAPS:
        url = URL(f"{base}/{quote(sku, safe='')}", encoded=True)
        async with product.put(url, json={"item_number": "1896-S"}) as response:
            assert (response.status, (await response.json())["sku"]) == (200, sku)
    skus = [match["sku"] for match in (await get(product, base))["data"]]
    assert sorted(skus) == sorted(TRAPS)


async def test_what_cannot_be_decided(product: ClientSession, base: str) -> None:
    for number in ("NO-SUCH-ITEM", "1972-S"):
        async with product.put(f"{base}/CHAIR", json={"item_number": number}) as response:
            problem = await response.json()
        assert (response.status, problem["code"]) == (422, "invalid_input")
        assert problem["errors"][0]["pointer"] == "/item_number"
    async with product.put(f"{base}/CHAIR", json={"item": "1896-S"}) as response:
        assert response.status == 422
    async with product.get(URL(f"{base}/{'x' * 251}", encoded=True)) as response:
        assert (response.status, (await response.json())["code"]) == (400, "invalid_query")


async def test_many_skus_are_matched_and_orders_use_what_was_found(
    product: ClientSession, base: str, simulator: Simulator
) -> None:
    rows = [
        {"number": "G-1", "displayName": "With GTIN", "gtin": GTIN},
        {"number": "T 1", "displayName": "Twin"},
        {"number": "T-1", "displayName": "Twin"},
    ]
    await control(simulator, "records", {"company": COMPANY, "entity": "items", "rows": rows})
    asked = [
        "1896S",
        {"sku": "LAMP", "gtin": f"0{GTIN}"},
        "1896-S/WALNUT",
        "T1",
        {"sku": "NONE", "name": "with gtin"},
        "1972-S",
        "1896S",
    ]
    status, body = await post(product, base, *asked)
    assert status == 200
    assert body["counts"] == {"matched": 3, "ambiguous": 1, "unmatched": 2}
    found = {match["sku"]: match for match in body["data"]}
    assert list(found) == ["1896S", "LAMP", "1896-S/WALNUT", "T1", "NONE", "1972-S"]
    assert [match["rule"] for match in found.values()] == [
        *("normalised_number", "gtin", "variant", "normalised_number", None, "number"),
    ]
    assert {one["number"] for one in found["T1"]["candidates"]} == {"T 1", "T-1"}
    assert [one["why"] for one in found["NONE"]["candidates"]] == ["The name is the same."]
    assert found["1972-S"]["candidates"][0]["blocked"] is True

    connection = base.removesuffix("/matches/items")
    progress = await get(product, f"{connection}/matches")
    assert (progress["state"], progress["skus"]) == ("finished", 6)
    assert progress["items_read"] == progress["items_total"]
    order = {
        "external_reference": "D-7",
        "customer": {"number": "10000"},
        "lines": [
            {"sku": sku, "quantity": 1, "unit_price": 5} for sku in ("LAMP", "1896-S/WALNUT")
        ],
    }
    async with product.post(f"{connection}/sales-orders", json=order) as response:
        made = await response.json()
        assert response.status == 201, made
    assert [line["item_number"] for line in made["lines"]] == ["G-1", "1896-S"]
    async with (
        ClientSession(simulator.url) as session,
        session.get(
            "/_simulator/state", params={"company": COMPANY, "entity": "salesOrderLines"}
        ) as response,
    ):
        lines = (await response.json())["value"][-2:]
    blank = "00000000-0000-0000-0000-000000000000"
    variant = found["1896-S/WALNUT"]["item"]["variant"]["id"]
    assert [line["itemVariantId"] for line in lines] == [blank, variant]


async def test_the_other_rules_count_once_the_sku_was_matched(
    product: ClientSession, base: str
) -> None:
    sku, orders = "1896 s", f"{base.removesuffix('/matches/items')}/sales-orders"
    call = "`POST /v1/connections/{connection}/matches/items`"
    order = {
        "external_reference": "D-8",
        "customer": {"number": "10000"},
        "lines": [{"sku": sku, "quantity": 1, "unit_price": 5}],
    }
    found = await get(product, f"{base}/{quote(sku)}")
    assert (found["status"], found["rule"], found["candidates"]) == ("unmatched", None, [])
    assert "not been tried" in found["reason"]
    assert call in found["reason"]
    async with product.post(orders, json=order) as response:
        problem = await response.json()
    assert (response.status, problem["code"]) == (422, "unmatched_item")
    assert f"Match it with {call}" in problem["detail"]
    assert "`PUT …/matches/items/{sku}`" in problem["detail"]
    assert problem["errors"][0]["detail"] == found["reason"]

    await post(product, base, sku, "NONE")
    assert (await get(product, f"{base}/{quote(sku)}"))["rule"] == "normalised_number"
    none = await get(product, f"{base}/NONE")
    assert (none["status"], call in none["reason"]) == ("unmatched", False)
    async with product.post(orders, json=order) as response:
        assert response.status == 201, await response.text()


async def test_what_is_kept_is_listed_in_pages(product: ClientSession, base: str) -> None:
    await post(product, base, "1896S", "NONE-1", "NONE-2", "000")
    async with product.put(f"{base}/NONE-2", json={"item_number": "000"}) as response:
        assert response.status == 200

    async def listed(**params: str) -> list[str]:
        skus: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            more = {"cursor": cursor} if cursor else {}
            body = await get(product, base, limit="1", **params, **more)
            skus += [match["sku"] for match in body["data"]]
            cursor = body["next_cursor"]
        return skus

    assert await listed() == ["000", "1896S", "NONE-1", "NONE-2"]
    assert await listed(status="unmatched") == ["NONE-1"]
    assert await listed(decided="true") == ["NONE-2"]
    assert await listed(decided="false", status="matched") == ["000", "1896S"]
    for wrong in ({"status": "x"}, {"decided": "1"}, {"limit": "0"}, {"cursor": "x"}):
        status, problem = await answered(product, base, **wrong)
        assert (status, problem["code"]) == (400, "invalid_query")


async def test_who_does_not_wait_is_told_where_to_look(
    product: ClientSession, base: str, simulator: Simulator
) -> None:
    connection = base.removesuffix("/matches/items")
    status, problem = await answered(product, f"{connection}/matches")
    assert (status, problem["code"]) == (404, "not_found")
    delay = {"kind": "delay", "seconds": 0.5, "when": "before", "match": {"entity": "items"}}
    await control(simulator, "faults", {**delay, "count": 1})
    async with product.post(
        base, json={"skus": ["NONE"]}, headers={"Prefer": "respond-async"}
    ) as response:
        progress = await response.json()
    assert (response.status, progress["state"]) == (202, "running")
    assert response.headers["Location"] == f"{connection}/matches"
    status, problem = await post(product, base, "OTHER")
    assert (status, problem["code"]) == (409, "conflict")
    for _ in range(100):
        progress = await get(product, f"{connection}/matches")
        if progress["state"] != "running":
            break
        await asyncio.sleep(0.05)
    assert progress["counts"] == {"matched": 0, "ambiguous": 0, "unmatched": 1}
    assert [match["sku"] for match in (await get(product, base))["data"]] == ["NONE"]


async def test_what_cannot_be_asked(product: ClientSession, base: str) -> None:
    wrong: list[tuple[list[object], str]] = [
        ([], "/skus"),
        ([""], "/skus/0"),
        (["x" * 251], "/skus/0"),
        (["a\0"], "/skus/0"),
        ([{"gtin": GTIN}], "/skus/0"),
        ([{"sku": "A", "number": "B"}], "/skus/0"),
        (["A", {"sku": "A", "gtin": GTIN}], "/skus/1"),
        ([str(number) for number in range(10_001)], "/skus"),
    ]
    for skus, pointer in wrong:
        status, problem = await post(product, base, *skus)
        assert (status, problem["code"]) == (422, "invalid_input")
        assert all(error["pointer"].startswith(pointer) for error in problem["errors"])
