"""Values between the wire and the store: types, lengths, enums, blanks.

``read_value`` takes what a body carries for one field and gives what is stored, or raises the
refusal Business Central would send. Stored values are ready for JSON: text, exact decimals,
integers, booleans; dates, moments and guids are text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import msgspec

from gateway.simulator.catalogue.entities import BLANK_TIME, ZERO_GUID, Field, Value, encode_member
from gateway.simulator.clock import timestamp
from gateway.simulator.errors import BusinessCentralError, bad_request

GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MODIFIED = ("lastModifiedDateTime", "systemModifiedAt")
_MISSPELT = "lastModfiedDateTime"  # as ``timeRegistrationEntries`` have it
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_EXPONENT = re.compile(rb"[0-9]E[+-][0-9]")
_MEMBER = re.compile(r"_x([0-9A-Fa-f]{4})_")

# AL's decimal keeps 18 significant digits before it overflows. A choice: places beyond the 20
# that its column has are rounded away.
_LARGEST = Decimal("999999999999999.99")
_LEAST_EXPONENT = -20
_LEAST = Decimal(1).scaleb(_LEAST_EXPONENT)
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
_INTEGERS = {"Edm.Int32": 2**31, "Edm.Int64": 2**63}

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def decode_json(body: bytes) -> object:
    """JSON with exact decimals; property order is kept. Raises BusinessCentralError."""
    try:
        decoded: object = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError):
        text = "The request body is not a valid JSON document."
        raise bad_request(text) from None
    return decoded


def encode_json(value: object) -> bytes:
    """JSON with decimals as numbers, written digit by digit as they are: never ``1E-20``."""
    encoded = _encoder.encode(value)
    return _encoder.encode(_plainly(value)) if _EXPONENT.search(encoded) else encoded


def _plainly(value: object) -> object:
    """The same value with decimals that are written without an exponent."""
    if isinstance(value, Decimal):
        return msgspec.Raw(f"{value:f}".encode())
    if isinstance(value, dict):
        return {name: _plainly(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plainly(one) for one in value]
    return value


def decode_member(name: str) -> str:
    """An enum member as people read it: ``Sales_x0020_Order`` → ``Sales Order``."""
    return _MEMBER.sub(lambda found: chr(int(found.group(1), 16)), name)


def read_value(field: Field, value: object) -> Value:
    """What is stored for ``value``; null counts as blank. Raises BusinessCentralError."""
    if value is None:
        return field.blank
    if field.enum:
        return _member(field, value)
    if field.type == "Edm.String":
        return _text(field, value)
    reader = _READERS.get(field.type)
    if reader is None:
        raise _wrong_type(field)
    return reader(field, value)


def _wrong_type(field: Field) -> BusinessCentralError:
    return bad_request(
        f"Cannot convert a primitive value to the expected type '{field.type}'. "
        "See the inner exception for more details."
    )


def _unconvertible(field: Field) -> BusinessCentralError:
    kind = field.type.removeprefix("Edm.")
    return bad_request(f"Unable to convert value to {kind}")


def _member(field: Field, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong_type(field)
    if value in field.enum:
        return value
    encoded = encode_member(value)
    if encoded in field.enum:
        return encoded
    options = ",".join(decode_member(member) for member in field.enum)
    text = f"'{value}' is not an option. The existing options are: {options}"
    raise BusinessCentralError(400, "Unknown", text)


def _text(field: Field, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong_type(field)
    stored = value.strip().upper() if field.code else value
    if field.max_length is not None and len(stored) > field.max_length:
        text = (
            f"The length of the string is {len(stored)}, but it must be less than or equal to "
            f"{field.max_length} characters. Value: {stored}"
        )
        raise BusinessCentralError(400, "Application_StringExceededLength", text)
    return stored


def _decimal(field: Field, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong_type(field)
    number = Decimal(value)
    if not number.is_finite() or abs(number) > _LARGEST:
        raise BusinessCentralError(
            400,
            "Application_EvaluateException",
            f"The value '{value}' can't be evaluated into type Decimal.",
        )
    return plain_number(number)


def plain_number(number: Decimal) -> Decimal:
    """The same number without an exponent, with 20 places at most: ``1E+5`` → ``100000``."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        return number.quantize(Decimal(1)) or Decimal(0)
    if isinstance(exponent, int) and exponent < _LEAST_EXPONENT:
        return number.quantize(_LEAST, context=_WIDE) or Decimal(0)
    return number or number.copy_abs()


def _integer(field: Field, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong_type(field)
    bound = _INTEGERS[field.type]
    if not -bound <= value < bound:
        raise _wrong_type(field)
    return value


def _boolean(field: Field, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(field)
    return value


def _guid(field: Field, value: object) -> str:
    if not isinstance(value, str) or not GUID.fullmatch(value):
        raise _wrong_type(field)
    return value.lower()


def _date(field: Field, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong_type(field)
    try:
        if _DATE.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise _unconvertible(field)


def _moment(field: Field, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong_type(field)
    try:
        moment = datetime.fromisoformat(value)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):  # its offset may lead out of the calendar
        raise _unconvertible(field) from None
    if moment.tzinfo is None:
        raise _unconvertible(field)
    return timestamp(utc) if utc.year > 1 else BLANK_TIME


def stamp(values: dict[str, Any], moment: str, *, new: bool = False) -> None:
    """Have the values say that they were changed, or made, at the moment."""
    for name in (*MODIFIED, _MISSPELT, *(("systemCreatedAt",) if new else ())):
        if name in values:
            values[name] = moment


def is_zero(guid: object) -> bool:
    """True for the guid that refers to nothing."""
    return guid in (None, "", ZERO_GUID)


_READERS: dict[str, Callable[[Field, object], Value]] = {
    "Edm.Boolean": _boolean,
    "Edm.Date": _date,
    "Edm.DateTimeOffset": _moment,
    "Edm.Decimal": _decimal,
    "Edm.Guid": _guid,
    "Edm.Int32": _integer,
    "Edm.Int64": _integer,
}
