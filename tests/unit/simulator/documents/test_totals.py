from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.documents.totals import (
    Amounts,
    Taxable,
    amounts,
    discount_amount,
    discount_percent,
    gross,
    nets,
    round_amount,
    spread,
)

MONEY = st.decimals(min_value=-100_000, max_value=100_000, places=2)
PERCENT = st.sampled_from([Decimal(0), Decimal("5.5"), Decimal(19), Decimal(20), Decimal(25)])


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("2.6749", "2.67")],
)
def test_half_a_cent_goes_away_from_zero(amount: str, rounded: str) -> None:
    assert round_amount(Decimal(amount)) == Decimal(rounded)


@given(MONEY, st.sampled_from([Decimal(-1), Decimal("-0.1"), Decimal("-0.0"), Decimal(3)]))
def test_nothing_has_no_sign(amount: Decimal, factor: Decimal) -> None:
    for result in (
        round_amount(amount * factor / 1000),
        discount_amount(amount * factor, Decimal(0)),
        discount_percent(factor, amount * 0),
    ):
        assert result or not result.is_signed()


def test_three_times_nineteen_ninety_is_exact() -> None:
    assert gross(Decimal(3), Decimal("19.90")) == Decimal("59.70")


@given(MONEY, PERCENT, st.booleans())
def test_a_line_adds_up(line: Decimal, percent: Decimal, includes: bool) -> None:
    result = amounts(line, percent, includes_tax=includes)
    assert result.excluding + result.tax == result.including
    assert line == (result.including if includes else result.excluding)


def test_tax_is_taken_out_of_a_price_that_includes_it() -> None:
    expected = Amounts(Decimal("100.00"), Decimal("20.00"), Decimal("120.00"))
    assert amounts(Decimal("120.00"), Decimal(20), includes_tax=True) == expected


GROUPS = {"STANDARD": Decimal(20), "REDUCED": Decimal("5.5"), "ZERO": Decimal(0)}
BASES = st.lists(st.tuples(MONEY, st.sampled_from(sorted(GROUPS))), max_size=12)


@given(BASES, st.booleans())
def test_tax_is_rounded_of_all_lines_of_a_group_together(
    lines: list[tuple[Decimal, str]], includes: bool
) -> None:
    found = nets(
        [Taxable(one, group, GROUPS[group]) for one, group in lines], includes_tax=includes
    )
    for group, percent in GROUPS.items():
        mine = [(one, net) for (one, its), net in zip(lines, found, strict=True) if its == group]
        whole = amounts(sum((one for one, _ in mine), Decimal(0)), percent, includes_tax=includes)
        assert sum(net.tax for _, net in mine) == whole.tax
        assert sum(net.excluding for _, net in mine) == whole.excluding
        for one, net in mine:
            assert net.excluding + net.tax == net.including
            assert one == (net.including if includes else net.excluding)


def test_a_line_takes_what_the_lines_before_left_of_the_tax() -> None:
    found = nets([Taxable(Decimal("0.13"), "STANDARD", Decimal(20))] * 3, includes_tax=False)
    assert [net.tax for net in found] == [Decimal("0.03"), Decimal("0.02"), Decimal("0.03")]


@given(st.lists(st.decimals(min_value=0, max_value=9999, places=2), max_size=20), MONEY)
def test_a_spread_discount_is_given_completely_or_not_at_all(
    bases: list[Decimal], discount: Decimal
) -> None:
    shares = spread(discount, bases)
    assert len(shares) == len(bases)
    assert sum(shares) == (discount if sum(bases) else 0)
    assert all(share == 0 for share, base in zip(shares, bases, strict=True) if not base)


@given(st.decimals(min_value=1, max_value=9999, places=2))
def test_a_discount_is_its_percentage(base: Decimal) -> None:
    percent = discount_percent(base, base / 4)
    assert discount_amount(base, percent) == round_amount(base / 4)


def test_no_amount_has_no_discount_percentage() -> None:
    assert discount_percent(Decimal(0), Decimal(5)) == 0
