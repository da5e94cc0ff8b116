"""The address at Microsoft where an administrator signs in, and what that sign-in is bound to."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from gateway.config import Entra

RESOURCE: Final = "https://api.businesscentral.dynamics.com"
SCOPE: Final = f"{RESOURCE}/Financials.ReadWrite.All offline_access openid profile"
APPLICATION_SCOPE: Final = f"{RESOURCE}/.default"
"""What an application asks for: whatever was registered and consented to (bc/api.md §2)."""

ANY_TENANT: Final = "organizations"
"""The path for work accounts of every tenant. Which one it was is read from the ID token alone,
so that the wrong account gets a page of ours and not one of Microsoft's (bc/api.md §2)."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What binds one sign-in together: state, nonce and the verifier of PKCE. Used once."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def fresh(cls) -> Secrets:
        """256 random bits for each."""
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))


def sign_in_url(entra: Entra, redirect_uri: str, bound: Secrets) -> str:
    """Where the browser goes: authorization code with PKCE S256 (bc/api.md §2).

    The account is always asked for: a browser that is signed in to another tenant would take
    that one silently.
    """
    digest = hashlib.sha256(bound.verifier.encode("ascii")).digest()
    query = {
        "client_id": entra.client_id,
        "response_type": "code",
        "response_mode": "query",
        "redirect_uri": redirect_uri,
        "scope": SCOPE,
        "state": bound.state,
        "nonce": bound.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
        "code_challenge_method": "S256",
        "prompt": "select_account",
    }
    return f"{entra.authority}/{ANY_TENANT}/oauth2/v2.0/authorize?{urlencode(query)}"


def consent_url(entra: Entra, tenant: str) -> str:
    """Where a Microsoft administrator of `tenant` consents to the application's permissions."""
    return f"{entra.authority}/{tenant}/adminconsent?{urlencode({'client_id': entra.client_id})}"
