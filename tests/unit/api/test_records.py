"""Canonical records over the public listener: written once, listed, read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession
from yarl import URL

from gateway.documents import decode_json, encode_json
from gateway.operations import etag
from tests.conftest import Connect, Writes

ORDER: dict[str, Any] = {
    "external_reference": "DEAL-1",
    "customer": {"number": "10000"},
    "lines": [{"sku": "1896-S", "quantity": 3, "unit_price": Decimal("19.90")}],
}

Answered = tuple[int, Mapping[str, str], Any]


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


@pytest.mark.parametrize("key", ["A{B}C", "A/B", "A%41 +&?#", "Ä-1", "{id}"])
async def test_a_key_of_any_signs(product: ClientSession, connect: Connect, key: str) -> None:
    path = f"/v1/connections/{await connect()}/items/{quote(key, safe='')}"
    for status in (201, 200):
        async with product.put(URL(path, encoded=True), json={"name": "Chair"}) as response:
            assert (response.status, (await response.json())["number"]) == (status, key.upper())


@pytest.mark.parametrize("key", ["%FF", "A%00", "A%0AB", "%7F", "%C3"])
async def test_what_no_key_can_hold(product: ClientSession, connect: Connect, key: str) -> None:
    for kind in ("items", "matches/items"):
        url = URL(f"/v1/connections/{await connect()}/{kind}/{key}", encoded=True)
        async with product.put(url, json={"name": "Chair"}) as response:
            problem = await response.json(content_type="application/problem+json")
        assert (response.status, problem["code"]) == (404, "not_found")


async def test_a_condition_that_is_not_kept_is_refused(
    product: ClientSession, connect: Connect
) -> None:
    path = f"/v1/connections/{await connect()}/customers/10000"
    headers = {"If-None-Match": "*"}
    async with product.put(path, json={"name": "Overwritten"}, headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (400, "invalid_query")


async def test_a_text_that_no_database_keeps_is_named(
    product: ClientSession, connect: Connect
) -> None:
    path = f"/v1/connections/{await connect()}/sales-orders"
    lines = [*ORDER["lines"], {**ORDER["lines"][0], "description": "a\0b"}]
    for document, pointer in (
        ({**ORDER, "external_reference": "\0"}, "/external_reference"),
        ({**ORDER, "lines": lines}, "/lines/1/description"),
    ):
        status, _, problem = await post(product, path, document)
        assert (status, problem["code"]) == (422, "invalid_input")
        assert problem["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("text", ["%FF", "%C3%28", "%ED%A0%80"])
async def test_a_query_is_utf_8(product: ClientSession, connect: Connect, text: str) -> None:
    path = f"/v1/connections/{await connect()}/customers?number={text}"
    async with product.get(URL(path, encoded=True)) as response:
        problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["code"]) == (400, "invalid_query")


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
        problem = await response.json()
    assert (response.status, problem["code"]) == (409, "connection_not_ready")
    assert "`POST …/reconnect` gives a new address" in problem["detail"]
    status, _, problem = await post(product, f"{base}/sales-orders", ORDER)
    assert (status, problem["code"]) == (409, "connection_not_ready")


async def test_resources(product: ClientSession) -> None:
    async with product.get("/v1/resources") as response:
        body = await response.json()
    known = {resource["name"]: resource for resource in body["data"]}
    assert {"accounts", "customers", "items", "sales-orders", "vendors"} <= set(known)
    orders = known["sales-orders"]
    assert orders["verbs"] == ["create", "list", "read", "update"]
    assert orders["omit"] == ["lines"]
    assert "external_reference" in orders["filters"]


async def test_the_answers_are_as_described(product: ClientSession, connect: Connect) -> None:
    path = f"/v1/connections/{await connect()}/sales-orders"
    await post(product, path, ORDER)
    async with product.get(path) as response:
        (row,) = (await response.json())["data"]
    assert "lines" not in row
    assert row["external_reference"] == "DEAL-1"


async def call(
    product: ClientSession, method: str, path: str, body: object = None, **headers: str
) -> Answered:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with product.request(method, path, json=body, headers=sent) as response:
        content = await response.json(content_type=None) if response.status != 204 else None
        return response.status, response.headers, content


async def test_a_customer_from_its_first_day_to_a_change(
    product: ClientSession, connect: Connect, writes: Writes
) -> None:
    base = f"/v1/connections/{await connect()}/customers"
    status, headers, made = await call(product, "PUT", f"{base}/N-77", {"name": "Nordwind AG"})
    assert (status, made["number"]) == (201, "N-77")
    one = f"{base}/{made['id']}"
    assert headers["Location"] == one
    assert headers["Operation-Id"].startswith("op_")

    status, read, record = await call(product, "GET", one)
    assert record == made
    assert read["ETag"] == headers["ETag"]

    patch = {"credit_limit": 1500.5, "address": {"city": "Kiel"}}
    for content_type in ("application/json", "application/merge-patch+json"):
        status, changed, record = await call(
            product, "PATCH", one, patch, Content_Type=content_type
        )
        assert (status, record["credit_limit"], record["address"]) == (
            200,
            1500.5,
            {"city": "Kiel"},
        )
    assert "Location" not in changed
    _, read, again = await call(product, "GET", one)
    assert (again, read["ETag"]) == (record, changed["ETag"])
    status, _, problem = await call(product, "PUT", f"{base}/n-77", made)
    assert (status, problem["code"]) == (422, "invalid_input"), "it holds what is read-only"
    status, _, same = await call(product, "PUT", f"{base}/n-77", {"name": "Nordwind AG"})
    assert (status, same) == (200, record)
    assert len(await writes()) == 2


async def test_an_item_by_a_key_with_a_slash(product: ClientSession, connect: Connect) -> None:
    base = f"/v1/connections/{await connect()}/items"
    status, _, made = await call(product, "PUT", f"{base}/A%2FB", {"name": "Lamp", "unit_price": 5})
    assert (status, made["number"]) == (201, "A/B")
    status, _, changed = await call(product, "PUT", f"{base}/A%2FB", {"name": "Lamp"})
    assert (status, changed) == (200, made)
    status, _, changed = await call(product, "PATCH", f"{base}/{made['id']}", {"unit_price": 6})
    assert (status, changed["unit_price"]) == (200, 6)


async def test_an_etag_that_is_old(
    product: ClientSession, connect: Connect, writes: Writes
) -> None:
    base = f"/v1/connections/{await connect()}/customers"
    _, headers, made = await call(product, "PUT", f"{base}/N-77", {"name": "Nordwind AG"})
    one, old = f"{base}/{made['id']}", headers["ETag"]
    status, _, _ = await call(product, "PATCH", one, {"name": "A"}, If_Match=old)
    assert status == 200
    before = await writes()
    for method, path in (("PATCH", one), ("PUT", f"{base}/N-77")):
        status, _, problem = await call(product, method, path, {"name": "B"}, If_Match=old)
        assert (status, problem["code"]) == (412, "conflict")
    status, _, problem = await call(product, "PATCH", one, {"name": "B"}, If_Match=f"W/{old}")
    assert status == 412
    status, _, problem = await call(product, "PATCH", one, {"name": "B"}, If_Match="old")
    assert (status, problem["code"]) == (400, "invalid_query")
    assert await writes() == before


async def test_what_is_not_there_and_what_is_not_allowed(
    product: ClientSession, connect: Connect, writes: Writes
) -> None:
    base = f"/v1/connections/{await connect()}"
    nobody = f"{base}/customers/5f8c0000-0000-4000-8000-00000000dead"
    for method, path, body, wanted in (
        ("PATCH", nobody, {"name": "N"}, (404, "not_found")),
        ("PATCH", f"{base}/customers/no-id", {"name": "N"}, (404, "not_found")),
        ("DELETE", nobody, None, (405, "method_not_allowed")),
        ("PUT", f"{base}/sales-orders/D-1", {}, (405, "method_not_allowed")),
        ("PATCH", f"{base}/nothing/{nobody[-36:]}", {}, (404, "unknown_resource")),
        ("PATCH", nobody, {"nam": "N"}, (422, "invalid_input")),
        ("PATCH", nobody, [], (422, "invalid_input")),
    ):
        status, _, problem = await call(product, method, path, body)
        assert (status, problem["code"]) == wanted, (method, path)
    assert await writes() == []


async def test_a_key_that_stands_for_an_id_is_told_the_way(
    product: ClientSession, connect: Connect
) -> None:
    base = f"/v1/connections/{await connect()}"
    number, put = "The list finds one by `?number=`, with its id.", "PUT takes a key"
    for method, path, told in (
        ("GET", "customers/N-2001", {number}),
        ("PATCH", "customers/N-2001", {number, put}),
        ("GET", "sales-orders/S-1", {number}),
        ("GET", "ledger-entries/1", set()),
    ):
        status, _, problem = await call(product, method, f"{base}/{path}", {})
        assert (status, problem["code"]) == (404, "not_found"), path
        assert {one for one in (number, put) if one in problem["detail"]} == told, path
    path = f"{base}/items/5f8c0000-0000-4000-8000-00000000dead"
    status, _, problem = await call(product, "PUT", path, {"name": "Chair"})
    assert (status, problem["code"]) == (422, "invalid_input")
    assert problem["errors"][0]["hint"] == "To change a record by its id, PATCH it."


async def test_a_slash_in_a_key_is_told_the_way(product: ClientSession, connect: Connect) -> None:
    base, told = f"/v1/connections/{await connect()}", "In a key `/` is written `%2F`."
    for method, path, status in (
        ("PUT", "customers/N/2001", 405),
        ("PUT", "customers/N/20/01", 404),
        ("PUT", "matches/items/N/20", 404),
        ("GET", "customers/N/2001", 405),
        ("PUT", "customers", 405),
    ):
        found, _, problem = await call(product, method, f"{base}/{path}", {})
        assert (found, told in problem["detail"]) == (status, method == "PUT" and "/" in path), path


async def test_a_write_that_waits_is_settled(product: ClientSession, connect: Connect) -> None:
    path = f"/v1/connections/{await connect()}/customers/N-77"
    _, headers, _ = await call(product, "PUT", path, {"name": "Nordwind AG"})
    operation = f"/v1/operations/{headers['Operation-Id']}"
    for end in ("retry", "cancel"):
        status, _, problem = await call(product, "POST", f"{operation}/{end}")
        assert (status, problem["code"]) == (409, "conflict")
        assert "over" in problem["detail"]
    status, _, _ = await call(product, "POST", "/v1/operations/op_nothing/retry")
    assert status == 404
    _, _, known = await call(product, "GET", "/v1/resources")
    customers = next(one for one in known["data"] if one["name"] == "customers")
    assert {"update", "upsert"} <= set(customers["verbs"])


async def test_an_order_is_invoiced_by_an_action(product: ClientSession, connect: Connect) -> None:
    path = f"/v1/connections/{await connect()}/sales-orders"
    _, _, order = await post(product, path, ORDER)
    action = f"{path}/{order['id']}/ship-and-invoice"

    status, _, problem = await post(product, f"{path}/{order['id']}/ship", {})
    assert (status, problem["code"]) == (404, "not_found")
    assert "ship-and-invoice" in problem["detail"]
    status, _, problem = await post(product, f"{path}/{order['id']}/create", {})
    assert (status, problem["code"]) == (404, "not_found")
    status, _, problem = await post(product, action, {"force": True})
    assert (status, problem["code"]) == (422, "invalid_input")
    status, _, problem = await post(product, action, {}, If_Match='"another"')
    assert (status, problem["code"]) == (412, "conflict")

    async with product.post(action) as response:  # no body at all
        answer = decode_json(await response.read())
        assert response.status == 200
        assert response.headers["Operation-Id"].startswith("op_")
    assert isinstance(answer, dict)
    invoice = answer.pop("invoice")
    assert answer == order, "as it was before"
    async with product.get(f"{path[:-6]}invoices/{invoice['id']}") as response:
        read = decode_json(await response.read())
        assert isinstance(read, dict)
        assert (read["number"], read["order"]["number"]) == (invoice["number"], order["number"])

    status, _, problem = await post(product, action, {})
    assert (status, problem["code"]) == (404, "not_found")
    assert "what it made is found by the number of this record" in problem["detail"]
    wanted = {"order_number": order["number"]}
    async with product.get(f"{path[:-6]}invoices", params=wanted) as response:
        assert [one["id"] for one in (await response.json())["data"]] == [invoice["id"]]


async def test_the_resources_tell_their_actions(product: ClientSession) -> None:
    async with product.get("/v1/resources") as response:
        found = {one["name"]: one for one in (await response.json())["data"]}
    assert found["sales-orders"]["actions"] == ["ship-and-invoice"]
    assert found["sales-orders"]["verbs"] == ["create", "list", "read", "update"]
    assert found["customers"]["actions"] == []
