"""What Business Central does with the lines of documents when one of their fields changes. Facts.

Whoever changes a line asks here: a line never becomes another one, and some values follow others.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from gateway.wire.entities import Entity

# The type and the object of a line are not changeable afterwards, and neither is its number
# (bc/api.md §11).
_OBJECT: Final = frozenset({"sequence", "lineType", "itemId", "accountId", "lineObjectNumber"})

# What Business Central sets anew when a value before it is taken (bc/pitfalls.md 4). The fields of
# one group say one thing: who writes one of them has said what the others come to.
_FOLLOW: Final = {
    "quantity": (
        ("unitPrice",),
        ("unitCost",),
        ("directUnitCost",),
        ("discountPercent", "discountAmount"),
    ),
}

# With these a price is that of something else, so none that was agreed before is left.
_OTHER_WARE: Final = frozenset({"itemVariantId", "unitOfMeasureId", "unitOfMeasureCode"})


def unchangeable(entity: Entity) -> frozenset[str]:
    """The fields that a record of `entity` keeps from its creation on."""
    return _OBJECT.intersection(entity.fields) if "lineType" in entity.fields else frozenset()


def following(
    entity: Entity, changed: Collection[str], written: Collection[str], of: Collection[str]
) -> tuple[str, ...]:
    """The fields among `of` that Business Central sets anew when `changed` are taken, and about
    which the fields that are `written` say nothing.
    """
    if "lineType" not in entity.fields or _OTHER_WARE.intersection(changed):
        return ()
    groups = [group for name in changed for group in _FOLLOW.get(name, ())]
    untold = [group for group in groups if not set(group).intersection(written)]
    firsts = (next((name for name in group if name in of), None) for group in untold)
    return tuple(name for name in firsts if name is not None)
