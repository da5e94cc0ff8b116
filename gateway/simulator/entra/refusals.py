"""Refusals from the table of AADSTS numbers, and how they go back (bc/api.md §2)."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.simulator.entra.aadsts import REFUSALS
from gateway.simulator.errors import EntraError
from gateway.simulator.seed.companies import APPLICATIONS, TENANT_DOMAIN, USERS

_STATUS = {"invalid_client": 401, "temporarily_unavailable": 503, "server_error": 500}

# What stands in a text when nobody says better: what an armed fault shows.
_USUAL = {
    "app": APPLICATIONS[0].id,
    "name": APPLICATIONS[0].name,
    "tenant": TENANT_DOMAIN,
    "user": USERS[0].username,
    "scope": "https://api.businesscentral.dynamics.com/.default",
    "uri": "http://localhost/",
    "value": "",
}


def refuse(number: int, values: Mapping[str, str] | None = None, **more: str) -> EntraError:
    """The refusal with this number; ``values`` and ``more`` fill its text.

    Raises KeyError for a number that is not in the table.
    """
    row = REFUSALS[number]
    filled = {**_USUAL, **(values or {}), **more}
    return EntraError(
        row.error,
        number,
        row.text.format_map(filled),
        row.status or _STATUS.get(row.error, 400),
        suberror=row.suberror,
        claims=row.claims,
    )


def at_authorize(error: EntraError) -> str:
    """The OAuth error as it goes back from the authorize endpoint.

    Token errors have other names there (a choice after RFC 6749 and OpenID Connect):
    ``consent_required`` where consent is missing, ``interaction_required`` for other grants.
    """
    if error.suberror == "consent_required":
        return "consent_required"
    return "interaction_required" if error.error == "invalid_grant" else error.error


# What concerns the application, the redirect URI, the tenant or the account is shown to the
# person and not sent to the application (a choice where the facts are silent).
NEVER_SENT_BACK = frozenset(
    {50011, 50014, 50020, 50034, 50059, 50194, 51004, 70001, 70004, 700016, 7000112}
    | {90002, 90072, 900971, 9002331}
)
