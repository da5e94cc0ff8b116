"""Secrets roll over and consents come and go, as operators and administrators do it."""

from __future__ import annotations

import pytest

from gateway.simulator import CLIENT_ID, CLIENT_SECRET, TENANT_ID
from tests.unit.simulator.client import Client

SCOPE = "https://api.businesscentral.dynamics.com/.default"


async def code_of(client: Client, secret: str) -> int:
    fields = {
        "client_id": CLIENT_ID,
        "client_secret": secret,
        "grant_type": "client_credentials",
        "scope": SCOPE,
    }
    reply = await client.form(f"/{TENANT_ID}/oauth2/v2.0/token", fields)
    return 0 if reply.status == 200 else int(reply.json["error_codes"][0])


async def test_a_secret_rolls_over(client: Client) -> None:
    assert await code_of(client, "fresh") == 7000215
    assert (await client.post("/_simulator/secrets", {"secret": "fresh"})).status == 201
    assert [await code_of(client, secret) for secret in (CLIENT_SECRET, "fresh")] == [0, 0]
    gone = await client.send("DELETE", "/_simulator/secrets", {"secret": CLIENT_SECRET})
    assert gone.status == 204
    assert [await code_of(client, secret) for secret in (CLIENT_SECRET, "fresh")] == [7000215, 0]
    await client.post("/_simulator/reset", {})
    assert [await code_of(client, secret) for secret in (CLIENT_SECRET, "fresh")] == [0, 7000215]


async def test_a_secret_expires_by_the_clock(client: Client) -> None:
    reply = await client.post("/_simulator/secrets", {"secret": CLIENT_SECRET, "seconds": 60})
    assert reply.json == {"expires": "2026-03-02T12:01:00Z"}
    assert await code_of(client, CLIENT_SECRET) == 0
    client.simulator.clock.advance(60)
    assert await code_of(client, CLIENT_SECRET) == 7000222
    assert await code_of(client, "wrong") == 7000215


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "secrets", {}, 400),
        ("POST", "secrets", {"secret": "x", "seconds": -1}, 400),
        ("POST", "secrets", {"secret": "x", "seconds": "soon"}, 400),
        ("DELETE", "secrets", {"secret": "unknown"}, 404),
        ("POST", "consents", {"tenant": "nowhere.example"}, 404),
        ("POST", "consents", {"roles": ["Everything"]}, 400),
        ("DELETE", "consents", {"tenant": "nowhere.example"}, 404),
    ],
)
async def test_mistakes_are_told(
    client: Client, method: str, path: str, body: dict[str, object], status: int
) -> None:
    assert (await client.send(method, f"/_simulator/{path}", body)).status == status


async def test_a_consent_is_given_for_a_tenant(client: Client) -> None:
    wish = {"tenant": "larkfield.example", "roles": ["Automation.ReadWrite.All"]}
    value = (await client.post("/_simulator/consents", wish)).json["value"]
    assert [(each["domain"], each["roles"]) for each in value] == [
        ("harwick.example", ["API.ReadWrite.All", "app_access"]),
        ("larkfield.example", ["Automation.ReadWrite.All"]),
    ]
    assert value[0]["users"] == ["admin@harwick.example"]
