"""Microsoft Entra: sign-in of an administrator, and a fresh bearer token for every call.

`Tokens` is the door: `connections.py` signs in through it, `businesscentral/` asks it for tokens.
Nothing here tells Business Central anything, and no token leaves in an error or a log.
"""

from __future__ import annotations

from gateway.entra.grants import scheme_of
from gateway.entra.identity import SignedIn
from gateway.entra.refusals import refusal_text
from gateway.entra.sign_in import Secrets, consent_url, sign_in_url
from gateway.entra.tokens import Tokens

__all__ = [
    "Secrets",
    "SignedIn",
    "Tokens",
    "consent_url",
    "refusal_text",
    "scheme_of",
    "sign_in_url",
]
