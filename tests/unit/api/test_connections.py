"""Connections as products see and change them."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientSession

from gateway.api import shapes
from gateway.simulator import COMPANIES, TENANT_ID
from gateway.validation import Validator
from tests.conftest import Caller, Connect

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
    assert [(known["name"], known["type"]) for known in environments] == [
        ("Production", "Production"),
        ("Sandbox", "Sandbox"),
    ]
    assert {(known["country"], known["ring"]) for known in environments} == {("GB", "PROD")}
    assert "/Sandbox" in environments[1]["web_client_url"]
    companies = (await read(product, f"{base}/companies"))["data"]
    assert [company["name"] for company in companies] == [company[1] for company in COMPANIES]
    assert companies[0]["system_version"] == "28.0.0.0"
    assert companies[0]["created_at"] == companies[0]["updated_at"]
    for shape, answered in ((shapes.ENVIRONMENT, environments), (shapes.COMPANY, companies)):
        assert [Validator(shape).violations(each) for each in answered] == [[], []]


async def test_another_company(product: ClientSession, connect: Connect) -> None:
    path = f"/v1/connections/{await connect()}"
    params = {"freight_charge": "S-FREIGHT"}
    change = {"company": {"name": "Harwick Ireland"}, "label": "Dublin", "params": params}
    async with product.patch(path, json=change) as response:
        changed = await response.json()
    assert response.status == 200
    assert (changed["company"]["name"], changed["label"]) == ("Harwick Ireland", "Dublin")
    assert (await read(product, path))["params"] == params
    for wrong in ({"name": "Harwick Irland"}, {"id": "x"}, {}, {"id": "x", "name": "y"}):
        async with product.patch(path, json={"company": wrong}) as response:
            problem = await response.json()
        assert (response.status, problem["code"]) == (422, "invalid_input"), wrong
    assert (await read(product, path))["company"]["name"] == "Harwick Ireland"


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"freigth_charge": "S-FREIGHT"}, "/params/freigth_charge"),
        ({"freight_charge": 7}, "/params/freight_charge"),
        ({"freight_charge": "S" * 21}, "/params/freight_charge"),
    ],
)
async def test_settings_that_no_mapping_takes(
    product: ClientSession, params: dict[str, object], pointer: str
) -> None:
    async with product.post("/v1/connections", json={"organization": "harwick"}) as response:
        path = response.headers["Location"]
    for method, where, body in (
        ("PATCH", path, {"params": params}),
        ("POST", "/v1/connections", {"organization": "other", "params": params}),
    ):
        async with product.request(method, where, json=body) as response:
            problem = await response.json()
        assert (response.status, problem["errors"][0]["pointer"]) == (422, pointer)
    assert (await read(product, path))["params"] == {}
    assert len((await read(product, "/v1/connections"))["data"]) == 1


async def test_reconnect_keeps_the_id_and_ends_older_addresses(
    product: ClientSession, connect: Connect
) -> None:
    connection = await connect()
    path = f"/v1/connections/{connection}/reconnect"
    async with product.post(path) as response:
        first = (await response.json())["connect_url"]
    async with product.post(path) as response:
        again = await response.json()
    assert (response.status, again["id"]) == (200, connection)
    async with ClientSession() as browser:
        async with browser.get(first) as response:
            assert response.status == 404
        async with browser.get(again["connect_url"]) as response:
            assert response.status == 200


APPLICATION = {
    "organization": "harwick",
    "grant": "client_credentials",
    "tenant": TENANT_ID,
    "environment": "Production",
    "company": {"name": "Harwick Distributors Ltd"},
}


async def test_an_application_connects_without_a_browser(product: ClientSession) -> None:
    async with product.post("/v1/connections", json=APPLICATION) as response:
        made = await response.json()
    assert (response.status, made["status"]) == (201, "active")
    assert "connect_url" not in made
    assert CONNECTION.violations(made) == []
    path = response.headers["Location"]
    async with product.get(f"{path}/customers?limit=1") as response:
        assert response.status == 200
    async with product.patch(path, json={"environment": "Sandbox"}) as response:
        moved = await response.json()
    assert (moved["status"], moved["company"]) == ("choose_company", None)
    change = {"environment": "Sandbox", "company": {"name": "Harwick Ireland"}}
    async with product.patch(path, json=change) as response:
        moved = await response.json()
    assert (moved["status"], moved["company"]["name"]) == ("active", "Harwick Ireland")
    async with product.post(f"{path}/reconnect") as response:
        again = await response.json()
    assert (again["status"], "connect_url" in again) == ("active", False)


async def test_whose_tenant_it_is_says_no_key_of_one_organization(caller: Caller) -> None:
    limited = await caller("product", "harwick")
    async with limited.post("/v1/connections", json=APPLICATION) as response:
        assert (response.status, (await response.json())["code"]) == (403, "forbidden")
    assert (await read(limited, "/v1/connections"))["data"] == []


async def test_a_diagnosis_names_every_rung(product: ClientSession, connect: Connect) -> None:
    connection = await connect()
    async with product.post(f"/v1/connections/{connection}/diagnosis") as response:
        found = await response.json()
    assert response.status == 200
    assert Validator(shapes.DIAGNOSIS).violations(found) == []
    assert (found["passed"], found["first_failed"]) == (True, None)
    names = [rung["name"] for rung in found["rungs"]]
    assert names[:4] == ["sign_in", "tenant", "environment", "company"]
    assert {"read customers", "read items", "read salesOrders"} <= set(names)
    async with product.post("/v1/connections", json={"organization": "harwick"}) as response:
        pending = response.headers["Location"]
    async with product.post(f"{pending}/diagnosis") as response:
        found = await response.json()
    assert (found["passed"], found["first_failed"]["name"]) == (False, "sign_in")


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
        {"organization": "harwick", "grant": "password"},
        {"organization": "harwick", "grant": "client_credentials"},
        {**APPLICATION, "return_url": "https://shop.example/"},
        {**APPLICATION, "credentials": {"user": "GATEWAY", "key": "key"}},
        {"organization": "harwick", "company": {"name": "Harwick Ireland"}},
        {"organization": "harwick", "credentials": {"user": "GATEWAY", "key": "key"}},
        {"organization": "harwick", "params": {"nested": {}}},
        {"organization": "harwick", "environmnt": "Production"},
    ]
    for given in wrong:
        async with product.post("/v1/connections", json=given) as response:
            problem = await response.json()
        assert (response.status, problem["code"]) == (422, "invalid_input"), given
        assert problem["errors"]
    assert (await read(product, "/v1/connections"))["data"] == []
