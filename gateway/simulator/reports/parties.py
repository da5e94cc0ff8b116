"""What customers owe and vendors are owed, from the posted documents (bc/api.md §11, §16)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from gateway.simulator.documents.headers import rate_of
from gateway.simulator.documents.posting import is_posted
from gateway.simulator.documents.totals import round_amount
from gateway.simulator.records.store import Company, Record, Values

_PERIOD = 30  # days of an aging period
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
    """A posted document in the local currency: its amount without tax, what is open, and since
    how many days it is due. A credit memo counts below nothing.
    """

    amount: Decimal
    open: Decimal
    days: int


def _documents(company: Company, side: _Side, party: Record, today: date) -> Iterator[_Owed]:
    for name, sign in ((side.invoices, 1), (side.memos, -1)):
        for record in company.table(name).where(f"{side.party}Id", party.id):
            if not is_posted(name, record.values):
                continue
            rate = rate_of(company, record.values["currencyCode"])
            total = Decimal(record.values["totalAmountIncludingTax"])
            is_open = record.values["status"] == "Open"
            left = Decimal(record.values.get("remainingAmount", total)) if is_open else ZERO
            yield _Owed(
                sign * round_amount(Decimal(record.values["totalAmountExcludingTax"]) / rate),
                sign * round_amount(left / rate),
                (today - date.fromisoformat(record.values["dueDate"])).days,
            )


def financial_details(company: Company, today: date) -> Iterator[Values]:
    """Balance, sales and what is overdue, customer by customer."""
    for party in company.table("customers").ordered():
        owed = list(_documents(company, _SALES, party, today))
        yield {
            "id": party.id,
            "number": party.values["number"],
            "balance": sum((one.open for one in owed), ZERO),
            "totalSalesExcludingTax": sum((one.amount for one in owed), ZERO),
            "overdueAmount": sum((one.open for one in owed if one.days > 0), ZERO),
            "lastModifiedDateTime": party.values["lastModifiedDateTime"],
        }


def _aged(side: _Side) -> Callable[[Company, date], Iterator[Values]]:
    def rows(company: Company, today: date) -> Iterator[Values]:
        """What is open, by how long it has been due."""
        for party in company.table(side.parties).ordered():
            sums = [ZERO] * 4
            for one in _documents(company, side, party, today):
                at = 0 if one.days <= 0 else min(3, 1 + (one.days - 1) // _PERIOD)
                sums[at] += one.open
            labels = {
                f"period{at}Label": f"{1 + (at - 1) * _PERIOD}-{at * _PERIOD} days"
                for at in (1, 2, 3)
            }
            yield {
                f"{side.party}Id": party.id,
                f"{side.party}Number": party.values["number"],
                "name": party.values["displayName"],
                "currencyCode": company.currency,
                "balanceDue": sum(sums, ZERO),
                "currentAmount": sums[0],
                **{f"period{at}Amount": sums[at] for at in (1, 2, 3)},
                **labels,
                "agedAsOfDate": today.isoformat(),
                "periodLengthFilter": f"{_PERIOD}D",
            }

    return rows


def _totals(side: _Side, field: str) -> Callable[[Company, date], Iterator[Values]]:
    def rows(company: Company, today: date) -> Iterator[Values]:
        """What was sold or bought, party by party."""
        for party in company.table(side.parties).ordered():
            owed = _documents(company, side, party, today)
            yield {
                f"{side.party}Id": party.id,
                f"{side.party}Number": party.values["number"],
                "name": party.values["displayName"],
                field: sum((one.amount for one in owed), ZERO),
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
            "remainingAmount": -Decimal(record.values["totalAmountIncludingTax"]),
            "lastModifiedDateTime": record.values["lastModifiedDateTime"],
        }
