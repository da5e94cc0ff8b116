"""A fresh bearer token for a connection: from memory, or by one refresh whatever the load."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

import structlog
from aiohttp import ClientSession

from gateway.clock import Clock
from gateway.config import Entra
from gateway.entra.exchange import Exchange, Refused
from gateway.entra.grants import Grants, basic_token
from gateway.entra.identity import Identities, SignedIn
from gateway.entra.sign_in import ANY_TENANT
from gateway.errors import (
    BusinessCentralUnavailable,
    ConnectionUnauthorized,
    GatewayError,
    SignInFailed,
)
from gateway.storage import Connection, Store

RENEW_BEFORE: Final = 300.0  # seconds
LAST_USE: Final = 30.0  # seconds; what is left must outlast the call it is used for
FIRST_PAUSE: Final = 1  # seconds after a failure before the next token call, doubled each time
LONGEST_PAUSE: Final = 60

_LOG = structlog.get_logger("gateway.entra")


@dataclass(frozen=True, slots=True)
class _Access:
    """An access token. It is opaque: nothing is read from it (bc/api.md §2)."""

    token: str = field(repr=False)
    renew_at: float
    expires_at: float

    @classmethod
    def lasting(cls, token: str, now: float, seconds: int) -> _Access:
        return cls(token, now + seconds - min(RENEW_BEFORE, seconds / 4), now + seconds)


@dataclass(slots=True)
class _Held:
    """What is known in memory of one connection's tokens."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    access: _Access | None = None
    failure: GatewayError | None = None
    failures: int = 0
    not_before: float | None = None


class Tokens:
    """Tokens of every connection. The cache is keyed by connection, tenant and client."""

    def __init__(self, entra: Entra, store: Store, session: ClientSession, clock: Clock) -> None:
        self._entra = entra
        self._store = store
        self._clock = clock
        self._exchange = Exchange(entra, session, clock)
        self._grants = Grants(entra, store, self._exchange, clock)
        self._identities = Identities(entra, self._exchange, clock)
        self._cache: dict[tuple[str, str, str], _Held] = {}

    async def redeem(self, code: str, *, redirect_uri: str, verifier: str, nonce: str) -> SignedIn:
        """Turn the code of a callback into tokens, and prove who signed in.

        Raises `SignInFailed` with a sentence for the administrator, `BusinessCentralUnavailable`.
        """
        grant = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        try:
            granted = await self._exchange.token(ANY_TENANT, grant)
        except Refused as refused:
            raise SignInFailed(refused.refusal.text) from None
        if granted.id_token is None or granted.refresh_token is None:
            raise SignInFailed(
                "Microsoft gave no ID token or no refresh token. The gateway's operator must "
                "allow openid and offline_access in the registration."
            )
        tenant, principal = await self._identities.verify(granted.id_token, nonce)
        return SignedIn(
            tenant, principal, granted.refresh_token, granted.access_token, granted.expires_in
        )

    async def adopt(self, connection: Connection, signed_in: SignedIn) -> None:
        """Keep the tokens of a fresh sign-in for `connection`, which has that tenant already."""
        await self._keep(connection, signed_in.refresh_token)
        fresh = _Held()
        fresh.access = _Access.lasting(
            signed_in.access_token, self._clock.time(), signed_in.expires_in
        )
        self._cache[self._key(connection)] = fresh

    async def adopt_key(self, connection: Connection, user: str, key: str) -> None:
        """Keep user and web service access key of a server outside Microsoft's cloud, in ASCII.

        What was kept before is replaced.
        """
        await self._keep(connection, basic_token(user, key))
        self.forget(connection)

    async def access_token(self, connection: Connection) -> str:
        """A bearer token for `connection` that outlasts the call it is asked for.

        Raises `ConnectionNotReady`, `ConnectionNeedsConsent`, `SignInFailed` when the gateway's
        own registration is refused, `BusinessCentralUnavailable` with `retry_after`.
        """
        held, now = self._held(connection), self._clock.time()
        if held.access is not None:
            if now < held.access.renew_at:
                return held.access.token
            if _usable(held.access, now) and (held.lock.locked() or _paused(held, now)):
                return held.access.token
        async with held.lock:
            if held.access is not None and self._clock.time() < held.access.renew_at:
                return held.access.token
            try:
                access = await self._refresh(connection, held)
            except (BusinessCentralUnavailable, SignInFailed):
                if held.access is None or not _usable(held.access, self._clock.time()):
                    raise
                access = held.access
            return access.token

    async def renew(self, connection: Connection, rejected: str) -> str:
        """Another token than `rejected`, which Business Central answered with 401.

        However many callers bring the same token, it is refreshed once. A key that is refused
        has no other: unless it was replaced meanwhile, the connection stops. Raises what
        `access_token` raises, and `ConnectionUnauthorized`.
        """
        held = self._held(connection)
        async with held.lock:
            if held.access is not None and held.access.token != rejected:
                return held.access.token
            held.access = None
            access = await self._refresh(connection, held)
            if access.token == rejected:
                held.access = None
                raise ConnectionUnauthorized(await self.unauthorized(connection))
            return access.token

    async def unauthorized(self, connection: Connection) -> str:
        """Note that Business Central refuses this user or application whatever the token.

        The connection stops; the sentence says who can do what about it.
        """
        return await self._grants.refused(connection)

    def forget(self, connection: Connection) -> None:
        """Drop what memory holds of a connection, so that its next token is asked for anew."""
        self._cache.pop(self._key(connection), None)

    async def _keep(self, connection: Connection, secret: str) -> None:
        """Store `secret`, whatever was stored before."""
        stored = None
        while stored is None:
            held = await self._store.refresh_token(connection.id)
            version = None if held is None else held.version
            stored = await self._store.save_refresh_token(connection.id, secret, version)

    def _key(self, connection: Connection) -> tuple[str, str, str]:
        return connection.id, connection.tenant or "", self._entra.client_id

    def _held(self, connection: Connection) -> _Held:
        key = self._key(connection)
        held = self._cache.get(key)
        if held is None:
            held = self._cache[key] = _Held()
        return held

    async def _refresh(self, connection: Connection, held: _Held) -> _Access:
        """One refresh, under the lock of `held`. After a failure the next call has to wait."""
        now = self._clock.time()
        if held.failure is not None and held.not_before is not None and now < held.not_before:
            wait = held.not_before - now
            raise type(held.failure)(held.failure.detail, retry_after=wait)
        try:
            fresh = await self._grants.fresh(connection.id)
        except (BusinessCentralUnavailable, SignInFailed) as failure:
            held.failure = failure
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**held.failures)
            held.failures = min(held.failures + 1, 10)
            held.not_before = self._clock.time() + pause
            failure.retry_after = pause
            raise
        access = _Access.lasting(fresh.token, self._clock.time(), fresh.expires_in)
        held.access, held.failure, held.failures, held.not_before = access, None, 0, None
        return access


def _usable(access: _Access, now: float) -> bool:
    return now < access.expires_at - LAST_USE


def _paused(held: _Held, now: float) -> bool:
    return held.not_before is not None and now < held.not_before
