"""The bound actions of Business Central: what each leaves behind when it has been carried out.

An action answers 204 without a body, and an error says nothing for sure either: posting commits
on the way (bc/pitfalls.md 2). So whoever calls one reads back what this table names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ACTION_PREFIX: Final = "Microsoft.NAV."  # before the name of an action in an address


@dataclass(frozen=True, slots=True)
class Made:
    """Records that an action makes: those of `entity_set` whose `field` is the number of the
    record it was called on.
    """

    entity_set: str
    field: str


@dataclass(frozen=True, slots=True)
class Trace:
    """How one sees that an action was carried out, and what it came to.

    `reaches` are members of `status` that the record has only afterwards. `makes` is the record
    it turns into, `half` what may be made without it. `goes`: the record is gone afterwards.
    `empties` is a part that has no elements afterwards.
    """

    reaches: frozenset[str] = frozenset()
    makes: Made | None = None
    half: Made | None = None
    goes: bool = False
    empties: str | None = None


_POSTED: Final = Trace(reaches=frozenset({"Open", "Paid", "Canceled", "Corrective"}))
_CANCELED: Final = frozenset({"Canceled"})
_CREDITED: Final = Made("salesCreditMemos", "invoiceNumber")

# bc/api.md §11: posting keeps the id and leaves Draft; an order that is invoiced as a whole is
# gone, and its invoices and shipments name its number; cancelling may leave a credit memo behind.
TRACES: Final[Mapping[tuple[str, str], Trace]] = {
    ("salesInvoices", "post"): _POSTED,
    ("salesCreditMemos", "post"): _POSTED,
    ("purchaseInvoices", "post"): _POSTED,
    ("purchaseCreditMemos", "post"): _POSTED,
    ("salesInvoices", "cancel"): Trace(reaches=_CANCELED, half=_CREDITED),
    ("salesCreditMemos", "cancel"): Trace(reaches=_CANCELED),
    ("purchaseCreditMemos", "cancel"): Trace(reaches=_CANCELED),
    ("salesInvoices", "makeCorrectiveCreditMemo"): Trace(makes=_CREDITED),
    ("salesOrders", "shipAndInvoice"): Trace(
        makes=Made("salesInvoices", "orderNumber"),
        half=Made("salesShipments", "orderNumber"),
    ),
    ("purchaseOrders", "receiveAndInvoice"): Trace(
        makes=Made("purchaseInvoices", "orderNumber"),
        half=Made("purchaseReceipts", "orderNumber"),
    ),
    ("salesQuotes", "makeOrder"): Trace(goes=True),
    ("salesQuotes", "makeInvoice"): Trace(goes=True),
    ("journals", "post"): Trace(empties="journalLines"),
}

# Each of these does one thing for good and may then fail at another (bc/pitfalls.md 2).
SPLIT: Final[Mapping[str, tuple[str, str]]] = {
    "postAndSend": ("post", "send"),
    "cancelAndSend": ("cancel", "send"),
}


def trace_of(entity_set: str, action: str) -> Trace | None:
    """What `action` of `entity_set` leaves behind; None where nothing is known of it."""
    return TRACES.get((entity_set, action))
