"""Statements from the general ledger, as of the simulator's day (bc/api.md §11).

A choice: one line for each account below a heading for its category, and a total.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from gateway.simulator.records.store import Company, Record, Values

ZERO = Decimal(0)
_BALANCE = ("Assets", "Liabilities", "Equity")
_INCOME = ("Income", "Cost_x0020_of_x0020_Goods_x0020_Sold", "Expense")
_CASH = "10100"
_STEP = 10000


def _changes(company: Company, today: date) -> dict[str, tuple[Decimal, Decimal]]:
    """Debits and credits by the number of the account, up to a day."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for entry in company.table("generalLedgerEntries").records.values():
        if entry.values["postingDate"] <= today.isoformat():
            debit, credit = sums.get(entry.values["accountNumber"], (ZERO, ZERO))
            debit += Decimal(entry.values["debitAmount"])
            credit += Decimal(entry.values["creditAmount"])
            sums[entry.values["accountNumber"]] = debit, credit
    return sums


def _posting(company: Company) -> list[Record]:
    accounts = company.table("accounts").ordered()
    return [one for one in accounts if one.values["accountType"] == "Posting"]


def trial_balances(company: Company, today: date) -> Iterator[Values]:
    """Each account with its debits and credits; amounts are texts, blank for nothing."""
    changes = _changes(company, today)
    for account in company.table("accounts").ordered():
        debit, credit = changes.get(account.values["number"], (ZERO, ZERO))
        balance = debit - credit
        yield {
            "number": account.values["number"],
            "accountId": account.id,
            "accountType": account.values["accountType"],
            "display": account.values["displayName"],
            "totalDebit": _text(debit),
            "totalCredit": _text(credit),
            "balanceAtDateDebit": _text(max(balance, ZERO)),
            "balanceAtDateCredit": _text(max(-balance, ZERO)),
            "dateFilter": today.isoformat(),
        }


def _text(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount else ""


def balance_sheet(company: Company, today: date) -> list[Values]:
    """What the company has and owes."""
    return _statement(company, today, _BALANCE, "balance", 1)


def income_statement(company: Company, today: date) -> list[Values]:
    """What the company has earned and spent; earnings are above nothing."""
    return _statement(company, today, _INCOME, "netChange", -1)


def cash_flow_statement(company: Company, today: date) -> list[Values]:
    """What has come into the bank account and gone out."""
    debit, credit = _changes(company, today).get(_CASH, (ZERO, ZERO))
    lines = [("Cash received", debit), ("Cash paid", -credit), ("Change of cash", debit - credit)]
    return _numbered("netChange", today, [("detail", text, amount) for text, amount in lines])


def retained_earnings_statement(company: Company, today: date) -> list[Values]:
    """What is left of all income."""
    earned = income_statement(company, today)[-1]["netChange"]
    lines = [("detail", "Net income", earned), ("total", "Retained earnings", earned)]
    return _numbered("netChange", today, lines)


def _statement(
    company: Company, today: date, categories: Sequence[str], field: str, sign: int
) -> list[Values]:
    changes, total = _changes(company, today), ZERO
    lines: list[tuple[str, str, Decimal]] = []
    for category in categories:
        lines.append(("header", category.replace("_x0020_", " "), ZERO))
        for account in _posting(company):
            if account.values["category"] == category:
                debit, credit = changes.get(account.values["number"], (ZERO, ZERO))
                amount = sign * (debit - credit)
                total += amount
                lines.append(("detail", account.values["displayName"], amount))
    lines.append(("total", "Total", total))
    return _numbered(field, today, lines)


def _numbered(field: str, today: date, lines: Sequence[tuple[str, str, Decimal]]) -> list[Values]:
    return [
        {
            "lineNumber": at * _STEP,
            "display": text,
            field: amount,
            "lineType": kind,
            "indentation": 1 if kind == "detail" else 0,
            "dateFilter": today.isoformat(),
        }
        for at, (kind, text, amount) in enumerate(lines, 1)
    ]
