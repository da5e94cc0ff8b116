"""The journal as callers may see it."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientSession

from gateway.api import shapes
from gateway.validation import Validator
from tests.conftest import Caller, Connect

OPERATION = Validator({**shapes.OPERATION, "components": {"schemas": {"Problem": shapes.PROBLEM}}})


def order(reference: str, sku: str = "1896-S") -> dict[str, Any]:
    return {
        "external_reference": reference,
        "customer": {"number": "10000"},
        "lines": [{"sku": sku, "quantity": 1}],
    }


async def read(session: ClientSession, path: str) -> tuple[int, dict[str, Any]]:
    async with session.get(path) as response:
        return response.status, await response.json()


async def test_operations_are_listed_filtered_and_read(
    product: ClientSession, caller: Caller, connect: Connect
) -> None:
    connection = await connect()
    path = f"/v1/connections/{connection}/sales-orders"
    numbers = []
    for reference in ("DEAL-1", "DEAL-2"):
        async with product.post(path, json=order(reference)) as response:
            numbers.append((await response.json())["number"])
    async with product.post(path, json=order("DEAL-3", sku="NOWHERE")) as response:
        assert response.status == 422

    _, body = await read(product, "/v1/operations")
    assert [operation["key"] for operation in body["data"]] == ["DEAL-3", "DEAL-2", "DEAL-1"]
    failed, succeeded = body["data"][0], body["data"][1]
    for operation in body["data"]:
        assert OPERATION.violations(operation) == []
    assert (succeeded["state"], succeeded["record"]["number"]) == ("succeeded", numbers[1])
    assert (failed["state"], failed["cause"]) == ("failed", "unmatched_item")
    assert failed["problem"]["code"] == "unmatched_item"
    assert failed["problem"]["errors"][0]["pointer"] == "/lines/0/sku"

    for query, keys in {
        "state=failed": ["DEAL-3"],
        "key=DEAL-1": ["DEAL-1"],
        f"number={numbers[0]}": ["DEAL-1"],
        f"connection={connection}&limit=1000": ["DEAL-3", "DEAL-2", "DEAL-1"],
        "resource=customers": [],
        "connection=con_nowhere": [],
    }.items():
        _, body = await read(product, f"/v1/operations?{query}")
        assert [operation["key"] for operation in body["data"]] == keys, query

    assert await read(product, f"/v1/operations/{failed['id']}") == (200, failed)
    stranger = await caller("product", "another")
    status, problem = await read(stranger, f"/v1/operations/{failed['id']}")
    assert (status, problem["code"]) == (404, "not_found")
    assert (await read(stranger, "/v1/operations"))[1]["data"] == []


async def test_operations_go_page_by_page(product: ClientSession, connect: Connect) -> None:
    path = f"/v1/connections/{await connect()}/sales-orders"
    for index in range(3):
        async with product.post(path, json=order(f"DEAL-{index}")) as response:
            assert response.status == 201
    _, first = await read(product, "/v1/operations?limit=2")
    assert [operation["key"] for operation in first["data"]] == ["DEAL-2", "DEAL-1"]
    cursor = first["next_cursor"]
    _, second = await read(product, f"/v1/operations?limit=2&cursor={cursor}")
    assert [operation["key"] for operation in second["data"]] == ["DEAL-0"]
    assert second["next_cursor"] is None
    status, problem = await read(product, f"/v1/operations?state=failed&cursor={cursor}")
    assert (status, problem["code"]) == (400, "invalid_query")


async def test_what_is_no_query(product: ClientSession) -> None:
    for query in ("state=done", "limit=0", "cursor=x", "stat=failed"):
        status, problem = await read(product, f"/v1/operations?{query}")
        assert (status, problem["code"]) == (400, "invalid_query"), query
