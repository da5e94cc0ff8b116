"""What Microsoft's libraries ask before they trust an authority."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from gateway.simulator import TENANT_ID
from tests.unit.simulator.client import Client, Reply

PATH = "/common/discovery/instance"


async def ask(client: Client, endpoint: str, **headers: str) -> Reply:
    parameters = {"api-version": "1.1", "authorization_endpoint": endpoint}
    return await client.send("GET", PATH, None, headers, **parameters)


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("common", "common"),
        ("organizations", "organizations"),
        ("harwick.example", TENANT_ID),
        (TENANT_ID, TENANT_ID),
    ],
)
async def test_the_simulator_is_an_instance(client: Client, path: str, root: str) -> None:
    netloc = urlsplit(client.simulator.url).netloc
    reply = await ask(client, f"https://{netloc}/{path}/oauth2/v2.0/authorize")
    discovery = f"{client.simulator.url}/{root}/v2.0/.well-known/openid-configuration"
    assert reply.json["tenant_discovery_endpoint"] == discovery
    [group] = reply.json["metadata"]
    assert group["preferred_network"] == netloc
    assert {netloc, "127.0.0.1", "localhost"} <= set(group["aliases"])


async def test_under_microsofts_name_it_answers_with_that_name(client: Client) -> None:
    endpoint = "https://login.windows.net/common/oauth2/v2.0/authorize"
    reply = await ask(client, endpoint, Host="login.microsoftonline.com")
    [group] = reply.json["metadata"]
    assert (group["preferred_network"], group["preferred_cache"]) == (
        "login.microsoftonline.com",
        "login.windows.net",
    )
    assert "sts.windows.net" in group["aliases"]
    assert "login.microsoftonline.com/common/" in reply.json["tenant_discovery_endpoint"]


@pytest.mark.parametrize(
    ("endpoint", "error", "number"),
    [
        ("https://login.stranger.example/common", "invalid_instance", 50049),
        ("http://127.0.0.1/common", "invalid_instance", 50049),
        ("", "invalid_instance", 50049),
        ("https://[", "invalid_instance", 50049),
        ("https://127.0.0.1/nowhere.example/oauth2/v2.0/authorize", "invalid_request", 90002),
    ],
)
async def test_strangers_are_no_instance(
    client: Client, endpoint: str, error: str, number: int
) -> None:
    reply = await ask(client, endpoint)
    assert reply.status == 400
    assert (reply.json["error"], reply.json["error_codes"]) == (error, [number])


async def test_every_address_of_the_metadata_leads_somewhere(client: Client) -> None:
    path = "/organizations/v2.0/.well-known/openid-configuration"
    metadata = (await client.get(path)).json
    for name in ("authorization_endpoint", "jwks_uri", "end_session_endpoint"):
        assert (await client.get(metadata[name])).status in {200, 400}, name
    assert (await client.form(metadata["token_endpoint"], {})).status == 400
    assert set(metadata["response_modes_supported"]) == {"query", "fragment", "form_post"}


async def test_paths_are_read_in_any_case(client: Client) -> None:
    path = f"/{TENANT_ID.upper()}/V2.0/.well-known/OpenID-configuration"
    assert (await client.get(path)).json["issuer"] == f"{client.simulator.url}/{TENANT_ID}/v2.0"


async def test_personal_accounts_have_their_own_issuer(client: Client) -> None:
    metadata = (await client.get("/consumers/v2.0/.well-known/openid-configuration")).json
    assert "/9188040d-6c67-4c5b-b112-36a304b66dad/" in metadata["issuer"]


async def test_the_realm_of_an_account(client: Client) -> None:
    known = await client.get("/common/userrealm/admin@harwick.example", **{"api-version": "1.0"})
    assert (known.json["account_type"], known.json["domain_name"]) == (
        "Managed",
        "harwick.example",
    )
    unknown = await client.get("/common/UserRealm/eve@nowhere.example")
    assert unknown.json["account_type"] == "Unknown"
