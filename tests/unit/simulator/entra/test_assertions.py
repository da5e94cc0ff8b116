"""An assertion is believed only where everything about it is right."""

from __future__ import annotations

import base64
import hashlib
import ssl
from typing import Any

import jwt
import pytest

from gateway.simulator import CLIENT_ID, TENANT_ID
from tests.certificates import pair
from tests.unit.simulator.client import Client, Reply

PATH = f"/{TENANT_ID}/oauth2/v2.0/token"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def thumbprint(algorithm: str, name: str = "gateway") -> str:
    digest = hashlib.new(algorithm, ssl.PEM_cert_to_DER_cert(pair(name).certificate)).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def assertion(
    client: Client,
    *,
    algorithm: str = "PS256",
    header: dict[str, str] | None = None,
    key: str | None = None,
    **changes: object,
) -> str:
    now = int(client.simulator.clock.now().timestamp())
    claims: dict[str, Any] = {
        "aud": client.simulator.url + PATH,
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "jti": "1",
        "nbf": now,
        "exp": now + 300,
        **changes,
    }
    sent = header or {"x5t#S256": thumbprint("sha256")}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key or pair().key, algorithm, headers=sent)


async def ask(client: Client, given: str, **more: str) -> Reply:
    fields = {
        "client_id": CLIENT_ID,
        "grant_type": "client_credentials",
        "scope": "https://api.businesscentral.dynamics.com/.default",
        "client_assertion_type": TYPE,
        "client_assertion": given,
        **more,
    }
    return await client.form(PATH, fields)


async def register(client: Client, certificate: str) -> int:
    reply = await client.post("/_simulator/certificates", {"certificate": certificate})
    return reply.status


async def test_a_registered_certificate_proves_the_application(client: Client) -> None:
    assert await register(client, pair().certificate) == 201
    assert (await ask(client, assertion(client))).status == 200
    old = assertion(client, algorithm="RS256", header={"x5t": thumbprint("sha1")})
    assert (await ask(client, old)).status == 200
    await client.post("/_simulator/reset", {})
    assert (await ask(client, assertion(client))).status == 401


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"aud": "https://elsewhere.example/token"}, 700023),
        ({"iss": "another"}, 700021),
        ({"sub": "another"}, 700021),
        ({"exp": 1}, 700024),
        ({"nbf": 4_000_000_000, "exp": 4_000_000_300}, 700024),
        ({"exp": "soon"}, 50027),
        ({"nbf": "now"}, 50027),
        ({"jti": None}, 700027),
        ({"key": pair("second").key}, 700027),
        ({"header": {"x5t#S256": thumbprint("sha256", "second")}}, 700027),
        ({"header": {"kid": "none"}}, 700027),
    ],
)
async def test_anything_wrong_is_refused(
    client: Client, changes: dict[str, Any], number: int
) -> None:
    await register(client, pair().certificate)
    reply = await ask(client, assertion(client, **changes))
    assert (reply.status, reply.json["error"]) == (401, "invalid_client")
    assert reply.json["error_codes"] == [number]


async def test_what_is_no_assertion_is_refused(client: Client) -> None:
    await register(client, pair().certificate)
    assert (await ask(client, "no.jwt")).json["error_codes"] == [50027]
    unsigned = jwt.encode({}, "", "none", headers={"x5t#S256": thumbprint("sha256")})
    assert (await ask(client, unsigned)).json["error_codes"] == [700027]
    typed = await ask(client, assertion(client), client_assertion_type="another")
    assert typed.json["error_codes"] == [50012]


async def test_only_an_rsa_certificate_can_be_registered(client: Client) -> None:
    assert await register(client, "nonsense") == 400
    assert await register(client, pair("curve", curve=True).certificate) == 400
    assert (await client.post("/_simulator/certificates", {"certificate": 1})).status == 400
