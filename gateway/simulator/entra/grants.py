"""The token endpoint of the simulator's Entra: codes, refresh tokens, client credentials.

Called by ``entra`` (bc/api.md §2).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from gateway.simulator.clock import Clock
from gateway.simulator.entra.assertions import Certificates
from gateway.simulator.entra.signin import (
    REFRESH_LIFE,
    RESOURCE,
    SHARED,
    Code,
    Refresh,
    SignIns,
    application_of,
    check_scopes,
    tenant_of,
)
from gateway.simulator.entra.tokens import AUDIENCE, Tokens
from gateway.simulator.errors import EntraError
from gateway.simulator.exchange import Answer, Call, json_answer
from gateway.simulator.seed.companies import Application, Tenant, User

TOKEN_SECONDS = 3599
ROLES = ("API.ReadWrite.All", "app_access")
_DELEGATED = "Financials.ReadWrite.All user_impersonation"
_MALFORMED = "Invalid request. Request is malformed or invalid."


@dataclass(frozen=True, slots=True)
class Grants:
    """Issues tokens. ``url`` is the origin that stands in the issuer, ``roles`` what the
    application was given in the tenant.
    """

    url: str
    clock: Clock
    tokens: Tokens
    signins: SignIns
    certificates: Certificates
    roles: tuple[str, ...] = ROLES

    def answer(self, path: str, call: Call) -> Answer:
        """Serve one token request. Raises EntraError."""
        tenant = tenant_of(path)
        form = call.form
        kind = _given(form, "grant_type")
        application = self._client(path, tenant, form, call.headers)
        if kind == "authorization_code":
            return self._redeem(path, form, application)
        if kind == "refresh_token":
            return self._refresh(path, form, application)
        if kind == "client_credentials":
            if tenant is None:
                text = (
                    f"The grant type is not supported over the /{path} endpoint. "
                    "Please use a tenant-specific endpoint."
                )
                raise EntraError("invalid_request", 9001023, text)
            return self._application_token(tenant.id, form, application)
        text = f"The app requested an unsupported grant type '{kind}'."
        raise EntraError("unsupported_grant_type", 70003, text)

    def _client(
        self, path: str, tenant: Tenant | None, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> Application:
        """The application and the proof that it is the one. Raises EntraError."""
        if not form.get("client_assertion"):
            return _with_secret(form, headers)
        application = application_of(_given(form, "client_id"))
        names = {path, tenant.id if tenant else path}
        audiences = [f"{self.url}/{name}/oauth2/v2.0/token" for name in names]
        self.certificates.verify(form, application.id, audiences, self.clock)
        return application

    def _redeem(self, path: str, form: Mapping[str, str], application: Application) -> Answer:
        code = self.signins.codes.get(_given(form, "code"))
        if code is None:
            raise EntraError("invalid_grant", 9002313, _MALFORMED)
        self._check_code(code, path, form, application)
        code.used = True
        return self._user_tokens(code.user, code.scopes, application, code.nonce)

    def _check_code(
        self, code: Code, path: str, form: Mapping[str, str], application: Application
    ) -> None:
        if code.used:
            text = "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."
            raise EntraError("invalid_grant", 54005, text)
        if code.expires <= self.clock.now():
            text = "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request."
            raise EntraError("invalid_grant", 70008, text)
        if code.client != application.id:
            text = "The provided authorization code was issued to another application."
            raise EntraError("invalid_grant", 70000, text)
        if code.tenant_path != path.lower():
            text = "The provided authorization code is intended to use against another tenant, thus rejected."
            raise EntraError("invalid_grant", 700005, text)
        if code.redirect_uri != form.get("redirect_uri"):
            text = "The reply address does not match the reply address provided when requesting the authorization code."
            raise EntraError("invalid_grant", 500112, text)
        if code.challenge and not _proves(form.get("code_verifier", ""), code):
            text = "The code_verifier does not match the code_challenge supplied in the authorization request for PKCE."
            raise EntraError("invalid_grant", 501481, text)

    def _refresh(self, path: str, form: Mapping[str, str], application: Application) -> Answer:
        refresh = self.signins.refreshes.get(_given(form, "refresh_token"))
        if refresh is None or refresh.client != application.id:
            raise EntraError("invalid_grant", 9002313, _MALFORMED)
        if refresh.expires <= self.clock.now():
            text = "The refresh token has expired due to inactivity."
            raise EntraError("invalid_grant", 700082, text)
        tenant = tenant_of(path)
        if tenant is not None and tenant.id != refresh.user.tenant:
            text = (
                "The user account does not exist in the tenant and cannot access the application."
            )
            raise EntraError("invalid_grant", 50020, text)
        scopes = check_scopes(form["scope"]) if form.get("scope") else refresh.scopes
        return self._user_tokens(refresh.user, scopes, application, "")

    def _user_tokens(
        self, user: User, scopes: tuple[str, ...], application: Application, nonce: str
    ) -> Answer:
        shared = self._identity(user.tenant, user.object_id) | {
            "name": user.name,
            "preferred_username": user.username,
        }
        access = {**shared, "aud": AUDIENCE, "azp": application.id, "scp": _DELEGATED}
        body: dict[str, object] = {
            "token_type": "Bearer",
            "scope": " ".join(f"{RESOURCE}/{scope}" for scope in _DELEGATED.split()),
            "expires_in": TOKEN_SECONDS,
            "ext_expires_in": TOKEN_SECONDS,
            "access_token": self.tokens.issue(access, TOKEN_SECONDS),
        }
        if "offline_access" in scopes:
            token = f"1.{secrets.token_urlsafe(96)}"
            life = self.clock.now() + REFRESH_LIFE
            self.signins.refreshes[token] = Refresh(application.id, user, scopes, life)
            body["refresh_token"] = token
        if "openid" in scopes:
            identity = {**shared, "aud": application.id}
            if nonce:
                identity["nonce"] = nonce
            body["id_token"] = self.tokens.issue(identity, TOKEN_SECONDS)
        return json_answer(200, body).with_headers(Cache_Control="no-store")

    def _application_token(
        self, tenant: str, form: Mapping[str, str], application: Application
    ) -> Answer:
        scope = _given(form, "scope")
        if scope != f"{RESOURCE}/.default":
            text = f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
            raise EntraError("invalid_scope", 1002012, text)
        principal = str(uuid.uuid5(uuid.UUID(tenant), application.id))
        claims = self._identity(tenant, principal) | {
            "aud": AUDIENCE,
            "azp": application.id,
            "idtyp": "app",
        }
        if self.roles:
            claims["roles"] = list(self.roles)
        body = {
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "ext_expires_in": TOKEN_SECONDS,
            "access_token": self.tokens.issue(claims, TOKEN_SECONDS),
        }
        return json_answer(200, body).with_headers(Cache_Control="no-store")

    def _identity(self, tenant: str, object_id: str) -> dict[str, object]:
        return {
            "iss": f"{self.url}/{tenant}/v2.0",
            "tid": tenant,
            "oid": object_id,
            "sub": object_id,
            "ver": "2.0",
            "uti": secrets.token_urlsafe(16),
        }


def _given(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "")
    if not value:
        text = f"The request body must contain the following parameter: '{name}'."
        raise EntraError("invalid_request", 900144, text)
    return value


def _with_secret(form: Mapping[str, str], headers: Mapping[str, str]) -> Application:
    """The application whose secret came in the form or the header. Raises EntraError."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, word = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise EntraError("invalid_request", 9002313, _MALFORMED) from None
        client_id, secret = unquote(name), unquote(word)
    application = application_of(_given({"client_id": client_id}, "client_id"))
    if not secret:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise EntraError("invalid_client", 7000218, text, 401)
    if not secrets.compare_digest(secret.encode(), application.secret.encode()):
        text = f"Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{application.id}'."
        raise EntraError("invalid_client", 7000215, text, 401)
    return application


def _proves(verifier: str, code: Code) -> bool:
    if code.method == "plain":
        return verifier == code.challenge
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == code.challenge


def issuer_template(url: str, path: str) -> str:
    """The issuer in the metadata of ``path``: shared paths have a placeholder."""
    if path.lower() in SHARED:
        return f"{url}/{{tenantid}}/v2.0"
    tenant = tenant_of(path)
    return f"{url}/{tenant.id if tenant else path}/v2.0"
