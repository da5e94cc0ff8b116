"""The filters and tests of the language, as they run. Each is strict: what does not fit raises.

Compiled expressions call them; `signatures.py` says which types they take and give. None of
them can build more than its input holds, but for a bounded constant, nor a text of any length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_FLOOR, Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from fractions import Fraction
from typing import Final, NoReturn, cast

DIGITS: Final = 38
EXPONENT: Final = 30
LONGEST_TEXT: Final = 65_536  # characters that an expression may put together
LONGEST_NUMBER: Final = 200  # digits that a number may have on the way
_LARGEST: Final = 10**LONGEST_NUMBER
EXACT: Final = Context(
    prec=LONGEST_NUMBER,
    Emax=2 * LONGEST_NUMBER,
    Emin=-2 * LONGEST_NUMBER,
    rounding=ROUND_FLOOR,
    traps=[Inexact, InvalidOperation, DivisionByZero],
)

_INTEGER = re.compile(r"[+-]?[0-9]{1,38}")
_DECIMAL = re.compile(r"[+-]?(?=[0-9.]{1,39}\Z)[0-9]+(?:\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,7})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


class Unfit(ValueError):
    """A value that a filter or operator does not take. The text never holds the value."""


class Dropped(Exception):
    """A path in a leaf with `?` is missing: the leaf is left out."""


def text(value: object) -> str:
    """Text as it is, a number in digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Unfit("only text and numbers can become text")


def integer(value: object) -> int:
    """A whole number, also from text of digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise Unfit("this is not a whole number")


def decimal(value: object, places: int | None = None) -> Decimal:
    """A number, also from text; with `places` rounded half away from zero."""
    exact: Decimal | Fraction
    if isinstance(value, Decimal | Fraction):
        exact = value
    elif is_number(value) or (isinstance(value, str) and _DECIMAL.fullmatch(value)):
        exact = Decimal(cast("int | str", value))
    else:
        raise Unfit("this is not a number")
    if places is None:
        return cast("Decimal", exact)
    scaled = abs(Fraction(exact)) * 10**places
    units = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal((int(exact < 0 and units > 0), tuple(map(int, str(units))), -places))


def quotient(left: object, right: object) -> Fraction:
    """The exact quotient; `decimal(n)` follows it."""
    divisor = Fraction(number(right))
    if divisor == 0:
        raise Unfit("nothing can be divided by zero")
    return Fraction(number(left)) / divisor


def need(value: object) -> object:
    """The value; when it is missing or null, the leaf is left out."""
    if value is None:
        raise Dropped
    return value


def item(value: object, index: int) -> object:
    """The element of a list, null when the list is shorter."""
    found = elements(value)
    return found[index] if -len(found) <= index < len(found) else None


def inside(value: object, key: object) -> object:
    """What is under a key or an index of a value of which no schema says anything."""
    if isinstance(value, dict):
        return value[key]
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        return value[key]
    raise Unfit("there is nothing inside of this")


def within(value: object, key: object) -> object:
    """The same, null when there is nothing."""
    try:
        return inside(value, key)
    except LookupError:
        return None


def key(value: object) -> str:
    """A key of a lookup: text that is not empty."""
    if isinstance(value, str) and value:
        return value
    raise Unfit("the key is empty or no text")


def uncleared() -> NoReturn:
    """A field without a blank is to be cleared."""
    raise Unfit("this cannot be cleared, Business Central has no blank for it")


def filled(value: object, blank: str) -> object:
    """A date, a time or a GUID, if Business Central does not take it for nothing at all
    (bc/api.md §10), and if it is none of the year 0, which its calendar does not have.
    """
    if value == blank:
        raise Unfit("Business Central takes this for no value, for which null stands")
    if isinstance(value, str) and value.startswith("0000-"):
        raise Unfit("there is no year 0")
    return value


def none_applies() -> NoReturn:
    """No choice of a `$pick` applies."""
    raise Unfit("no choice applies")


def number(value: object) -> int | Decimal:
    """The value, if it is a number that can be computed with."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if -_LARGEST < value < _LARGEST:
            return value
        raise Unfit(f"a number that is computed with has at most {LONGEST_NUMBER} digits")
    raise Unfit("this is not a number")


def condition(value: object) -> bool:
    """The value, if it is a boolean."""
    if isinstance(value, bool):
        return value
    raise Unfit("this is neither true nor false")


def elements(value: object) -> list[object]:
    """The value, if it is a list."""
    if isinstance(value, list):
        return value
    raise Unfit("this is not a list")


def date_(value: object) -> str:
    """A date `2026-11-23` that exists; of a date with time and zone its day in UTC."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return datetime_(value)[:10]
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            date.fromisoformat(value)
        except ValueError:
            raise Unfit("there is no such date") from None
        return value
    raise Unfit("this is not a date such as 2026-11-23")


def datetime_(value: object) -> str:
    """A date with time and zone, in UTC."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            raise Unfit("there is no such time") from None
        return moment.isoformat().replace("+00:00", "Z")
    raise Unfit("this is not a date with time and zone such as 2026-11-23T09:30:00Z")


def upper(value: object) -> str:
    """Text in upper case."""
    return _text(value).upper()


def lower(value: object) -> str:
    """Text in lower case."""
    return _text(value).lower()


def trim(value: object) -> str:
    """Text without the white space around it."""
    return _text(value).strip()


def truncate_to(value: object, length: int) -> str:
    """At most the first `length` characters."""
    if isinstance(value, str):
        return value[:length]
    raise Unfit("this is not text")


def default(value: object, other: object) -> object:
    """`other` for missing or null; 0, false and "" are kept."""
    return other if value is None else value


def or_null(value: object) -> object:
    """Null for missing."""
    return value


_NO_DEFAULT: Final = object()


def choose(value: object, table: Mapping[str, object], other: object = _NO_DEFAULT) -> object:
    """What the table says for this text, else `other`."""
    key = text(value)
    if key in table:
        return table[key]
    if other is _NO_DEFAULT:
        raise Unfit("the table has no entry for this value")
    return other


def join(value: object, separator: str) -> str:
    """The texts and numbers of a list with `separator` between them."""
    parts = [text(element) for element in elements(value)]
    _check_room(sum(map(len, parts)) + len(separator) * (len(parts) - 1))
    return separator.join(parts)


def concat(*parts: str) -> str:
    """Texts one after the other, when nobody knows how long they are."""
    _check_room(sum(map(len, parts)))
    return "".join(parts)


def bounded(value: object, length: int) -> object:
    """A text that was put together, if it is no longer than what it is written to."""
    if isinstance(value, str) and len(value) > length:
        raise Unfit(f"this has {len(value)} characters, at most {length} are taken")
    return value


def _check_room(length: int) -> None:
    if length > LONGEST_TEXT:
        raise Unfit(f"a text that is put together has at most {LONGEST_TEXT} characters")


def first(value: object) -> object:
    """The first element of a list that has one."""
    if not (found := elements(value)):
        raise Unfit("the list is empty")
    return found[0]


def last(value: object) -> object:
    """The last element of a list that has one."""
    if not (found := elements(value)):
        raise Unfit("the list is empty")
    return found[-1]


def sum_(value: object, field: str | None = None) -> int | Decimal:
    """The exact sum of the numbers of a list, or of a field of its objects."""
    total: int | Decimal = 0
    for element in elements(value):
        total += number(element if field is None else _object(element)[field])
    return total


def where(value: object, field: str, wanted: object) -> list[object]:
    """The objects of a list whose `field` is there and equal to `wanted`."""
    missing = object()
    return [
        element for element in elements(value) if _object(element).get(field, missing) == wanted
    ]


def pluck(value: object, field: str) -> list[object]:
    """The field `field` of each object of a list."""
    return [_object(element)[field] for element in elements(value)]


def split(value: object, separator: str) -> list[object]:
    """The parts of a text between separators."""
    return list(_text(value).split(separator))


def pad_left(value: object, length: int, filling: str) -> str:
    """Text with `filling` before it up to `length` characters; longer text stays."""
    return _text(value).rjust(length, filling)


def digits(value: object) -> str:
    """The digits 0 to 9 of a text."""
    return "".join([letter for letter in _text(value) if "0" <= letter <= "9"])


def present(value: object) -> bool:
    """Neither missing nor null."""
    return value is not None


def is_null(value: object) -> bool:
    """Null."""
    return value is None


def is_text(value: object) -> bool:
    """Text."""
    return isinstance(value, str)


def is_number(value: object) -> bool:
    """A number."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def is_in(value: object, choices: object) -> bool:
    """One of the elements of a list."""
    return value in elements(choices)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise Unfit("this is not text")


def _object(value: object) -> Mapping[str, object]:
    if isinstance(value, dict):
        return value
    raise Unfit("an element of the list is not an object")


FILTERS: Final[Mapping[str, Callable[..., object]]] = {
    "text": text,
    "integer": integer,
    "decimal": decimal,
    "date": date_,
    "datetime": datetime_,
    "upper": upper,
    "lower": lower,
    "trim": trim,
    "truncate_to": truncate_to,
    "default": default,
    "or_null": or_null,
    "choose": choose,
    "join": join,
    "first": first,
    "last": last,
    "sum": sum_,
    "where": where,
    "pluck": pluck,
    "split": split,
    "pad_left": pad_left,
    "digits": digits,
}
TESTS: Final[Mapping[str, Callable[..., bool]]] = {
    "present": present,
    "null": is_null,
    "text": is_text,
    "number": is_number,
    "in": is_in,
}
