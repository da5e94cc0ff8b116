"""Connections as products see and change them."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientSession

from gateway.api import shapes
from gateway.simulator import COMPANIES, TENANT_ID
from gateway.validation import Validator
from tests.conftest import Connect

CONNECTION = Validator(
    {**shapes.CONNECTION, "components": {"schemas": {"Problem": shapes.PROBLEM}}}
)


async def read(product: ClientSession, path: str) -> dict[str, Any]:
    async with product.get(path) as response:
        assert response.status == 200
        body: dict[str, Any] = await response.json()
        return body


async def test_from_pending_to_active(product: ClientSession, connect: Connect) -> None:
    async with product.post("/v1/connections", json={"organization": "harwick"}) as response:
        created = await response.json()
    assert response.status == 201
    assert response.headers["Location"] == f"/v1/connections/{created['id']}"
    assert created["status"] == "pending"
    assert "/connect/" in created["connect_url"]
    assert CONNECTION.violations(created) == []

    active = await read(product, f"/v1/connections/{await connect()}")
    assert CONNECTION.violations(active) == []
    assert (active["status"], active["tenant"]) == ("active", TENANT_ID)
    assert active["company"] == {"id": COMPANIES[0][0], "name": COMPANIES[0][1]}
    assert "connect_url" not in active


async def test_listing(product: ClientSession, connect: Connect) -> None:
    active = await connect()
    async with product.post("/v1/connections", json={"organization": "other"}) as response:
        pending = (await response.json())["id"]

    async def listed(query: str) -> list[str]:
        body = await read(product, f"/v1/connections?{query}")
        return [connection["id"] for connection in body["data"]]

    assert await listed("") == [active, pending]
    assert await listed("organization=other") == [pending]
    assert await listed("status=active") == [active]
    async with product.get("/v1/connections?status=activ") as response:
        assert (response.status, (await response.json())["code"]) == (400, "invalid_query")


async def test_what_the_tenant_has(product: ClientSession, connect: Connect) -> None:
    base = f"/v1/connections/{await connect()}"
    environments = (await read(product, f"{base}/environments"))["data"]
    assert environments == [
        {"name": "Production", "type": "Production"},
        {"name": "Sandbox", "type": "Sandbox"},
    ]
    companies = (await read(product, f"{base}/companies"))["data"]
    assert [company["name"] for company in companies] == [company[1] for company in COMPANIES]


async def test_another_company(product: ClientSession, connect: Connect) -> None:
    path = f"/v1/connections/{await connect()}"
    change = {"company": {"name": "Harwick Ireland"}, "label": "Dublin", "params": {"depot": "D1"}}
    async with product.patch(path, json=change) as response:
        changed = await response.json()
    assert response.status == 200
    assert (changed["company"]["name"], changed["label"]) == ("Harwick Ireland", "Dublin")
    assert (await read(product, path))["params"] == {"depot": "D1"}
    for wrong in ({"name": "Harwick Irland"}, {"id": "x"}, {}, {"id": "x", "name": "y"}):
        async with product.patch(path, json={"company": wrong}) as response:
            problem = await response.json()
        assert (response.status, problem["code"]) == (422, "invalid_input"), wrong
    assert (await read(product, path))["company"]["name"] == "Harwick Ireland"


async def test_reconnect_keeps_the_id(product: ClientSession, connect: Connect) -> None:
    connection = await connect()
    async with product.post(f"/v1/connections/{connection}/reconnect") as response:
        again = await response.json()
    assert (response.status, again["id"]) == (200, connection)
    assert "/connect/" in again["connect_url"]


async def test_deleting(product: ClientSession, connect: Connect) -> None:
    path = f"/v1/connections/{await connect()}"
    async with product.delete(path) as response:
        assert response.status == 204
    async with product.get(path) as response:
        assert (response.status, (await response.json())["code"]) == (404, "unknown_connection")


async def test_what_a_connection_cannot_be(product: ClientSession) -> None:
    wrong: list[dict[str, Any]] = [
        {},
        {"organization": ""},
        {"organization": "harwick", "tenant": "harwick"},
        {"organization": "harwick", "return_url": "javascript:alert(1)"},
        {"organization": "harwick", "grant": "basic"},
        {"organization": "harwick", "params": {"nested": {}}},
        {"organization": "harwick", "environmnt": "Production"},
    ]
    for given in wrong:
        async with product.post("/v1/connections", json=given) as response:
            problem = await response.json()
        assert (response.status, problem["code"]) == (422, "invalid_input"), given
        assert problem["errors"]
    assert (await read(product, "/v1/connections"))["data"] == []
