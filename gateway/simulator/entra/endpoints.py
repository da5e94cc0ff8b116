"""Microsoft Entra's side: which endpoint a path is (bc/api.md §2).

``listener`` hands calls over. The pages are in ``authorize`` and ``adminconsent``, tokens in
``grants``, what clients ask first in ``discovery``. Every address in an answer starts with the
origin that the caller used.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.simulator.clock import Clock
from gateway.simulator.entra.adminconsent import AdminConsent
from gateway.simulator.entra.assertions import Certificates
from gateway.simulator.entra.authorize import Authorize
from gateway.simulator.entra.discovery import instance_metadata, openid_configuration, user_realm
from gateway.simulator.entra.grants import Grants
from gateway.simulator.entra.issuing import NO_CHANGES, Changes, Issuer
from gateway.simulator.entra.pages import message_page
from gateway.simulator.entra.refusals import refuse
from gateway.simulator.entra.registrations import Registrations
from gateway.simulator.entra.replies import (
    error_answer,
    error_page_answer,
    page_answer,
    send_back,
    session_of,
    tell,
    with_session,
)
from gateway.simulator.entra.signin import SignIns, check_redirect, tenant_of
from gateway.simulator.entra.tokens import Tokens
from gateway.simulator.errors import EntraError, not_simulated
from gateway.simulator.exchange import Answer, Call, json_answer

_GET, _BOTH = frozenset({"GET"}), frozenset({"GET", "POST"})
# The path below the tenant, in lower case as Entra takes any: its methods, and whether it is
# for people, who see refusals on a page.
_ENDPOINTS = {
    "oauth2/v2.0/token": (frozenset({"POST"}), False),
    "oauth2/v2.0/authorize": (_BOTH, True),
    "oauth2/v2.0/logout": (_BOTH, True),
    "v2.0/adminconsent": (_BOTH, True),
    "adminconsent": (_BOTH, True),
    "v2.0/.well-known/openid-configuration": (_GET, False),
    "discovery/v2.0/keys": (_GET, False),
    "discovery/instance": (_GET, False),
    "userrealm": (_GET, False),
}
_LATER = {
    "oauth2/v2.0/devicecode": "device codes",
    "oauth2/token": "the endpoints of version 1",
    "oauth2/authorize": "the endpoints of version 1",
}


@dataclass(frozen=True, slots=True)
class Entra:
    """The sign-in service."""

    clock: Clock
    tokens: Tokens
    signins: SignIns
    certificates: Certificates
    registrations: Registrations

    def answer(self, call: Call, changes: Changes = NO_CHANGES) -> Answer | None:
        """Serve ``call``; None when the path is none of Entra's.

        Raises BusinessCentralError (501) for what Entra can do and this can not.
        """
        path, *below = call.segments or [""]
        endpoint = "/".join(below).lower()
        if endpoint.startswith("userrealm/") and len(below) == 2:
            endpoint = "userrealm"
        if endpoint in _LATER:
            raise not_simulated(_LATER[endpoint])
        methods, for_people = _ENDPOINTS.get(endpoint, (frozenset(), False))
        if call.method not in methods:
            return None
        try:
            return self._serve(path, endpoint, call, changes)
        except EntraError as error:
            if for_people:
                return error_page_answer(tell(error, self.clock, call))
            return self.error_answer(error, call)

    def error_answer(self, error: EntraError, call: Call) -> Answer:
        """Microsoft's error body."""
        return error_answer(tell(error, self.clock, call), call.origin)

    def _serve(self, path: str, endpoint: str, call: Call, changes: Changes) -> Answer:
        if call.flaw is not None:
            raise refuse(9002313)
        if endpoint == "oauth2/v2.0/token":
            issuer = Issuer(call.origin, self.tokens, changes)
            grants = Grants(self.clock, issuer, self.signins, self.certificates, self.registrations)
            return grants.answer(path, call)
        if endpoint == "oauth2/v2.0/authorize":
            return Authorize(
                path, call, self.clock, self.signins, self.registrations, changes
            ).answer()
        if endpoint.endswith("adminconsent"):
            return AdminConsent(
                path,
                call,
                self.clock,
                self.signins,
                self.registrations,
                changes,
                legacy=endpoint == "adminconsent",
            ).answer()
        if endpoint == "oauth2/v2.0/logout":
            return self._logout(path, call)
        return json_answer(200, self._facts(path, endpoint, call))

    def _facts(self, path: str, endpoint: str, call: Call) -> object:
        if endpoint == "discovery/instance":
            return instance_metadata(call)
        if endpoint == "userrealm":
            return user_realm(call.segments[-1])
        if endpoint == "discovery/v2.0/keys":
            tenant_of(path)
            return self.tokens.jwks
        return openid_configuration(call.origin, path)

    def _logout(self, path: str, call: Call) -> Answer:
        """End the browser's session; back to ``post_logout_redirect_uri`` where there is one."""
        tenant_of(path)
        values = dict(call.pairs) | (call.form if call.method == "POST" else {})
        uri = values.get("post_logout_redirect_uri", "")
        if uri:
            check_redirect(uri)
        self.signins.sessions.pop(session_of(call), None)
        answer = (
            send_back(uri, {"state": values.get("state", "")})
            if uri
            else page_answer(message_page("Sign out", "You signed out of your account."))
        )
        return with_session(answer, "", call.origin)
