"""A signed-in client of a running simulator, as the tests of this room use it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from aiohttp import ClientSession

from gateway.simulator import CLIENT_ID, CLIENT_SECRET, COMPANIES, Simulator

SCOPE = "openid profile offline_access https://api.businesscentral.dynamics.com/.default"
REDIRECT = "http://localhost:8080/oauth/callback"
VERIFIER = "correct-horse-battery-staple-correct-horse-battery"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()
LTD, IRELAND = COMPANIES[0][0], COMPANIES[1][0]

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and text of an answer; ``json`` has exact decimals."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the answer holds
        return _decoder.decode(self.text)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])


@dataclass(slots=True)
class Client:
    """Talks to one simulator. Paths that start with ``/`` are the simulator's, others are
    relative to the company *Harwick Distributors Ltd* in Production.
    """

    simulator: Simulator
    session: ClientSession
    token: str = field(default="", repr=False)

    @property
    def root(self) -> str:
        return f"{self.simulator.url}/v2.0/Production/api/v2.0"

    def url(self, path: str) -> str:
        if path.startswith("http"):
            return path
        if path.startswith("/"):
            return self.simulator.url + path
        return f"{self.root}/companies({LTD})/{path}"

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        **params: str,
    ) -> Reply:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = None
        if body is not None:
            sent["Content-Type"] = "application/json"
            data = body if isinstance(body, bytes) else _encoder.encode(body)
        sent.update(headers or {})
        async with self.session.request(
            method, self.url(path), params=params, data=data, headers=sent, allow_redirects=False
        ) as answer:
            return Reply(answer.status, dict(answer.headers), await answer.text())

    async def get(self, path: str, **params: str) -> Reply:
        named = {f"${name[1:]}" if name[0] == "_" else name: v for name, v in params.items()}
        return await self.send("GET", path, None, None, **named)

    async def post(self, path: str, body: object) -> Reply:
        return await self.send("POST", path, body)

    async def patch(self, path: str, body: object, etag: str = "*") -> Reply:
        return await self.send("PATCH", path, body, {"If-Match": etag})

    async def form(self, path: str, fields: Mapping[str, str], **headers: str) -> Reply:
        async with self.session.post(
            self.url(path), data=fields, headers=headers, allow_redirects=False
        ) as answer:
            return Reply(answer.status, dict(answer.headers), await answer.text())

    async def arm(self, kind: str, match: object = None, **details: object) -> int:
        fault = {"kind": kind, **({"match": match} if match else {}), **details}
        reply = await self.post("/_simulator/faults", fault)
        assert reply.status == 201, reply.text
        return int(reply.json["id"])

    async def state(self, entity: str) -> list[dict[str, Any]]:
        reply = await self.get("/_simulator/state", company=LTD, entity=entity)
        value: list[dict[str, Any]] = reply.json["value"]
        return value

    async def one(self, entity: str, key: str, value: str) -> dict[str, Any]:
        reply = await self.get(entity, _filter=f"{key} eq '{value}'")
        (found,) = reply.json["value"]
        record: dict[str, Any] = found
        return record


def authorize_request(**changes: str) -> dict[str, str]:
    """A complete authorize request; changes replace, blank changes remove."""
    request = {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": SCOPE,
        "state": "a state",
        "nonce": "a-nonce",
        "code_challenge": CHALLENGE.rstrip("="),
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in request.items() if value}


def token_request(**fields: str) -> dict[str, str]:
    return {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **fields}


async def accept(client: Client, tenant: str = "organizations", **changes: str) -> dict[str, str]:
    """Accept on the consent page; gives the parameters that come back."""
    fields = authorize_request(**changes) | {
        "username": changes.get("username", "admin@harwick.example"),
        "decision": changes.get("decision", "accept"),
    }
    reply = await client.form(f"/{tenant}/oauth2/v2.0/authorize", fields)
    assert reply.status == 302, reply.text
    query = parse_qs(urlsplit(reply.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


async def redeem(client: Client, code: str, tenant: str = "organizations", **changes: str) -> Reply:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **changes,
    }
    return await client.form(f"/{tenant}/oauth2/v2.0/token", token_request(**fields))


async def sign_in(client: Client, **changes: str) -> dict[str, Any]:
    """The whole flow; gives the token answer."""
    reply = await redeem(client, (await accept(client, **changes))["code"])
    assert reply.status == 200, reply.text
    tokens: dict[str, Any] = reply.json
    return tokens


@asynccontextmanager
async def signed_in(simulator: Simulator) -> AsyncIterator[Client]:
    async with ClientSession() as session:
        client = Client(simulator, session)
        client.token = (await sign_in(client))["access_token"]
        yield client
