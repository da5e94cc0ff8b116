"""What customers owe and vendors are owed, from the posted documents (bc/api.md §11, §16)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from gateway.simulator.documents.balances import local, open_of
from gateway.simulator.documents.headers import is_posted
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.reports.asked import Asked, earlier

_AMOUNTS = ("balanceDue", "currentAmount", "period1Amount", "period2Amount", "period3Amount")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Side:
    """Where the documents of customers or of vendors are, invoices first."""

    party: str
    parties: str
    invoices: str
    memos: str


_SALES = _Side("customer", "customers", "salesInvoices", "salesCreditMemos")
_PURCHASES = _Side("vendor", "vendors", "purchaseInvoices", "purchaseCreditMemos")


@dataclass(frozen=True, slots=True)
class _Owed:
    """A posted document in the local currency: its amount without tax, what is open, when it is
    due, and when it was posted. A credit memo counts below nothing.
    """

    amount: Decimal
    open: Decimal
    due: date
    posted: str


def _documents(company: Company, side: _Side, party: Record) -> Iterator[_Owed]:
    for name, sign in ((side.invoices, 1), (side.memos, -1)):
        for record in company.table(name).where(f"{side.party}Id", party.id):
            if not is_posted(name, record.values):
                continue
            is_open = record.values["status"] == "Open"
            yield _Owed(
                sign * local(company, record, Decimal(record.values["totalAmountExcludingTax"])),
                sign * open_of(company, record) if is_open else ZERO,
                date.fromisoformat(record.values["dueDate"]),
                record.values["postingDate"],
            )
    if party.values["unappliedAmount"]:  # payments count as if they were never due
        yield _Owed(ZERO, -Decimal(party.values["unappliedAmount"]), date.max, "")


def financial_details(company: Company, asked: Asked) -> Iterator[Values]:
    """Balance, sales and what is overdue, customer by customer."""
    for party in company.table("customers").ordered():
        owed = list(_documents(company, _SALES, party))
        yield {
            "id": party.id,
            "number": party.values["number"],
            "balance": sum((one.open for one in owed), ZERO),
            "totalSalesExcludingTax": sum((one.amount for one in owed), ZERO),
            "overdueAmount": sum((one.open for one in owed if one.due < asked.today), ZERO),
            "lastModifiedDateTime": party.values["lastModifiedDateTime"],
        }


def _aged(side: _Side) -> Callable[[Company, Asked], Iterator[Values]]:
    def rows(company: Company, asked: Asked) -> Iterator[Values]:
        """What is open, by how long it has been due; the last row is the total of all.

        Periods, labels and total are those of Microsoft's published source, codeunit 5488 Graph
        Mgt - Reports. A choice: the currency is the company's, and only posted documents count.
        """
        first = earlier(asked.as_of, asked.length)
        starts = (asked.as_of, first, earlier(first, asked.length))
        totals = [ZERO] * len(_AMOUNTS)
        told = {
            "currencyCode": company.currency,
            **_labels(starts),
            "agedAsOfDate": asked.as_of.isoformat(),
            "periodLengthFilter": asked.length,
        }
        for party in company.table(side.parties).ordered():
            sums = [ZERO] * (len(_AMOUNTS) - 1)
            for one in _documents(company, side, party):
                sums[sum(one.due < start for start in starts)] += one.open
            amounts = [sum(sums, ZERO), *sums]
            totals = [total + amount for total, amount in zip(totals, amounts, strict=True)]
            yield {
                f"{side.party}Id": party.id,
                f"{side.party}Number": party.values["number"],
                "name": party.values["displayName"],
                **told,
                **dict(zip(_AMOUNTS, amounts, strict=True)),
            }
        yield {"name": "Total", **told, **dict(zip(_AMOUNTS, totals, strict=True))}

    return rows


def _labels(starts: tuple[date, date, date]) -> Values:
    """The days of the periods, as an American writes them: sessions speak English by default."""
    last, middle, first = (f"{start:%m/%d/%y}" for start in starts)
    return {
        "period1Label": f"{middle}-{last}",
        "period2Label": f"{first}-{middle}",
        "period3Label": f"-{first}",
    }


def _totals(side: _Side, field: str) -> Callable[[Company, Asked], Iterator[Values]]:
    def rows(company: Company, asked: Asked) -> Iterator[Values]:
        """What was sold or bought on the days asked for, party by party."""
        for party in company.table(side.parties).ordered():
            owed = _documents(company, side, party)
            yield {
                f"{side.party}Id": party.id,
                f"{side.party}Number": party.values["number"],
                "name": party.values["displayName"],
                field: sum((one.amount for one in owed if asked.has(one.posted)), ZERO),
            }

    return rows


aged_receivables = _aged(_SALES)
aged_payables = _aged(_PURCHASES)
sales = _totals(_SALES, "totalSalesAmount")
purchases = _totals(_PURCHASES, "totalPurchaseAmount")


def entries_to_apply(company: Company, payment: Record) -> Iterator[Values]:
    """The open invoices of the vendor of a payment, and which of them it is applied to."""
    for record in company.table("purchaseInvoices").where("vendorId", payment.values["vendorId"]):
        if not is_posted("purchaseInvoices", record.values) or record.values["status"] != "Open":
            continue
        yield {
            "id": record.id,
            "applied": payment.values["appliesToInvoiceId"] == record.id,
            "appliesToId": str(payment.values["documentNumber"]),
            "postingDate": record.values["postingDate"],
            "documentType": "Invoice",
            "documentNumber": record.values["number"],
            "externalDocumentNumber": record.values["vendorInvoiceNumber"],
            "vendorNumber": record.values["vendorNumber"],
            "vendorName": record.values["vendorName"],
            "description": f"Invoice {record.values['number']}",
            "remainingAmount": -Decimal(record.values["remainingAmount"]),
            "lastModifiedDateTime": record.values["lastModifiedDateTime"],
        }


def contacts_information(company: Company, _: Asked) -> Iterator[Values]:
    """The contacts of customers and vendors.

    A choice: whoever bears the name of a customer or vendor, or works for one of that name; the
    API does not tell the relation itself.
    """
    contacts: dict[str, list[Record]] = {}
    for contact in company.table("contacts").ordered():
        for name in {contact.values["displayName"], contact.values["companyName"]} - {""}:
            contacts.setdefault(name, []).append(contact)
    for kind, parties in (("Customer", "customers"), ("Vendor", "vendors")):
        for party in company.table(parties).ordered():
            for contact in contacts.get(party.values["displayName"], ()):
                yield {
                    "contactId": contact.id,
                    "contactNumber": contact.values["number"],
                    "contactName": contact.values["displayName"],
                    "contactType": contact.values["type"],
                    "relatedId": party.id,
                    "relatedType": kind,
                }
