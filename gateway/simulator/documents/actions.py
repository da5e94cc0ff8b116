"""Bound actions: ``POST …(id)/Microsoft.NAV.post`` and its sisters (bc/api.md §3, §11).

Each gives the status of its answer, which has no body. Posting commits, as in Business Central:
what fails afterwards, a mail or another request of the batch, does not take it back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from gateway.simulator.catalogue.entities import ZERO_GUID, EntitySet
from gateway.simulator.documents.ledgers import Books, Occasion
from gateway.simulator.documents.posting import (
    NOTHING,
    copied,
    is_posted,
    lines_of,
    next_number,
    post,
    post_order,
    reverse,
)
from gateway.simulator.documents.rules import DOCUMENTS, SERIES
from gateway.simulator.errors import BusinessCentralError, dialog, not_simulated
from gateway.simulator.records.store import Record

_DONE, _PARTLY = 204, 200
_MEMOS = {"salesInvoices": "salesCreditMemos"}
_NO_MAIL = (
    "The send-to email is empty. Specify email either for the customer or for the document in "
    "email preview."
)

Action = Callable[[Books, str, Record], int]


def act(books: Books, entity_set: EntitySet, record: Record, name: str) -> int:
    """Carry out the action ``name`` on ``record``; the status. Raises BusinessCentralError."""
    action = _ACTIONS.get((entity_set.name, name))
    if action is None:
        raise not_simulated(f"the action {name} of {entity_set.name}")
    return action(books, entity_set.name, record)


@contextmanager
def _posting(books: Books) -> Iterator[None]:
    """A transaction that stays, inside of a larger one as well (bc/api.md §6)."""
    with books.company.transaction():
        yield
    books.company.commit()


def _post(books: Books, name: str, record: Record) -> int:
    with _posting(books):
        post(books, name, record)
    return _DONE


def _send(books: Books, _name: str, record: Record) -> int:
    """Nothing leaves the simulator; that there is an address is checked."""
    if not record.values.get("email") or "mail_fails" in books.broken:
        raise dialog(_NO_MAIL)
    return _DONE


def _post_and_send(books: Books, name: str, record: Record) -> int:
    """Posted is posted, also when it can not be sent then (bc/pitfalls.md 2)."""
    _post(books, name, record)
    return _send(books, name, record)


def _cancel(books: Books, name: str, record: Record) -> int:
    """The posted document is canceled by a posted one against it."""
    if not is_posted(name, record.values) or record.values["status"] in {"Canceled", "Corrective"}:
        kind = DOCUMENTS[name].kind.lower()
        raise dialog(f"The {kind} cannot be canceled because of its status.")
    if record.values["status"] == "Paid":
        raise dialog("You cannot cancel this document because it is fully or partially paid.")
    half = "cancel_half_done" in books.broken
    with _posting(books):
        memo = _canceling(books, name, record)
        if not half:
            reverse(books, name, record)
            books.company.edit(name, record)
            record.values["status"] = "Canceled"
            _settle(record)
    if half:
        left = "Nothing" if memo is None else f"Credit memo {memo.values['number']}"
        raise dialog(f"The document could not be canceled. {left} was left behind.")
    return _DONE


def _canceling(books: Books, name: str, record: Record) -> Record | None:
    """The posted credit memo that takes an invoice back."""
    against = _MEMOS.get(name)
    if against is None:
        return None
    memo = copied(
        books,
        record,
        lines_of(books, name, record),
        against,
        number=next_number(books, against),
        status="Corrective",
        invoiceId=record.id,
        invoiceNumber=record.values["number"],
        creditMemoDate=books.clock.today().isoformat(),
    )
    _settle(memo)
    return memo


def _cancel_and_send(books: Books, name: str, record: Record) -> int:
    _cancel(books, name, record)
    return _send(books, name, record)


def _settle(record: Record) -> None:
    if "remainingAmount" in record.values:
        record.values["remainingAmount"] = Decimal(0)


def _correct(books: Books, name: str, record: Record) -> int:
    """A draft credit memo against a posted invoice that nobody has paid anything of."""
    values = record.values
    if not is_posted(name, values):
        raise dialog("The action can be applied to a posted invoice only.")
    if values["status"] != "Open" or values["remainingAmount"] != values["totalAmountIncludingTax"]:
        raise dialog(
            "You cannot correct this invoice because it is fully or partially paid or closed."
        )
    against = _MEMOS[name]
    with books.company.transaction():
        copied(
            books,
            record,
            lines_of(books, name, record),
            against,
            number=_draft_number(books, against),
            status="Draft",
            invoiceId=record.id,
            invoiceNumber=values["number"],
            creditMemoDate=books.clock.today().isoformat(),
        )
    return _DONE


def _order(books: Books, name: str, record: Record) -> int:
    half = "receipt_only" in books.broken
    with _posting(books):
        if half:
            for line in lines_of(books, name, record):
                books.company.edit(DOCUMENTS[name].lines, line)
                line.values["invoiceQuantity"] = Decimal(0)
        invoiced = post_order(books, name, record)
    if half:
        text = "There is no Purch. Inv. Header within the filter."
        raise BusinessCentralError(400, "Internal_DataNotFoundFilter", text)
    return _DONE if invoiced else _PARTLY


def _making(target: str) -> Action:
    """A quote becomes a document of the set ``target`` and goes."""

    def make(books: Books, name: str, record: Record) -> int:
        lines = lines_of(books, name, record)
        if not lines:
            raise dialog("There is nothing to make of this quote: it has no lines.")
        today = books.clock.today().isoformat()
        dates = dict.fromkeys(DOCUMENTS[target].dates, today)
        with books.company.transaction():
            number = _draft_number(books, target)
            copied(books, record, lines, target, number=number, status="Draft", **dates)
            for line in lines:
                books.company.delete(DOCUMENTS[name].lines, line)
            books.company.delete(name, record)
        return _DONE

    return make


def _draft_number(books: Books, name: str) -> str:
    series, table = SERIES[name], books.company.table(name)
    while True:
        number = series.format(books.company.next_number(name, series.start, series.step))
        if table.lookup(number) is None:
            return number


def _post_journal(books: Books, _name: str, journal: Record) -> int:
    """The lines of a journal, document by document; each comes to nothing or none is posted."""
    lines = books.company.table("journalLines").where("journalId", journal.id)
    if not lines:
        raise dialog(NOTHING)
    documents: dict[tuple[str, str], list[Record]] = {}
    for line in lines:
        key = (str(line.values["postingDate"]), str(line.values["documentNumber"]))
        documents.setdefault(key, []).append(line)
    with _posting(books):
        for (day, number), own in documents.items():
            _post_lines(books, journal, day, number, own)
        for line in lines:
            books.company.delete("journalLines", line)
    return _DONE


def _post_lines(books: Books, journal: Record, day: str, number: str, lines: list[Record]) -> None:
    amounts: list[tuple[Record, Decimal]] = []
    for line in lines:
        amount = Decimal(line.values["amount"])
        amounts.append((_account_of(books, line, "account"), amount))
        against = line.values["balancingAccountId"] or ZERO_GUID
        if against == ZERO_GUID:
            against = journal.values["balancingAccountId"]
        if against != ZERO_GUID:
            balancing = books.company.get("accounts", against)
            if balancing is not None:
                amounts.append((books.numbered(balancing.values["number"]), -amount))
    left = sum((amount for _, amount in amounts), Decimal(0))
    if left:
        raise dialog(
            f"The lines in General Journal are out of balance by {left}. "
            "Check that Posting Date and Document No. are correct."
        )
    text = str(lines[0].values["description"] or journal.values["displayName"])
    books.enter(Occasion(day, "_x0020_", number, text), amounts)


def _account_of(books: Books, line: Record, stem: str) -> Record:
    found = books.company.get("accounts", line.values[f"{stem}Id"])
    if found is None:
        raise BusinessCentralError(
            400,
            "Application_FieldValidationException",
            "Account No. must have a value in Gen. Journal Line: Journal Batch Name="
            f"{line.values['journalDisplayName']}, Line No.={line.values['lineNumber']}.",
        )
    return books.numbered(found.values["number"])


def _restart(books: Books, name: str, record: Record) -> int:
    with books.company.transaction():
        books.company.edit(name, record)
        record.values["status"] = "Ready"
    return _PARTLY


_ACTIONS: dict[tuple[str, str], Action] = {
    ("jobQueueEntries", "restart"): _restart,
    ("journals", "post"): _post_journal,
    ("purchaseCreditMemos", "cancel"): _cancel,
    ("purchaseCreditMemos", "post"): _post,
    ("purchaseInvoices", "post"): _post,
    ("purchaseOrders", "receiveAndInvoice"): _order,
    ("salesCreditMemos", "cancel"): _cancel,
    ("salesCreditMemos", "cancelAndSend"): _cancel_and_send,
    ("salesCreditMemos", "post"): _post,
    ("salesCreditMemos", "postAndSend"): _post_and_send,
    ("salesCreditMemos", "send"): _send,
    ("salesInvoices", "cancel"): _cancel,
    ("salesInvoices", "cancelAndSend"): _cancel_and_send,
    ("salesInvoices", "makeCorrectiveCreditMemo"): _correct,
    ("salesInvoices", "post"): _post,
    ("salesInvoices", "postAndSend"): _post_and_send,
    ("salesInvoices", "send"): _send,
    ("salesOrders", "shipAndInvoice"): _order,
    ("salesQuotes", "makeInvoice"): _making("salesInvoices"),
    ("salesQuotes", "makeOrder"): _making("salesOrders"),
    ("salesQuotes", "send"): _send,
}
