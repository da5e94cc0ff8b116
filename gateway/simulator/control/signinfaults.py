"""The faults of Microsoft's sign-in: kinds, details, where they strike, and what they change.

``faults`` takes the tables up, ``callfaults`` asks for the effects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from gateway.simulator.entra.aadsts import REFUSALS
from gateway.simulator.entra.issuing import Changes
from gateway.simulator.entra.refusals import refuse
from gateway.simulator.errors import ControlError, EntraError
from gateway.simulator.seed.companies import OTHER_TENANT_ID

KINDS: dict[str, str] = {
    "token_error": "the token endpoint answers the AADSTS `number`, and `error` instead of its own",
    "authorize_error": "the sign-in or admin consent page answers the AADSTS `number`",
    "no_roles": "an application's token carries no permissions, as without admin consent",
    "wrong_audience": "the access token is for another resource, `audience`",
    "wrong_tenant": "the tokens are of another tenant, `tenant`",
    "clock_skew": "the tokens are issued by a clock that is `seconds` ahead, or behind below zero",
}
DETAILS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "token_error": {"error": str, "number": int},
    "authorize_error": {"error": str, "number": int},
    "wrong_audience": {"audience": str},
    "wrong_tenant": {"tenant": str},
    "clock_skew": {"seconds": int},
}
NEEDED = {"clock_skew": ("seconds",), "authorize_error": ("number",)}

_DEFAULT_NUMBER = 70008
_OTHER_RESOURCE = "https://graph.microsoft.com"
_MOST_SECONDS = 10 * 86_400
_TOLD = "The simulator was told to refuse this."


def _at_token_endpoint(method: str, path: str) -> bool:
    return method == "POST" and path.endswith("/oauth2/v2.0/token")


def _at_pages(method: str, path: str) -> bool:
    return bool(method) and path.endswith(("/oauth2/v2.0/authorize", "/adminconsent"))


SCOPES: dict[str, Callable[[str, str], bool]] = {
    kind: _at_pages if kind == "authorize_error" else _at_token_endpoint for kind in KINDS
}


class Armed(Protocol):
    """A fault, as far as it is read here."""

    @property
    def kind(self) -> str:
        """Its kind."""

    @property
    def details(self) -> Mapping[str, object]:
        """What it was armed with."""


def check(kind: str, details: Mapping[str, object]) -> None:
    """Refuse details that make no sense. Raises ControlError."""
    number, seconds = details.get("number", _DEFAULT_NUMBER), details.get("seconds", 0)
    refuses = kind in {"token_error", "authorize_error"}
    if refuses and number not in REFUSALS and "error" not in details:
        raise ControlError(f"AADSTS{number} is not in the simulator's table; say its error too.")
    if kind == "clock_skew" and not (
        isinstance(seconds, int) and -_MOST_SECONDS <= seconds <= _MOST_SECONDS
    ):
        raise ControlError(f"seconds is between {-_MOST_SECONDS} and {_MOST_SECONDS}.")


def token_refusal(faults: Iterable[Armed]) -> EntraError | None:
    """What the token endpoint is to answer."""
    return next((_refusal(fault) for fault in faults if fault.kind == "token_error"), None)


def changes_of(faults: Iterable[Armed]) -> Changes:
    """What changes inside of Entra's work."""
    details = {fault.kind: fault.details for fault in faults}
    refusals = (_refusal(fault) for fault in faults if fault.kind == "authorize_error")
    audience = details.get("wrong_audience")
    tenant = details.get("wrong_tenant")
    seconds = details.get("clock_skew", {}).get("seconds", 0)
    return Changes(
        without_roles="no_roles" in details,
        audience=None if audience is None else str(audience.get("audience", _OTHER_RESOURCE)),
        tenant=None if tenant is None else str(tenant.get("tenant", OTHER_TENANT_ID)),
        seconds=seconds if isinstance(seconds, int) else 0,
        refusal=next(refusals, None),
    )


def _refusal(fault: Armed) -> EntraError:
    number = fault.details.get("number", _DEFAULT_NUMBER)
    assert isinstance(number, int)
    error = str(fault.details.get("error", ""))
    if number not in REFUSALS:
        status = 401 if error == "invalid_client" else 400
        return EntraError(error, number, _TOLD, status)
    refusal = refuse(number)
    return refusal.of(error) if error else refusal
