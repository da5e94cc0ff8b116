"""Posted documents taken back: canceled by another document, or corrected by a draft.

The texts are those of the pages of sales invoices and credit memos (bc/api.md §11, source A).
"""

from __future__ import annotations

from decimal import Decimal

from gateway.simulator.catalogue.entities import ZERO_GUID
from gateway.simulator.documents.balances import apply, begin, close, is_untouched, open_of
from gateway.simulator.documents.headers import is_posted
from gateway.simulator.documents.ledgers import Books
from gateway.simulator.documents.posting import (
    copied,
    draft_number,
    enter,
    lines_of,
    next_number,
)
from gateway.simulator.documents.rules import AGAINST, DOCUMENTS
from gateway.simulator.errors import dialog
from gateway.simulator.records.store import Record, Values


def cancel(books: Books, name: str, record: Record) -> None:
    """A posted document is canceled by a posted one against it. Raises BusinessCentralError."""
    _refuse(books, name, record)
    half = "cancel_half_done" in books.broken
    with books.posting():
        against = _taken_back(books, name, record)
        if not half:
            books.company.edit(name, record)
            close(record, "Canceled")
            close(against, "Corrective")
            _reopen(books, name, record)
    if half:
        article, kind = ("An", "invoice") if _is_memo(name) else ("A", "credit memo")
        raise dialog(
            f"Canceling the {DOCUMENTS[name].kind.lower()} failed because of the following error: "
            f"\\\\The application of the entries was interrupted.\\\\{article} {kind} is posted."
        )


def correct(books: Books, name: str, record: Record) -> Record:
    """The draft of a credit memo against a posted invoice of which nothing is paid.

    Raises BusinessCentralError.
    """
    values = record.values
    _refuse_draft(name, values)
    if not is_untouched(books.company, record):
        raise dialog(
            "The invoice is partially paid or credited. The corrective credit memo may not be "
            "fully closed by the invoice."
            if values["remainingAmount"]
            else "The invoice is closed. The corrective credit memo will not be applied to the "
            "invoice."
        )
    target = AGAINST[name]
    with books.company.transaction():
        return _against(books, name, record, draft_number(books, target), "Draft")


def apply_to_invoice(books: Books, name: str, memo: Record) -> None:
    """A credit memo that names an open invoice is applied to it as it is posted."""
    invoices = AGAINST[name]
    invoice = books.company.get(invoices, memo.values["invoiceId"])
    if invoice is None or invoice.values["status"] != "Open":
        return
    party = f"{DOCUMENTS[name].party}Number"
    if invoice.values[party] != memo.values[party]:
        return
    used = apply(books.company, invoices, invoice, open_of(books.company, memo))
    apply(books.company, name, memo, used)


def _refuse(books: Books, name: str, record: Record) -> None:
    """What is not taken back. The texts are those of Microsoft's published source, codeunits 1303,
    1313, 1339 and 1401 Correct Posted and Cancel Posted …; a choice: of several reasons this one
    is told first.
    """
    kind, values = DOCUMENTS[name].kind.lower(), record.values
    _refuse_draft(name, values)
    posted = f"You cannot cancel this posted {'sales' if _is_sale(name) else 'purchase'} {kind}"
    if values["status"] == "Canceled":
        spelt = "cancelled" if _is_memo(name) else "canceled"
        raise dialog(f"The {kind} cannot be {spelt} because it has already been canceled.")
    if _is_memo(name):
        if values["status"] != "Corrective":
            raise dialog(f"{posted} because it is not a corrective document.")
    elif values["status"] == "Corrective":
        raise dialog(f"{posted} because it represents a correction of a credit memo.")
    elif not is_untouched(books.company, record):
        raise dialog(
            f"{posted} because it is fully or partially paid.\\\\To reverse a paid sales invoice, "
            "you must manually create a sales credit memo."
        )
    _refuse_closed(books, name, record, posted)


def _refuse_closed(books: Books, name: str, record: Record, posted: str) -> None:
    """Nothing is taken back of a period that is closed, of a party or an item that is blocked."""
    document, values = DOCUMENTS[name], record.values
    if not books.takes(str(values["postingDate"])):
        raise dialog(f"{posted} because it was posted in a posting period that is closed.")
    party = books.company.get(document.parties, values[f"{document.party}Id"])
    if party is not None and party.values["blocked"] in {"All", "Invoice"}:
        shown = party.values["displayName"]
        raise dialog(f"{posted} because {document.party} {shown} is blocked.")
    for line in lines_of(books, name, record):
        item = books.company.get("items", line.values["itemId"])
        if item is not None and item.values["blocked"]:
            shown = f"{item.values['number']} {item.values['displayName']}"
            raise dialog(f"{posted} because item {shown} is blocked.")


def _refuse_draft(name: str, values: Values) -> None:
    if not is_posted(name, values):
        kind = DOCUMENTS[name].kind.lower()
        raise dialog(f"The action can be applied to a posted {kind} only.")


def _against(books: Books, name: str, record: Record, number: str, status: str) -> Record:
    """The document with its lines once more, as one against it."""
    lines, linked = lines_of(books, name, record), _linked(books, name, record)
    if status == "Draft":
        linked["currencyFactor"] = Decimal(0)  # it is that of the day when it is posted
    return copied(books, record, lines, AGAINST[name], number=number, status=status, **linked)


def _taken_back(books: Books, name: str, record: Record) -> Record:
    """The posted document against another one, with its entries and the goods."""
    target = AGAINST[name]
    made = _against(books, name, record, next_number(books, target), "Open")
    begin(books.company, made)
    enter(books, target, made, f"{DOCUMENTS[target].kind} {made.values['number']}", moving=True)
    return made


def _reopen(books: Books, name: str, memo: Record) -> None:
    """Without its credit memo an invoice is not canceled any more."""
    invoice = books.company.get(AGAINST[name], memo.values.get("invoiceId", ZERO_GUID))
    if invoice is not None and invoice.values["status"] == "Canceled":
        books.company.edit(AGAINST[name], invoice)
        invoice.values["status"] = "Open"
        begin(books.company, invoice)


def _linked(books: Books, name: str, record: Record) -> Values:
    """What ties the new document to the other one, and the day it is made."""
    today = books.clock.today().isoformat()
    values: Values = {DOCUMENTS[AGAINST[name]].dates[0]: today}
    if not _is_memo(name):
        values |= {"invoiceId": record.id, "invoiceNumber": record.values["number"]}
    return values


def _is_memo(name: str) -> bool:
    return "Memo" in DOCUMENTS[name].kind


def _is_sale(name: str) -> bool:
    return DOCUMENTS[name].party == "customer"
