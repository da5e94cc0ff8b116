"""Faults of how a customer set Business Central up (bc/pitfalls.md 13)."""

from __future__ import annotations

from gateway.simulator.control.effects import (
    REJECTED,
    no_permission,
    refusal,
)
from gateway.simulator.control.kinds import (
    APPLICATIONS,
    CREATES,
    INSIDE_COMPANY,
    READS,
    WRITES,
    Example,
    Kind,
)

# Texts of refusals; where no source tells, they are a choice.
_READ_ONLY = "The page is read-only, so nothing can be inserted, modified or deleted."
_REJECTED = refusal(401, "Authentication_InvalidCredentials", REJECTED)

SET_UP: tuple[Kind, ...] = (
    Kind(
        "no_card",
        "Set-up",
        APPLICATIONS,
        "401 because the environment has no card for the application",
        lasts=True,
        refuse=_REJECTED,
    ),
    Kind(
        "disabled_card",
        "Set-up",
        APPLICATIONS,
        "401 because the application's card is disabled; Business Central says no more than that",
        lasts=True,
        refuse=_REJECTED,
    ),
    Kind(
        "no_template",
        "Set-up",
        CREATES,
        "new customers, vendors and items get no posting groups, so no document takes them",
        examples=(Example("", {"match": {"entity": "customers"}}),),
        lasts=True,
    ),
    Kind(
        "other_company",
        "Set-up",
        INSIDE_COMPANY,
        "403 because the permissions are for another company",
        lasts=True,
        refuse=no_permission,
    ),
    Kind(
        "reads_empty",
        "Set-up",
        READS,
        "lists are empty and records not found, as permissions filter them away",
        lasts=True,
    ),
    Kind(
        "read_only_intent",
        "Set-up",
        WRITES,
        "the write is refused because somebody made the page read-only",
        lasts=True,
        refuse=refusal(400, "Application_DialogException", _READ_ONLY),
    ),
)
