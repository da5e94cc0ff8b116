"""The authorize endpoint of the simulator's Entra: consent page, decision, codes.

Called by ``entra`` (bc/api.md §2). The codes issued here are redeemed in ``grants``.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from gateway.simulator.clock import Clock
from gateway.simulator.entra.pages import consent_page
from gateway.simulator.errors import EntraError
from gateway.simulator.exchange import Answer
from gateway.simulator.seed.companies import APPLICATIONS, TENANTS, USERS, Application, Tenant, User

RESOURCE = "https://api.businesscentral.dynamics.com"
CODE_LIFE = timedelta(minutes=10)
REFRESH_LIFE = timedelta(days=90)
SHARED = frozenset({"organizations", "common"})
_OWN_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
_REQUIRED = ("client_id", "response_type", "redirect_uri", "scope")


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


@dataclass(slots=True)
class SignIns:
    """Codes and refresh tokens that were issued, by their value."""

    codes: dict[str, Code] = field(default_factory=dict, repr=False)
    refreshes: dict[str, Refresh] = field(default_factory=dict, repr=False)

    def clear(self) -> None:
        """Forget all of them."""
        self.codes.clear()
        self.refreshes.clear()


def tenant_of(path: str) -> Tenant | None:
    """The tenant a path names by id or domain; None for the shared paths.

    Raises EntraError for a tenant that does not exist.
    """
    if path.lower() in SHARED:
        return None
    for tenant in TENANTS:
        if path.lower() in {tenant.id, tenant.domain}:
            return tenant
    text = (
        f"Tenant '{path}' not found. Check to make sure you have the correct tenant ID and are "
        "signing into the correct cloud."
    )
    raise EntraError("invalid_request", 90002, text)


def application_of(client_id: str) -> Application:
    """The registered application. Raises EntraError."""
    for application in APPLICATIONS:
        if application.id == client_id.lower():
            return application
    text = f"Application with identifier '{client_id}' was not found in the directory."
    raise EntraError("unauthorized_client", 700016, text)


def check_scopes(scope: str) -> tuple[str, ...]:
    """The scopes asked for; only one resource at a time. Raises EntraError."""
    scopes = tuple(scope.split())
    resources = {s.rsplit("/", 1)[0] for s in scopes if s not in _OWN_SCOPES}
    if not resources <= {RESOURCE}:
        text = (
            f"The provided value for the input parameter 'scope' is not valid. The scope {scope} "
            "is not valid."
        )
        raise EntraError("invalid_scope", 70011, text)
    return scopes


def show_consent(path: str, query: Mapping[str, str]) -> Answer:
    """The page that asks. Raises EntraError where nothing can be sent back."""
    tenant = tenant_of(path)
    application = application_of(_given(query, "client_id"))
    _check_redirect(_given(query, "redirect_uri"))
    refusal = _refusal(query)
    if refusal is not None:
        return _back(query, refusal)
    users = [user for user in USERS if tenant is None or user.tenant == tenant.id]
    hint = query.get("login_hint", "").lower()
    chosen = next((u.username for u in users if u.username == hint), users[0].username)
    body = consent_page(application, users, chosen, query)
    return Answer(200, body, {"Content-Type": "text/html; charset=utf-8"})


def decide(path: str, form: Mapping[str, str], signins: SignIns, clock: Clock) -> Answer:
    """What the page's form sends: a code goes back, or the refusal. Raises EntraError."""
    tenant = tenant_of(path)
    application = application_of(_given(form, "client_id"))
    redirect_uri = _given(form, "redirect_uri")
    _check_redirect(redirect_uri)
    refusal = _refusal(form)
    if refusal is not None:
        return _back(form, refusal)
    if form.get("decision") != "accept":
        text = f"User declined to consent to access the app '{application.id}'."
        return _back(form, EntraError("access_denied", 65004, text))
    user = _user(form.get("username") or form.get("login_hint") or "", tenant)
    code = f"1.{secrets.token_urlsafe(48)}"
    signins.codes[code] = Code(
        client=application.id,
        redirect_uri=redirect_uri,
        tenant_path=path.lower(),
        challenge=form.get("code_challenge", ""),
        method=form.get("code_challenge_method", "plain"),
        user=user,
        scopes=check_scopes(form["scope"]),
        nonce=form.get("nonce", ""),
        expires=clock.now() + CODE_LIFE,
    )
    values = {"code": code, "state": form.get("state", ""), "session_state": secrets.token_hex(16)}
    return _redirect(redirect_uri, {name: value for name, value in values.items() if value})


def _given(values: Mapping[str, str], name: str) -> str:
    value = values.get(name, "")
    if not value:
        text = f"The request body must contain the following parameter: '{name}'."
        raise EntraError("invalid_request", 900144, text)
    return value


def _check_redirect(uri: str) -> None:
    parts = urlsplit(uri)
    host = parts.hostname or ""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if parts.scheme not in {"http", "https"} or not loopback:
        text = (
            f"The redirect URI '{uri}' specified in the request does not match the redirect URIs "
            "configured for the application."
        )
        raise EntraError("invalid_request", 50011, text)


def _refusal(values: Mapping[str, str]) -> EntraError | None:
    """What is wrong with the request, to be sent back to the application."""
    missing = [name for name in _REQUIRED if not values.get(name)]
    if missing:
        text = f"The request body must contain the following parameter: '{missing[0]}'."
        return EntraError("invalid_request", 900144, text)
    if values["response_type"] != "code":
        text = f"The response_type '{values['response_type']}' is not enabled for the application."
        return EntraError("unsupported_response_type", 700054, text)
    if values.get("code_challenge_method", "plain") not in {"S256", "plain"}:
        text = "The code_challenge_method must be S256 or plain."
        return EntraError("invalid_request", 9002313, text)
    if values.get("prompt") == "none":
        text = "Session information is not sufficient for single-sign-on."
        return EntraError("login_required", 50058, text)
    try:
        check_scopes(values["scope"])
    except EntraError as error:
        return error
    return None


def _user(username: str, tenant: Tenant | None) -> User:
    for user in USERS:
        if user.username == username.lower() and (tenant is None or user.tenant == tenant.id):
            return user
    text = f"The user account '{username}' does not exist in the directory."
    raise EntraError("invalid_request", 50034, text)


def _back(values: Mapping[str, str], error: EntraError) -> Answer:
    sent = {
        "error": error.error,
        "error_description": f"AADSTS{error.number}: {error.text}",
        "state": values.get("state", ""),
    }
    return _redirect(values["redirect_uri"], {name: value for name, value in sent.items() if value})


def _redirect(uri: str, values: Mapping[str, str]) -> Answer:
    joint = "&" if urlsplit(uri).query else "?"
    return Answer(302, b"", {"Location": f"{uri}{joint}{urlencode(values)}"})
