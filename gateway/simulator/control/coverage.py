"""What is simulated and what is not, for ``GET /_simulator/coverage``."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.simulator.catalogue.entities import STANDARD, Catalogue
from gateway.simulator.documents.rules import DOCUMENTS

# What answers 501 until it is built, by feature.
LATER = {
    "$apply, $search, $compute": "aggregation and search",
    "$format": "anything but JSON",
    "references in batches": "the answer of an earlier request as an address: $1/salesOrderLines",
    "other routes": "microsoft/automate, and custom routes that no seed file declares",
    "subscriptions elsewhere": "inside a batch, and on Microsoft's other routes than v2.0",
    "automation": "its actions, and what follows from its records",
    "journals": "of payments are changed in their own sets; no templates but those of the three sets",
    "journal lines": "of fixed assets, employees, partners and allocation accounts",
    "OData V4 web services": "ODataV4/Company('…')",
    "admin API": "everything of /admin/… but reading the environments",
    "other grants": "passwords (70003), device codes, Entra's endpoints of version 1",
}


def coverage(routes: Mapping[str, Catalogue]) -> dict[str, object]:
    """Entity sets of each route with their verbs, and all that answers 501, with the reason."""
    others = {route: _sets(routes[route]) for route in routes if route != STANDARD}
    return {
        "route": STANDARD,
        "entity_sets": _sets(routes[STANDARD]),
        "other_routes": others,
        "answers_501": LATER,
    }


def _sets(catalogue: Catalogue) -> dict[str, object]:
    return {
        name: {
            "simulated": True,
            "verbs": list(one.verbs),
            "document_rules": name in DOCUMENTS,
            "actions": list(one.actions) if one.route == STANDARD or one.custom else [],
        }
        for name, one in sorted(catalogue.sets.items())
    }
