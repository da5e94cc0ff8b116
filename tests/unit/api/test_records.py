"""Canonical records over the public listener: written once, listed, read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from aiohttp import ClientSession

from gateway.api.answers import etag
from gateway.documents import decode_json, encode_json
from tests.conftest import Connect, Writes

ORDER: dict[str, Any] = {
    "external_reference": "DEAL-1",
    "customer": {"number": "10000"},
    "lines": [{"sku": "1896-S", "quantity": 3, "unit_price": Decimal("19.90")}],
}


async def post(
    product: ClientSession, path: str, order: object, **headers: str
) -> tuple[int, Mapping[str, str], dict[str, Any]]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent["Content-Type"] = "application/json"
    async with product.post(path, data=encode_json(order), headers=sent) as response:
        body = decode_json(await response.read())
        assert isinstance(body, dict)
        return response.status, response.headers, body


async def test_an_order_is_written_once_and_read_back(
    product: ClientSession, connect: Connect, writes: Writes
) -> None:
    path = f"/v1/connections/{await connect()}/sales-orders"
    status, headers, order = await post(product, path, ORDER)
    assert (status, order["external_reference"]) == (201, "DEAL-1")
    assert order["lines"][0]["net"] == Decimal("59.70")
    assert headers["Operation-Id"].startswith("op_")
    assert headers["Location"] == f"{path}/{order['id']}"
    assert "Idempotency-Replayed" not in headers

    again, replayed, same = await post(product, path, ORDER)
    assert (again, same) == (201, order)
    assert replayed["Idempotency-Replayed"] == "true"
    assert replayed["Operation-Id"] == headers["Operation-Id"]
    assert len(await writes()) == 1

    async with product.get(headers["Location"]) as response:
        read = decode_json(await response.read())
        assert (response.status, read) == (200, order)
        assert response.headers["ETag"] == headers["ETag"] == etag(order)


async def test_a_key_with_another_document(product: ClientSession, connect: Connect) -> None:
    path = f"/v1/connections/{await connect()}/sales-orders"
    first, _, _ = await post(product, path, ORDER, Idempotency_Key="deal-1")
    assert first == 201
    other = {**ORDER, "external_reference": "DEAL-2"}
    status, _, problem = await post(product, path, other, Idempotency_Key="deal-1")
    assert (status, problem["code"]) == (409, "idempotency_key_reused")


async def test_rather_not_waiting(product: ClientSession, connect: Connect) -> None:
    path = f"/v1/connections/{await connect()}/sales-orders"
    status, headers, operation = await post(product, path, ORDER, Prefer="respond-async")
    assert status == 202
    assert headers["Location"] == f"/v1/operations/{operation['id']}"
    for _ in range(100):
        async with product.get(headers["Location"]) as response:
            operation = await response.json()
        if operation["state"] == "succeeded":
            break
        await asyncio.sleep(0.02)
    assert operation["state"] == "succeeded"
    assert operation["record"]["number"]


async def test_lists_go_page_by_page(product: ClientSession, connect: Connect) -> None:
    connection = await connect()
    numbers: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        url = f"/v1/connections/{connection}/customers"
        async with product.get(url, params=query) as response:
            body = await response.json()
        assert response.status == 200
        assert len(body["data"]) <= 2
        numbers += [customer["number"] for customer in body["data"]]
        if body["next_cursor"] is None:
            break
        query["cursor"] = body["next_cursor"]
    assert len(numbers) == len(set(numbers))
    assert {"10000", "20000", "60000"} <= set(numbers)


async def test_a_cursor_is_bound_to_its_list(product: ClientSession, connect: Connect) -> None:
    connection = await connect()
    base = f"/v1/connections/{connection}"
    async with product.get(f"{base}/customers?limit=1") as response:
        cursor = (await response.json())["next_cursor"]
    async with product.get(f"{base}/items", params={"cursor": cursor}) as response:
        assert (response.status, (await response.json())["code"]) == (400, "invalid_query")


async def test_a_filter(product: ClientSession, connect: Connect) -> None:
    url = f"/v1/connections/{await connect()}/items"
    async with product.get(url, params={"number": "1896-S"}) as response:
        body = await response.json()
    assert [item["number"] for item in body["data"]] == ["1896-S"]


async def test_a_record_that_is_not_there(product: ClientSession, connect: Connect) -> None:
    base = f"/v1/connections/{await connect()}/customers"
    for record in ("5f8c0000-0000-4000-8000-00000000dead", "no-id", "..%2Fitems"):
        async with product.get(f"{base}/{record}") as response:
            assert (response.status, (await response.json())["code"]) == (404, "not_found"), record


async def test_a_connection_that_is_not_set_up(product: ClientSession) -> None:
    async with product.post("/v1/connections", json={"organization": "harwick"}) as response:
        connection = (await response.json())["id"]
    base = f"/v1/connections/{connection}"
    async with product.get(f"{base}/customers") as response:
        assert (response.status, (await response.json())["code"]) == (409, "connection_not_ready")
    status, _, problem = await post(product, f"{base}/sales-orders", ORDER)
    assert (status, problem["code"]) == (409, "connection_not_ready")


async def test_resources(product: ClientSession) -> None:
    async with product.get("/v1/resources") as response:
        body = await response.json()
    assert [resource["name"] for resource in body["data"]] == ["customers", "items", "sales-orders"]
    orders = body["data"][2]
    assert orders["verbs"] == ["create", "list", "read"]
    assert orders["omit"] == ["lines"]
    assert "external_reference" in orders["filters"]


async def test_the_answers_are_as_described(product: ClientSession, connect: Connect) -> None:
    path = f"/v1/connections/{await connect()}/sales-orders"
    await post(product, path, ORDER)
    async with product.get(path) as response:
        (row,) = (await response.json())["data"]
    assert "lines" not in row
    assert row["external_reference"] == "DEAL-1"
