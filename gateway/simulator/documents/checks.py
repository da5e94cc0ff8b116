"""What is checked of a document before it is posted, and as it is taken back.

Called by ``posting`` and ``corrections``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.simulator.catalogue.entities import BLANK_DATE
from gateway.simulator.documents.headers import is_posted, refuse_blocked, refuse_blocked_item
from gateway.simulator.documents.ledgers import Books
from gateway.simulator.documents.rules import DOCUMENTS
from gateway.simulator.errors import BusinessCentralError, dialog, field_error
from gateway.simulator.records.store import Record, Values

_PARTY_NUMBERS = {"customer": "Sell-to Customer No.", "vendor": "Buy-from Vendor No."}
_SOLD = frozenset({"salesInvoices", "salesCreditMemos"})


def check_header(books: Books, name: str, header: Record) -> None:
    """Party and dates must be there, the posting date allowed, the party not blocked meanwhile.

    Business Central tests its fields then (bc/api.md §4); a choice: which, and in which order.
    """
    document, values = DOCUMENTS[name], header.values
    if values["status"] == "In_x0020_Review":
        kind = f"{document.line_table.removesuffix(' Line')} {document.kind}"
        text = "must be approved and released before you can perform this action."
        raise dialog(f"{kind} {values['number']} {text}")
    party = books.company.get(document.parties, values[f"{document.party}Id"])
    if party is None:
        raise _missing(name, values, _PARTY_NUMBERS[document.party])
    for field, caption in (("postingDate", "Posting Date"), (document.dates[0], "Document Date")):
        if values[field] == BLANK_DATE:
            raise _missing(name, values, caption)
    books.check_date(str(values["postingDate"]))
    refuse_blocked(document, party, "post")


def _missing(name: str, values: Values, caption: str) -> BusinessCentralError:
    """A field of the header that must have a value has none."""
    document = DOCUMENTS[name]
    return field_error(
        f"{caption} must have a value in {document.table}: Document Type={document.kind}, "
        f"No.={values['number']}. It cannot be zero or empty."
    )


def check_vendor_number(books: Books, name: str, header: Record) -> None:
    """A vendor's invoice is entered once, under the number that the vendor gave it.

    A choice: an order is received and invoiced without one, as its page has no field for it.
    """
    if name != "purchaseInvoices":
        return
    given = header.values["vendorInvoiceNumber"]
    if not given:
        raise field_error(
            "Vendor Invoice No. must have a value in Purchase Header: Document Type=Invoice, "
            f"No.={header.values['number']}. It cannot be zero or empty.",
        )
    for other in books.company.table(name).where("vendorInvoiceNumber", given):
        if is_posted(name, other.values) and other.values["vendorId"] == header.values["vendorId"]:
            raise dialog(f"Purchase Invoice {given} already exists for this vendor.")


def check_total(name: str, header: Record) -> None:
    """Nobody is invoiced less than nothing, or credited. A choice: the rule holds for what is sold,
    and a credit memo is refused in the words for an invoice.
    """
    if name in _SOLD and header.values["totalAmountIncludingTax"] < 0:
        kind = DOCUMENTS[name].kind.lower()
        raise dialog(f"The total amount for the {kind} must be 0 or greater.")


def check_items(books: Books, lines: Iterable[Record]) -> None:
    """No item may have been blocked since it was put on a line."""
    for line in lines:
        item = books.company.get("items", line.values["itemId"])
        if item is not None:
            refuse_blocked_item(item)
