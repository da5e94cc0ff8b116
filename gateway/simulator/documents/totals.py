"""Amounts of document lines and documents, exactly, rounded to two places as Business Central
rounds: half away from zero, VAT per line. Pure; called by ``documents``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from gateway.simulator.errors import dialog

CENT = Decimal("0.01")
_LARGEST = Decimal("999999999999999.99")  # that a Decimal of AL takes
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Amounts:
    """A line's amount without tax, its tax, and both together."""

    excluding: Decimal
    tax: Decimal
    including: Decimal


_NOTHING = Amounts(Decimal("0.00"), Decimal("0.00"), Decimal("0.00"))


def round_amount(amount: Decimal) -> Decimal:
    """The amount with two places; half a cent goes away from zero, and zero has no sign.

    Raises BusinessCentralError for one that no field takes; its text is a choice.
    """
    if abs(amount) > _LARGEST:
        raise dialog("The amount is larger than a Decimal can be.")
    return _unsigned(amount.quantize(CENT, context=_EXACT))


def gross(quantity: Decimal, price: Decimal) -> Decimal:
    """Quantity times price, rounded; the base of a line's discount."""
    return round_amount(_EXACT.multiply(quantity, price))


def discount_amount(base: Decimal, percent: Decimal) -> Decimal:
    """The discount of a line from its percentage."""
    return round_amount(base * percent / HUNDRED)


def part_of(amount: Decimal, quantity: Decimal, before: Decimal, now: Decimal) -> Decimal:
    """What of an amount for ``quantity`` pieces falls to those of ``now``, after ``before``.

    Business Central rounds the share of the pieces. A choice: it is rounded from the first piece
    on, so that all parts together are the amount and the last one takes what rounding left.
    """
    if not quantity:
        return Decimal("0.00")
    until = round_amount(amount * (before + now) / quantity)
    return until - round_amount(amount * before / quantity)


def discount_percent(base: Decimal, amount: Decimal) -> Decimal:
    """The percentage of a discount, with five places; 0 for a line without amount."""
    if not base:
        return Decimal(0)
    return _unsigned((amount / base * HUNDRED).quantize(Decimal("0.00001"), ROUND_HALF_UP))


def _unsigned(number: Decimal) -> Decimal:
    """The number, without a minus before nothing: a Decimal of AL has none."""
    return number or number.copy_abs()


def amounts(line_amount: Decimal, tax_percent: Decimal, *, includes_tax: bool) -> Amounts:
    """What a line comes to; ``line_amount`` holds the tax already if ``includes_tax``."""
    if includes_tax:
        excluding = round_amount(line_amount * HUNDRED / (HUNDRED + tax_percent))
        return Amounts(excluding, line_amount - excluding, line_amount)
    tax = round_amount(line_amount * tax_percent / HUNDRED)
    return Amounts(line_amount, tax, line_amount + tax)


@dataclass(frozen=True, slots=True)
class Taxable:
    """What tax is counted from: a line's amount less its part of the document's discount, its VAT
    group and the group's percentage.
    """

    amount: Decimal
    group: str
    percent: Decimal


def nets(bases: Sequence[Taxable], *, includes_tax: bool) -> list[Amounts]:
    """What the lines of one document come to.

    Tax is rounded of all lines with one VAT group together: each line takes what is the rounded
    tax of the lines until it, less that of those before (BCApps, SalesLine.Table.al and
    PurchaseLine.Table.al: UpdateVATAmounts). A choice: in the order of the lines.
    """
    before: dict[tuple[str, Decimal], Amounts] = {}
    found = []
    for base in bases:
        key = base.group, base.percent
        last = before.get(key, _NOTHING)
        start = last.including if includes_tax else last.excluding
        until = amounts(start + base.amount, base.percent, includes_tax=includes_tax)
        before[key] = until
        excluding, tax = until.excluding - last.excluding, until.tax - last.tax
        found.append(Amounts(excluding, tax, excluding + tax))
    return found


def spread(discount: Decimal, bases: Sequence[Decimal]) -> list[Decimal]:
    """An invoice discount over the lines by their amounts, to the cent.

    What rounding leaves goes to the last line with an amount; without any, nothing is given.
    """
    total = sum(bases, Decimal(0))
    if not total or not discount:
        return [Decimal("0.00")] * len(bases)
    shares = [round_amount(discount * base / total) for base in bases]
    last = max(at for at, base in enumerate(bases) if base)
    shares[last] += round_amount(discount) - sum(shares)
    return shares
