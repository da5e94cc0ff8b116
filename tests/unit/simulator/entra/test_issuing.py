"""What stands in tokens, and what armed faults make of it."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from gateway.simulator import CLIENT_ID, TENANT_ID
from gateway.simulator.seed.companies import OTHER_TENANT_ID
from tests.unit.simulator.client import Client, Reply, sign_in, token_request

ROOT = "https://api.businesscentral.dynamics.com"


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


async def itself(client: Client, tenant: str = TENANT_ID) -> Reply:
    fields = token_request(grant_type="client_credentials", scope=f"{ROOT}/.default")
    return await client.form(f"/{tenant}/oauth2/v2.0/token", fields)


async def test_the_claims_of_a_person(client: Client) -> None:
    tokens = await sign_in(client)
    access, identity = claims(tokens["access_token"]), claims(tokens["id_token"])
    assert (access["ver"], identity["ver"]) == ("1.0", "2.0")
    assert access["iss"] == f"{client.simulator.url}/{TENANT_ID}/"
    assert (access["appid"], access["appidacr"]) == (CLIENT_ID, "1")
    assert access["upn"] == access["unique_name"] == identity["preferred_username"]
    assert "roles" not in access
    assert access["oid"] == identity["oid"]
    assert len({access["sub"], identity["sub"], access["oid"]}) == 3


async def test_the_claims_of_an_application(client: Client) -> None:
    reply = await itself(client)
    access = claims(reply.json["access_token"])
    assert access["oid"] == access["sub"]
    assert access["roles"] == ["API.ReadWrite.All", "app_access"]
    assert {"scp", "upn", "name"}.isdisjoint(access)
    assert "scope" not in reply.json


@pytest.mark.parametrize(
    ("scope", "shown"),
    [
        (f"{ROOT}/user_impersonation", ""),
        (f"{ROOT}/.default offline_access", f" {ROOT}/.default"),
    ],
)
async def test_the_scope_is_what_was_consented_to(client: Client, scope: str, shown: str) -> None:
    tokens = await sign_in(client, scope=scope)
    both = f"{ROOT}/Financials.ReadWrite.All {ROOT}/user_impersonation"
    assert tokens["scope"] == both + shown
    assert claims(tokens["access_token"])["scp"] == "Financials.ReadWrite.All user_impersonation"


async def test_every_route_has_its_permission(client: Client) -> None:
    data, automation = "customers", "/v2.0/Production/api/microsoft/automation/v2.0/companies"
    for roles, refused in (
        (["API.ReadWrite.All"], automation),
        (["Automation.ReadWrite.All"], data),
    ):
        await client.post("/_simulator/consents", {"roles": roles})
        client.token = (await itself(client)).json["access_token"]
        for path in (data, automation):
            reply = await client.get(path)
            assert (reply.status == 401) == (path == refused), (roles, path)


async def test_without_a_scope_of_business_central_the_token_is_for_another(
    client: Client,
) -> None:
    tokens = await sign_in(client, scope="openid profile offline_access")
    assert claims(tokens["access_token"])["aud"] == "00000003-0000-0000-c000-000000000000"
    client.token = tokens["access_token"]
    assert (await client.get("customers")).status == 401


async def test_a_wrong_audience(client: Client) -> None:
    await client.arm("wrong_audience")
    token = (await itself(client)).json["access_token"]
    assert claims(token)["aud"] == "https://graph.microsoft.com"
    client.token = token
    assert (await client.get("customers")).status == 401
    client.token = (await itself(client)).json["access_token"]
    assert (await client.get("customers")).status == 200


async def test_a_wrong_tenant(client: Client) -> None:
    await client.arm("wrong_tenant", {"path": "/token$"})
    tokens = await sign_in(client)
    for token in (tokens["access_token"], tokens["id_token"]):
        assert claims(token)["tid"] == OTHER_TENANT_ID
        assert OTHER_TENANT_ID in claims(token)["iss"]
    client.token = tokens["access_token"]
    path = f"/v2.0/{TENANT_ID}/Production/api/v2.0/companies"
    assert (await client.get(path)).status == 401
    assert (await client.get("customers")).code == "NoEnvironment"
    await client.arm("wrong_tenant", tenant="0d9a2c34-9d4f-4b6a-8a8e-6f1f0a7c1111")
    assert claims((await itself(client)).json["access_token"])["tid"].startswith("0d9a2c34")


@pytest.mark.parametrize(("seconds", "status"), [(600, 401), (-600, 200), (-3600, 401)])
async def test_a_skewed_clock(client: Client, seconds: int, status: int) -> None:
    now = int(client.simulator.clock.now().timestamp())
    await client.arm("clock_skew", seconds=seconds)
    client.token = (await itself(client)).json["access_token"]
    times = claims(client.token)
    assert (times["nbf"], times["exp"]) == (now + seconds, now + seconds + 3599)
    assert (await client.get("customers")).status == status


async def test_the_other_tenant_has_no_environment(client: Client) -> None:
    client.token = (await sign_in(client, username="owner@larkfield.example"))["access_token"]
    assert (await client.get("/environments/v1.2")).json["value"] == []
    assert (await client.get("customers")).code == "NoEnvironment"
