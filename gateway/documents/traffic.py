"""JSON as it travels: exact decimals, no duplicate keys, nothing that is not JSON.

The fast decoder keeps the last of duplicate keys, takes any number and says nothing. So the bytes
are scanned for what may be wrong, and the keys of the result counted against them; where the
counts differ, the standard library decides and names the key.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any, Final

import msgspec

from gateway.documents.json_file import json_mistake
from gateway.documents.nodes import DEEPEST, LARGEST_EXPONENT
from gateway.errors import InvalidJson

MOST_DIGITS: Final = 38
_EXPONENT: Final = f"A number has an exponent beyond ±{LARGEST_EXPONENT}."

_CONTAINERS = frozenset({dict, list})
_LARGEST_INTEGER = 10**MOST_DIGITS
_AS_NINES = bytes.maketrans(b"0123456789", b"9999999999")
# Of every fourth byte so many fall into an integer that is too long; in a GUID there is a hyphen.
_EVERY = 4
_TOO_MANY_NINES = b"9" * ((MOST_DIGITS + 1) // _EVERY)
_NO_MARKS = bytes(set(range(256)) - set(b'[]{}"'))
_LOOKED_THROUGH = 16_384  # bytes of what is wrong; its reader is slow, and others wait
_SURELY_SHORT = 30  # characters, well within the bounds without an exponent
_encode = msgspec.json.Encoder(decimal_format="number").encode
_encode_sorted = msgspec.json.Encoder(decimal_format="number", order="sorted").encode


def decode_json(data: bytes, *, strict: bool = True) -> object:
    """`data` as dict, list, str, int, Decimal, bool and None.

    Raises `InvalidJson` for anything RFC 8259 does not have, for numbers of more than 38 digits or
    with an exponent beyond ±30, and for half of a surrogate pair; where it is `strict`, as for all
    that callers send, also for duplicate keys and for more than 64 levels of nesting. What
    Business Central answers and what we wrote ourselves is not held against that, which costs
    more than decoding. The message never holds a value.
    """
    long = data[::_EVERY].translate(_AS_NINES).find(_TOO_MANY_NINES) >= 0  # or may have one
    try:
        value = _decode(data)
        if long:
            _check_integers(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InvalidJson(_reason(data, error)) from None
    if strict:
        if data.count(b"{") + data.count(b"[") > DEEPEST and _may_be_deep(data):
            _check_depth(value)
        # Every key has a colon, so those that were lost are missed, if no escape stands for one.
        lost = data.count(b":") != _encode(value).count(b":")
        if lost or (b"\\" in data and b"\\u003" in data):
            json.loads(data, object_pairs_hook=_refuse_duplicates, parse_float=str, parse_int=str)
    return value


def encode_json(value: object, *, in_order: bool = False) -> bytes:
    """`value` as JSON in UTF-8; a Decimal becomes the number it is, digit by digit. `in_order`:
    the keys of every object by their code points, else as they come.

    Raises `ValueError` for NaN and the infinities.
    """
    data = _encode_sorted(value) if in_order else _encode(value)
    # One letter is found many times as fast as a word, and mostly there is none.
    may = (b"N" in data and b"NaN" in data) or (b"I" in data and b"Infinity" in data)
    if may and _has_non_finite(value):
        raise ValueError("NaN and Infinity have no place in JSON.")
    return data


def _may_be_deep(data: bytes) -> bool:
    """Whether `data` may be nested too deeply: its brackets do not vanish pair by pair.

    A quote that is left stands around a bracket in a text, which is none; there are an odd number
    before it, so they cannot all vanish in pairs.
    """
    marks = data.translate(None, _NO_MARKS).replace(b'""', b"")
    if b'"' in marks or b"\\" in data:
        return True
    for _ in range(DEEPEST // 2):  # each time up to two levels
        marks = marks.replace(b"{}", b"").replace(b"[]", b"")
    return bool(marks)


def _check_depth(value: object) -> None:
    """Go level by level. Raises `InvalidJson` when there are too many."""
    below = [value]
    for _ in range(DEEPEST + 1):
        dicts = [one for one in below if type(one) is dict]
        inner: list[Any] = [*map(dict.values, dicts), *(one for one in below if type(one) is list)]
        if not inner:
            return
        if _CONTAINERS.isdisjoint(map(type, chain.from_iterable(inner))):
            below = []
        else:
            below = [one for one in chain.from_iterable(inner) if type(one) in _CONTAINERS]
    raise InvalidJson(f"The body is nested deeper than {DEEPEST} levels.")


def _check_integers(value: object) -> None:
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            _check_integers(child)
    elif isinstance(value, int) and abs(value) >= _LARGEST_INTEGER:
        raise InvalidJson(f"A number has more than {MOST_DIGITS} digits.")


def _decimal(text: str) -> Decimal:
    """A number that is no integer, as the decoder comes upon it."""
    try:
        value = Decimal(text)
    except InvalidOperation:  # not even Decimal knows such exponents
        raise InvalidJson(_EXPONENT) from None
    if len(text) > _SURELY_SHORT or "e" in text or "E" in text:
        _check_decimal(value)
    return value


def _check_decimal(value: Decimal) -> None:
    _, digits, exponent = value.as_tuple()
    if len(digits) > MOST_DIGITS:
        raise InvalidJson(f"A number has more than {MOST_DIGITS} digits.")
    if isinstance(exponent, str) or abs(value.adjusted()) > LARGEST_EXPONENT:
        raise InvalidJson(_EXPONENT)
    if abs(exponent) > MOST_DIGITS:
        raise InvalidJson(f"A number has more than {MOST_DIGITS} digits.")


_decode = msgspec.json.Decoder(float_hook=_decimal).decode


def _reason(data: bytes, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"The body is nested deeper than {DEEPEST} levels."
    if "out of range" in str(error).lower():
        return f"A number has more than {MOST_DIGITS} digits."
    if data.startswith(b"\xef\xbb\xbf"):
        return "The body starts with a byte order mark. Send it without one."
    if not data.strip():
        return "The body is empty. Send a JSON object."
    if len(data) <= _LOOKED_THROUGH and (mistake := _mistake(data)) is not None:
        return mistake
    at = re.search(r"byte (\d+)", str(error))
    if at is None:
        return "The body is not JSON in UTF-8."
    start = int(at.group(1))
    line = data.count(b"\n", 0, start) + 1
    column = start - (data.rfind(b"\n", 0, start) + 1) + 1
    return f"The body is not JSON: see line {line}, column {column}."


def _mistake(data: bytes) -> str | None:
    """What is wrong, in the words that a file would get."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    mistake = json_mistake(text)
    if mistake is None:
        return None
    what, at, hint = mistake
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    sentence = f"The body is not JSON at line {line}, column {column}: {what}."
    return sentence if hint is None else f"{sentence} {hint}"


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise InvalidJson(f'The key "{key[:80]}" stands twice in one object.')
        seen.add(key)
    return dict(pairs)


def _has_non_finite(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_non_finite(child) for child in value.values())
    if isinstance(value, list | tuple):
        return any(_has_non_finite(child) for child in value)
    return isinstance(value, Decimal) and not value.is_finite()
