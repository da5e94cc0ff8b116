"""The token endpoint of the simulator's Entra: codes, refresh tokens, client credentials.

Called by ``endpoints`` (bc/api.md §2).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from gateway.simulator.clock import Clock
from gateway.simulator.entra.assertions import Certificates
from gateway.simulator.entra.issuing import Client, Issuer, client_info
from gateway.simulator.entra.refusals import refuse
from gateway.simulator.entra.registrations import Registrations
from gateway.simulator.entra.signin import (
    PROOF,
    REFRESH_LIFE,
    RESOURCE,
    Code,
    Refresh,
    SignIns,
    application_of,
    check_scopes,
    given,
    refuse_consumers,
    refuse_disabled,
    tenant_of,
)
from gateway.simulator.exchange import Answer, Call, json_answer
from gateway.simulator.seed.companies import Application, Tenant, User

_SECRET, _CERTIFICATE = "1", "2"  # how the application proved itself, the claim ``appidacr``


@dataclass(frozen=True, slots=True)
class Grants:
    """Decides who gets a token. ``issuer`` is made for the call that is answered."""

    clock: Clock
    issuer: Issuer
    signins: SignIns
    certificates: Certificates
    registrations: Registrations

    def answer(self, path: str, call: Call) -> Answer:
        """Serve one token request. Raises EntraError."""
        tenant = tenant_of(path)
        form = call.form
        kind = given(form, "grant_type")
        client = self._client(path, tenant, form, call.headers)
        if kind == "authorization_code":
            body = self._redeem(path, form, client)
        elif kind == "refresh_token":
            body = self._refresh(path, form, client)
        elif kind == "client_credentials":
            body = self._application_token(tenant, form, client)
        else:
            raise refuse(70003, value=kind)
        return json_answer(200, body).with_headers(Cache_Control="no-store, no-cache")

    def _client(
        self, path: str, tenant: Tenant | None, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> Client:
        """The application, and how it proved that it is the one. Raises EntraError."""
        if not form.get("client_assertion"):
            client_id, secret = _basic(form, headers)
            application = application_of(given({"client_id": client_id}, "client_id"), tenant)
            refuse_consumers(path, application)
            if not secret:
                raise refuse(7000218)
            self.registrations.check_secret(application, secret, self.clock)
            return Client(application, _SECRET)
        application = application_of(given(form, "client_id"), tenant)
        names = {path, tenant.id if tenant else path}
        ends = ("/oauth2/v2.0/token", "/v2.0", "/")
        audiences = [f"{self.issuer.url}/{name}{end}" for name in names for end in ends]
        self.certificates.verify(form, application.id, audiences, self.clock)
        return Client(application, _CERTIFICATE)

    def _redeem(self, path: str, form: Mapping[str, str], client: Client) -> dict[str, object]:
        code = self.signins.codes.get(given(form, "code"))
        if code is None:
            raise refuse(9002313).of("invalid_grant")
        self._check_code(code, path, form, client.application)
        code.used = True
        return self._user_tokens(code.user, code.scopes, client, form, code.nonce)

    def _check_code(
        self, code: Code, path: str, form: Mapping[str, str], application: Application
    ) -> None:
        if code.used:
            raise refuse(54005)
        if code.expires <= self.clock.now():
            raise refuse(70008)
        if code.client != application.id:
            raise refuse(70000)
        if code.tenant_path != path.lower():
            raise refuse(700005)
        if code.redirect_uri != form.get("redirect_uri"):
            raise refuse(500112, uri=form.get("redirect_uri", ""))
        if code.challenge and not _proves(form.get("code_verifier", ""), code):
            raise refuse(501481)

    def _refresh(self, path: str, form: Mapping[str, str], client: Client) -> dict[str, object]:
        application = client.application
        refresh = self.signins.refreshes.get(given(form, "refresh_token"))
        if refresh is None or refresh.client != application.id:
            raise refuse(9002313).of("invalid_grant")
        if refresh.expires <= self.clock.now():
            raise refuse(700082)
        user = self.signins.accounts.find(refresh.user.username) or refresh.user
        refuse_disabled(user)
        tenant = tenant_of(path)
        if tenant is not None and tenant.id != user.tenant:
            raise refuse(50020, user=user.username, tenant=tenant.name, app=application.id)
        if not self.registrations.consented(user, application):
            raise refuse(65001, app=application.id, name=application.name)
        asked = form.get("scope", "").strip()
        scopes = check_scopes(asked) if asked else refresh.scopes
        return self._user_tokens(user, scopes, client, form)

    def _user_tokens(
        self,
        user: User,
        scopes: tuple[str, ...],
        client: Client,
        form: Mapping[str, str],
        nonce: str = "",
    ) -> dict[str, object]:
        body = self.issuer.for_user(user, scopes, client)
        if "offline_access" in scopes:
            token = f"1.{secrets.token_urlsafe(96)}"
            now = self.clock.now()
            self.signins.forget(now)
            life = now + REFRESH_LIFE
            self.signins.refreshes[token] = Refresh(client.application.id, user, scopes, life)
            body["refresh_token"] = token
        if "openid" in scopes:
            body["id_token"] = self.issuer.id_token(user, client.application, nonce)
        if form.get("client_info") == "1":
            body["client_info"] = client_info(user)
        return body

    def _application_token(
        self, tenant: Tenant | None, form: Mapping[str, str], client: Client
    ) -> dict[str, object]:
        if tenant is None:
            raise refuse(9001023)
        scope = given(form, "scope")
        if scope != f"{RESOURCE}/.default":
            raise refuse(1002012, scope=scope)
        roles = self.registrations.roles_in(tenant.id, client.application)
        return self.issuer.for_application(tenant.id, client, roles)


def _basic(form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, str]:
    """The client id and the secret, from the header if they are there. Raises EntraError."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, _, word = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # no base64, no ASCII or no UTF-8
        raise refuse(9002313) from None
    return unquote(name), unquote(word)


def _proves(verifier: str, code: Code) -> bool:
    if not PROOF.fullmatch(verifier):
        return False
    if code.method == "plain":
        return verifier == code.challenge
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == code.challenge
