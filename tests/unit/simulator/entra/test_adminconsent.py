"""Admin consent: what comes back, and what an application may do afterwards."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from gateway.simulator import CLIENT_ID
from gateway.simulator.seed.companies import OTHER_TENANT_DOMAIN, OTHER_TENANT_ID
from tests.unit.simulator.client import REDIRECT, Client, Reply, token_request

SCOPE = "https://api.businesscentral.dynamics.com/.default"
OWNER = "owner@larkfield.example"
REQUEST = {"client_id": CLIENT_ID, "redirect_uri": REDIRECT, "state": "a state"}
NEW, OLD = "/v2.0/adminconsent", "/adminconsent"


async def decide(
    client: Client, path: str, decision: str = "accept", username: str = OWNER, **more: str
) -> Reply:
    given = {**REQUEST, **({"scope": SCOPE} if path.endswith(NEW) else {})}
    fields = {**given, "username": username, "decision": decision, **more}
    return await client.form(path, fields)


def back(reply: Reply) -> dict[str, str]:
    assert reply.status == 302, reply.text
    parts = urlsplit(reply.headers["Location"])
    assert reply.headers["Location"].startswith(REDIRECT)
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


async def roles(client: Client, tenant: str = OTHER_TENANT_DOMAIN) -> list[str]:
    fields = token_request(grant_type="client_credentials", scope=SCOPE)
    reply = await client.form(f"/{tenant}/oauth2/v2.0/token", fields)
    claims = jwt.decode(reply.json["access_token"], options={"verify_signature": False})
    return list(claims.get("roles", []))


async def test_the_page_asks_for_the_organization(client: Client) -> None:
    path = f"/{OTHER_TENANT_DOMAIN}{NEW}"
    page = await client.send("GET", path, None, None, **REQUEST, scope=SCOPE)
    for part in ("Review for your organization", OWNER, "Accept", "Cancel", "registered for"):
        assert part in page.text
    assert "clerk@harwick.example" not in page.text


@pytest.mark.parametrize("tenant", [OTHER_TENANT_DOMAIN, OTHER_TENANT_ID, "organizations"])
async def test_consent_gives_the_application_its_roles(client: Client, tenant: str) -> None:
    assert await roles(client) == []
    sent = back(await decide(client, f"/{tenant}{NEW}"))
    assert sent == {
        "admin_consent": "True",
        "tenant": OTHER_TENANT_ID,
        "scope": SCOPE,
        "state": "a state",
    }
    assert await roles(client) == ["API.ReadWrite.All", "app_access"]


async def test_the_older_endpoint_says_less(client: Client) -> None:
    sent = back(await decide(client, f"/common{OLD}"))
    assert sent == {"admin_consent": "True", "tenant": OTHER_TENANT_ID, "state": "a state"}
    assert await roles(client) != []
    refused = back(await decide(client, f"/common{OLD}", "cancel"))
    assert refused == {
        "error": "permission_denied",
        "error_description": "The admin canceled the request",
        "state": "a state",
    }


async def test_a_refusal_says_admin_consent_too(client: Client) -> None:
    sent = back(await decide(client, f"/organizations{NEW}", "cancel"))
    assert (sent["admin_consent"], sent["error"], sent["state"]) == (
        "True",
        "consent_required",
        "a state",
    )
    assert sent["error_description"].startswith(
        "AADSTS65004: The resource owner or authorization server denied the request.\r\nTrace ID: "
    )
    assert await roles(client) == []


async def test_only_an_administrator_can_consent(client: Client) -> None:
    reply = await decide(client, f"/organizations{NEW}", username="clerk@harwick.example")
    assert (reply.status, "AADSTS90094" in reply.text) == (400, True)
    foreign = await decide(client, f"/harwick.example{NEW}")
    assert (foreign.status, "AADSTS50034" in foreign.text) == (400, True)


async def test_delegated_scopes_give_no_roles_but_spare_the_people_the_question(
    client: Client,
) -> None:
    scope = "https://api.businesscentral.dynamics.com/Financials.ReadWrite.All"
    back(await decide(client, f"/organizations{NEW}", scope=scope))
    assert await roles(client) == []
    tenants = (await client.get("/_simulator/consents")).json["value"]
    assert [each["for_everybody"] for each in tenants] == [False, True]


async def test_named_roles_are_the_ones_that_are_given(client: Client) -> None:
    root = "https://api.businesscentral.dynamics.com"
    back(await decide(client, f"/organizations{NEW}", scope=f"{root}/AdminCenter.ReadWrite.All"))
    assert await roles(client) == ["AdminCenter.ReadWrite.All", "app_access"]


async def test_a_consent_can_be_withdrawn(client: Client) -> None:
    assert await roles(client, "harwick.example") != []
    gone = await client.send("DELETE", "/_simulator/consents", {"tenant": "harwick.example"})
    assert gone.status == 204
    assert await roles(client, "harwick.example") == []
    await client.post("/_simulator/reset", {})
    assert await roles(client, "harwick.example") != []


@pytest.mark.parametrize(
    ("path", "changes", "number"),
    [
        (f"/organizations{NEW}", {"scope": ""}, 900144),
        (f"/organizations{NEW}", {"scope": "https://graph.microsoft.com/.default"}, 650053),
        (f"/organizations{NEW}", {"redirect_uri": ""}, 900144),
        (f"/organizations{NEW}", {"redirect_uri": "https://evil.example/"}, 50011),
        (f"/consumers{NEW}", {}, 9002331),
        (f"/nowhere.example{OLD}", {}, 90002),
    ],
)
async def test_mistakes_are_shown(
    client: Client, path: str, changes: dict[str, str], number: int
) -> None:
    reply = await decide(client, path, **changes)
    assert (reply.status, f"AADSTS{number}" in reply.text) == (400, True)


async def test_without_a_redirect_the_older_endpoint_ends_on_a_page(client: Client) -> None:
    page = await client.send("GET", f"/common{OLD}", None, None, client_id=CLIENT_ID)
    assert "Review for your organization" in page.text
    done = await decide(client, f"/common{OLD}", redirect_uri="")
    assert "The permissions were given." in done.text


async def test_an_armed_refusal_goes_back(client: Client) -> None:
    await client.arm("authorize_error", number=90099)
    sent = back(await decide(client, f"/organizations{NEW}"))
    assert (sent["error"], sent["admin_consent"]) == ("unauthorized_client", "True")
