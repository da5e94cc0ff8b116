"""What is open of posted documents, and what customers and vendors owe or are owed.

Used by posting, corrections and payments inside the transaction of the caller (bc/api.md §11).
"""

from __future__ import annotations

from decimal import Decimal

from gateway.simulator.documents.headers import rate_of
from gateway.simulator.documents.rules import BALANCES, DOCUMENTS
from gateway.simulator.documents.totals import round_amount
from gateway.simulator.records.store import Company, Record


def owe(company: Company, party: str, party_id: str, amount: Decimal) -> None:
    """Move the balance of a ``customer`` or ``vendor`` by an amount in the local currency.

    The record gets another ETag, since the page shows the balance (bc/api.md §3).
    """
    parties, field = BALANCES[party]
    record = company.get(parties, party_id)
    if record is not None and amount:
        company.edit(parties, record)
        record.values[field] = Decimal(record.values[field]) + amount


def owed_by(company: Company, name: str, document: Record) -> Decimal:
    """What a document adds to the balance of its party; a credit memo takes away."""
    sign = -1 if "Memo" in DOCUMENTS[name].kind else 1
    return sign * local(company, document, Decimal(document.values["totalAmountIncludingTax"]))


def local(company: Company, document: Record, amount: Decimal) -> Decimal:
    """An amount of the document in the local currency."""
    return round_amount(amount / rate_of(company, str(document.values["currencyCode"])))


def begin(document: Record) -> None:
    """Nothing is paid yet of a document that is posted right now."""
    document.values["remainingAmount"] = document.values["totalAmountIncludingTax"]


def apply(company: Company, name: str, document: Record, amount: Decimal) -> Decimal:
    """Apply an amount in the local currency to an open document; what of it was needed.

    A document of which nothing is open is paid.
    """
    left = Decimal(document.values["remainingAmount"])
    due = local(company, document, left)
    used = min(amount, due)
    if used <= 0:
        return Decimal(0)
    rate = rate_of(company, str(document.values["currencyCode"]))
    rest = Decimal(0) if used == due else left - round_amount(used * rate)
    company.edit(name, document)
    document.values["remainingAmount"] = rest
    if not rest:
        document.values["status"] = "Paid"
    return used


def close(document: Record, status: str) -> None:
    """Nothing is open any more of a document that the caller announced a change of."""
    document.values.update(remainingAmount=Decimal(0), status=status)
