"""The authorize endpoint of the simulator's Entra: pages, decisions, codes (bc/api.md §2).

A browser that has signed in keeps a session: without ``prompt`` it is sent back at once when its
user has consented before, and ``prompt=none`` works for it. The codes are redeemed in ``grants``.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.simulator.clock import Clock
from gateway.simulator.entra.accounts import Accounts
from gateway.simulator.entra.issuing import NO_CHANGES, Changes, client_info
from gateway.simulator.entra.pages import account_page, consent_page
from gateway.simulator.entra.refusals import NEVER_SENT_BACK, at_authorize, refuse
from gateway.simulator.entra.registrations import Registrations
from gateway.simulator.entra.replies import (
    RESPONSE_MODES,
    page_answer,
    send_back,
    session_of,
    tell,
    with_session,
)
from gateway.simulator.entra.signin import (
    CODE_LIFE,
    PROOF,
    SESSION_LIFE,
    Code,
    Session,
    SignIns,
    application_of,
    check_lengths,
    check_redirect,
    check_scopes,
    given,
    refuse_consumers,
    tenant_of,
    user_of,
)
from gateway.simulator.errors import EntraError
from gateway.simulator.exchange import Answer, Call
from gateway.simulator.seed.companies import TENANTS, Application, Tenant, User

_REQUIRED = ("client_id", "response_type", "redirect_uri", "scope")
_PROMPTS = frozenset({"", "none", "login", "select_account", "consent"})


@dataclass(frozen=True, slots=True)
class Authorize:
    """Serves one call of the authorize endpoint of the tenant ``path``."""

    path: str
    call: Call
    clock: Clock
    signins: SignIns
    registrations: Registrations
    changes: Changes = NO_CHANGES

    def answer(self) -> Answer:
        """A page, or the way back. Raises EntraError where nothing can be sent back."""
        values = dict(self.call.pairs)
        if self.call.method == "POST":
            values |= self.call.form
        tenant = tenant_of(self.path)
        application = application_of(given(values, "client_id"), tenant)
        refuse_consumers(self.path, application)
        check_redirect(given(values, "redirect_uri"))
        check_lengths(values)
        refusal = self.changes.refusal or _mistake(values)
        if refusal is not None:
            return self._refused(values, refusal)
        if self.call.method == "POST" and values.get("decision"):
            return self._decide(values, tenant, application)
        return self._ask(values, tenant, application)

    def _ask(
        self, values: Mapping[str, str], tenant: Tenant | None, application: Application
    ) -> Answer:
        users = _candidates(tenant, values, self.signins.accounts)
        hint = values.get("login_hint", "").lower()
        known = self.signins.user_of_session(session_of(self.call), self.clock.now())
        if known not in users or (hint and known is not None and known.username != hint):
            known = None
        consented = known is not None and self.registrations.consented(known, application)
        prompt = values.get("prompt", "")
        if known is not None and consented and prompt in {"", "none"}:
            return self._code(values, known, application)
        if prompt == "none":
            number = 50058 if known is None else 65001
            text = {"app": application.id, "name": application.name}
            return self._refused(values, refuse(number, text))
        hinted = next((user for user in users if user.username == hint), None)
        return self._page(values, users, hinted or known or users[0], application)

    def _page(
        self, values: Mapping[str, str], users: list[User], chosen: User, application: Application
    ) -> Answer:
        if self._asks(values, chosen, application):
            return page_answer(consent_page(application, users, chosen, values))
        return page_answer(account_page(users, chosen, values))

    def _asks(self, values: Mapping[str, str], user: User, application: Application) -> bool:
        asked = self.registrations.consented(user, application)
        return values.get("prompt") == "consent" or not asked

    def _decide(
        self, values: Mapping[str, str], tenant: Tenant | None, application: Application
    ) -> Answer:
        decision = values["decision"]
        if decision not in {"accept", "continue"}:
            return self._refused(values, refuse(65004))
        name = values.get("username") or values.get("login_hint") or ""
        user = user_of(name, tenant, self.signins.accounts)
        if decision == "continue" and self._asks(values, user, application):
            return page_answer(consent_page(application, [user], user, values))
        if decision == "accept":
            self.registrations.consent(user, application)
        return self._code(values, user, application)

    def _code(self, values: Mapping[str, str], user: User, application: Application) -> Answer:
        now, code = self.clock.now(), f"1.{secrets.token_urlsafe(48)}"
        self.signins.forget(now)
        self.signins.codes[code] = Code(
            client=application.id,
            redirect_uri=values["redirect_uri"],
            tenant_path=self.path.lower(),
            challenge=values.get("code_challenge", ""),
            method=values.get("code_challenge_method", "plain"),
            user=user,
            scopes=check_scopes(values["scope"]),
            nonce=values.get("nonce", ""),
            expires=now + CODE_LIFE,
        )
        sent = {
            "code": code,
            "client_info": client_info(user) if values.get("client_info") == "1" else "",
            "state": values.get("state", ""),
            "session_state": secrets.token_hex(16),
        }
        session = secrets.token_urlsafe(24)
        self.signins.sessions[session] = Session(user, now + SESSION_LIFE)
        answer = send_back(values["redirect_uri"], sent, values.get("response_mode", "query"))
        return with_session(answer, session, self.call.origin)

    def _refused(self, values: Mapping[str, str], error: EntraError) -> Answer:
        """The refusal goes back, except what Entra shows itself. Raises EntraError."""
        if error.number in NEVER_SENT_BACK:
            raise error
        told = tell(error, self.clock)
        mode = values.get("response_mode", "query")
        sent = {
            "error": at_authorize(error),
            "error_description": told.description(),
            "error_uri": f"{self.call.origin}/error?code={error.number}",
            "error_subcode": "cancel" if error.number == 65004 else "",
            "suberror": error.suberror,
            "claims": error.claims,
            "state": values.get("state", ""),
        }
        return send_back(values["redirect_uri"], sent, mode if mode in RESPONSE_MODES else "query")


def _candidates(tenant: Tenant | None, values: Mapping[str, str], accounts: Accounts) -> list[User]:
    """The accounts to choose from: the tenant's, or those of the ``domain_hint``."""
    hint = values.get("domain_hint", "").lower()
    hinted = {each.id for each in TENANTS if each.domain == hint}
    wanted = {tenant.id} if tenant else hinted or {each.id for each in TENANTS}
    return [user for user in accounts if user.tenant in wanted]


def _mistake(values: Mapping[str, str]) -> EntraError | None:
    """What is wrong with the request, to be sent back to the application."""
    missing = [name for name in _REQUIRED if not values.get(name, "").strip()]
    if missing:
        return refuse(900144, value=missing[0])
    if values["response_type"] != "code":
        return refuse(700054, value=values["response_type"])
    if values.get("response_mode", "query") not in RESPONSE_MODES:
        return refuse(90023, value="response_mode")
    if values.get("prompt", "") not in _PROMPTS:
        return refuse(90023, value="prompt")
    if values.get("code_challenge_method", "plain") not in {"S256", "plain"}:
        return refuse(9002313)
    if values.get("code_challenge") and not PROOF.fullmatch(values["code_challenge"]):
        return refuse(501491)
    try:
        check_scopes(values["scope"])
    except EntraError as error:
        return error
    return None
