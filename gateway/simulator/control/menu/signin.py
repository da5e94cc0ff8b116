"""Faults of signing in and of tokens."""

from __future__ import annotations

from gateway.simulator.control.effects import (
    REJECTED,
    refusal,
)
from gateway.simulator.control.kinds import (
    BUSINESS_CENTRAL,
    PAGES,
    SKEW,
    TEXT,
    TOKENS,
    WHOLE,
    Detail,
    Example,
    Kind,
)
from gateway.simulator.control.signinfaults import token_refusal, unknown_number
from gateway.simulator.seed.companies import OTHER_TENANT_ID

_REJECTED = refusal(401, "Authentication_InvalidCredentials", REJECTED)

SIGN_IN: tuple[Kind, ...] = (
    Kind(
        "expire_token",
        "Sign-in",
        BUSINESS_CENTRAL,
        "401 for a bearer token as if it had expired",
        refuse=_REJECTED,
    ),
    Kind(
        "reject_token",
        "Sign-in",
        BUSINESS_CENTRAL,
        "401 for a bearer token that is good",
        refuse=_REJECTED,
    ),
    Kind(
        "token_error",
        "Sign-in",
        TOKENS,
        "no token, but the error, status, suberror and claims that belong to an AADSTS number",
        (
            Detail("number", WHOLE, "the number after AADSTS", default=70008),
            Detail("error", TEXT, "in place of the number's own OAuth error"),
        ),
        (
            Example("the secret has expired", {"number": 7000222}),
            Example("access was withdrawn", {"number": 50173}),
        ),
        check=unknown_number,
        refuse=token_refusal,
    ),
    Kind(
        "authorize_error",
        "Sign-in",
        PAGES,
        "the page answers with an AADSTS number",
        (
            Detail("number", WHOLE, "the number after AADSTS", needed=True),
            Detail("error", TEXT, "in place of the number's own OAuth error"),
        ),
        (Example("the user is not assigned to the application", {"number": 50105}),),
        check=unknown_number,
    ),
    Kind(
        "no_roles",
        "Sign-in",
        TOKENS,
        "an application's token carries no permissions, as without admin consent",
    ),
    Kind(
        "wrong_audience",
        "Sign-in",
        TOKENS,
        "the access token is for another resource",
        (Detail("audience", TEXT, "which", default="https://graph.microsoft.com"),),
    ),
    Kind(
        "wrong_tenant",
        "Sign-in",
        TOKENS,
        "the tokens are of another tenant",
        (Detail("tenant", TEXT, "its id", default=OTHER_TENANT_ID),),
    ),
    Kind(
        "clock_skew",
        "Sign-in",
        TOKENS,
        "the tokens come from a clock that is ahead",
        (Detail("seconds", SKEW, "how far, behind below zero", needed=True),),
        (Example("", {"seconds": 600}),),
    ),
)
