"""The application by itself, a user and key, and several processes that refresh one sign-in."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from gateway.businesscentral import open_session
from gateway.config import Certificate, Entra
from gateway.entra import Tokens
from gateway.errors import (
    BusinessCentralUnavailable,
    ConnectionNeedsConsent,
    ConnectionNotReady,
    ConnectionUnauthorized,
    GatewayError,
    SignInFailed,
)
from gateway.simulator import CLIENT_ID, CLIENT_SECRET, TENANT_ID
from gateway.storage import Connection, Grant, Store, new_id, open_store, upgrade
from tests import postgres
from tests.certificates import pair
from tests.clock import START, MovingClock
from tests.odd_server import Reply, Seen, odd_server, reply
from tests.remote import Remote


async def made(
    store: Store,
    grant: Grant = "authorization_code",
    tenant: str | None = TENANT_ID,
    principal: str | None = None,
) -> Connection:
    connection = Connection(
        new_id("con"), "harwick", START, START, grant=grant, tenant=tenant, principal=principal
    )
    await store.add_connection(connection)
    return connection


async def application(remote: Remote) -> Connection:
    return await made(remote.store, grant="client_credentials", principal=CLIENT_ID)


def certified(remote: Remote, *names: str, secrets: tuple[str, ...] = ()) -> Entra:
    certificates = tuple(
        Certificate(
            hashlib.sha256(ssl.PEM_cert_to_DER_cert(pair(name).certificate)).digest(),
            pair(name).key,
        )
        for name in names
    )
    return Entra(CLIENT_ID, secrets, remote.url, certificates)


async def register(remote: Remote, name: str) -> None:
    body = {"certificate": pair(name).certificate}
    async with remote.control.post("/_simulator/certificates", json=body) as answer:
        assert answer.status == 201, await answer.text()


def stored_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def status(store: Store, connection: Connection) -> tuple[str, str]:
    found = await store.connection(connection.id)
    assert found is not None
    return found.status, found.status_detail or ""


async def test_an_application_gets_a_token_of_its_own_and_keeps_nothing(remote: Remote) -> None:
    connection = await application(remote)
    got = await asyncio.gather(*(remote.tokens.access_token(connection) for _ in range(50)))
    assert len(set(got)) == 1
    (call,) = await remote.journal(path="/token$")
    assert call["path"] == f"/{TENANT_ID}/oauth2/v2.0/token"
    sent = parse_qs(call["body"])
    assert sent["grant_type"] == ["client_credentials"]
    assert sent["scope"] == ["https://api.businesscentral.dynamics.com/.default"]
    assert await remote.store.refresh_token(connection.id) is None
    assert await remote.tokens.renew(connection, got[0]) != got[0]
    await remote.clock.advance(3600)
    await remote.tokens.access_token(connection)
    assert await remote.token_calls() == 3


async def test_a_token_without_the_role_is_not_used(remote: Remote) -> None:
    connection = await application(remote)
    await remote.arm("no_roles", count=9)
    for _ in range(2):
        with pytest.raises(ConnectionNeedsConsent) as caught:
            await remote.tokens.access_token(connection)
    assert "API.ReadWrite.All" in caught.value.detail
    assert f"{remote.url}/{TENANT_ID}/adminconsent?client_id={CLIENT_ID}" in caught.value.detail
    assert await status(remote.store, connection) == ("needs_consent", caught.value.detail)
    assert await remote.token_calls() == 1


REFUSALS = [
    ("unauthorized_client", 700016, "unknown or switched off in this tenant. A Microsoft"),
    ("invalid_request", 90002, "no such tenant"),
    ("invalid_resource", 500011, "no Business Central"),
    ("invalid_grant", 65001, "consent"),
    ("invalid_grant", 50076, "application is unknown or switched off"),
]


async def test_a_tenant_that_does_not_let_the_application_in(remote: Remote) -> None:
    for error, number, sentence in REFUSALS:
        connection = await application(remote)
        await remote.arm("token_error", error=error, number=number)
        with pytest.raises(ConnectionNeedsConsent, match=f"AADSTS{number}") as caught:
            await remote.tokens.access_token(connection)
        assert sentence in caught.value.detail
        assert caught.value.detail.endswith("Then `POST …/reconnect` tries again.")
        assert "sign in again" not in caught.value.detail.lower()
        assert (await status(remote.store, connection))[0] == "needs_consent"


async def test_what_is_not_the_tenants_fault_stops_no_application(remote: Remote) -> None:
    connection = await application(remote)
    await remote.arm("token_error", error="temporarily_unavailable", number=90033)
    with pytest.raises(BusinessCentralUnavailable):
        await remote.tokens.access_token(connection)
    wrong = remote.fresh(Entra(CLIENT_ID, ("expired",), remote.url))
    with pytest.raises(SignInFailed, match="secret or certificate"):
        await wrong.access_token(connection)
    elsewhere = await made(remote.store, grant="client_credentials", tenant=None)
    with pytest.raises(ConnectionNotReady):
        await remote.tokens.access_token(elsewhere)
    assert (await status(remote.store, connection))[0] == "pending"


async def test_an_application_whose_token_is_of_another_tenant_is_not_used(remote: Remote) -> None:
    connection = await made(remote.store, grant="client_credentials", tenant="harwick.example")
    with pytest.raises(SignInFailed, match="another tenant"):
        await remote.tokens.access_token(connection)


async def test_a_token_that_is_opaque_is_left_to_business_central(remote: Remote) -> None:
    body = {"access_token": "opaque", "expires_in": 3599}
    async with odd_server(lambda _: reply(200, body)) as odd:
        tokens = remote.fresh(Entra(CLIENT_ID, (CLIENT_SECRET,), odd.url))
        assert await tokens.access_token(await application(remote)) == "opaque"


async def test_a_certificate_does_instead_of_a_secret(remote: Remote) -> None:
    await register(remote, "gateway")
    tokens = remote.fresh(certified(remote, "gateway"))
    assert await tokens.access_token(await application(remote))
    signed_in = await remote.connect()
    assert await tokens.access_token(signed_in), "a refresh is proven in the same way"


async def test_proofs_are_tried_in_order_and_the_good_one_is_remembered(remote: Remote) -> None:
    await register(remote, "second")
    connection = await application(remote)
    entra = certified(remote, "gateway", "second", secrets=("expired",))
    tokens = remote.fresh(entra)
    first = await tokens.access_token(connection)
    assert await remote.token_calls() == 2
    await tokens.renew(connection, first)
    assert await remote.token_calls() == 3
    beside = remote.fresh(certified(remote, "gateway", secrets=(CLIENT_SECRET,)))
    assert await beside.access_token(connection)


async def test_a_certificate_that_is_not_registered_is_the_operators(remote: Remote) -> None:
    connection = await application(remote)
    tokens = remote.fresh(certified(remote, "gateway"))
    with pytest.raises(SignInFailed, match=r"certificate.*AADSTS700027"):
        await tokens.access_token(connection)
    assert (await status(remote.store, connection))[0] == "pending"


async def test_a_user_and_key_stand_sealed_and_are_sent_as_they_are(
    remote: Remote, tmp_path: Path
) -> None:
    connection = await made(remote.store, grant="basic", tenant=None)
    with pytest.raises(ConnectionNotReady):
        await remote.tokens.access_token(connection)
    await remote.tokens.adopt_key(connection, "GATEWAY", "the-key")
    token = await remote.tokens.access_token(connection)
    assert token == "R0FURVdBWTp0aGUta2V5"  # GATEWAY:the-key
    stored = stored_in(tmp_path)
    assert token.encode() not in stored
    assert b"the-key" not in stored


async def test_a_refused_key_stops_the_connection_unless_there_is_another(remote: Remote) -> None:
    connection = await made(remote.store, grant="basic", tenant=None)
    await remote.tokens.adopt_key(connection, "GATEWAY", "old")
    old = await remote.tokens.access_token(connection)
    await remote.fresh().adopt_key(connection, "GATEWAY", "new")
    new = await remote.tokens.renew(connection, old)
    assert new != old, "another process was given it"
    with pytest.raises(ConnectionUnauthorized, match="user and key"):
        await remote.tokens.renew(connection, new)
    assert (await status(remote.store, connection))[0] == "unauthorized"
    with pytest.raises(ConnectionUnauthorized):
        await remote.tokens.access_token(connection)
    assert await remote.token_calls() == 0


@dataclass(slots=True)
class Rotation:
    """A token endpoint that takes each refresh token once, and tells how many were wrong."""

    current: str = "refresh-0"
    given: int = 0
    wrong: list[str] = field(default_factory=list)

    def answer(self, seen: Seen) -> Reply:
        token = parse_qs(seen.body.decode())["refresh_token"][0]
        if token != self.current:
            self.wrong.append(token)
            return reply(400, {"error": "invalid_grant", "error_codes": [700082]})
        self.given += 1
        self.current = f"refresh-{self.given}"
        access = f"access-{self.given}"
        return reply(
            200, {"access_token": access, "expires_in": 3600, "refresh_token": self.current}
        )


@dataclass(slots=True)
class Replicas:
    """Processes with a memory of their own, on one database and one connection."""

    connection: Connection
    clock: MovingClock
    rotation: Rotation
    stores: list[Store]
    tokens: list[Tokens]

    async def finish(self, *asking: Coroutine[None, None, str]) -> list[str]:
        """The results, while time goes on for those who wait for their turn.

        It goes ten times as fast as real time, so that nobody's turn ends while they work.
        """
        tasks = [asyncio.create_task(each) for each in asking]
        while not all(task.done() for task in tasks):
            if self.clock.sleepers:
                await self.clock.advance(0.2)
            await asyncio.sleep(0.02)
        return [task.result() for task in tasks]


@pytest.fixture(params=["sqlite", "postgresql"])
async def replicas(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Replicas]:
    clock, rotation = MovingClock(), Rotation()
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / 'gateway.db'}"
            upgrade(url)
        else:
            url = stack.enter_context(postgres.database())
        odd = await stack.enter_async_context(odd_server(rotation.answer))
        session = await stack.enter_async_context(open_session())
        stores = [
            await stack.enter_async_context(open_store(url, [b"k" * 32], clock)) for _ in range(2)
        ]
        connection = await made(stores[0])
        await stores[0].save_refresh_token(connection.id, rotation.current, None)
        entra = Entra("client", ("secret",), odd.url)
        tokens = [Tokens(entra, store, session, clock) for store in stores]
        yield Replicas(connection, clock, rotation, stores, tokens)


async def test_processes_refresh_one_after_the_other_with_the_newest_token(
    replicas: Replicas,
) -> None:
    connection = replicas.connection
    for _ in range(3):
        asking = [tokens.access_token(connection) for tokens in replicas.tokens for _ in range(5)]
        assert len(set(await replicas.finish(*asking))) == 2, "one token for each process"
        await replicas.clock.advance(3600)
    assert replicas.rotation.wrong == []
    assert replicas.rotation.given == 6
    kept = await replicas.stores[1].refresh_token(connection.id)
    assert kept is not None
    assert (kept.token, kept.version) == (replicas.rotation.current, 7)


async def test_a_dead_grant_is_found_out_once(replicas: Replicas) -> None:
    connection, store = replicas.connection, replicas.stores[0]
    await store.save_refresh_token(connection.id, "dead", 1)
    asking = [_outcome(tokens.access_token(connection)) for tokens in replicas.tokens]
    assert await replicas.finish(*asking) == ["ConnectionNeedsConsent"] * 2
    assert replicas.rotation.wrong == ["dead"]


async def test_a_process_that_died_in_its_turn_holds_nobody_up_for_ever(
    replicas: Replicas,
) -> None:
    connection, start = replicas.connection, replicas.clock.now()
    assert await replicas.stores[0].take_lease(f"token {connection.id}", 35)
    asking = asyncio.create_task(replicas.tokens[1].access_token(connection))
    while not replicas.clock.sleepers:  # noqa: ASYNC110 - the database has no event
        await asyncio.sleep(0.002)
    assert replicas.rotation.given == 0
    await replicas.clock.advance(34.9)
    (token,) = await replicas.finish(_outcome(asking))
    assert token == "access-1"
    assert 35 <= (replicas.clock.now() - start).total_seconds() < 40


async def _outcome(asking: Awaitable[str]) -> str:
    """The token, or the name of the error."""
    try:
        return await asking
    except GatewayError as error:
        return type(error).__name__
