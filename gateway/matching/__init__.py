"""The product's SKUs ↔ the items of Business Central: by a person's decision, else by rules.

Orders ask here before anything is written, the API and the command `matches` match many SKUs at
once and take decisions. Nothing is guessed: what is not certain waits for a person
(bc/pitfalls.md 31).
"""

from __future__ import annotations

from gateway.matching.decisions import LONGEST_SKU, Decision, Imported, decisions_text, is_sku
from gateway.matching.kept import kept_match
from gateway.matching.matches import Matched, Matching
from gateway.matching.rules import (
    RULES,
    STATUSES,
    WHY,
    Asked,
    Candidate,
    Item,
    ItemMatch,
    Status,
    Variant,
)

__all__ = [
    "LONGEST_SKU",
    "RULES",
    "STATUSES",
    "WHY",
    "Asked",
    "Candidate",
    "Decision",
    "Imported",
    "Item",
    "ItemMatch",
    "Matched",
    "Matching",
    "Status",
    "Variant",
    "decisions_text",
    "is_sku",
    "kept_match",
]
