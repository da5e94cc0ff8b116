"""What is simulated and what is not, for ``GET /_simulator/coverage``."""

from __future__ import annotations

from gateway.simulator.catalogue.entities import Catalogue
from gateway.simulator.documents.rules import DOCUMENTS

# What answers 501 until it is built, by feature.
LATER = {
    "$apply, $search, $compute": "aggregation and search",
    "custom routes": "api/{publisher}/{group}/{version}, automation, powerbi, runtime",
    "OData V4 web services": "ODataV4/Company('…')",
    "admin API": "everything of /admin/… but reading the environments",
    "other grants": "passwords (70003), device codes, Entra's endpoints of version 1",
}


def coverage(catalogue: Catalogue) -> dict[str, object]:
    """Entity sets with their verbs, and all that answers 501, with the reason."""
    sets = {}
    for name, entity_set in sorted(catalogue.sets.items()):
        sets[name] = {
            "verbs": list(entity_set.verbs),
            "document_rules": name in DOCUMENTS,
            "actions": list(entity_set.actions),
        }
    return {"route": "v2.0", "entity_sets": sets, "answers_501": LATER}
