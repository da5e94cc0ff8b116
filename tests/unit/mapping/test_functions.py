"""Every filter and test of the language: what it takes, what it gives, what it refuses."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mapping.functions import FILTERS, TESTS, Unfit
from gateway.mapping.signatures import FILTERS as SIGNATURES
from gateway.mapping.signatures import PATH_FILTERS

LINES = [{"n": 1, "s": "a"}, {"n": Decimal("0.5"), "s": "b"}, {"n": 2}]

GIVES: list[tuple[str, object, tuple[object, ...], object]] = [
    ("text", "007", (), "007"),
    ("text", 7, (), "7"),
    ("text", Decimal("1.50"), (), "1.50"),
    ("text", Decimal("1E+5"), (), "100000"),
    ("integer", "007", (), 7),
    ("integer", Decimal("3.00"), (), 3),
    ("decimal", "12.50", (), Decimal("12.50")),
    ("decimal", 3, (2,), Decimal("3.00")),
    ("decimal", Decimal("2.345"), (2,), Decimal("2.35")),
    ("decimal", Decimal("-2.345"), (2,), Decimal("-2.35")),
    ("decimal", Decimal("-0.001"), (2,), Decimal("0.00")),
    ("decimal", Fraction(1, 3), (3,), Decimal("0.333")),
    ("date", "2028-02-29", (), "2028-02-29"),
    ("date", "2026-11-23T09:30:00Z", (), "2026-11-23"),
    ("date", "2026-11-24T00:30:00.5+13:00", (), "2026-11-23"),
    ("datetime", "2026-11-23T00:30:00+13:00", (), "2026-11-22T11:30:00Z"),
    ("datetime", "2026-11-23T09:30:00.250Z", (), "2026-11-23T09:30:00.250000Z"),
    ("upper", "straße", (), "STRASSE"),
    ("lower", "ÄB", (), "äb"),
    ("trim", " a b\n", (), "a b"),
    ("truncate_to", "abc", (2,), "ab"),
    ("truncate_to", "abc", (9,), "abc"),
    ("default", None, ("x",), "x"),
    ("default", 0, ("x",), 0),
    ("default", False, ("x",), False),
    ("default", "", ("x",), ""),
    ("or_null", None, (), None),
    ("choose", "a", ({"a": 1},), 1),
    ("choose", 5, ({"5": "five"},), "five"),
    ("choose", "b", ({"a": 1}, None), None),
    ("join", ["a", 1], ("-",), "a-1"),
    ("join", [], ("-",), ""),
    ("first", [1, 2], (), 1),
    ("last", [1, 2], (), 2),
    ("sum", [], (), 0),
    ("sum", LINES, ("n",), Decimal("3.5")),
    ("where", LINES, ("s", "b"), [LINES[1]]),
    ("where", LINES, ("s", None), []),
    ("pluck", LINES[:2], ("s",), ["a", "b"]),
    ("split", "a,,b", (",",), ["a", "", "b"]),
    ("pad_left", "7", (3, "0"), "007"),
    ("pad_left", "1234", (3, "0"), "1234"),
    ("digits", "+44 (0)20-7٣", (), "440207"),
]
REFUSES: list[tuple[str, object, tuple[object, ...]]] = [
    ("text", None, ()),
    ("text", True, ()),
    ("text", ["a"], ()),
    ("integer", "12abc", ()),
    ("integer", "", ()),
    ("integer", " 1", ()),
    ("integer", "1.0", ()),
    ("integer", "٣", ()),
    ("integer", "9" * 39, ()),
    ("integer", Decimal("1.5"), ()),
    ("integer", True, ()),
    ("integer", None, ()),
    ("decimal", "1e5", ()),
    ("decimal", "1,5", ()),
    ("decimal", "NaN", ()),
    ("decimal", ".5", ()),
    ("decimal", "1" * 50, ()),
    ("decimal", False, (2,)),
    ("date", "2026-02-30", ()),
    ("date", "23.11.2026", ()),
    ("date", "2026-11-23T09:30:00", ()),
    ("date", "2026-02-30T09:30:00Z", ()),
    ("date", 20261123, ()),
    ("datetime", "2025-01-02T03:04:05", ()),
    ("datetime", "2026-11-23T25:30:00Z", ()),
    ("datetime", "0001-01-01T00:00:00+14:00", ()),
    ("datetime", None, ()),
    ("upper", 5, ()),
    ("trim", None, ()),
    ("truncate_to", None, (3,)),
    ("choose", "b", ({"a": 1},)),
    ("choose", None, ({"a": 1},)),
    ("join", ["a", None], ("-",)),
    ("join", "abc", ("-",)),
    ("first", [], ()),
    ("last", [], ()),
    ("first", "abc", ()),
    ("sum", ["a"], ()),
    ("sum", [True], ()),
    ("sum", [5], ("n",)),
    ("pluck", ["a"], ("s",)),
    ("where", ["a"], ("s", "a")),
    ("split", None, (",",)),
    ("pad_left", 7, (3, "0")),
    ("digits", 7, ()),
]


@pytest.mark.parametrize(("name", "value", "arguments", "expected"), GIVES)
def test_what_filters_give(
    name: str, value: object, arguments: tuple[object, ...], expected: object
) -> None:
    given_ = FILTERS[name](value, *arguments)
    assert given_ == expected
    assert str(given_) == str(expected)


@pytest.mark.parametrize(("name", "value", "arguments"), REFUSES)
def test_what_filters_refuse(name: str, value: object, arguments: tuple[object, ...]) -> None:
    with pytest.raises(Unfit) as caught:
        FILTERS[name](value, *arguments)
    if isinstance(value, str) and len(value) > 3:
        assert value not in str(caught.value)


def test_a_field_that_is_missing_in_an_element_is_an_error() -> None:
    for name in ("pluck", "sum"):
        with pytest.raises(KeyError):
            FILTERS[name](LINES[2:], "s")


@pytest.mark.parametrize(
    ("name", "value", "arguments", "expected"),
    [
        ("present", None, (), False),
        ("present", "", (), True),
        ("present", 0, (), True),
        ("null", None, (), True),
        ("null", "", (), False),
        ("text", "1", (), True),
        ("text", 1, (), False),
        ("number", Decimal(1), (), True),
        ("number", True, (), False),
        ("number", "1", (), False),
        ("in", "a", (["a", "b"],), True),
        ("in", "c", (["a", "b"],), False),
    ],
)
def test_what_tests_say(
    name: str, value: object, arguments: tuple[object, ...], expected: bool
) -> None:
    assert TESTS[name](value, *arguments) is expected


def test_in_looks_into_lists_only() -> None:
    with pytest.raises(Unfit):
        TESTS["in"]("a", "abc")


def test_every_filter_has_a_signature() -> None:
    assert set(FILTERS) == {*SIGNATURES, *PATH_FILTERS}


@settings(max_examples=100, derandomize=True, database=None, deadline=None)
@given(st.fractions(-1000, 1000), st.integers(0, 6))
def test_rounding_is_half_away_from_zero(value: Fraction, places: int) -> None:
    rounded = FILTERS["decimal"](value, places)
    assert isinstance(rounded, Decimal)
    assert rounded.as_tuple().exponent == -places
    distance = abs(Fraction(rounded) - value)
    assert distance <= Fraction(1, 2 * 10**places)
    if distance == Fraction(1, 2 * 10**places):
        assert abs(Fraction(rounded)) > abs(value)
