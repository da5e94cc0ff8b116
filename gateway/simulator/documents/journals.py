"""Journals: their batches, and what becomes of their lines when they are posted (bc/api.md §11).

The journals of customer and vendor payments are batches of other templates. ``journals`` shows
them by their id or when the filter names their template, and posts them, as its page does; that
is how payments are posted. The names of the templates are those of Microsoft's demonstration
company: a choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from gateway.simulator.catalogue.entities import BLANK_DATE, ZERO_GUID
from gateway.simulator.documents.balances import apply, owe
from gateway.simulator.documents.ledgers import Books, Entry, Occasion
from gateway.simulator.documents.rules import BALANCES, JOURNAL_LINES, PAYMENTS, TEMPLATES
from gateway.simulator.documents.totals import round_amount
from gateway.simulator.errors import BusinessCentralError, dialog, field_error, not_simulated
from gateway.simulator.records.belongings import remove
from gateway.simulator.records.dimensions import set_of
from gateway.simulator.records.store import Company, Record, Values

NOTHING = "There is nothing to post."
_PARTIES = {"Customer": "customer", "Vendor": "vendor"}
_OWED = {"customer": "receivables", "vendor": "payables"}
_LEDGERS = {"customer": "Cust.", "vendor": "Vendor"}


@dataclass(frozen=True, slots=True)
class _Entry(Entry):
    """One side of a journal line; ``party`` tells whose ``source`` is: a customer's, a vendor's."""

    party: str = ""


def template_of(company: Company, journal_id: str) -> str:
    """The template of a batch, blank where there is no such batch."""
    return next(
        (template for template, name in TEMPLATES.items() if company.get(name, journal_id)), ""
    )


def batch_name(company: Company, journal_id: str) -> str:
    """The code of a batch of any template, which its lines show as its display name."""
    found = (company.get(name, journal_id) for name in TEMPLATES.values())
    return next((str(batch.values["code"]) for batch in found if batch is not None), "")


def batches(company: Company) -> list[Record]:
    """The payment journals as ``journals`` shows them."""
    blanks = company.catalogue.sets["journals"].blanks
    found = []
    for template, name in TEMPLATES.items():
        for record in company.table(name).ordered() if name != "journals" else ():
            values = {key: value for key, value in record.values.items() if key in blanks}
            shown: Values = {**blanks, **values, "templateDisplayName": template}
            found.append(Record(record.id, shown, record.version))
    return found


def post_journal(books: Books, journal: Record) -> None:
    """Post the lines of a batch, document by document: each comes to nothing, or none is posted.

    Lines that the API does not show are posted as well. Their entries have their dimensions. A
    choice: their files go with them. Raises BusinessCentralError.
    """
    documents: dict[tuple[str, str], list[tuple[str, Record]]] = {}
    for name in JOURNAL_LINES:
        for line in books.company.table(name).where("journalId", journal.id):
            _require(books, line, "postingDate", "Posting Date", BLANK_DATE)
            _require(books, line, "documentNumber", "Document No.", "")
            key = (str(line.values["postingDate"]), str(line.values["documentNumber"]))
            documents.setdefault(key, []).append((name, line))
    if not documents:
        raise dialog(NOTHING)
    with books.posting():
        for (day, number), lines in documents.items():
            books.check_date(day)
            _post(books, journal, day, number, lines)
            for name, line in lines:
                remove(books.company, name, line)


def _post(
    books: Books, journal: Record, day: str, number: str, lines: list[tuple[str, Record]]
) -> None:
    entries: list[_Entry] = []
    for name, line in lines:
        own = _payment(books, name, line) if name in PAYMENTS else _plain(books, line)
        text, dimensions = str(line.values["description"]), set_of(books.company, line)
        entries += [
            replace(side, text=text, dimensions=dimensions)
            for side in (own, *_balancing(books, journal, line, own.amount))
        ]
    left = sum((entry.amount for entry in entries), Decimal(0))
    if left:
        raise dialog(
            f"The lines in {'Payment' if lines[0][0] in PAYMENTS else 'General'} Journal are out "
            f"of balance by {left}. Check that Posting Date and Document No. are correct for "
            "each line."
        )
    kind = "Payment" if lines[0][0] in PAYMENTS else "_x0020_"
    books.enter(Occasion(day, kind, number, str(journal.values["displayName"])), entries)
    _settle(books, entries)
    for name, line in lines:
        if name in PAYMENTS:
            _apply(books, name, line)


def _settle(books: Books, entries: Iterable[_Entry]) -> None:
    """Balances of the parties; what nothing is applied to stays with them."""
    for entry in entries:
        if entry.party:
            owing = entry.amount if entry.party == "customer" else -entry.amount
            owe(books.company, entry.party, entry.source, owing)
            _keep(books, entry.party, entry.source, -owing)


def _keep(books: Books, party: str, party_id: str, amount: Decimal) -> None:
    record = books.company.get(BALANCES[party][0], party_id)
    if record is not None:
        books.company.edit(BALANCES[party][0], record)
        record.values["unappliedAmount"] = Decimal(record.values["unappliedAmount"]) + amount


def _plain(books: Books, line: Record) -> _Entry:
    found = _side(books, line, "accountType", "account", _amount(line))
    if found is None:
        raise _missing(books, line, "Account No.")
    return found


def _amount(line: Record) -> Decimal:
    """What a line comes to, in whole cents: it may have been put in with more places."""
    return round_amount(Decimal(line.values["amount"]))


def _balancing(books: Books, journal: Record, line: Record, amount: Decimal) -> list[_Entry]:
    """The other side of a line: its own balancing account, else that of the batch."""
    if "balancingAccountId" in line.values:
        own = _side(books, line, "balanceAccountType", "balancingAccount", -amount)
        if own is not None:
            return [own]
    account = books.company.get("accounts", journal.values["balancingAccountId"])
    return [] if account is None else [_Entry(books.numbered(account.values["number"]), -amount)]


def _side(books: Books, line: Record, kind: str, stem: str, amount: Decimal) -> _Entry | None:
    record_id, told = line.values[f"{stem}Id"], str(line.values[kind])
    if record_id == ZERO_GUID:
        return None
    if told in _PARTIES:
        party = _PARTIES[told]
        return _Entry(books.account(_OWED[party]), amount, record_id, party=party)
    if told == "Bank_x0020_Account":
        return _Entry(books.account("bank"), amount)
    account = books.company.get("accounts", record_id)
    if account is None:
        raise not_simulated(f"posting to accounts of the type {told}")
    return _Entry(books.numbered(account.values["number"]), amount)


def _payment(books: Books, name: str, line: Record) -> _Entry:
    party, amount = PAYMENTS[name].party, _amount(line)
    party_id = line.values[f"{party}Id"]
    if party_id == ZERO_GUID:
        raise _missing(books, line, "Account No.")
    _refuse_blocked(books, party, party_id)
    if amount > 0 if party == "customer" else amount < 0:
        sign = "negative" if party == "customer" else "positive"
        raise field_error(f"Amount must be {sign} in Gen. Journal Line {_where(books, line)}.")
    return _Entry(books.account(_OWED[party]), amount, party_id, party=party)


def _refuse_blocked(books: Books, party: str, party_id: str) -> None:
    record = books.company.get(BALANCES[party][0], party_id)
    if record is not None and record.values["blocked"] in {"All", "Payment"}:
        raise dialog(
            f"You cannot post this type of document when {party.capitalize()} "
            f"{record.values['number']} is blocked with type {record.values['blocked']}"
        )


def _apply(books: Books, name: str, line: Record) -> None:
    """A payment that names an invoice takes from what is open of it."""
    invoices, number = PAYMENTS[name].invoices, line.values["appliesToInvoiceNumber"]
    party = PAYMENTS[name].party
    if not number:
        return
    invoice = books.company.table(invoices).lookup(number)
    own = invoice is not None and invoice.values[f"{party}Id"] == line.values[f"{party}Id"]
    if invoice is None or not own or invoice.values["status"] != "Open":
        raise BusinessCentralError(
            400,
            "Internal_DataNotFoundFilter",
            f"There is no {_LEDGERS[party]} Ledger Entry within the filter.",
        )
    used = apply(books.company, invoices, invoice, abs(_amount(line)))
    _keep(books, party, line.values[f"{party}Id"], -used)


def _require(books: Books, line: Record, field: str, caption: str, blank: str) -> None:
    if line.values[field] == blank:
        raise _missing(books, line, caption)


def _missing(books: Books, line: Record, caption: str) -> BusinessCentralError:
    text = f"{caption} must have a value in Gen. Journal Line: {_where(books, line)}."
    return field_error(f"{text} It cannot be zero or empty.")


def _where(books: Books, line: Record) -> str:
    template = template_of(books.company, line.values["journalId"])
    return (
        f"Journal Template Name={template}, Journal Batch Name="
        f"{line.values['journalDisplayName']}, Line No.={line.values['lineNumber']}"
    )
