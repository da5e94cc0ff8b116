"""Who signed in: the ID token, verified against Microsoft's published keys.

The tenant of a connection comes from here and from nowhere else: the callback's own parameters
are in the hands of whoever makes the browser go there (bc/api.md §2).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from gateway.clock import Clock
from gateway.config import Entra
from gateway.entra.exchange import Exchange
from gateway.entra.sign_in import ANY_TENANT
from gateway.errors import SignInFailed
from gateway.wire import is_guid

LEEWAY: Final = timedelta(minutes=5)  # how far Microsoft's clock and ours may be apart
KEYS_KEPT: Final = timedelta(hours=24)
KEYS_AGAIN: Final = timedelta(minutes=1)  # an unknown key id asks no more often than this

_REQUIRED: Final = ["aud", "exp", "iss", "nonce", "oid", "tid"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that succeeded: tenant, object id of the user, and the first tokens.

    `expires_in` are seconds.
    """

    tenant: str
    principal: str
    refresh_token: str = field(repr=False)
    access_token: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True)
class ApplicationClaims:
    """What an application's own token says of it."""

    tenant: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Published:
    """What Microsoft publishes: the issuer with a place for the tenant, and keys by id."""

    issuer: str
    keys: Mapping[str, jwt.PyJWK]
    read_at: datetime


class Identities:
    """Verifies ID tokens. The published keys are read once a day, and when an id is unknown."""

    def __init__(self, entra: Entra, exchange: Exchange, clock: Clock) -> None:
        self._entra = entra
        self._exchange = exchange
        self._clock = clock
        self._published: _Published | None = None

    async def verify(self, id_token: str, nonce: str) -> tuple[str, str]:
        """Tenant and object id of the user, in lower case.

        Raises `SignInFailed` for a token that is not ours, not Microsoft's, not of this sign-in
        or not of now, `BusinessCentralUnavailable` when the keys cannot be read.
        """
        key = await self._key(id_token)
        try:
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key,
                algorithms=["RS256"],
                audience=self._entra.client_id,
                options={
                    "require": _REQUIRED,
                    "verify_exp": False,  # judged by the gateway's own clock below
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError:
            raise _refused("its signature, audience or claims are wrong") from None
        tenant, principal = str(claims["tid"]).lower(), str(claims["oid"]).lower()
        if not is_guid(tenant) or not is_guid(principal):
            raise _refused("it names no tenant or no user")
        if claims["iss"] != await self._issuer(str(claims["tid"])):
            raise _refused("its issuer is not the tenant's")
        if not secrets.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
            raise _refused("it belongs to another sign-in")
        self._check_time(claims)
        return tenant, principal

    def _check_time(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now().timestamp()
        leeway = LEEWAY.total_seconds()
        ends, begins = claims["exp"], claims.get("nbf", 0)
        if not isinstance(ends, int) or not isinstance(begins, int):
            raise _refused("its times cannot be read")
        if not begins - leeway <= now < ends + leeway:
            raise _refused("it is not valid now; compare the clocks")

    async def _issuer(self, tenant: str) -> str:
        published = self._published or await self._read()
        return published.issuer.replace("{tenantid}", tenant)

    async def _key(self, id_token: str) -> jwt.PyJWK:
        try:
            key_id = str(jwt.get_unverified_header(id_token).get("kid", ""))
        except jwt.InvalidTokenError:
            raise _refused("it cannot be read") from None
        published, now = self._published, self._clock.now()
        if published is None or now - published.read_at >= KEYS_KEPT:
            published = await self._read()
        if key_id not in published.keys and now - published.read_at >= KEYS_AGAIN:
            published = await self._read()
        if key_id not in published.keys:
            raise _refused("it is signed with a key that Microsoft does not publish")
        return published.keys[key_id]

    async def _read(self) -> _Published:
        """Metadata and keys of the authority (bc/api.md §2)."""
        root = f"{self._entra.authority}/{ANY_TENANT}"
        metadata = await self._exchange.get(f"{root}/v2.0/.well-known/openid-configuration")
        document = await self._exchange.get(f"{root}/discovery/v2.0/keys")
        issuer, listed = metadata.get("issuer"), document.get("keys")
        if (
            not isinstance(issuer, str)
            or "{tenantid}" not in issuer
            or not isinstance(listed, list)
        ):
            raise SignInFailed("Microsoft's metadata cannot be read: check entra.authority.")
        keys = {jwk["kid"]: _public_key(jwk) for jwk in listed if _is_signing(jwk)}
        self._published = _Published(issuer, keys, self._clock.now())
        return self._published


def claims_of(id_token: str) -> tuple[str, str] | None:
    """Tenant and user of an ID token that came from the token endpoint itself; None: unreadable.

    The signature is not looked at: OpenID Connect Core 3.1.3.7 lets TLS to the token endpoint
    stand for it, and a refresh must not depend on one more address.
    """
    try:
        claims = jwt.decode(id_token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return None
    return str(claims.get("tid", "")).lower(), str(claims.get("oid", "")).lower()


def application_claims(access_token: str) -> ApplicationClaims | None:
    """Tenant and roles of an application's token that we asked for; None: it is opaque.

    The one access token that is looked into: Microsoft also gives one without roles, and then
    Business Central's 401 would not say why (bc/api.md §2). The signature is Business Central's
    to check.
    """
    try:
        claims = jwt.decode(access_token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return None
    roles = claims.get("roles")
    return ApplicationClaims(
        str(claims.get("tid", "")).lower(),
        frozenset(str(role) for role in roles) if isinstance(roles, list) else frozenset(),
    )


def _is_signing(jwk: object) -> bool:
    return isinstance(jwk, dict) and jwk.get("kty") == "RSA" and isinstance(jwk.get("kid"), str)


def _public_key(jwk: dict[str, Any]) -> jwt.PyJWK:
    try:
        return jwt.PyJWK(jwk, algorithm="RS256")
    except jwt.PyJWTError:
        raise SignInFailed("Microsoft's keys cannot be read: check entra.authority.") from None


def _refused(reason: str) -> SignInFailed:
    return SignInFailed(f"Microsoft's ID token was refused: {reason}. Sign in again.")
