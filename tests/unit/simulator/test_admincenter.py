"""The admin center's list of environments, and its own shape of errors."""

from __future__ import annotations

import pytest

from gateway.simulator import TENANT_ID
from tests.unit.simulator.client import Client, accept, redeem, token_request

ROOT = "/admin/v2.29/applications"
ROLE = "AdminCenter.ReadWrite.All"


@pytest.mark.parametrize("path", [f"{ROOT}/environments", f"{ROOT}/BusinessCentral/environments"])
async def test_an_administrator_lists_the_environments(client: Client, path: str) -> None:
    value = (await client.get(path)).json["value"]
    assert [(each["name"], each["type"], each["status"]) for each in value] == [
        ("Production", "Production", "Active"),
        ("Sandbox", "Sandbox", "Active"),
    ]
    assert {each["aadTenantId"] for each in value} == {TENANT_ID}


async def test_the_version_is_that_of_the_environment(client: Client) -> None:
    await client.patch("/_simulator/environments/Sandbox", {"release": "26.0"})
    listed = (await client.get(f"{ROOT}/environments")).json["value"]
    assert [each["versionDetails"] for each in listed] == [
        {"version": "28.0.0.0"},
        {"version": "26.0.0.0"},
    ]
    for name, version in (("Production", "28.0.0.0"), ("Sandbox", "26.0.0.0")):
        companies = (await client.get(f"/v2.0/{name}/api/v2.0/companies")).json["value"]
        assert {each["systemVersion"] for each in companies} == {version}


async def test_one_environment_by_its_name_in_any_case(client: Client) -> None:
    one = await client.get(f"{ROOT}/businesscentral/environments/sandbox")
    assert (one.status, one.json["name"]) == (200, "Sandbox")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{ROOT}/BusinessCentral/environments/Nowhere", 404, "environmentNotFound"),
        (f"{ROOT}/Minecraft/environments", 404, "applicationTypeDoesNotExist"),
        ("/admin/v2.99/applications/environments", 404, "Unknown"),
        ("/admin/latest/applications/environments", 404, "Unknown"),
    ],
)
async def test_errors_are_flat(client: Client, path: str, status: int, code: str) -> None:
    reply = await client.get(path)
    assert (reply.status, reply.json["code"]) == (status, code)
    assert "error" not in reply.json
    assert reply.json["message"]


async def test_the_rest_of_it_is_not_simulated(client: Client) -> None:
    for method, path in (
        ("GET", f"{ROOT}/BusinessCentral/environments/Sandbox/apps"),
        ("PUT", f"{ROOT}/BusinessCentral/environments/New"),
        ("GET", "/admin/v2.29/settings"),
    ):
        assert (await client.send(method, path)).status == 501, path


async def itself(client: Client) -> None:
    scope = "https://api.businesscentral.dynamics.com/.default"
    fields = token_request(grant_type="client_credentials", scope=scope)
    reply = await client.form(f"/{TENANT_ID}/oauth2/v2.0/token", fields)
    client.token = reply.json["access_token"]


async def test_who_is_no_administrator_is_refused(client: Client) -> None:
    back = await accept(client, username="clerk@harwick.example")
    client.token = (await redeem(client, back["code"])).json["access_token"]
    assert (await client.get(f"{ROOT}/environments")).status == 403
    client.token = ""
    nobody = await client.get(f"{ROOT}/environments")
    assert (nobody.status, nobody.json["code"]) == (401, "Unauthorized")
    assert "WWW-Authenticate" in nobody.headers


async def test_an_application_needs_the_role(client: Client) -> None:
    await itself(client)
    assert (await client.get(f"{ROOT}/environments")).json["code"] == "Forbidden"
    await client.post("/_simulator/consents", {"roles": ["API.ReadWrite.All", ROLE]})
    await itself(client)
    assert (await client.get(f"{ROOT}/environments")).status == 200
