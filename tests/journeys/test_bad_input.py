"""Bad input: each gets its status, its code and its pointers; nothing is written or logged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from aiohttp import ClientSession
from structlog.testing import capture_logs

from gateway.app import Gateway
from gateway.documents import encode_json
from tests.conftest import Caller, Connect, Writes

CANARY = "Philomena Quince"
ORDER: dict[str, Any] = {
    "external_reference": "DEAL-1",
    "customer": {"number": "10000"},
    "ship_to": {"name": CANARY},
    "lines": [{"sku": "1896-S", "quantity": 2, "unit_price": Decimal("19.90")}],
}
JSON = {"Content-Type": "application/json"}


def line(**more: object) -> dict[str, Any]:
    return {**ORDER, "lines": [{"sku": "1896-S", "quantity": 1, **more}]}


def raw(order: Mapping[str, Any], old: bytes, new: bytes) -> bytes:
    data = encode_json(order)
    assert old in data
    return data.replace(old, new)


BODIES: dict[str, tuple[bytes, int, str, list[str]]] = {
    "broken": (encode_json(ORDER)[:-1], 400, "invalid_json", []),
    "empty": (b"", 400, "invalid_json", []),
    "duplicate key": (raw(ORDER, b'"lines"', b'"lines":[],"lines"'), 400, "invalid_json", []),
    "NaN": (raw(ORDER, b"19.90", b"NaN"), 400, "invalid_json", []),
    "Infinity": (raw(ORDER, b"19.90", b"-Infinity"), 400, "invalid_json", []),
    "100 digits": (raw(ORDER, b"19.90", b"9" * 100), 400, "invalid_json", []),
    "100 decimals": (raw(ORDER, b"19.90", b"1." + b"9" * 100), 400, "invalid_json", []),
    "huge exponent": (raw(ORDER, b"19.90", b"1e400000"), 400, "invalid_json", []),
    "no exponent": (raw(ORDER, b"19.90", b"1e" + b"9" * 20), 400, "invalid_json", []),
    "too deep": (b'{"a":' + b"[" * 500 + b"]" * 500 + b"}", 400, "invalid_json", []),
    "not UTF-8": (raw(ORDER, b"Quince", b"Quinc\xe9"), 400, "invalid_json", []),
    "too large": (raw(ORDER, b"Quince", b"Q" * 6_000_000), 413, "too_large", []),
    "a list": (b"[]", 422, "invalid_input", [""]),
    "missing": (
        encode_json({"customer": {}, "lines": [{}]}),
        422,
        "invalid_input",
        ["/customer", "/lines/0", "/lines/0"],
    ),
    "extra": (encode_json(line(skuu="1896-S")), 422, "invalid_input", ["/lines/0/skuu"]),
    "read only": (encode_json({**ORDER, "number": "1"}), 422, "invalid_input", ["/number"]),
    "wrong type": (encode_json(line(quantity="2")), 422, "invalid_input", ["/lines/0/quantity"]),
    "null": (encode_json(line(quantity=None)), 422, "invalid_input", ["/lines/0/quantity"]),
    "too long": (
        encode_json({**ORDER, "external_reference": CANARY * 3}),
        422,
        "invalid_input",
        ["/external_reference"],
    ),
    "no date": (
        encode_json({**ORDER, "order_date": "2026-02-30"}),
        422,
        "invalid_input",
        ["/order_date"],
    ),
    "25 at once": (
        encode_json({**ORDER, "lines": [{"sku": "1896-S", "quantity": CANARY}] * 25}),
        422,
        "invalid_input",
        [f"/lines/{index}/quantity" for index in range(25)],
    ),
}


async def test_bodies(product: ClientSession, connect: Connect, writes: Writes) -> None:
    path = f"/v1/connections/{await connect()}/sales-orders"
    found, bodies = {}, []
    with capture_logs() as logs:
        for name, (data, *_) in BODIES.items():
            async with product.post(path, data=BytesIO(data), headers=JSON) as response:
                problem = json.loads(await response.read())
                pointers = sorted(error["pointer"] for error in problem["errors"])
                found[name] = (response.status, problem["code"], pointers)
                assert response.content_type == "application/problem+json"
                bodies.append(problem)
    expected = {name: (status, code, sorted(at)) for name, (_, status, code, at) in BODIES.items()}
    assert found == expected
    assert CANARY not in json.dumps([bodies, logs], default=str)
    assert await writes() == []


async def test_an_extra_field_gets_a_suggestion(product: ClientSession, connect: Connect) -> None:
    path = f"/v1/connections/{await connect()}/sales-orders"
    async with product.post(path, data=encode_json(line(skuu="x")), headers=JSON) as response:
        (error,) = (await response.json())["errors"]
    assert "sku" in error["hint"]


async def test_content_types(product: ClientSession, connect: Connect) -> None:
    path = f"/v1/connections/{await connect()}/sales-orders"
    for content_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/xml",
    ):
        headers = {"Content-Type": content_type}
        async with product.post(path, data=encode_json(ORDER), headers=headers) as response:
            assert (response.status, (await response.json())["code"]) == (
                415,
                "unsupported_media_type",
            )


async def test_who_may_not(gateway: Gateway, caller: Caller, connect: Connect) -> None:
    connection = await connect()
    stranger = await caller("product", "another")
    for method, path in (
        ("GET", f"/v1/connections/{connection}"),
        ("DELETE", f"/v1/connections/{connection}"),
        ("GET", f"/v1/connections/{connection}/customers"),
        ("POST", f"/v1/connections/{connection}/sales-orders"),
        ("GET", f"/v1/connections/{connection}/matches/items"),
        ("GET", "/v1/connections/con_nowhere/customers"),
    ):
        async with stranger.request(method, path, json={}) as response:
            assert (response.status, (await response.json())["code"]) == (
                404,
                "unknown_connection",
            )
    async with stranger.get("/v1/connections") as response:
        assert (await response.json())["data"] == []
    async with stranger.post("/v1/dry-run", json={}) as response:
        assert (response.status, (await response.json())["code"]) == (403, "forbidden")
    async with stranger.post("/v1/connections", json={"organization": "harwick"}) as response:
        assert (response.status, (await response.json())["code"]) == (403, "forbidden")
    async with (
        ClientSession(gateway.config.public.url) as nobody,
        nobody.get(f"/v1/connections/{connection}") as response,
    ):
        assert (response.status, (await response.json())["code"]) == (401, "unauthenticated")


async def test_an_unknown_resource(product: ClientSession, connect: Connect) -> None:
    connection = await connect()
    for method, path in (
        ("GET", "sales-order"),
        ("POST", "sales-order"),
        ("GET", "sales-order/5f8c0000-0000-4000-8000-000000000001"),
    ):
        url = f"/v1/connections/{connection}/{path}"
        async with product.request(method, url, json=ORDER | {"lines": []}) as response:
            problem = await response.json()
            assert (response.status, problem["code"]) == (404, "unknown_resource")
            assert "sales-orders" in problem["detail"]


async def test_unfit_queries(product: ClientSession, connect: Connect) -> None:
    connection = await connect()
    for query in (
        "limit=0",
        "limit=1001",
        "limit=x",
        "cursor=made-up",
        "numbr=1",
        "limit=1&limit=2",
    ):
        async with product.get(f"/v1/connections/{connection}/customers?{query}") as response:
            assert (response.status, (await response.json())["code"]) == (400, "invalid_query"), (
                query
            )


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "application/x-www-form-urlencoded; charset=bogus",
        "application/x-www-form-urlencoded; charset=utf-16",
        "text/plain",
    ],
)
async def test_a_form_that_no_browser_sends_gets_a_page(gateway: Gateway, kind: str) -> None:
    url = f"{gateway.config.public.url}/connect/anything"
    async with (
        ClientSession() as session,
        session.post(url, data=b"\xff\xfe=1", headers={"Content-Type": kind}) as response,
    ):
        assert 400 <= response.status < 500
        assert response.content_type == "text/html"
