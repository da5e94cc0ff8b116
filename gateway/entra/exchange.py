"""One request to Microsoft's sign-in: what goes out, what comes back, what a refusal becomes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

import structlog
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout
from yarl import URL

from gateway.clock import Clock
from gateway.config import Entra
from gateway.documents import decode_json
from gateway.entra.proofs import Proof, proofs_of
from gateway.entra.refusals import Refusal, refusal
from gateway.entra.sign_in import SCOPE
from gateway.errors import BusinessCentralUnavailable, InvalidJson, SignInFailed
from gateway.telemetry import span, token_called

TIMEOUT: Final = ClientTimeout(total=30, connect=10)
MOST_BYTES: Final = 1024 * 1024

_LOG = structlog.get_logger("gateway.entra")


class Refused(Exception):
    """Microsoft answered, and the answer is a refusal."""

    def __init__(self, refused: Refusal) -> None:
        super().__init__(refused.kind)
        self.refusal = refused


@dataclass(frozen=True, slots=True)
class Granted:
    """What the token endpoint gave. `expires_in` are seconds."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)


class Exchange:
    """Talks to the authority. The proof of who we are that worked last is tried first."""

    def __init__(self, entra: Entra, session: ClientSession, clock: Clock) -> None:
        self._entra = entra
        self._session = session
        self._clock = clock
        self._proofs = proofs_of(entra)

    async def get(self, url: str) -> Mapping[str, object]:
        """A public document. Raises `BusinessCentralUnavailable`, `SignInFailed`."""
        status, body = await self._send("GET", url, None)
        if status != 200:
            raise SignInFailed("Microsoft's metadata cannot be read: check entra.authority.")
        return body

    async def token(self, tenant: str, grant: Mapping[str, str]) -> Granted:
        """Ask the token endpoint of `tenant`, with each proof of who we are until one is taken.

        Raises `Refused`, and `BusinessCentralUnavailable` when no answer can be read.
        """
        last: Refusal | None = None
        url = f"{self._entra.authority}/{tenant}/oauth2/v2.0/token"
        for proof in self._proofs:
            form = {
                "client_id": self._entra.client_id,
                **proof.fields(url, self._clock.now()),
                "scope": SCOPE,
                **grant,
            }
            status, body = await self._ask(url, form, grant["grant_type"])
            if status == 200:
                self._prefer(proof)
                return _granted(body)
            last = _refusal(status, body)
            if body.get("error") not in {"invalid_client", "unauthorized_client"}:
                self._prefer(proof)
                break
        assert last is not None, "a configuration without any proof is refused when read"
        _LOG.warning("token_refused", kind=last.kind, number=last.number, grant=grant["grant_type"])
        raise Refused(last)

    async def _ask(
        self, url: str, form: Mapping[str, str], grant: str
    ) -> tuple[int, Mapping[str, object]]:
        """One token call as operators see it: counted by its outcome, and traced."""
        outcome, started = "unreachable", time.perf_counter()
        with span("token", kind="client", bc_gateway__grant=grant) as traced:
            try:
                status, body = await self._send("POST", url, form)
                outcome = "granted" if status == 200 else _refusal(status, body).kind
            finally:
                token_called(grant, outcome, time.perf_counter() - started)
                traced.note(bc_gateway__outcome=outcome)
        return status, body

    def _prefer(self, proof: Proof) -> None:
        if self._proofs[0] is not proof:
            self._proofs = (proof, *(other for other in self._proofs if other is not proof))

    async def _send(
        self, method: str, url: str, form: Mapping[str, str] | None
    ) -> tuple[int, Mapping[str, object]]:
        headers = {"Accept": "application/json"}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        data = None if form is None else urlencode(form).encode("ascii")
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                data=data,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
            ) as response:
                return response.status, await _body(response)
        except (TimeoutError, ClientError, OSError):
            raise BusinessCentralUnavailable(
                "Microsoft's sign-in cannot be reached. Nothing was written. Try again later."
            ) from None


async def _body(response: ClientResponse) -> Mapping[str, object]:
    data = await response.content.read(MOST_BYTES)
    while chunk := await response.content.read(MOST_BYTES):
        data += chunk
        if len(data) > MOST_BYTES:
            return {}
    try:
        value = decode_json(data)
    except InvalidJson:
        return {}
    return value if isinstance(value, dict) else {}


def _granted(body: Mapping[str, object]) -> Granted:
    access, life = body.get("access_token"), body.get("expires_in")
    refresh, identity = body.get("refresh_token"), body.get("id_token")
    if not isinstance(access, str) or not access or not isinstance(life, int) or life <= 0:
        raise BusinessCentralUnavailable("Microsoft's answer to a token request cannot be read.")
    return Granted(
        access,
        life,
        refresh if isinstance(refresh, str) and refresh else None,
        identity if isinstance(identity, str) else None,
    )


def _refusal(status: int, body: Mapping[str, object]) -> Refusal:
    error, numbers = body.get("error"), body.get("error_codes")
    if not isinstance(error, str) or status == 429 or status >= 500:
        return refusal("temporarily_unavailable")
    known = numbers if isinstance(numbers, list) else []
    return refusal(error, [number for number in known if isinstance(number, int)])
