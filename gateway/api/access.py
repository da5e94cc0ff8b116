"""Who may call what: API keys, their roles, and the organization a key may be limited to.

`authenticate` comes before every handler under `/v1`. What belongs to another organization is
answered as if it were not there.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final, get_args

from aiohttp import web

from gateway.api.keys import OWNERS, STORE
from gateway.errors import Forbidden, Unauthenticated, UnknownConnection
from gateway.storage import ApiKey, Connection, Role

ROLES: Final[tuple[Role, ...]] = get_args(Role)  # each may do what those before it may
CALLER: web.RequestKey[ApiKey] = web.RequestKey("caller", ApiKey)

_PREFIX = "bcg_"


def new_key() -> tuple[str, str]:
    """A fresh API key and the hash by which it is known. The key itself is shown once."""
    key = _PREFIX + secrets.token_urlsafe(32)
    return key, key_hash(key)


def key_hash(key: str) -> str:
    """SHA-256 of a key, in hex: keys hold 256 random bits, so no salt or slow hash is needed."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


async def authenticate(request: web.Request) -> None:
    """Find the caller of everything under `/v1`. Raises `Unauthenticated`."""
    path = request.path
    if path.startswith("/v1/") or path == "/v1":
        request[CALLER] = await _caller(request)


def require_role(request: web.Request, role: Role) -> None:
    """Raises `Forbidden` when the caller's key has less than `role`."""
    have = request[CALLER].role
    if ROLES.index(have) < ROLES.index(role):
        raise Forbidden(f"This needs a key with the role {role}; this one has the role {have}.")


def require_organization(request: web.Request, organization: str) -> None:
    """Raises `Forbidden` when the caller's key is limited to another organization."""
    limit = request[CALLER].organization
    if limit is not None and limit != organization:
        raise Forbidden("This key is limited to another organization.")


async def connection_of(request: web.Request) -> Connection:
    """The connection the path names. Raises `UnknownConnection` also for somebody else's."""
    connection = await visible_connection(request, request.match_info["connection"])
    request[OWNERS] = connection.id, connection.organization
    return connection


async def visible_connection(request: web.Request, connection_id: str) -> Connection:
    """The connection with this id. Raises `UnknownConnection` also for somebody else's."""
    connection = await request.app[STORE].connection(connection_id)
    limit = request[CALLER].organization
    if connection is None or limit not in {None, connection.organization}:
        raise UnknownConnection
    return connection


async def _caller(request: web.Request) -> ApiKey:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthenticated
    found = await request.app[STORE].key_by_hash(key_hash(key.strip()))
    if found is None or found.revoked_at is not None:
        raise Unauthenticated("This key is not known here, or it was revoked.")
    return found
