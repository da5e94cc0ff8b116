"""What stands in the tokens, and in the answers that carry them (bc/api.md §2). ``grants`` calls.

Access tokens for Business Central are of version 1.0: their audience is the resource's URI, which
tokens of version 2.0 never have, so the client is ``appid`` and the issuer ends in the tenant.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import uuid
from dataclasses import dataclass, field

from gateway.simulator.entra.signin import DELEGATED, OWN_SCOPES, RESOURCE
from gateway.simulator.entra.tokens import AUDIENCE, Tokens
from gateway.simulator.errors import EntraError
from gateway.simulator.seed.companies import Application, User

TOKEN_SECONDS = 3599
_GRAPH = "00000003-0000-0000-c000-000000000000"


@dataclass(frozen=True, slots=True)
class Changes:
    """What armed faults change in one call: see ``control.signinfaults``.

    ``audience`` and ``tenant`` stand in the tokens in place of the right ones, ``seconds`` move
    their times; ``refusal`` goes back from the authorize endpoint.
    """

    without_roles: bool = False
    audience: str | None = None
    tenant: str | None = None
    seconds: int = 0
    refusal: EntraError | None = None


NO_CHANGES = Changes()


@dataclass(frozen=True, slots=True)
class Client:
    """The application that asks, and how it proved itself: the claim ``appidacr``."""

    application: Application
    proof: str


@dataclass(frozen=True, slots=True)
class Issuer:
    """Makes token answers for one call. ``url`` is the origin in the issuer's name."""

    url: str
    tokens: Tokens = field(repr=False)
    changes: Changes = NO_CHANGES

    def for_user(self, user: User, scopes: tuple[str, ...], client: Client) -> dict[str, object]:
        """Token type, scope, times and access token.

        Whatever scopes were asked for, the token carries all that were consented to for the
        resource; without a scope of a resource it is for Microsoft Graph, and Business Central
        refuses it. ``.default`` is repeated in ``scope``, by which clients find it in their
        caches.
        """
        tenant = self.changes.tenant or user.tenant
        asked = [scope for scope in scopes if scope not in OWN_SCOPES]
        names = DELEGATED if asked else tuple(s for s in scopes if s != "offline_access")
        claims = self._access(tenant, user.object_id, client) | {
            "aud": self.changes.audience or (AUDIENCE if asked else _GRAPH),
            "scp": " ".join(names),
            "name": user.name,
            "upn": user.username,
            "unique_name": user.username,
            "sub": pairwise(user.object_id, AUDIENCE),
            "amr": ["pwd"],
        }
        shown = [f"{RESOURCE}/{name}" for name in names] if asked else list(names)
        shown += [scope for scope in asked if scope.endswith("/.default")]
        return {"token_type": "Bearer", "scope": " ".join(shown), **self._timed(claims)}

    def id_token(self, user: User, application: Application, nonce: str) -> str:
        """Who signed in, for the application; version 2.0."""
        tenant = self.changes.tenant or user.tenant
        claims: dict[str, object] = {
            "ver": "2.0",
            "iss": f"{self.url}/{tenant}/v2.0",
            "sub": pairwise(user.object_id, application.id),
            "aud": application.id,
            "tid": tenant,
            "oid": user.object_id,
            "name": user.name,
            "preferred_username": user.username,
            "uti": secrets.token_urlsafe(16),
        }
        if nonce:
            claims["nonce"] = nonce
        return self.tokens.issue(claims, TOKEN_SECONDS, self.changes.seconds)

    def for_application(
        self, tenant: str, client: Client, roles: tuple[str, ...]
    ) -> dict[str, object]:
        """The application's own token; without ``roles`` it carries no such claim."""
        principal = str(uuid.uuid5(uuid.UUID(tenant), client.application.id))
        named = self.changes.tenant or tenant
        claims = self._access(named, principal, client) | {
            "aud": self.changes.audience or AUDIENCE,
            "sub": principal,
            "idtyp": "app",
        }
        if roles and not self.changes.without_roles:
            claims["roles"] = list(roles)
        return {"token_type": "Bearer", **self._timed(claims)}

    def _access(self, tenant: str, object_id: str, client: Client) -> dict[str, object]:
        return {
            "ver": "1.0",
            "iss": f"{self.url}/{tenant}/",
            "idp": f"{self.url}/{tenant}/",
            "tid": tenant,
            "oid": object_id,
            "appid": client.application.id,
            "appidacr": client.proof,
            "uti": secrets.token_urlsafe(16),
        }

    def _timed(self, claims: dict[str, object]) -> dict[str, object]:
        return {
            "expires_in": TOKEN_SECONDS,
            "ext_expires_in": TOKEN_SECONDS,
            "access_token": self.tokens.issue(claims, TOKEN_SECONDS, self.changes.seconds),
        }


def pairwise(object_id: str, application: str) -> str:
    """A subject that is another one for every application."""
    digest = hashlib.sha256(f"{object_id}/{application}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def client_info(user: User) -> str:
    """Who signed in, for the caches of Microsoft's own libraries (they send ``client_info=1``)."""
    info = json.dumps({"uid": user.object_id, "utid": user.tenant}, separators=(",", ":"))
    return base64.urlsafe_b64encode(info.encode()).decode().rstrip("=")
