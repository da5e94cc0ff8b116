from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from gateway.simulator import CLIENT_ID, CLIENT_SECRET, TENANT_ID
from gateway.simulator.entra.tokens import AUDIENCE, signing_key
from tests.unit.simulator.client import (
    REDIRECT,
    Client,
    Reply,
    accept,
    authorize_request,
    redeem,
    sign_in,
    token_request,
)

ERROR_MEMBERS = {
    "error",
    "error_description",
    "error_codes",
    "timestamp",
    "trace_id",
    "correlation_id",
    "error_uri",
}


def refused(reply: Reply) -> tuple[int, str, int]:
    body = reply.json
    assert set(body) - {"suberror", "claims"} == ERROR_MEMBERS
    assert body["error_description"].startswith(f"AADSTS{body['error_codes'][0]}: ")
    return reply.status, body["error"], body["error_codes"][0]


async def refresh(client: Client, token: str, tenant: str = "organizations", **more: str) -> Reply:
    fields = token_request(grant_type="refresh_token", refresh_token=token, **more)
    return await client.form(f"/{tenant}/oauth2/v2.0/token", fields)


async def test_the_page_names_account_and_permissions(client: Client) -> None:
    request = authorize_request(prompt="consent")
    reply = await client.send("GET", "/organizations/oauth2/v2.0/authorize", None, None, **request)
    assert reply.status == 200
    for part in ("admin@harwick.example", "Accept", "Cancel", 'lang="en"', "while you are away"):
        assert part in reply.text
    assert 'name="code_challenge"' in reply.text


async def test_values_in_the_page_are_escaped(client: Client) -> None:
    request = authorize_request(state='"><script>alert(1)</script>')
    reply = await client.send("GET", "/common/oauth2/v2.0/authorize", None, None, **request)
    assert "<script>" not in reply.text


async def test_the_login_hint_chooses_the_account(client: Client) -> None:
    request = authorize_request(login_hint="clerk@harwick.example")
    reply = await client.send("GET", "/common/oauth2/v2.0/authorize", None, None, **request)
    assert 'value="clerk@harwick.example" checked' in reply.text


async def test_the_whole_flow_gives_verifiable_tokens(client: Client) -> None:
    back = await accept(client)
    assert back["state"] == "a state"
    tokens = (await redeem(client, back["code"])).json
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3599)
    metadata = (await client.get(f"/{TENANT_ID}/v2.0/.well-known/openid-configuration")).json
    keys = (await client.get(metadata["jwks_uri"])).json["keys"]
    claims = jwt.decode(
        tokens["id_token"],
        jwt.PyJWK(keys[0]),
        ["RS256"],
        audience=CLIENT_ID,
        issuer=metadata["issuer"],
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    assert claims["nonce"] == "a-nonce"
    assert (claims["tid"], claims["preferred_username"]) == (TENANT_ID, "admin@harwick.example")
    access = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert (access["aud"], access["tid"], access["oid"]) == (AUDIENCE, TENANT_ID, claims["oid"])
    assert "Financials.ReadWrite.All" in access["scp"]


@pytest.mark.parametrize("tenant", ["organizations", "common", TENANT_ID, "harwick.example"])
async def test_every_tenant_path_works(client: Client, tenant: str) -> None:
    back = await accept(client, tenant)
    assert (await redeem(client, back["code"], tenant)).status == 200


@pytest.mark.parametrize(
    ("tenant", "issuer"),
    [
        ("common", "{url}/{{tenantid}}/v2.0"),
        ("organizations", "{url}/{{tenantid}}/v2.0"),
        ("harwick.example", "{url}/" + TENANT_ID + "/v2.0"),
    ],
)
async def test_shared_paths_have_an_issuer_template(
    client: Client, tenant: str, issuer: str
) -> None:
    metadata = (await client.get(f"/{tenant}/v2.0/.well-known/openid-configuration")).json
    assert metadata["issuer"] == issuer.format(url=client.simulator.url)
    assert metadata["token_endpoint"].startswith(client.simulator.url)


async def test_an_unknown_tenant_is_refused(client: Client) -> None:
    for path in ("nowhere.example/v2.0/.well-known/openid-configuration",):
        assert refused(await client.get(f"/{path}")) == (400, "invalid_request", 90002)


async def test_a_code_is_good_once(client: Client) -> None:
    code = (await accept(client))["code"]
    assert (await redeem(client, code)).status == 200
    assert refused(await redeem(client, code)) == (400, "invalid_grant", 54005)


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"redirect_uri": "http://localhost:9/other"}, 500112),
        ({"code_verifier": "x" * 43}, 501481),
        ({"code_verifier": ""}, 501481),
        ({"code": "made-up"}, 9002313),
    ],
)
async def test_a_code_is_bound(client: Client, changes: dict[str, str], number: int) -> None:
    code = (await accept(client))["code"]
    fields = {"code": code, **changes}
    reply = await redeem(client, fields.pop("code"), **fields)
    assert refused(reply) == (400, "invalid_grant", number)


async def test_a_code_is_bound_to_the_tenant_path(client: Client) -> None:
    code = (await accept(client))["code"]
    assert refused(await redeem(client, code, TENANT_ID)) == (400, "invalid_grant", 700005)


async def test_a_code_lives_ten_minutes(client: Client) -> None:
    code = (await accept(client))["code"]
    client.simulator.clock.advance(600)
    assert refused(await redeem(client, code)) == (400, "invalid_grant", 70008)


async def test_a_refresh_gives_a_new_token_and_keeps_the_old(client: Client) -> None:
    first = (await sign_in(client))["refresh_token"]
    second = (await refresh(client, first)).json["refresh_token"]
    assert second != first
    assert (await refresh(client, first)).status == 200
    assert (await refresh(client, second, TENANT_ID)).status == 200


async def test_a_refresh_token_dies_of_inactivity(client: Client) -> None:
    token = (await sign_in(client))["refresh_token"]
    client.simulator.clock.advance(90 * 86_400)
    assert refused(await refresh(client, token)) == (400, "invalid_grant", 700082)
    assert refused(await refresh(client, "made-up")) == (400, "invalid_grant", 9002313)


async def test_a_refresh_token_dies_with_the_consent(client: Client) -> None:
    token = (await sign_in(client))["refresh_token"]
    await client.send("DELETE", "/_simulator/consents", {"tenant": TENANT_ID})
    assert refused(await refresh(client, token)) == (400, "invalid_grant", 65001)


@pytest.mark.parametrize("endpoint", ["oauth2/v2.0/devicecode", "oauth2/token"])
async def test_what_is_not_simulated_says_so(client: Client, endpoint: str) -> None:
    reply = await client.form(f"/organizations/{endpoint}", {})
    assert (reply.status, reply.code) == (501, "BadRequest_MethodNotImplemented")


async def test_without_offline_access_there_is_no_refresh_token(client: Client) -> None:
    scope = "https://api.businesscentral.dynamics.com/Financials.ReadWrite.All"
    tokens = await sign_in(client, scope=scope)
    assert "refresh_token" not in tokens
    assert "id_token" not in tokens


@pytest.mark.parametrize(
    ("fields", "status", "error", "number"),
    [
        ({"grant_type": ""}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"client_id": "22222222-2222-4222-8222-222222222222"}, 400, "unauthorized_client", 700016),
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"refresh_token": ""}, 400, "invalid_request", 900144),
        ({"client_assertion": "x"}, 401, "invalid_client", 50012),
    ],
)
async def test_token_requests_with_mistakes(
    client: Client, fields: dict[str, str], status: int, error: str, number: int
) -> None:
    request = token_request(grant_type="refresh_token", refresh_token="x") | fields
    reply = await client.form("/organizations/oauth2/v2.0/token", request)
    assert refused(reply) == (status, error, number)


async def test_the_client_may_come_in_the_basic_header(client: Client) -> None:
    token = (await sign_in(client))["refresh_token"]
    basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    fields = {"grant_type": "refresh_token", "refresh_token": token}
    path = "/organizations/oauth2/v2.0/token"
    good = await client.form(path, fields, Authorization=f"Basic {basic}")
    assert good.status == 200
    for odd in ("%%%", "é", "/w=="):
        bad = await client.form(path, fields, Authorization=f"Basic {odd}")
        assert refused(bad) == (400, "invalid_request", 9002313)


async def test_cancel_goes_back_with_the_refusal(client: Client) -> None:
    back = await accept(client, decision="cancel")
    assert back["error"] == "access_denied"
    assert back["error_description"].startswith("AADSTS65004")
    assert back["state"] == "a state"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": ""}, "invalid_request"),
        ({"scope": "https://graph.microsoft.com/.default"}, "invalid_scope"),
        ({"code_challenge_method": "S512"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_mistakes_of_the_request_go_back(
    client: Client, changes: dict[str, str], error: str
) -> None:
    request = authorize_request(**changes)
    reply = await client.send("GET", "/common/oauth2/v2.0/authorize", None, None, **request)
    assert reply.status == 302
    assert reply.headers["Location"].startswith(REDIRECT)
    query = parse_qs(urlsplit(reply.headers["Location"]).query)
    assert query["error"] == [error]


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"client_id": "22222222-2222-4222-8222-222222222222"}, 700016),
        ({"client_id": ""}, 900144),
        ({"redirect_uri": "https://evil.example/cb"}, 50011),
        ({"redirect_uri": "javascript:alert(1)"}, 50011),
        ({"redirect_uri": "http://[/cb"}, 50011),
        ({"redirect_uri": "http://localhost/\r\nSet-Cookie: a=b"}, 50011),
    ],
)
async def test_nothing_is_sent_to_a_stranger(
    client: Client, changes: dict[str, str], number: int
) -> None:
    request = authorize_request(**changes)
    for send in ("GET", "POST"):
        reply = (
            await client.send("GET", "/common/oauth2/v2.0/authorize", None, None, **request)
            if send == "GET"
            else await client.form("/common/oauth2/v2.0/authorize", request)
        )
        assert reply.status == 400
        assert f"AADSTS{number}" in reply.text


async def test_a_stranger_can_not_sign_in(client: Client) -> None:
    fields = authorize_request() | {"username": "eve@harwick.example", "decision": "accept"}
    reply = await client.form("/common/oauth2/v2.0/authorize", fields)
    assert reply.status == 400
    assert "AADSTS50034" in reply.text


async def test_client_credentials_need_a_tenant_and_carry_roles(client: Client) -> None:
    scope = "https://api.businesscentral.dynamics.com/.default"
    fields = token_request(grant_type="client_credentials", scope=scope)
    shared = await client.form("/organizations/oauth2/v2.0/token", fields)
    assert refused(shared) == (400, "invalid_request", 9001023)
    path = f"/{TENANT_ID}/oauth2/v2.0/token"
    wrong = await client.form(path, {**fields, "scope": "openid"})
    assert refused(wrong) == (400, "invalid_scope", 1002012)
    tokens = (await client.form(path, fields)).json
    assert "refresh_token" not in tokens
    client.token = tokens["access_token"]
    claims = jwt.decode(client.token, options={"verify_signature": False})
    assert "API.ReadWrite.All" in claims["roles"]
    assert (await client.get("customers")).status == 200


async def test_without_consent_an_application_gets_a_token_without_roles(client: Client) -> None:
    scope = "https://api.businesscentral.dynamics.com/.default"
    fields = token_request(grant_type="client_credentials", scope=scope)
    await client.arm("no_roles")
    reply = await client.form(f"/{TENANT_ID}/oauth2/v2.0/token", fields)
    client.token = reply.json["access_token"]
    assert "roles" not in jwt.decode(client.token, options={"verify_signature": False})
    assert (await client.get("customers")).status == 401


def test_one_key_signs_for_the_whole_process() -> None:
    assert signing_key() is signing_key()


async def test_a_refresh_for_no_scope_is_one_for_those_it_had(client: Client) -> None:
    first = (await sign_in(client))["refresh_token"]
    reply = await refresh(client, first, scope="  ")
    assert "refresh_token" in reply.json
    client.token = reply.json["access_token"]
    assert (await client.get("customers", _top="1")).status == 200
