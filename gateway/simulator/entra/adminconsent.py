"""Admin consent: an administrator agrees for a whole tenant (bc/api.md §2).

Two endpoints: ``/{tenant}/v2.0/adminconsent`` with ``scope``, and the older
``/{tenant}/adminconsent``. Their callbacks differ, and the newer one says ``admin_consent=True``
in refusals as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.simulator.clock import Clock
from gateway.simulator.entra.issuing import NO_CHANGES, Changes
from gateway.simulator.entra.pages import admin_page, message_page
from gateway.simulator.entra.refusals import NEVER_SENT_BACK, at_authorize, refuse
from gateway.simulator.entra.registrations import KNOWN_ROLES, ROLES, Registrations
from gateway.simulator.entra.replies import page_answer, send_back, session_of, tell
from gateway.simulator.entra.signin import (
    DELEGATED,
    OWN_SCOPES,
    RESOURCE,
    SignIns,
    application_of,
    check_lengths,
    check_redirect,
    given,
    refuse_consumers,
    tenant_of,
    user_of,
)
from gateway.simulator.errors import EntraError
from gateway.simulator.exchange import Answer, Call
from gateway.simulator.seed.companies import Application, Tenant

_DECLINED = "The resource owner or authorization server denied the request."
_CANCELED = "The admin canceled the request"


@dataclass(frozen=True, slots=True)
class AdminConsent:
    """Serves one call; ``legacy`` is the endpoint without ``v2.0``."""

    path: str
    call: Call
    clock: Clock
    signins: SignIns
    registrations: Registrations
    changes: Changes = NO_CHANGES
    legacy: bool = False

    def answer(self) -> Answer:
        """The page, or the way back. Raises EntraError where nothing can be sent back.

        Without ``redirect_uri`` the registration's first one is used by Entra; the simulator
        has only a rule for them, so it ends with a page (a choice).
        """
        values = dict(self.call.pairs)
        if self.call.method == "POST":
            values |= self.call.form
        tenant = tenant_of(self.path)
        application = application_of(given(values, "client_id"), tenant)
        refuse_consumers(self.path, application)
        if values.get("redirect_uri") or not self.legacy:
            check_redirect(given(values, "redirect_uri"))
        check_lengths(values)
        if not self.legacy:
            _check(given(values, "scope"))
        if self.changes.refusal is not None:
            return self._refused(values, self.changes.refusal)
        if self.call.method == "POST" and values.get("decision"):
            return self._decide(values, tenant, application)
        users = [
            user for user in self.signins.accounts if tenant is None or user.tenant == tenant.id
        ]
        known = self.signins.user_of_session(session_of(self.call), self.clock.now())
        chosen = known if known in users else next(u for u in users if u.administrator)
        return page_answer(admin_page(application, users, chosen or users[0], values))

    def _decide(
        self, values: Mapping[str, str], tenant: Tenant | None, application: Application
    ) -> Answer:
        if values["decision"] != "accept":
            error = refuse(65004)
            error.text = _DECLINED
            return self._refused(values, error.of("consent_required"))
        user = user_of(values.get("username", ""), tenant, self.signins.accounts)
        if not user.administrator:  # shown, not sent back: a choice
            raise refuse(90094, tenant=user.tenant, app=application.id)
        scope = values.get("scope", "")
        held = self.registrations.roles_in(user.tenant, application)
        roles = ROLES if self.legacy else _roles(scope) or held
        self.registrations.consent_for_all(user.tenant, application, roles)
        sent = {
            "admin_consent": "True",
            "tenant": user.tenant,
            "scope": "" if self.legacy else scope,
        }
        return self._back(values, sent, "The permissions were given.")

    def _refused(self, values: Mapping[str, str], error: EntraError) -> Answer:
        if error.number in NEVER_SENT_BACK:
            raise error
        if self.legacy:
            text = _CANCELED if error.number == 65004 else tell(error, self.clock).description()
            sent = {"error": "permission_denied", "error_description": text}
        else:
            told = tell(error, self.clock)
            sent = {
                "admin_consent": "True",
                "error": at_authorize(error),
                "error_description": told.description("\r\n"),
            }
        return self._back(values, sent, "The permissions were not given.")

    def _back(self, values: Mapping[str, str], sent: dict[str, str], text: str) -> Answer:
        uri = values.get("redirect_uri", "")
        if not uri:
            return page_answer(message_page("Permissions requested", text))
        return send_back(uri, {**sent, "state": values.get("state", "")})


def _check(scope: str) -> None:
    """Only permissions of Business Central are known. Raises EntraError."""
    known = {f"{RESOURCE}/{name}" for name in (*DELEGATED, *KNOWN_ROLES, ".default")}
    for name in scope.split():
        if name not in known and name not in OWN_SCOPES:
            raise refuse(650053, scope=name)


def _roles(scope: str) -> tuple[str, ...]:
    """The application permissions in ``scope``; ``.default`` is all that are registered."""
    names = [name.rsplit("/", 1)[-1] for name in scope.split()]
    if ".default" in names:
        return ROLES
    asked = tuple(name for name in names if name in KNOWN_ROLES)
    return (*asked, "app_access") if asked and "app_access" not in asked else asked
