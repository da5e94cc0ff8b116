"""Microsoft Entra's side: which endpoint a path is, metadata, keys, error bodies.

``listener`` hands calls over; sign-in and tokens are in ``signin`` and ``grants`` (bc/api.md §2).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gateway.simulator.clock import Clock
from gateway.simulator.entra.assertions import Certificates
from gateway.simulator.entra.grants import ROLES, Grants, issuer_template
from gateway.simulator.entra.pages import error_page
from gateway.simulator.entra.signin import SignIns, decide, show_consent, tenant_of
from gateway.simulator.entra.tokens import Tokens
from gateway.simulator.errors import EntraError
from gateway.simulator.exchange import Answer, Call, json_answer

AUTHORIZE = ["oauth2", "v2.0", "authorize"]
TOKEN = ["oauth2", "v2.0", "token"]
_METADATA = ["v2.0", ".well-known", "openid-configuration"]
_KEYS = ["discovery", "v2.0", "keys"]


@dataclass(frozen=True, slots=True)
class Entra:
    """The sign-in service. ``url`` is the origin it is reached at."""

    url: str
    clock: Clock
    tokens: Tokens
    signins: SignIns
    certificates: Certificates

    def answer(self, call: Call, *, without_roles: bool = False) -> Answer | None:
        """Serve ``call``; None when the path is none of Entra's.

        ``without_roles``: the application's permissions were not consented to.
        """
        segments = call.segments
        if not segments:
            return None
        path, endpoint = segments[0], segments[1:]
        if endpoint == TOKEN and call.method == "POST":
            return self._token(path, call, without_roles=without_roles)
        if endpoint == AUTHORIZE and call.method in {"GET", "POST"}:
            return self._authorize(path, call)
        if call.method != "GET" or endpoint not in (_METADATA, _KEYS):
            return None
        try:
            if endpoint == _KEYS:
                tenant_of(path)
                return json_answer(200, self.tokens.jwks)
            return json_answer(200, self._metadata(path))
        except EntraError as error:
            return self.error_answer(error)

    def _token(self, path: str, call: Call, *, without_roles: bool) -> Answer:
        try:
            roles = () if without_roles else ROLES
            grants = Grants(
                self.url, self.clock, self.tokens, self.signins, self.certificates, roles
            )
            return grants.answer(path, call)
        except EntraError as error:
            return self.error_answer(error)

    def _authorize(self, path: str, call: Call) -> Answer:
        try:
            if call.method == "GET":
                return show_consent(path, dict(call.pairs))
            return decide(path, dict(call.pairs) | call.form, self.signins, self.clock)
        except EntraError as error:
            body = error_page(error.number, error.text, str(uuid.uuid4()))
            return Answer(400, body, {"Content-Type": "text/html; charset=utf-8"})

    def error_answer(self, error: EntraError) -> Answer:
        """Microsoft's error body (bc/api.md §2)."""
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        moment = self.clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
        description = (
            f"AADSTS{error.number}: {error.text} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {moment}"
        )
        body = {
            "error": error.error,
            "error_description": description,
            "error_codes": [error.number],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{self.url}/error?code={error.number}",
        }
        return json_answer(error.status, body).with_headers(Cache_Control="no-store")

    def _metadata(self, path: str) -> dict[str, object]:
        tenant = tenant_of(path)
        root = f"{self.url}/{tenant.id if tenant else path}"
        return {
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_modes_supported": ["query"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": issuer_template(self.url, path),
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "code_challenge_methods_supported": ["plain", "S256"],
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "name", "tid", "oid"],
            "tenant_region_scope": "EU" if tenant else None,
        }
