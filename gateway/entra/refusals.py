"""What a refusal of Microsoft's sign-in means, and who can do something about it.

The sign-in pages and the token cache read every refusal through this module. `error` decides
first; the AADSTS number refines it, and the text decides nothing (bc/api.md §2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

Kind = Literal["consent", "declined", "account", "operator", "transient"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal. `sentence` says what happened and who does what; it holds no value of ours.

    `consent`: the administrator must sign in again. `declined`: they said no. `account`: another
    account is needed. `operator`: the gateway's registration is at fault. `transient`: later.
    """

    kind: Kind
    sentence: str
    number: int | None = None

    @property
    def text(self) -> str:
        """The sentence with Microsoft's number, which leads to its documentation."""
        return self.sentence if self.number is None else f"{self.sentence} (AADSTS{self.number})"


_GRANT_OVER: Final = "Microsoft has ended this sign-in. The administrator must sign in again."
_EXTRA_PROOF: Final = "Microsoft asks the administrator for an additional proof of identity."
_POLICY: Final = (
    "A Conditional Access policy of the tenant refuses this sign-in. The tenant's administrator "
    "must allow this application."
)
_NO_CONSENT: Final = "Nobody has given this application consent in the tenant yet."
_ADMIN_CONSENT: Final = "Only an administrator of the tenant can give this application consent."
_NO_BUSINESS_CENTRAL: Final = (
    "The tenant has no Business Central, or the application's registration lacks its permission."
)
_UNKNOWN_APPLICATION: Final = "The application is unknown or switched off in this tenant."
_REFUSED_CLIENT: Final = (
    "Microsoft refuses the gateway's client secret or certificate. Its operator must put a valid "
    "one into the configuration; every connection is affected."
)
_REDIRECT: Final = (
    "The gateway's redirect address is not registered at Microsoft. Its operator must register it."
)
_OTHER_ACCOUNT: Final = (
    "This account does not belong to the tenant. Sign in with a work account that does."
)
_NO_TENANT: Final = (
    "Microsoft knows no such tenant. Make the connection anew with the id of the right one."
)
_NOT_ALLOWED: Final = "This user is switched off, or is not assigned to the application."
_SINGLE_TENANT: Final = (
    "The application is registered for one tenant only. The gateway's operator must register it "
    "for all organizational directories."
)
_DECLINED: Final = "The permission was declined, so nothing was connected."
_LATER: Final = "Microsoft's sign-in has trouble at the moment. Try again in a while."
_UNCLEAR: Final = "Microsoft refused the sign-in."

_NUMBERS: Final[tuple[tuple[Kind, str, tuple[int, ...]], ...]] = (
    (
        "consent",
        _GRANT_OVER,
        (700082, 70008, 70043, 700084, 50173, 50132, 50133, 50089, 54005, 700005),
    ),
    ("consent", _EXTRA_PROOF, (50076, 50078, 50079, 50072, 50074)),
    (
        "consent",
        _POLICY,
        (53000, 53001, 53002, 53003, 53004, 530032, 50131, 50158, 50097),
    ),
    ("consent", _NO_CONSENT, (65001,)),
    ("consent", _ADMIN_CONSENT, (90094, 90095, 90099)),
    ("account", _NO_BUSINESS_CENTRAL, (650052, 500011, 650057, 65005, 650056)),
    ("account", _UNKNOWN_APPLICATION, (700016, 70001, 7000112)),
    ("account", _OTHER_ACCOUNT, (50020, 90072, 50034, 51004, 16000, 50014, 90002, 50059)),
    ("account", _NOT_ALLOWED, (50057, 50105)),
    ("operator", _REFUSED_CLIENT, (7000215, 70002, 7000222, 7000218, 700027, 50012)),
    ("operator", _REDIRECT, (50011, 70004, 900971)),
    ("operator", _SINGLE_TENANT, (50194,)),
    ("declined", _DECLINED, (65004,)),
    ("transient", _LATER, (50196, 90033, 90006, 90090, 90024, 50033, 90012, 90055)),
)
_BY_NUMBER: Final[Mapping[int, tuple[Kind, str]]] = {
    number: (kind, sentence) for kind, sentence, numbers in _NUMBERS for number in numbers
}
_BY_ERROR: Final[Mapping[str, tuple[Kind, str]]] = {
    "access_denied": ("declined", _DECLINED),
    "consent_required": ("consent", _NO_CONSENT),
    "interaction_required": ("consent", _EXTRA_PROOF),
    "login_required": ("consent", _GRANT_OVER),
    "invalid_grant": ("consent", _GRANT_OVER),
    "invalid_client": ("operator", _REFUSED_CLIENT),
    "unauthorized_client": ("operator", _UNKNOWN_APPLICATION),
    "temporarily_unavailable": ("transient", _LATER),
    "server_error": ("transient", _LATER),
}
_OF_USERS: Final = frozenset({_GRANT_OVER, _EXTRA_PROOF, _OTHER_ACCOUNT, _NOT_ALLOWED, _DECLINED})
_UNKNOWN_TENANTS: Final = frozenset({90002, 50059})
_SETTLED: Final = frozenset({"access_denied", "invalid_client", "invalid_grant"})
_NUMBER = re.compile(r"AADSTS(\d{4,8})")


def refusal(error: str, numbers: Sequence[int] = ()) -> Refusal:
    """What the `error` of an answer and its AADSTS numbers mean together.

    Some errors settle the kind, and the number only says it better: what Microsoft calls an
    unusable grant is not tried again, whatever the number.
    """
    number = numbers[0] if numbers else None
    by_error, by_number = _BY_ERROR.get(error), _BY_NUMBER.get(number or 0)
    kind, sentence = by_number or by_error or ("operator", _UNCLEAR)
    if by_error is not None and error in _SETTLED:
        kind = by_error[0]
        if sentence == _LATER:
            sentence = by_error[1]
    return Refusal(kind, sentence, number)


def refusal_text(error: str, description: str) -> str:
    """What a callback without a code says, for the administrator.

    Its description is text from Microsoft by way of the browser: only the number is taken.
    """
    numbers = [int(number) for number in _NUMBER.findall(description)]
    return refusal(error, numbers).text


def for_application(refused: Refusal, consent_url: str) -> str:
    """What a refusal means when the application asks for itself, and who does what.

    There is no user then, so what is said of users is said of the application.
    """
    if refused.number in _UNKNOWN_TENANTS:
        return replace(refused, sentence=_NO_TENANT).text
    sentence = _UNKNOWN_APPLICATION if refused.sentence in _OF_USERS else refused.sentence
    told = f"{sentence} A Microsoft administrator of the tenant must consent at {consent_url}."
    return replace(refused, sentence=told).text
