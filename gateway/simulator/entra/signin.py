"""What signing in is made of: tenants, applications, scopes, codes, sessions.

``authorize`` issues codes, ``grants`` redeems them (bc/api.md §2).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from gateway.simulator.entra.accounts import Accounts
from gateway.simulator.entra.refusals import refuse
from gateway.simulator.seed.companies import APPLICATIONS, TENANTS, Application, Tenant, User

RESOURCE = "https://api.businesscentral.dynamics.com"
DELEGATED = ("Financials.ReadWrite.All", "user_impersonation")
CODE_LIFE = timedelta(minutes=10)
REFRESH_LIFE = timedelta(days=90)
SHARED = frozenset({"organizations", "common", "consumers"})
SESSION_LIFE = timedelta(hours=24)
PROOF = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # what PKCE proves by, and its hash (RFC 7636 §4)
_REMEMBERED = timedelta(days=1)  # so long what has expired is refused as that, not as unknown
_LONGEST = 4096  # characters
_MOST = 10_000  # of each kind
OWN_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
_STRANGE = frozenset("#\\ ")  # in a redirect URI
_KNOWN_SCOPES = frozenset({*DELEGATED, ".default"})


@dataclass(slots=True)
class Code:
    """An authorization code and all it is bound to."""

    client: str
    redirect_uri: str
    tenant_path: str
    challenge: str
    method: str
    user: User
    scopes: tuple[str, ...]
    nonce: str
    expires: datetime
    used: bool = False


@dataclass(slots=True)
class Refresh:
    """A refresh token's subject; using one does not end it."""

    client: str
    user: User
    scopes: tuple[str, ...]
    expires: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Who has signed in with a browser. A choice: it lasts a day, Entra's for what is not kept."""

    user: User
    expires: datetime


@dataclass(slots=True)
class SignIns:
    """Codes, refresh tokens and browser sessions that were issued, by their value; who can sign in.

    What expired a day ago is forgotten, and the oldest where there are more than 10,000.
    """

    codes: dict[str, Code] = field(default_factory=dict, repr=False)
    refreshes: dict[str, Refresh] = field(default_factory=dict, repr=False)
    sessions: dict[str, Session] = field(default_factory=dict, repr=False)
    accounts: Accounts = field(default_factory=Accounts)

    def user_of_session(self, session: str, now: datetime) -> User | None:
        """Who has signed in with the browser of this session."""
        found = self.sessions.get(session)
        return found.user if found is not None and now < found.expires else None

    def forget(self, now: datetime) -> None:
        """Drop what nobody needs any more. Called before another one is issued."""
        before = now - _REMEMBERED
        _forget(self.codes, before)
        _forget(self.refreshes, before)
        _forget(self.sessions, before)

    def clear(self) -> None:
        """Forget all of them; the accounts are those of the seed."""
        self.codes.clear()
        self.refreshes.clear()
        self.sessions.clear()
        self.accounts.reset()


_Issued = TypeVar("_Issued", Code, Refresh, Session)


def _forget(kept: dict[str, _Issued], before: datetime) -> None:
    gone = [value for value, issued in kept.items() if issued.expires <= before]
    left = len(kept) - len(gone) - _MOST + 1
    gone += list(kept)[: max(0, left)]
    for value in gone:
        kept.pop(value, None)


def tenant_of(path: str) -> Tenant | None:
    """The tenant a path names by id or domain; None for the shared paths.

    Raises EntraError for a tenant that does not exist.
    """
    if path.lower() in SHARED:
        return None
    for tenant in TENANTS:
        if path.lower() in {tenant.id, tenant.domain}:
            return tenant
    raise refuse(90002, tenant=path)


def application_of(client_id: str, tenant: Tenant | None = None) -> Application:
    """The registered application. Raises EntraError."""
    for application in APPLICATIONS:
        if application.id == client_id.lower():
            return application
    raise refuse(700016, app=client_id, tenant=tenant.name if tenant else "the directory")


def refuse_consumers(path: str, application: Application) -> None:
    """Personal accounts do not use Business Central. Raises EntraError (a choice: 9002331)."""
    if path.lower() == "consumers":
        raise refuse(9002331, app=application.id, name=application.name)


def check_scopes(scope: str) -> tuple[str, ...]:
    """The scopes asked for; only one resource at a time. Raises EntraError."""
    scopes = tuple(scope.split())
    asked = [s.rsplit("/", 1) for s in scopes if s not in OWN_SCOPES]
    resources = {parts[0] for parts in asked}
    if not resources <= {RESOURCE}:
        raise refuse(70011, scope=scope)
    for _, name in asked:
        if name not in _KNOWN_SCOPES:
            raise refuse(650053, scope=name)
    return scopes


def user_of(username: str, tenant: Tenant | None, accounts: Accounts) -> User:
    """The account with this name, in this tenant. Raises EntraError."""
    user = accounts.find(username, tenant)
    if user is None:
        raise refuse(50034, user=username, tenant=tenant.name if tenant else "organization")
    refuse_disabled(user)
    return user


def refuse_disabled(user: User) -> None:
    """An account that an administrator disabled gets nothing. Raises EntraError (50057)."""
    if not user.enabled:
        raise refuse(50057)


def given(values: Mapping[str, str], name: str) -> str:
    """A parameter that must be there. Raises EntraError (900144)."""
    value = values.get(name, "")
    if not value:
        raise refuse(900144, value=name)
    return value


def check_lengths(values: Mapping[str, str]) -> None:
    """What is kept, or comes back in an address, has an end: a choice, as Entra's is not told.

    Raises EntraError (90023).
    """
    for name in ("state", "nonce"):
        if len(values.get(name, "")) > _LONGEST:
            raise refuse(90023, value=name)


def check_redirect(uri: str) -> None:
    """Only redirect URIs on loopback are registered, without fragment and credentials. Raises
    EntraError (50011).
    """
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname or "", parts.port
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise refuse(50011, uri=uri) from None
    # A line break would end the header that the URI is sent in. Browsers take a backslash for a
    # slash, and would find another host there; they skip blanks. What follows "#" is never sent.
    strange = not uri.isprintable() or _STRANGE.intersection(uri) or {"@", "%"} & {*parts.netloc}
    if parts.scheme not in {"http", "https"} or not loopback or strange or port == 0:
        raise refuse(50011, uri=uri)
