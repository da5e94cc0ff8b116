"""The order in which the properties of a body are sent.

Business Central validates properties in the order received, and a later one may recalculate an
earlier one (bc/pitfalls.md 4): a price before its quantity is lost. So the order is the
gateway's, whatever the order in a mapping file. `entities.py` asks for it once per entity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

# What decides about everything after it comes first. `*` stands for any ending.
_LINE: Final = (
    "sequence",
    "lineType",
    "itemId",
    "accountId",
    "lineObjectNumber",
    "itemVariantId",
    "locationId",
    "unitOfMeasure*",
    "quantity",
    "unitPrice",
    "unitCost",
    "directUnitCost",
    "discount*",
)
_HEADER: Final = (
    "customerId",
    "customerNumber",
    "vendorId",
    "vendorNumber",
    "billToCustomerId",
    "billToCustomerNumber",
    "payToVendorId",
    "payToVendorNumber",
    "currencyId",
    "currencyCode",
)
_LAST: Final = "discount*"  # of a header: it is spread over the lines, so they come before it
_DIMENSIONS: Final = "dimensionSetLines"


def send_order(fields: Mapping[str, str], parts: Sequence[str]) -> tuple[str, ...]:
    """Names of `fields` (name → type) and of `parts`, first to be sent first.

    Lines: object, variant, location, unit, quantity, price, discount, rest, parts. Documents with
    lines: party, currency, dates, rest, dimensions, other parts, discount. Everything else as the
    page declares it, its parts after it.
    """
    if "lineType" in fields:
        ranked = sorted(fields, key=lambda name: _rank(name, _LINE))
        return (*ranked, *_parts(parts))
    if any(name.endswith("Lines") and name != _DIMENSIONS for name in parts):
        last = [name for name in fields if _fits(name, _LAST)]
        first = [name for name in fields if name not in last]
        first.sort(key=lambda name: (_rank(name, _HEADER), fields[name] != "date"))
        return (*first, *_parts(parts), *last)
    return (*fields, *_parts(parts))


def _rank(name: str, ranks: tuple[str, ...]) -> int:
    return next((at for at, pattern in enumerate(ranks) if _fits(name, pattern)), len(ranks))


def _fits(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _parts(parts: Sequence[str]) -> list[str]:
    return sorted(parts, key=lambda name: name != _DIMENSIONS)
