"""What the connect pages say when they cannot go on: what happened, what helps, and who does it.

`connect.py` turns every error through `stop_of` into such a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from gateway.errors import (
    AddressExpired,
    BusinessCentralUnavailable,
    CallerError,
    Conflict,
    ConnectionNeedsConsent,
    ConnectionUnauthorized,
    GatewayError,
    NotFound,
    RateLimited,
    SignInFailed,
    StorageUnavailable,
    UnexpectedAnswer,
)

Onward = Literal["begin", "show"] | None

_HEADINGS: Final[tuple[tuple[type[GatewayError], str], ...]] = (
    (AddressExpired, "This address has expired"),
    (NotFound, "This address does not work"),
    (Conflict, "This address was used already"),
    (CallerError, "Please try that again"),
    (ConnectionNeedsConsent, "Sign in once more"),
    (RateLimited, "Business Central is busy at the moment"),
    (BusinessCentralUnavailable, "Business Central cannot be reached at the moment"),
    (UnexpectedAnswer, "Business Central cannot be reached at the moment"),
    (StorageUnavailable, "This cannot go on at the moment"),
)
_NO_ACCESS: Final = (
    "Microsoft knows this account, but Business Central does not let it in. Usually it has no "
    "Business Central licence, or it is not a user in Business Central yet."
)
_MAKE_USER: Final = (
    "Or ask whoever looks after Business Central in your company to assign a Business Central "
    "licence to the account in the Microsoft 365 admin center, and to add it to the users in "
    "Business Central."
)
_GIVE_PERMISSION: Final = (
    "Or ask whoever looks after Business Central in your company to give the account the "
    "permission, on its card among the users in Business Central."
)
_OTHER_ACCOUNT: Final = "Sign in with another account, one that works in Business Central."


@dataclass(frozen=True, slots=True)
class Stop:
    """A page that stops: `advice` are things that help, `onward` what its button does.

    `begin` goes to Microsoft once more, `show` asks for the same page again.
    """

    heading: str
    detail: str
    advice: tuple[str, ...] = ()
    onward: Onward = None
    button: str = "Try again"


def stop_of(error: GatewayError) -> Stop:
    """The page of an error."""
    if isinstance(error, ConnectionUnauthorized):
        return _refused(error)
    heading = next((text for kind, text in _HEADINGS if isinstance(error, kind)), None)
    advice = ("Wait a minute, then try again. Nothing you did is lost.",) if error.retryable else ()
    return Stop(heading or "Not connected yet", error.detail, advice, _onward(error))


def status_of(error: GatewayError) -> int:
    """The status of the page: proxies replace the bodies of some 5xx, so a refusal is a 400."""
    return 400 if isinstance(error, SignInFailed) else error.status


def _refused(error: ConnectionUnauthorized) -> Stop:
    """Business Central refuses the user as such (401), or one thing to them (403)."""
    if error.fault is not None and error.fault.status == 403:
        heading, detail = "A permission is missing", error.detail
        advice = (_OTHER_ACCOUNT, _GIVE_PERMISSION)
    else:
        heading, detail = "This account cannot use Business Central", _NO_ACCESS
        advice = (_OTHER_ACCOUNT, _MAKE_USER)
    return Stop(heading, detail, advice, "begin", "Sign in with another account")


def _onward(error: GatewayError) -> Onward:
    if isinstance(error, NotFound | Conflict):
        return None
    return "show" if error.retryable else "begin"
