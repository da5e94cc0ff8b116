from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.businesscentral import open_session
from gateway.config import Entra
from gateway.entra import Secrets, refusal_text, sign_in_url
from gateway.entra.exchange import Exchange
from gateway.entra.identity import Identities
from gateway.entra.refusals import _NUMBERS, refusal
from gateway.errors import (
    BusinessCentralUnavailable,
    ConnectionNeedsConsent,
    ConnectionNotReady,
    ConnectionUnauthorized,
    SignInFailed,
)
from gateway.simulator import CLIENT_ID, CLIENT_SECRET
from gateway.storage import Connection
from tests.clock import MovingClock
from tests.odd_server import OddServer, Reply, Seen, odd_server, reply
from tests.remote import Remote, open_remote


@pytest.fixture
async def remote(tmp_path: Path) -> AsyncIterator[Remote]:
    async with open_remote(tmp_path) as opened:
        yield opened


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
async def connection(remote: Remote) -> Connection:
    made = await remote.connected()
    await remote.forget_journal()
    return made


def test_the_address_at_microsoft_binds_the_sign_in() -> None:
    bound = Secrets.fresh()
    entra = Entra("client", ("secret",), "https://login.example")
    url = urlsplit(sign_in_url(entra, "https://gw.example/oauth/callback", bound))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert url.path == "/organizations/oauth2/v2.0/authorize"
    assert (query["state"], query["nonce"]) == (bound.state, bound.nonce)
    assert query["code_challenge_method"] == "S256"
    assert bound.verifier not in url.query
    assert query["redirect_uri"] == "https://gw.example/oauth/callback"
    assert set(query["scope"].split()) == {
        "https://api.businesscentral.dynamics.com/Financials.ReadWrite.All",
        "offline_access",
        "openid",
        "profile",
    }
    assert Secrets.fresh() != bound
    assert bound.verifier not in repr(bound)


async def test_a_token_is_fetched_once_and_kept(remote: Remote, connection: Connection) -> None:
    tokens = remote.fresh()
    first = await tokens.access_token(connection)
    assert await tokens.access_token(connection) == first
    assert await remote.token_calls() == 1


async def test_a_hundred_calls_with_an_expired_token_refresh_once(
    remote: Remote, connection: Connection
) -> None:
    before = await remote.tokens.access_token(connection)
    await remote.clock.advance(3600)
    got = await asyncio.gather(*(remote.tokens.access_token(connection) for _ in range(100)))
    assert len(set(got)) == 1
    assert got[0] != before
    assert await remote.token_calls() == 1


async def test_a_hundred_401_of_one_token_refresh_once(
    remote: Remote, connection: Connection
) -> None:
    rejected = await remote.tokens.access_token(connection)
    got = await asyncio.gather(*(remote.tokens.renew(connection, rejected) for _ in range(100)))
    assert len(set(got)) == 1
    assert got[0] != rejected
    assert await remote.token_calls() == 1


async def test_a_token_is_refreshed_before_it_expires(
    remote: Remote, connection: Connection
) -> None:
    before = await remote.tokens.access_token(connection)
    await remote.clock.advance(3599 - 301)
    assert await remote.tokens.access_token(connection) == before
    await remote.clock.advance(2)
    assert await remote.tokens.access_token(connection) != before


async def test_a_token_that_is_still_good_carries_over_a_disturbance(
    remote: Remote, connection: Connection
) -> None:
    before = await remote.tokens.access_token(connection)
    await remote.clock.advance(3400)
    await remote.arm("token_error", error="temporarily_unavailable", number=90033, count=5)
    got = await asyncio.gather(*(remote.tokens.access_token(connection) for _ in range(10)))
    assert set(got) == {before}
    assert await remote.token_calls() == 1
    await remote.clock.advance(170)
    with pytest.raises(BusinessCentralUnavailable):
        await remote.tokens.access_token(connection)


async def test_the_newest_refresh_token_is_kept(remote: Remote, connection: Connection) -> None:
    first = await remote.store.refresh_token(connection.id)
    await remote.fresh().access_token(connection)
    second = await remote.store.refresh_token(connection.id)
    assert first is not None
    assert second is not None
    assert second.token != first.token
    assert second.version == first.version + 1


async def test_a_token_is_not_used_before_its_refresh_token_is_durable(
    remote: Remote, connection: Connection, tmp_path: Path
) -> None:
    await remote.arm("delay", seconds=0.1, match={"path": "/token$"})
    with closing(sqlite3.connect(tmp_path / "remote.db", isolation_level=None)) as other:
        asking = asyncio.create_task(remote.fresh().access_token(connection))
        while not await remote.token_calls():  # noqa: ASYNC110 - the simulator has no event
            await asyncio.sleep(0.01)
        other.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(0.2)
        assert not asking.done()
        other.execute("ROLLBACK")
    assert await asking


async def test_a_dead_grant_stops_the_connection_and_is_not_tried_again(
    remote: Remote, connection: Connection
) -> None:
    tokens = remote.fresh()
    await remote.arm("token_error", error="invalid_grant", number=50173, count=9)
    with pytest.raises(ConnectionNeedsConsent, match="AADSTS50173"):
        await tokens.access_token(connection)
    for _ in range(3):
        with pytest.raises(ConnectionNeedsConsent, match="AADSTS50173"):
            await tokens.access_token(connection)
    assert await remote.token_calls() == 1
    kept = await remote.store.connection(connection.id)
    assert kept is not None
    assert kept.status == "needs_consent"
    assert kept.status_detail is not None
    assert "sign in again" in kept.status_detail
    assert "`POST …/reconnect` gives the address" in kept.status_detail


async def test_a_hundred_calls_with_a_dead_grant_ask_once(
    remote: Remote, connection: Connection
) -> None:
    tokens = remote.fresh()
    await remote.arm("token_error", error="invalid_grant", number=700082, count=100)
    got = await asyncio.gather(
        *(tokens.access_token(connection) for _ in range(100)), return_exceptions=True
    )
    assert {type(error) for error in got} == {ConnectionNeedsConsent}
    assert await remote.token_calls() == 1


async def test_a_disturbance_is_waited_out_with_growing_pauses(
    remote: Remote, connection: Connection
) -> None:
    tokens = remote.fresh()
    await remote.arm("token_error", error="temporarily_unavailable", number=90033, count=2)
    for calls, pause in ((1, 1), (2, 2)):
        for _ in range(3):
            with pytest.raises(BusinessCentralUnavailable) as caught:
                await tokens.access_token(connection)
            assert caught.value.retry_after == pytest.approx(pause)
        assert await remote.token_calls() == calls
        await remote.clock.advance(pause)
    assert await tokens.access_token(connection)
    assert (await remote.connections.require(connection.id)).status == "active"


async def test_a_wrong_client_secret_is_the_operators_and_stops_no_connection(
    remote: Remote, connection: Connection
) -> None:
    tokens = remote.fresh(entra=Entra(CLIENT_ID, ("expired",), remote.url))
    for _ in range(3):
        with pytest.raises(SignInFailed, match=r"client secret.*AADSTS7000215"):
            await tokens.access_token(connection)
    assert await remote.token_calls() == 1
    assert (await remote.connections.require(connection.id)).status == "active"


async def test_client_secrets_are_tried_in_order_and_the_good_one_is_remembered(
    remote: Remote, connection: Connection
) -> None:
    tokens = remote.fresh(entra=Entra(CLIENT_ID, ("expired", CLIENT_SECRET), remote.url))
    token = await tokens.access_token(connection)
    assert await remote.token_calls() == 2
    await tokens.renew(connection, token)
    assert await remote.token_calls() == 3


async def test_a_user_whom_business_central_refuses_stops_the_connection(
    remote: Remote, connection: Connection
) -> None:
    await remote.tokens.unauthorized(connection)
    with pytest.raises(ConnectionUnauthorized, match="licence"):
        await remote.connections.require(connection.id)
    rejected = await remote.tokens.access_token(connection)
    with pytest.raises(ConnectionUnauthorized):
        await remote.tokens.renew(connection, rejected)
    assert await remote.token_calls() == 0


async def test_a_token_of_another_tenant_is_not_used(
    remote: Remote, connection: Connection
) -> None:
    elsewhere = "0d9a2c34-9d4f-4b6a-8a8e-6f1f0a7c1111"
    await remote.store.update_connection(connection.id, principal=elsewhere)
    with pytest.raises(SignInFailed, match="another tenant or user"):
        await remote.fresh().access_token(connection)


async def test_two_connections_never_share_a_token(remote: Remote, connection: Connection) -> None:
    other = await remote.connect("another organization")
    first, second = await asyncio.gather(
        remote.tokens.access_token(connection), remote.tokens.access_token(other)
    )
    assert first != second


async def test_a_connection_without_a_sign_in_has_no_token(remote: Remote) -> None:
    pending, _ = await remote.connections.create(organization="harwick")
    with pytest.raises(ConnectionNotReady):
        await remote.tokens.access_token(pending)


async def test_nothing_that_microsoft_gave_is_logged(
    remote: Remote, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    access = await remote.fresh().access_token(connection)
    kept = await remote.store.refresh_token(connection.id)
    assert kept is not None
    assert access not in caplog.text
    assert kept.token not in caplog.text
    assert kept.token not in repr(kept)


UNREADABLE: tuple[Reply, ...] = (
    reply(200, b"<html>"),
    reply(503, b"<html>"),
    reply(429),
    reply(302, Location="http://elsewhere.example/"),
    reply(200, []),
    reply(200, {"access_token": "x"}),
    reply(200, {"access_token": "x", "expires_in": -1}),
    reply(200, b"{" * 2_000_000),
    b"nonsense\r\n\r\n",
    None,
)


async def test_an_answer_that_cannot_be_read_is_a_disturbance(
    remote: Remote, connection: Connection
) -> None:
    answers = list(UNREADABLE)
    async with odd_server(lambda _: answers[0]) as odd:
        while answers:
            tokens = remote.fresh(entra=Entra(CLIENT_ID, ("one", "two"), odd.url))
            with pytest.raises(BusinessCentralUnavailable):
                await tokens.access_token(connection)
            answers.pop(0)
        assert len(odd.seen) == len(UNREADABLE), "it says nothing about the client secret"
    assert (await remote.connections.require(connection.id)).status == "active"


async def test_a_sign_in_that_cannot_be_reached_is_a_disturbance(
    remote: Remote, connection: Connection
) -> None:
    async with odd_server(lambda _: None) as gone:
        pass
    with pytest.raises(BusinessCentralUnavailable):
        await remote.fresh(entra=Entra(CLIENT_ID, ("x",), gone.url)).access_token(connection)


TENANT = "0d9a2c34-9d4f-4b6a-8a8e-6f1f0a7c1111"


@cache
def key(_whose: str) -> rsa.RSAPrivateKey:
    """A key, made when it is first needed: that takes a moment."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(slots=True)
class Microsoft:
    """Microsoft's published metadata and keys, with ID tokens signed by a key of these tests."""

    odd: OddServer
    identities: Identities
    claims: dict[str, Any]

    def token(self, *, signed: str | None = "Microsoft", kid: str = "k1", **changes: object) -> str:
        claims = {n: v for n, v in {**self.claims, **changes}.items() if v is not None}
        if signed is None:
            return jwt.encode(claims, "", "none", headers={"kid": kid})
        return jwt.encode(claims, key(signed), "RS256", headers={"kid": kid})


@asynccontextmanager
async def microsoft(clock: MovingClock, issuer: str = "{tenantid}") -> AsyncIterator[Microsoft]:
    def answer(seen: Seen) -> Reply:
        if seen.target == "/organizations/discovery/v2.0/keys":
            jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key("Microsoft").public_key(), as_dict=True)
            return reply(200, {"keys": [{**jwk, "kid": "k1"}, {"kty": "EC", "kid": "k2"}]})
        assert seen.target == "/organizations/v2.0/.well-known/openid-configuration"
        return reply(200, {"issuer": f"{odd.url}/{issuer}/v2.0"})

    async with odd_server(answer) as odd, open_session() as session:
        entra = Entra("client", ("secret",), odd.url)
        now = int(clock.now().timestamp())
        claims = {
            "iss": f"{odd.url}/{TENANT}/v2.0",
            "aud": "client",
            "exp": now + 600,
            "nbf": now,
            "nonce": "the nonce",
            "tid": TENANT,
            "oid": TENANT.upper(),
        }
        identities = Identities(entra, Exchange(entra, session, clock), clock)
        yield Microsoft(odd, identities, claims)


async def test_a_good_id_token_names_tenant_and_user(clock: MovingClock) -> None:
    async with microsoft(clock) as said:
        for _ in range(3):
            assert await said.identities.verify(said.token(), "the nonce") == (TENANT, TENANT)
        assert len(said.odd.seen) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another client"},
        {"iss": "https://login.example/0d9a2c34-9d4f-4b6a-8a8e-6f1f0a7c1111/v2.0"},
        {"tid": "7b1f1c8e-2d0a-4d55-9a3e-5b7d0c2f4e61"},
        {"nonce": "another nonce"},
        {"nonce": None},
        {"tid": None},
        {"oid": None},
        {"tid": "../../other"},
        {"exp": 1},
        {"nbf": 4_000_000_000},
        {"signed": "somebody else"},
        {"signed": None},
        {"kid": "unknown"},
        {"kid": "k2"},
    ],
)
async def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    clock: MovingClock, changes: dict[str, Any]
) -> None:
    async with microsoft(clock) as said:
        with pytest.raises(SignInFailed, match="ID token was refused"):
            await said.identities.verify(said.token(**changes), "the nonce")


@pytest.mark.parametrize("text", ["", "not.a.token", "a.b.c.d"])
async def test_what_is_no_id_token_is_refused(clock: MovingClock, text: str) -> None:
    async with microsoft(clock) as said:
        with pytest.raises(SignInFailed, match="ID token was refused"):
            await said.identities.verify(text, "the nonce")


async def test_clocks_may_differ_by_less_than_five_minutes(clock: MovingClock) -> None:
    async with microsoft(clock) as said:
        await clock.advance(600 + 299)
        assert await said.identities.verify(said.token(), "the nonce")
        await clock.advance(1)
        with pytest.raises(SignInFailed, match="clocks"):
            await said.identities.verify(said.token(), "the nonce")


async def test_an_unknown_key_is_looked_for_once_a_minute(clock: MovingClock) -> None:
    async with microsoft(clock) as said:
        await said.identities.verify(said.token(), "the nonce")
        for _ in range(3):
            with pytest.raises(SignInFailed):
                await said.identities.verify(said.token(kid="rotated"), "the nonce")
        assert len(said.odd.seen) == 2
        await clock.advance(60)
        with pytest.raises(SignInFailed):
            await said.identities.verify(said.token(kid="rotated"), "the nonce")
        assert len(said.odd.seen) == 4


async def test_metadata_of_one_tenant_only_is_refused(clock: MovingClock) -> None:
    async with microsoft(clock, issuer=TENANT) as said:
        with pytest.raises(SignInFailed, match="authority"):
            await said.identities.verify(said.token(), "the nonce")


@pytest.mark.parametrize(
    ("error", "number", "kind"),
    [
        ("invalid_grant", 700082, "consent"),
        ("invalid_grant", 50196, "consent"),
        ("invalid_grant", 1, "consent"),
        ("interaction_required", 50076, "consent"),
        ("invalid_grant", 53003, "consent"),
        ("access_denied", 65004, "declined"),
        ("invalid_client", 7000222, "operator"),
        ("unauthorized_client", 700016, "account"),
        ("invalid_request", 50011, "operator"),
        ("invalid_resource", 500011, "account"),
        ("invalid_request", 90002, "account"),
        ("temporarily_unavailable", 90033, "transient"),
        ("server_error", 0, "transient"),
        ("something_new", 0, "operator"),
    ],
)
def test_a_refusal_says_who_must_act(error: str, number: int, kind: str) -> None:
    found = refusal(error, [number] if number else [])
    assert found.kind == kind
    assert (f"AADSTS{number}" in found.text) == bool(number)


def test_the_text_of_a_callback_is_never_repeated() -> None:
    text = refusal_text("access_denied", "AADSTS65004: <b>Ada Winterbourne</b> declined")
    assert text == "The permission was declined, so nothing was connected. (AADSTS65004)"
    assert "Ada" not in text


def test_no_number_stands_in_two_rows() -> None:
    numbers = [number for _, _, row in _NUMBERS for number in row]
    assert len(numbers) == len(set(numbers))
