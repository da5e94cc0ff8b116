"""The three ways to a token: a person's sign-in, the application by itself, a user and key.

`Tokens` asks here when its memory has nothing; it sees to it that one asks at a time.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from gateway.clock import Clock
from gateway.config import Entra
from gateway.entra.exchange import Exchange, Granted, Refused
from gateway.entra.identity import application_claims, claims_of
from gateway.entra.refusals import Refusal, for_application
from gateway.entra.sign_in import APPLICATION_SCOPE, consent_url
from gateway.errors import (
    BusinessCentralUnavailable,
    ConnectionNeedsConsent,
    ConnectionNotReady,
    ConnectionUnauthorized,
    GatewayError,
    SignInFailed,
    UnknownConnection,
)
from gateway.storage import Connection, Grant, Lease, Store

ROLE: Final = "API.ReadWrite.All"
TURN: Final = 35  # seconds; a token call takes 30 at most
LOOK_AGAIN: Final = 0.2  # seconds
KEY_KEPT: Final = timedelta(hours=1)  # another process may be given another one

_REFUSED: Final[Mapping[Grant, str]] = {
    "authorization_code": (
        "Business Central refuses this user. An administrator there must check licence and "
        "permissions, and then reconnect."
    ),
    "client_credentials": (
        "Business Central refuses the application. An administrator there must open the page "
        "Microsoft Entra Applications in this environment, add the client id, set State to "
        "Enabled and give it permission sets; then reconnect."
    ),
    "basic": (
        "The server refuses this user and key. Give new credentials, or let an administrator of "
        "Business Central check the user and its web service access key."
    ),
}
_BY_USER: Final = "`POST …/reconnect` gives the address for it."
_BY_ITSELF: Final = "Then `POST …/reconnect` tries again."
_LOG = structlog.get_logger("gateway.entra")


@dataclass(frozen=True, slots=True)
class Fresh:
    """What calls are signed with for so many seconds."""

    token: str = field(repr=False)
    expires_in: int


class Grants:
    """Asks for tokens as the grant of a connection says; a dead grant stops the connection."""

    def __init__(self, entra: Entra, store: Store, exchange: Exchange, clock: Clock) -> None:
        self._entra = entra
        self._store = store
        self._exchange = exchange
        self._clock = clock

    async def fresh(self, connection_id: str) -> Fresh:
        """A new token.

        Raises `UnknownConnection`, `ConnectionNotReady`, `ConnectionNeedsConsent`,
        `ConnectionUnauthorized`, `SignInFailed` when the gateway's own registration is refused,
        `BusinessCentralUnavailable`.
        """
        connection = await self._alive(connection_id)
        if connection.grant == "client_credentials":
            return await self._of_application(connection)
        if connection.grant == "basic":
            return await self._of_user(connection)
        async with self._turn(connection) as lease:
            # The one before may have found out that the grant is dead.
            return await self._refreshed(await self._alive(connection_id), lease)

    async def refused(self, connection: Connection) -> str:
        """Note that Business Central refuses the principal whatever the token; the sentence."""
        sentence = _REFUSED[connection.grant]
        await self._stop(connection, "unauthorized", sentence)
        return sentence

    async def _alive(self, connection_id: str) -> Connection:
        connection = await self._store.connection(connection_id)
        if connection is None:
            raise UnknownConnection
        if connection.status == "unauthorized":
            raise ConnectionUnauthorized(connection.status_detail)
        if connection.status == "needs_consent":
            raise ConnectionNeedsConsent(connection.status_detail)
        return connection

    @asynccontextmanager
    async def _turn(self, connection: Connection) -> AsyncIterator[Lease]:
        """Be the only process that refreshes this connection; whoever is second waits.

        The one after reads the refresh token that the one before has stored, so no old one is
        used. A process that dies in its turn holds the others up for `TURN` seconds at most.
        """
        end = self._clock.now() + 2 * timedelta(seconds=TURN)
        while (lease := await self._store.take_lease(f"token {connection.id}", TURN)) is None:
            if self._clock.now() >= end:
                raise BusinessCentralUnavailable(
                    "Other processes of this gateway are renewing the token. Nothing was written."
                )
            await self._clock.sleep(LOOK_AGAIN)
        try:
            yield lease
        finally:
            await self._store.release_lease(lease)

    async def _refreshed(self, connection: Connection, lease: Lease) -> Fresh:
        kept = await self._store.refresh_token(connection.id)
        if kept is None or connection.tenant is None:
            raise ConnectionNotReady
        try:
            granted = await self._exchange.token(
                connection.tenant, {"grant_type": "refresh_token", "refresh_token": kept.token}
            )
        except Refused as refused:
            raise await self._failed(connection, kept.version, refused.refusal) from None
        _check_owner(connection, granted)
        if granted.refresh_token is not None:
            # None back: a sign-in or the next in turn stored a newer one, and that one stands.
            await self._store.save_refresh_token(
                connection.id, granted.refresh_token, kept.version, lease=lease
            )
        _LOG.info("token_refreshed", connection=connection.id)
        return Fresh(granted.access_token, granted.expires_in)

    async def _failed(self, connection: Connection, version: int, refused: Refusal) -> GatewayError:
        """The error of a refused refresh."""
        error = _passing(refused)
        if error is not None:
            return error
        newest = await self._store.refresh_token(connection.id)
        if newest is None or newest.version == version:
            return await self._without_consent(connection, refused.text)
        return BusinessCentralUnavailable("The connection was signed in anew. Ask again.")

    async def _of_application(self, connection: Connection) -> Fresh:
        """A token for the application itself; there is nothing to keep (bc/api.md §2)."""
        if connection.tenant is None:
            raise ConnectionNotReady
        address = consent_url(self._entra, connection.tenant)
        grant = {"grant_type": "client_credentials", "scope": APPLICATION_SCOPE}
        try:
            granted = await self._exchange.token(connection.tenant, grant)
        except Refused as refused:
            error = _passing(refused.refusal)
            if error is None:
                text = for_application(refused.refusal, address)
                error = await self._without_consent(connection, text)
            raise error from None
        claims = application_claims(granted.access_token)
        if claims is not None and claims.tenant != connection.tenant:
            raise SignInFailed(
                "Microsoft answered with a token of another tenant. It was not used."
            )
        if claims is not None and ROLE not in claims.roles:
            raise await self._without_consent(
                connection,
                f"Microsoft gave the application no {ROLE}. It must stand among the application "
                "permissions of the registration, where the gateway's operator adds it, and a "
                f"Microsoft administrator of the tenant must consent at {address}.",
            )
        _LOG.info("token_taken", connection=connection.id)
        return Fresh(granted.access_token, granted.expires_in)

    async def _of_user(self, connection: Connection) -> Fresh:
        kept = await self._store.refresh_token(connection.id)
        if kept is None:
            raise ConnectionNotReady
        return Fresh(kept.token, int(KEY_KEPT.total_seconds()))

    async def _without_consent(self, connection: Connection, text: str) -> GatewayError:
        """It stops until somebody consents. `text` says who; the error also says the way."""
        text = f"{text} {_BY_USER if connection.grant == 'authorization_code' else _BY_ITSELF}"
        await self._stop(connection, "needs_consent", text)
        return ConnectionNeedsConsent(text)

    async def _stop(self, connection: Connection, status: str, detail: str) -> None:
        _LOG.warning("connection_stopped", connection=connection.id, status=status)
        await self._store.update_connection(connection.id, status=status, status_detail=detail)


def scheme_of(connection: Connection) -> str:
    """The scheme of the Authorization header that a token of this connection goes with."""
    return "Basic" if connection.grant == "basic" else "Bearer"


def basic_token(user: str, key: str) -> str:
    """User and key as HTTP Basic sends them; it is kept sealed like a refresh token."""
    return base64.b64encode(f"{user}:{key}".encode("ascii")).decode("ascii")


def _passing(refused: Refusal) -> GatewayError | None:
    """The error of a refusal that says nothing about the connection itself."""
    if refused.kind == "transient":
        return BusinessCentralUnavailable(f"{refused.text} Nothing was written.")
    if refused.kind == "operator":
        return SignInFailed(refused.text)
    return None


def _check_owner(connection: Connection, granted: Granted) -> None:
    """Refuse a token of another tenant or user before anything is sent with it."""
    if granted.id_token is None:
        return
    if claims_of(granted.id_token) != (connection.tenant, connection.principal):
        raise SignInFailed(
            "Microsoft answered with a token of another tenant or user. It was not used."
        )
