from __future__ import annotations

import contextlib
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import decode_json, encode_json
from gateway.errors import InvalidJson


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b'{"a":1,"a":2}', 'key "a" stands twice'),
        (b'{"a":1,"a" :2}', 'key "a" stands twice'),
        (b'{"a":{"b":1,"b":1}, "c": "\\":"}', 'key "b" stands twice'),
        (b'{"a":1,"\\u0061":2}', 'key "a" stands twice'),
        (b"[NaN]", "line 1, column 2"),
        (b"[-Infinity]", "line 1"),
        (b"1" * 39, "38 digits"),
        (b"9" * 5000, "38 digits"),
        (b"0." + b"1" * 100, "38 digits"),
        (b"1e31", "exponent"),
        (b"1e-31", "exponent"),
        (b"0e500", "exponent"),
        (b"0e-60", "exponent"),
        (b"1.0000000000e-30", "38 digits"),
        (b"[1E+31]", "exponent"),
        (b"[1e99999999999999999999999]", "exponent"),
        (b'{"a":1, "a":2, "b":"\\u003a"}', 'key "a" stands twice'),
        (b'{"a":1,\n"a"\t:2}', 'key "a" stands twice'),
        (b'["]",' * 65 + b"1" + b',"["]' * 65, "nested deeper"),
        (b"[" * 65 + b"]" * 65, "nested deeper"),
        (b"[" * 100_000, "nested deeper"),
        (b'"\\ud800"', "surrogate"),
        (b"\xff\xfe", "line 1"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"a":1} x', "line 1"),
        (b'{\n "a": x}', "line 2, column 7"),
        (b"{'a': 1}", "line 1"),
    ],
)
def test_what_is_not_strict_json_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(InvalidJson, match=says):
        decode_json(data)


CONTROL = "a control character stands in this text. Write a line break as `\\n`, a tab as `\\t`."
ESCAPE = "a backslash stands before a character that it cannot escape. Write a backslash as `\\\\`."
NO_VALUE = "a value is expected. Write a text in double quotes, a number, true, false or null."


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            b'{"name": "Ada" "city": 1}',
            " at line 1, column 14: `,` is expected. Put a comma behind this value.",
        ),
        (
            b'{"name":\n "Zo\xc3\xab",\n}',
            " at line 2, column 7: a comma stands behind the last value. Take the comma away.",
        ),
        (
            b"{name: 1}",
            " at line 1, column 2: a key in double quotes is expected. Put the key in double quotes.",
        ),
        (b'{"a": [1, 2', " at line 1, column 12: `]` is expected."),
        (
            b'{"a": "Philomena',
            " at line 1, column 7: this text has no closing quote. Close it with a double quote.",
        ),
        (b'["Philo\nmena"]', f" at line 1, column 8: {CONTROL}"),
        (rb'["Philo\mena"]', f" at line 1, column 8: {ESCAPE}"),
        (b"{} {}", " at line 1, column 4: one value, and nothing after it, is expected."),
        (b'{"a": Philomena, "b": }', f" at line 1, column 7: {NO_VALUE}"),
        (b"[1,\xc3(]", ": see line 1, column 4."),
        (b'{"a": "' + b"x" * 20_000 + b'" 1}', ": see line 1, column 20010."),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_without_a_value(data: bytes, says: str) -> None:
    with pytest.raises(InvalidJson) as caught:
        decode_json(data)
    assert caught.value.detail == f"The body is not JSON{says}"


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 64 + b"]" * 64,
        b"[" + b"[1]," * 100 + b"{}]",
        b'["{", "[[[[", "' + b"[" * 100 + b'"]',
        b'["5f8c9e12-9e9e-4000-8000-000000000001"]',
        b'["' + b"9" * 50 + b'", 1e5, 1.5E-3, -0.0]',
        b'{"a" : "x\\u0022:y", "b.":"\\": ."}',
    ],
)
def test_what_only_looks_wrong_is_taken(data: bytes) -> None:
    assert decode_json(data) == json.loads(data, parse_float=Decimal)


def test_what_is_not_held_against_callers_rules_is_bounded_all_the_same() -> None:
    assert decode_json(b'{"a":1,"a":2}', strict=False) == {"a": 2}
    for data in (b"1" * 39, b"[" * 900 + b"1" * 39 + b"]" * 900, b"[" * 100_000):
        with pytest.raises(InvalidJson):
            decode_json(data, strict=False)


@given(st.text("a0 ", max_size=30), st.integers(36, 42))
def test_an_integer_of_too_many_digits_is_found_wherever_it_stands(
    before: str, digits: int
) -> None:
    data = json.dumps([before, int("7" * digits)]).encode()
    with pytest.raises(InvalidJson) if digits > 38 else contextlib.nullcontext():
        decode_json(data)


MARKS = st.sampled_from(["", "]", "[", "}", "{", "][", '"]', ']"', "\\", "[]"])


@given(st.integers(1, 130), st.lists(MARKS, min_size=1, max_size=5), st.booleans())
def test_what_stands_in_texts_hides_no_depth(depth: int, texts: list[str], objects: bool) -> None:
    value: object = "x"
    for at in range(depth):
        before, after = texts[at % len(texts)], texts[-1 - at % len(texts)]
        value = (
            {before: before, "v": value, f"_{after}": after} if objects else [before, value, after]
        )
    with contextlib.suppress(InvalidJson) if depth > 64 else contextlib.nullcontext():
        assert decode_json(json.dumps(value).encode()) == value
        assert depth <= 64


def test_the_message_never_holds_a_value() -> None:
    with pytest.raises(InvalidJson) as caught:
        decode_json(b'{"name": "Marta Quill", "x": 1, "x": 2}')
    assert "Marta" not in caught.value.detail


def test_decimals_are_exact_both_ways() -> None:
    data = b'{"a":19.90,"b":0.10,"c":12345678901234567890.123456789,"d":1,"e":-0.0}'
    assert encode_json(decode_json(data)) == data


def test_texts_with_colons_and_quotes_are_not_taken_for_keys() -> None:
    assert decode_json(b'{"a":"x\\":y","b":["\\":"]}') == {"a": 'x":y', "b": ['":']}


def test_non_finite_numbers_are_not_written() -> None:
    for value in (Decimal("NaN"), Decimal("Infinity")):
        with pytest.raises(ValueError, match="no place in JSON"):
            encode_json({"a": [value]})
    assert encode_json({"NaN": "Infinity"}) == b'{"NaN":"Infinity"}'


decimals = st.decimals(-(10**9), 10**9, allow_nan=False, places=5)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | decimals | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(documents)
def test_what_is_written_is_read_back(value: object) -> None:
    assert decode_json(encode_json(value)) == value


@given(st.binary(max_size=40))
def test_any_bytes_are_a_value_or_refused(data: bytes) -> None:
    with contextlib.suppress(InvalidJson):
        decode_json(data)
