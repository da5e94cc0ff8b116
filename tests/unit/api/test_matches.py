"""Item matches: what a person decides stays, until it is forgotten."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import ClientSession
from yarl import URL

from tests.conftest import Connect

TRAPS = ["a/b", "50%+#?", "0042", "O'Brien & Co", "ünï", "a b"]


async def test_a_decision_stays_until_it_is_forgotten(
    product: ClientSession, connect: Connect
) -> None:
    base = f"/v1/connections/{await connect()}/matches/items"
    async with product.get(f"{base}/CHAIR") as response:
        found = await response.json()
    assert (found["status"], found["decided"], found["item"]) == ("unmatched", False, None)
    assert found["reason"]

    async with product.put(f"{base}/CHAIR", json={"item_number": "1900-S"}) as response:
        decided = await response.json()
    assert (response.status, decided["status"], decided["decided"]) == (200, "matched", True)
    assert decided["item"]["number"] == "1900-S"

    async with product.get(base) as response:
        body = await response.json()
    assert (body["data"], body["next_cursor"]) == ([decided], None)

    async with product.delete(f"{base}/CHAIR") as response:
        assert response.status == 204
    async with product.delete(f"{base}/CHAIR") as response:
        assert (response.status, (await response.json())["code"]) == (404, "not_found")


async def test_the_exact_number_matches(product: ClientSession, connect: Connect) -> None:
    base = f"/v1/connections/{await connect()}/matches/items"
    for sku in ("1896-S", "000", "10115", "1e5", "0x10"):
        async with product.get(f"{base}/{sku}") as response:
            found = await response.json()
        assert (sku, found["status"], found["decided"]) == (sku, "matched", False)


async def test_any_text_can_be_a_sku(product: ClientSession, connect: Connect) -> None:
    base = f"/v1/connections/{await connect()}/matches/items"
    for sku in TRAPS:
        url = URL(f"{base}/{quote(sku, safe='')}", encoded=True)
        async with product.put(url, json={"item_number": "1896-S"}) as response:
            assert (response.status, (await response.json())["sku"]) == (200, sku)
    async with product.get(base) as response:
        skus = [match["sku"] for match in (await response.json())["data"]]
    assert sorted(skus) == sorted(TRAPS)


async def test_what_cannot_be_decided(product: ClientSession, connect: Connect) -> None:
    base = f"/v1/connections/{await connect()}/matches/items"
    for number in ("NO-SUCH-ITEM", "1972-S"):
        async with product.put(f"{base}/CHAIR", json={"item_number": number}) as response:
            problem = await response.json()
        assert (response.status, problem["code"]) == (422, "invalid_input")
        assert problem["errors"][0]["pointer"] == "/item_number"
    async with product.put(f"{base}/CHAIR", json={"item": "1896-S"}) as response:
        assert response.status == 422
    async with product.get(f"{base}/{'x' * 251}") as response:
        assert (response.status, (await response.json())["code"]) == (400, "invalid_query")
