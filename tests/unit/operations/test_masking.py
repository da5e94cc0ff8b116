"""Business Central's words without what the caller sent."""

from __future__ import annotations

import time
from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.operations.masking import masked


@pytest.mark.parametrize(
    ("words", "payload", "expected"),
    [
        ("The item 1896-S is blocked.", {"lines": [{"sku": "1896-S"}]}, "The item … is blocked."),
        (
            "The field Name must not be ZEBULON.",
            {"name": "Zebulon"},
            "The field Name must not be ….",
        ),
        ("O'Brien & Co (GB) is there.", {"name": "O'Brien & Co (GB)"}, "… is there."),
        (
            "Country GB is unknown, GBP is not.",
            {"country": "GB"},
            "Country … is unknown, GBP is not.",
        ),
        (
            "It is 1,000.50 or 1.000,50 or 1000.5",
            {"limit": Decimal("1000.50")},
            "It is … or … or …",
        ),
        (
            "It is 1 000,50 or 1'000.50 or 1\u202f000.5 or 0001000.500 or 1.0005E+3 or 10005e-1",
            {"limit": Decimal("1000.50")},
            "It is … or … or … or … or … or …",
        ),
        (
            "'5E+15' or 5,000,000,000,000,000.00 or 5 000 000 000 000 000",
            [Decimal("5E15")],
            "'…' or … or …",
        ),
        ("The value '1000000' or '1E6'", [Decimal("1E+6")], "The value '…' or '…'"),
        (
            "'1E+999999999' or 2E99999999999999999999",
            [Decimal("1E30")],
            "'1E+999999999' or 2E99999999999999999999",
        ),
        ("It is -5, not 55 or 5.1", [5], "It is -…, not 55 or 5.1"),
        (
            "1000000000000000000000000.0001 is too much",
            [Decimal("-1000000000000000000000000.0001")],
            "… is too much",
        ),
        ("5 100 pieces of 5 000 at 5 each, A5E2", [5], "… 100 pieces of … 000 at … each, A…E2"),
        ("Adatum Corporation, Adatum", ["Adatum", "Adatum Corporation"], "…, …"),
        ("true, null and nothing", {"a": True, "b": None, "c": ""}, "true, null and nothing"),
        ("Cut: A long description of", ["A long description of a desk"], "Cut: …"),
        ("A long way", ["A long description of a desk"], "A long way"),
        ("The name İstanbul A.Ş. is blocked", ["İstanbul A.Ş."], "The name … is blocked"),
        ("The name İSTANBUL is blocked", ["İstanbul"], "The name … is blocked"),
        ("aa" * 600, ["a" * size for size in range(5, 900)], "…"),
        ("x" * 5_000, [], f"{'x' * 4_000}…"),
        ("", {"a": "x"}, ""),
        ("Nothing was sent.", None, "Nothing was sent."),
    ],
)
def test_words(words: str, payload: object, expected: str) -> None:
    assert masked(words, payload) == expected


NUMBERS = st.decimals(0, 10**25, allow_nan=False, allow_infinity=False, places=4)


@given(NUMBERS.filter(bool), st.sampled_from(["{:f}", "{:E}", "{:g}", "{:,f}", "{:,.9f}"]))
def test_a_number_is_never_left_however_it_is_written(number: Decimal, spelling: str) -> None:
    short = Context(prec=40).normalize(number).copy_negate()
    for written in {spelling.format(number), spelling.format(short)}:
        for there in (written, written.lower(), written.replace(",", " ")):
            assert masked(f"'{there}' is too much", [number]).strip("'-").startswith("…'"), there


@given(st.text(min_size=1), st.text(min_size=4), st.text(min_size=1))
def test_a_text_is_never_left(before: str, value: str, after: str) -> None:
    text = value.strip()
    left = masked(f"{before} {value} {after}", {"a": [value]})
    assert not text or text not in left.replace("…", "") or text in f"{before} {after}"


def test_a_large_payload_costs_little() -> None:
    payload = [f"description of line {at}, and some more" for at in range(50_000)]
    began = time.perf_counter()
    assert masked("No such description of line 4711, and some more.", payload).startswith("No")
    assert time.perf_counter() - began < 2
