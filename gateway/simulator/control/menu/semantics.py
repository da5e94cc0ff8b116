"""Faults of what requests mean (bc/pitfalls.md 3 and 20)."""

from __future__ import annotations

from gateway.simulator.control.effects import (
    field_required,
)
from gateway.simulator.control.kinds import (
    READS,
    STORES,
    TEXT,
    TEXTS,
    Detail,
    Example,
    Kind,
)

SEMANTICS: tuple[Kind, ...] = (
    Kind(
        "filter_ignored",
        "Semantics",
        READS,
        "every record comes back whatever the filter says",
    ),
    Kind(
        "value_not_taken",
        "Semantics",
        STORES,
        "properties are silently not stored",
        (Detail("fields", TEXTS, "their names", needed=True),),
        (Example("", {"fields": ["externalDocumentNumber"]}),),
    ),
    Kind(
        "required_field",
        "Semantics",
        STORES,
        "a property is required from now on",
        (Detail("field", TEXT, "its name", needed=True),),
        (Example("", {"field": "shortcutDimension1Code"}),),
        lasts=True,
        refuse=field_required,
    ),
)
