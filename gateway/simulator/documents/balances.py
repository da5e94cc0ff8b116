"""What is open of posted documents, and what customers and vendors owe or are owed.

Used by posting, corrections and payments inside the transaction of the caller (bc/api.md §11).
"""

from __future__ import annotations

from decimal import Decimal

from gateway.simulator.documents.headers import rate_of
from gateway.simulator.documents.rules import BALANCES, DOCUMENTS
from gateway.simulator.documents.totals import CENT, round_amount
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


def factor_of(company: Company, document: Record) -> Decimal:
    """Units of the document's currency for one of the local one: those of the day it was posted,
    else of now. Raises BusinessCentralError for a rate of nothing.
    """
    factor = Decimal(document.values.get("currencyFactor", 0))
    return factor or rate_of(company, str(document.values["currencyCode"]))


def local(company: Company, document: Record, amount: Decimal) -> Decimal:
    """An amount of the document in the local currency."""
    return round_amount(amount / factor_of(company, document))


def begin(company: Company, document: Record) -> None:
    """Nothing is paid yet of a document that is posted right now, at its own rate or that of now.

    What comes to nothing in the local currency is paid: no entry of it is open.
    """
    values = document.values
    values["currencyFactor"] = factor_of(company, document)
    values["remainingAmount"] = values["totalAmountIncludingTax"]
    values["remainingAmountLocal"] = _whole(company, document)
    if not values["remainingAmountLocal"]:
        close(document, "Paid")


def open_of(company: Company, document: Record) -> Decimal:
    """What is open of a posted document, in the local currency.

    It is kept to the cent, so that payments which are together what is due leave nothing of it;
    a document that was put in, or is of an older file, is open by the rate of now.
    """
    values = document.values
    if not values["currencyFactor"]:
        return local(company, document, Decimal(values["remainingAmount"]))
    return Decimal(values["remainingAmountLocal"])


def is_untouched(company: Company, document: Record) -> bool:
    """Whether nothing was applied to a posted document."""
    return open_of(company, document) == _whole(company, document)


def _whole(company: Company, document: Record) -> Decimal:
    return local(company, document, Decimal(document.values["totalAmountIncludingTax"]))


def apply(company: Company, name: str, document: Record, amount: Decimal) -> Decimal:
    """Apply an amount in the local currency to an open document; what of it was needed.

    A document of which nothing is open is paid. What is open in its own currency is worked out
    from all that was paid, not from what rounding left the last time; it is a cent at least.
    """
    due = open_of(company, document)
    used = min(amount, due)
    if used <= 0:
        return Decimal(0)
    company.edit(name, document)
    values, factor, rest = document.values, factor_of(company, document), due - used
    paid = round_amount((_whole(company, document) - rest) * factor)
    left = max(Decimal(values["totalAmountIncludingTax"]) - paid, CENT)
    values.update(currencyFactor=factor, remainingAmountLocal=rest, remainingAmount=left)
    if not rest:
        close(document, "Paid")
    return used


def close(document: Record, status: str) -> None:
    """Nothing is open any more of a document that the caller announced a change of."""
    document.values.update(
        remainingAmount=Decimal(0), remainingAmountLocal=Decimal(0), status=status
    )
