"""Bound actions: ``POST …(id)/Microsoft.NAV.post`` and its sisters (bc/api.md §3, §11).

Each gives the status of its answer, which has no body, and the record it led to. Posting
commits, as in Business Central: what fails afterwards, a mail or another request of the batch,
does not take it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from gateway.simulator.catalogue.entities import EntitySet
from gateway.simulator.clock import timestamp
from gateway.simulator.documents.corrections import apply_to_invoice, cancel, correct
from gateway.simulator.documents.headers import fall_due, is_posted
from gateway.simulator.documents.journals import post_journal
from gateway.simulator.documents.ledgers import Books
from gateway.simulator.documents.posting import (
    copied,
    draft_number,
    lines_of,
    post,
    post_order,
)
from gateway.simulator.documents.rules import AGAINST, DOCUMENTS, ORDERS
from gateway.simulator.errors import (
    BusinessCentralError,
    bad_request,
    dialog,
    field_error,
    not_simulated,
)
from gateway.simulator.records.belongings import hand_on, remove
from gateway.simulator.records.store import Record
from gateway.simulator.records.values import decode_member, read_value, stamp

_DELETED, _UPDATED = 204, 200
_POSTED_TABLES = {
    "purchaseInvoices": "Purch. Inv. Header",
    "salesInvoices": "Sales Invoice Header",
}
_NO_MAIL = (
    "The send-to email is empty. Specify email either for the customer or for the {kind} in "
    "email preview."
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action led to: a record of the set ``name``, for the address in the answer."""

    name: str
    record: Record
    status: int = _DELETED


Action = Callable[[Books, str, Record], Outcome]


def act(
    books: Books,
    entity_set: EntitySet,
    record: Record,
    name: str,
    given: Mapping[str, object],
) -> Outcome:
    """Carry out the action ``name`` on ``record``, with the parameters that are ``given``.

    Raises BusinessCentralError.
    """
    if name in entity_set.effects:
        return _declared(books, entity_set, record, name, given)
    action = _ACTIONS.get((entity_set.name, name))
    if action is None:
        raise not_simulated(f"the action {name} of {entity_set.name}")
    return action(books, entity_set.name, record)


def _declared(
    books: Books,
    entity_set: EntitySet,
    record: Record,
    name: str,
    given: Mapping[str, object],
) -> Outcome:
    """An action of a custom route sets fields, also such as are read-only to callers."""
    effect = entity_set.effects[name]
    known = {one.name: one for one in effect.parameters}
    for parameter in given:
        if parameter not in known:
            raise bad_request(f"The parameter '{parameter}' does not exist on the action '{name}'.")
    values = {one: read_value(known[one], value) for one, value in given.items()}
    taken = {field: values[one] for field, one in effect.takes.items() if one in values}
    for field, value in effect.requires.items():
        if record.values[field] != value:
            raise field_error(
                f"{entity_set.captioned(field)} must be equal to '{_shown(value)}'  in {entity_set.caption}: "
                f"{', '.join(f'{entity_set.captioned(one)}={record.values[one]}' for one in entity_set.key)}. "
                f"Current value is '{_shown(record.values[field])}'."
            )
    with books.company.transaction():
        before = dict(record.values)
        books.company.edit(entity_set.name, record)
        record.values.update({**effect.sets, **taken})
        stamp(record.values, timestamp(books.clock.now()))
        books.company.table(entity_set.name).moved(record, before)
    return Outcome(entity_set.name, record, effect.status)


def _shown(value: object) -> str:
    """A value as messages have it."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return decode_member(value) if isinstance(value, str) else str(value)


def _post(books: Books, name: str, record: Record) -> Outcome:
    with books.posting():
        post(books, name, record)
        if "Memo" in DOCUMENTS[name].kind:
            apply_to_invoice(books, name, record)
    return Outcome(name, record)


def _send(books: Books, name: str, record: Record) -> Outcome:
    """Nothing leaves the simulator; that there is an address is checked.

    A draft of a credit memo is not sent, one without lines neither (source A).
    """
    kind = DOCUMENTS[name].kind.lower()
    if name == "salesCreditMemos" and not is_posted(name, record.values):
        raise dialog("The action can be applied to a posted credit memo only.")
    if not lines_of(books, name, record):
        raise dialog(f"Please add at least one line item to the {kind}.")
    if not _address(books, record) or "mail_fails" in books.broken:
        raise dialog(_NO_MAIL.format(kind=kind))
    return Outcome(name, record)


def _address(books: Books, record: Record) -> object:
    """The address of the document, else the customer's."""
    customer = books.company.get("customers", record.values["customerId"])
    return record.values.get("email") or (customer is not None and customer.values["email"])


def _post_and_send(books: Books, name: str, record: Record) -> Outcome:
    """Posted is posted, also when it can not be sent then (bc/pitfalls.md 2)."""
    _post(books, name, record)
    return _send(books, name, record)


def _cancel(books: Books, name: str, record: Record) -> Outcome:
    cancel(books, name, record)
    return Outcome(name, record)


def _cancel_and_send(books: Books, name: str, record: Record) -> Outcome:
    _cancel(books, name, record)
    return _send(books, name, record)


def _correct(books: Books, name: str, record: Record) -> Outcome:
    return Outcome(AGAINST[name], correct(books, name, record))


def _order(books: Books, name: str, record: Record) -> Outcome:
    half = "receipt_only" in books.broken
    with books.posting():
        if half:
            for line in lines_of(books, name, record):
                books.company.edit(DOCUMENTS[name].lines, line)
                line.values["invoiceQuantity"] = Decimal(0)
        invoice = post_order(books, name, record)
    if half:
        text = f"There is no {_POSTED_TABLES[ORDERS[name].invoices]} within the filter."
        raise BusinessCentralError(400, "Internal_DataNotFoundFilter", text)
    if invoice is None:
        return Outcome(name, record, _UPDATED)
    return Outcome(ORDERS[name].invoices, invoice)


def _making(target: str) -> Action:
    """A quote becomes a document of the set ``target`` and goes."""

    def make(books: Books, name: str, record: Record) -> Outcome:
        lines = lines_of(books, name, record)
        if not lines:
            raise dialog("There is nothing to make of this quote: it has no lines.")
        today = books.clock.today().isoformat()
        dates = dict.fromkeys(DOCUMENTS[target].dates, today)
        with books.company.transaction():
            number = draft_number(books, target)
            made = copied(books, record, lines, target, number=number, status="Draft", **dates)
            if "dueDate" in made.values:
                fall_due(books.company, DOCUMENTS[target], made.values, record.values)
            hand_on(books.company, record, target, made)
            remove(books.company, name, record)
        return Outcome(target, made)

    return make


def _post_journal(books: Books, name: str, record: Record) -> Outcome:
    post_journal(books, record)
    return Outcome(name, record)


def _restart(books: Books, name: str, record: Record) -> Outcome:
    with books.company.transaction():
        books.company.edit(name, record)
        record.values["status"] = "Ready"
        stamp(record.values, timestamp(books.clock.now()))
    return Outcome(name, record, _UPDATED)


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
