"""JSON as it travels: exact decimals, no duplicate keys, nothing that is not JSON.

The fast decoder keeps the last of duplicate keys and says nothing. So the keys of the result are
counted against the bytes; where the counts differ, the standard library decides and names the key.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Final, cast

import msgspec

from gateway.documents.nodes import DEEPEST, LARGEST_EXPONENT
from gateway.errors import InvalidJson

MOST_DIGITS: Final = 38

_KEY = re.compile(rb'"[ \t\r\n]*:')
_CONTAINERS = frozenset({dict, list})
_LARGEST_INTEGER = 10**MOST_DIGITS
_AS_NINES = bytes.maketrans(b"0123456789", b"9" * 10)
_MOST_NINES = b"9" * (MOST_DIGITS + 1)  # an integer is only looked for where it has room
_SURELY_SHORT = 30  # characters, well within the bounds without an exponent
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def decode_json(data: bytes, *, strict: bool = True) -> object:
    """`data` as dict, list, str, int, Decimal, bool and None.

    Raises `InvalidJson` for anything RFC 8259 does not have, for numbers of more than 38 digits or
    with an exponent beyond ±30, and for half of a surrogate pair; where it is `strict`, as for all
    that callers send, also for duplicate keys and for more than 64 levels of nesting. The message
    never holds a value.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        raise InvalidJson("The body starts with a byte order mark. Send it without one.")
    try:
        value = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InvalidJson(_reason(data, error)) from None
    if _has_long_integer(data):
        _check_integers(value)
    if strict:
        # Only then may anything stand between a key and its colon; counting is much faster.
        spaced = b'" ' in data or b'"\n' in data or b'"\r' in data or b'"\t' in data
        written = len(_KEY.findall(data)) if spaced else data.count(b'":')
        if _keys(value) != written:
            json.loads(data, object_pairs_hook=_refuse_duplicates, parse_float=str, parse_int=str)
    return value


def encode_json(value: object) -> bytes:
    """`value` as JSON in UTF-8; a Decimal becomes the number it is, digit by digit.

    Raises `ValueError` for NaN and the infinities.
    """
    data = _ENCODER.encode(value)
    if (b"NaN" in data or b"Infinity" in data) and _has_non_finite(value):
        raise ValueError("NaN and Infinity have no place in JSON.")
    return data


def _keys(value: object) -> int:
    """How many keys stand in `value`, level by level. Raises `InvalidJson` when it is too deep."""
    keys = depth = 0
    level = [value] if type(value) in _CONTAINERS else []
    while level:
        depth += 1
        if depth > DEEPEST:
            raise InvalidJson(f"The body is nested deeper than {DEEPEST} levels.")
        below: list[object] = []
        for one in level:
            if type(one) is dict:
                keys += len(one)
                below += [child for child in one.values() if type(child) in _CONTAINERS]
            else:
                children = cast("list[object]", one)
                below += [child for child in children if type(child) in _CONTAINERS]
        level = below
    return keys


def _has_long_integer(data: bytes) -> bool:
    """Whether more digits than a number may have stand side by side anywhere, in a text too."""
    return _MOST_NINES in data.translate(_AS_NINES)


def _check_integers(value: object) -> None:
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            _check_integers(child)
    elif isinstance(value, int) and abs(value) >= _LARGEST_INTEGER:
        raise InvalidJson(f"A number has more than {MOST_DIGITS} digits.")


def _decimal(text: str) -> Decimal:
    """A number that is no integer, as the decoder comes upon it."""
    value = Decimal(text)
    if len(text) > _SURELY_SHORT or "e" in text or "E" in text:
        _check_decimal(value)
    return value


def _check_decimal(value: Decimal) -> None:
    _, digits, exponent = value.as_tuple()
    if len(digits) > MOST_DIGITS:
        raise InvalidJson(f"A number has more than {MOST_DIGITS} digits.")
    if isinstance(exponent, str) or abs(value.adjusted()) > LARGEST_EXPONENT:
        raise InvalidJson(f"A number has an exponent beyond ±{LARGEST_EXPONENT}.")
    if abs(exponent) > MOST_DIGITS:
        raise InvalidJson(f"A number has more than {MOST_DIGITS} digits.")


_DECODER = msgspec.json.Decoder(float_hook=_decimal)


def _reason(data: bytes, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"The body is nested deeper than {DEEPEST} levels."
    if _has_long_integer(data) and "out of range" in str(error).lower():
        return f"A number has more than {MOST_DIGITS} digits."
    if not data.strip():
        return "The body is empty. Send a JSON object."
    at = re.search(r"byte (\d+)", str(error))
    if at is None:
        return "The body is not JSON in UTF-8."
    start = int(at.group(1))
    line = data.count(b"\n", 0, start) + 1
    column = start - (data.rfind(b"\n", 0, start) + 1) + 1
    return f"The body is not JSON: see line {line}, column {column}."


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
