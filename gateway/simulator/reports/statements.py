"""Statements from the general ledger, for the days that are asked for (bc/api.md §11).

A balance sheet is as of today, the others are of this year up to today unless a filter says
otherwise; a trial balance is of one day (Microsoft's published source, codeunit 5488 Graph Mgt -
Reports; not in bc/api.md). A choice: which lines there are, since they are set up freely: one line for each account below a heading for
its category, and a total.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from gateway.simulator.documents.rules import LINE_STEP
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.reports.asked import Asked

ZERO = Decimal(0)
_BALANCE = ("Assets", "Liabilities", "Equity")
_INCOME = ("Income", "Cost_x0020_of_x0020_Goods_x0020_Sold", "Expense")
_CASH = "10100"
_AMOUNTS = ("totalDebit", "totalCredit", "balanceAtDateDebit", "balanceAtDateCredit")


def _changes(company: Company, asked: Asked) -> dict[str, tuple[Decimal, Decimal]]:
    """Debits and credits by the number of the account, within the days."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for entry in company.table("generalLedgerEntries").records.values():
        if asked.has(entry.values["postingDate"]):
            debit, credit = sums.get(entry.values["accountNumber"], (ZERO, ZERO))
            debit += Decimal(entry.values["debitAmount"])
            credit += Decimal(entry.values["creditAmount"])
            sums[entry.values["accountNumber"]] = debit, credit
    return sums


def _up_to(asked: Asked) -> Asked:
    """From the first day of all to the last one that was asked for."""
    return replace(asked, start=None, end=asked.as_of)


def _this_year(asked: Asked) -> Asked:
    return asked.or_else(date(asked.today.year, 1, 1))


def _is_posting(account: Record) -> bool:
    return bool(account.values["accountType"] == "Posting")


def trial_balances(company: Company, asked: Asked) -> Iterator[Values]:
    """Every account; posting accounts with what was posted on the days, and their balance.

    Amounts are texts without a sign, blank for headings and totals.
    """
    changes = _changes(company, asked.or_else(asked.today))
    balances = _changes(company, _up_to(asked))
    for account in company.table("accounts").ordered():
        number = account.values["number"]
        debits, credits_ = balances.get(number, (ZERO, ZERO))
        balance = debits - credits_
        amounts = (*changes.get(number, (ZERO, ZERO)), max(balance, ZERO), max(-balance, ZERO))
        shown = [f"{abs(amount):,.2f}" if _is_posting(account) else "" for amount in amounts]
        yield {
            "number": number,
            "accountId": account.id,
            "accountType": account.values["accountType"],
            "display": account.values["displayName"],
            "dateFilter": asked.as_of.isoformat(),
            **dict(zip(_AMOUNTS, shown, strict=True)),
        }


def balance_sheet(company: Company, asked: Asked) -> list[Values]:
    """What the company has and owes."""
    return _statement(company, _up_to(asked), _BALANCE, "balance", 1)


def income_statement(company: Company, asked: Asked) -> list[Values]:
    """What the company has earned and spent; earnings are above nothing."""
    return _statement(company, _this_year(asked), _INCOME, "netChange", -1)


def cash_flow_statement(company: Company, asked: Asked) -> list[Values]:
    """What has come into the bank account and gone out."""
    asked = _this_year(asked)
    debit, credit = _changes(company, asked).get(_CASH, (ZERO, ZERO))
    lines = [("Cash received", debit), ("Cash paid", -credit), ("Change of cash", debit - credit)]
    return _numbered("netChange", asked, [("detail", text, amount) for text, amount in lines])


def retained_earnings_statement(company: Company, asked: Asked) -> list[Values]:
    """What is left of all income."""
    earned = income_statement(company, asked)[-1]["netChange"]
    lines = [("detail", "Net income", earned), ("total", "Retained earnings", earned)]
    return _numbered("netChange", asked, lines)


def _statement(
    company: Company, asked: Asked, categories: Sequence[str], field: str, sign: int
) -> list[Values]:
    changes, total = _changes(company, asked), ZERO
    lines: list[tuple[str, str, Decimal]] = []
    for category in categories:
        lines.append(("header", category.replace("_x0020_", " "), ZERO))
        for account in company.table("accounts").ordered():
            if _is_posting(account) and account.values["category"] == category:
                debit, credit = changes.get(account.values["number"], (ZERO, ZERO))
                amount = sign * (debit - credit)
                total += amount
                lines.append(("detail", account.values["displayName"], amount))
    lines.append(("total", "Total", total))
    return _numbered(field, asked, lines)


def _numbered(field: str, asked: Asked, lines: Sequence[tuple[str, str, Decimal]]) -> list[Values]:
    return [
        {
            "lineNumber": at * LINE_STEP,
            "display": text,
            field: amount,
            "lineType": kind,
            "indentation": 1 if kind == "detail" else 0,
            "dateFilter": asked.as_of.isoformat(),
        }
        for at, (kind, text, amount) in enumerate(lines, 1)
    ]
