"""What the paths of item matches take and answer, as JSON Schemas; see `shapes.py`."""

from __future__ import annotations

from typing import Final, get_args

from gateway.api.shapes import Shape, closed, nullable, text
from gateway.matching import LONGEST_SKU, RULES, STATUSES
from gateway.storage import MatchState

MOST_SKUS: Final = 10_000
NO_CONTROL: Final = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"

_TIME: Shape = {"type": "string", "format": "date-time"}
_COUNT: Shape = {"type": "integer", "minimum": 0}
_SKU: Shape = {
    **text("Your product, as you name it in orders.", longest=LONGEST_SKU),
    "pattern": NO_CONTROL,
}
_RULE: Shape = {
    "type": ["string", "null"],
    "enum": [*RULES, None],
    "description": "What decided; `decided` is a person.",
}
_ITEM: Final[Shape] = {
    "id": text("The id of the item."),
    "number": text("The number of the item."),
    "name": nullable(text("Its name.", empty=True)),
    "gtin": nullable(text("Its GTIN as it stands in Business Central.", empty=True)),
    "blocked": {"type": "boolean"},
    "variant": {
        "description": "The variant of the item, where it is one.",
        "anyOf": [
            closed({"id": text("Its id."), "code": text("Its code.")}, required=("id", "code")),
            {"type": "null"},
        ],
    },
}

MATCH_INPUT: Final = closed(
    {
        "item_number": text("The number of the item in Business Central.", longest=20),
        "variant": text("The code of the item's variant, if it is one.", longest=10),
        "unit_of_measure": text("The unit you count in, if it is not the item's.", longest=10),
    },
    required=("item_number",),
    examples=[{"item_number": "1896-S"}],
)
MATCHES_INPUT: Final = closed(
    {
        "skus": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_SKUS,
            "items": {
                "anyOf": [
                    _SKU,
                    closed(
                        {
                            "sku": _SKU,
                            "gtin": text("Its GTIN, if you know it.", longest=50, empty=True),
                            "name": text("Its name, to suggest items.", longest=250, empty=True),
                        },
                        required=("sku",),
                    ),
                ]
            },
        }
    },
    required=("skus",),
    examples=[{"skus": ["1896-S", {"sku": "CHAIR-PARIS", "gtin": "4006381333931"}]}],
)
MATCH: Final = closed(
    {
        "sku": text("Your product, as you name it in orders."),
        "status": {"type": "string", "enum": list(STATUSES)},
        "rule": _RULE,
        "decided": {"type": "boolean", "description": "A person decided this."},
        "reason": nullable(text("Why there is no match.")),
        "item": {
            "description": "The item, where it is matched.",
            "anyOf": [closed(_ITEM, required=("id", "number")), {"type": "null"}],
        },
        "unit_of_measure": nullable(text("The unit a person decided on.")),
        "candidates": {
            "type": "array",
            "description": "What it may be, where it is not matched.",
            "items": closed(
                {
                    **_ITEM,
                    "rule": _RULE,
                    "why": text("Why this may be it."),
                },
                required=("id", "number", "rule", "why"),
            ),
        },
    },
    required=("sku", "status", "rule", "decided", "reason", "item", "candidates"),
)
_COUNTS: Final = closed(dict.fromkeys(STATUSES, _COUNT), required=STATUSES)
MATCHES: Final = closed(
    {"data": {"type": "array", "items": MATCH}, "counts": _COUNTS}, required=("data", "counts")
)
MATCH_PROGRESS: Final = closed(
    {
        "state": {"type": "string", "enum": list(get_args(MatchState))},
        "skus": _COUNT,
        "items_read": _COUNT,
        "items_total": {
            "type": ["integer", "null"],
            "description": "How many items the catalogue has, where it is known.",
        },
        "counts": {"anyOf": [_COUNTS, {"type": "null"}]},
        "detail": nullable(text("Why it failed.")),
        "started_at": _TIME,
        "updated_at": _TIME,
    },
    required=("state", "skus", "items_read", "items_total", "counts", "started_at", "updated_at"),
)
