"""Paths, literals, filters and query strings of Business Central's API (bc/api.md §1 and §5).

Filters are built from conditions on known fields and nothing else, because Business Central
silently ignores operators it does not understand (bc/pitfalls.md 3). For the same reason whoever
reads by a filter holds every returned row against it with `matches`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

from gateway.errors import InvalidQuery, Violation
from gateway.wire.entities import Entity, Field
from gateway.wire.names import decode_name, encode_name
from gateway.wire.values import code, same_code

Operator = Literal["eq", "ge", "le", "gt", "lt"]
OPERATORS: Final[frozenset[str]] = frozenset({"eq", "ge", "le", "gt", "lt"})

LONGEST_FILTER: Final = 6_000  # characters, encoded; Business Central takes 8,099 in all
_AROUND_VALUE: Final = 40  # characters of ` eq '…' or `, encoded, with the quotes doubled

_HEX = "[0-9a-fA-F]"
_GUID = re.compile(f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TAKES = {
    "date": "a day such as 2026-11-23",
    "datetime": "a moment with its offset from UTC such as 2026-11-23T09:30:00Z",
    "boolean": "true or false",
    "integer": "a whole number",
    "decimal": "a number",
    "guid": "a GUID such as 5f8c0000-0000-4000-8000-000000000001",
    "string": "a text",
}
_PLAIN = "(),;:=$'"  # may stand in a query string as they are
_NEARLY_PLAIN = re.compile(r"[A-Za-z0-9_.~(),;:=$' -]*")  # such signs, and blanks


class Condition(NamedTuple):
    """A condition on one field. Several `values`, of `eq` only: any one of them. None is blank."""

    field: str
    operator: Operator
    values: tuple[object, ...]


def is_guid(text: str) -> bool:
    """Whether `text` is a GUID with hyphens, in either case."""
    return _GUID.fullmatch(text) is not None


def guid(text: str) -> str:
    """A GUID as it stands in a path. Raises `InvalidQuery` when `text` is none."""
    if _GUID.fullmatch(text) is None:
        raise InvalidQuery("The id is not a GUID such as 5f8c0000-0000-4000-8000-000000000001.")
    return text.lower()


@lru_cache(maxsize=1024)
def company_path(company_id: str) -> str:
    """`companies({id})`. Raises `InvalidQuery` when the id is no GUID."""
    return f"companies({guid(company_id)})"


def fits(field: Field, value: object) -> bool:
    """Whether a record could hold `value` in `field` at all: it is no longer than the field."""
    limit = field.max_length
    return limit is None or not isinstance(value, str) or len(value) <= limit


def literal(field: Field, value: object, *, called: str | None = None) -> str:
    """`value` as an OData literal of the type of `field`, not percent-encoded. `called` is what
    its caller knows the field as.

    A moment needs its offset from UTC and is cut to the milliseconds that Business Central keeps
    (bc/api.md §10). Raises `InvalidQuery` when the value is longer than the field or is not of
    its type.
    """
    if value is None:
        value = field.blank
    if field.type == "string" and isinstance(value, str):
        return _text(field, value, called)
    if not fits(field, value):
        raise _too_long(field, called)
    match field.type:
        case "guid" if isinstance(value, str) and is_guid(value):
            return value.lower()
        case "date" if isinstance(value, str) and _is_day(value):
            return value
        case "datetime" if isinstance(value, str) and (moment := _moment(value)):
            return _written(moment)
        case "boolean" if isinstance(value, bool):
            return "true" if value else "false"
        case "integer" if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        case "decimal" if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return format(value, "f") if isinstance(value, Decimal) else str(value)
        case _:
            raise _invalid(
                field, f"takes {_TAKES.get(field.type, f'a {field.type}')}", "type", called
            )


def filter_text(entity: Entity, conditions: Sequence[Condition]) -> str:
    """`conditions`, all of which must hold, as the text of `$filter`, not percent-encoded.

    Raises `InvalidQuery` for a value its field could not hold, `KeyError` for an unknown field
    and `ValueError` for a condition no filter can say.
    """
    several = len(conditions) > 1
    return " and ".join(_condition(entity, condition, several) for condition in conditions)


def batches(entity: Entity, field: str, values: Sequence[object]) -> Iterator[Condition]:
    """`values` in as few `eq` conditions as there must be for the length of the address."""
    # Characters a byte can take at most: `_x0020_` in the name of a member, else `%20`.
    longest = 3 if entity.fields[field].enum is None else 7
    around = len(field) + _AROUND_VALUE
    texts = "".join(map(str, values))
    if texts and around * len(values) + longest * _bytes(texts) <= LONGEST_FILTER:
        yield Condition(field, "eq", tuple(values))  # all of them, as nearly always
        return
    chunk: list[object] = []
    room = LONGEST_FILTER
    for value in values:
        size = around + longest * _bytes(str(value))
        if chunk and size > room:
            yield Condition(field, "eq", tuple(chunk))
            chunk, room = [], LONGEST_FILTER
        chunk.append(value)
        room -= size
    if chunk:
        yield Condition(field, "eq", tuple(chunk))


def query(
    *,
    select: Sequence[str] = (),
    expand: Mapping[str, Sequence[str]] | None = None,
    filter_: str = "",
    orderby: str = "",
    top: int | None = None,
) -> str:
    """A query string, percent-encoded, without the question mark; empty for nothing.

    `expand` names parts, each with the fields to select of it (none: all).
    """
    options: list[str] = []
    if select:
        options.append(f"$select={_known(','.join(select))}")
    if expand:
        parts = ",".join([_expanded(part, names) for part, names in expand.items()])
        options.append(f"$expand={_known(parts)}")
    if filter_:
        options.append(f"$filter={_encoded(filter_)}")
    if orderby:
        options.append(f"$orderby={_encoded(orderby)}")
    if top is not None:
        options.append(f"$top={top}")
    return "&".join(options)


def matches(entity: Entity, row: Mapping[str, object], conditions: Sequence[Condition]) -> bool:
    """Whether the decoded `row` satisfies every condition.

    Code fields compare without case. In an order a blank counts as what Business Central sends
    for it (bc/api.md §10): a day that is not set is before every other day.
    """
    return all(_satisfied(entity.fields[item.field], row, item) for item in conditions)


def all_match(
    entity: Entity, rows: Iterable[Mapping[str, object]], conditions: Sequence[Condition]
) -> bool:
    """Whether every one of `rows` satisfies every condition, as `matches` says it of one."""
    first, *others = conditions
    if not others and first.operator == "eq":
        # Texts nearly always come back letter by letter as they were asked for.
        name, values = first.field, frozenset(first.values)
        rows = [row for row in rows if type(held := row.get(name)) is not str or held not in values]
    return all(matches(entity, row, conditions) for row in rows)


def _condition(entity: Entity, condition: Condition, several: bool) -> str:
    field = entity.fields[condition.field]
    one_value = len(condition.values) == 1
    if condition.operator not in OPERATORS or not condition.values:
        raise ValueError(f"no filter can say this about {field.name}")
    if not one_value and condition.operator != "eq":
        raise ValueError(f"only eq takes several values, {field.name} has {condition.operator}")
    start = f"{field.name} {condition.operator} "
    text = " or ".join([start + literal(field, value) for value in condition.values])
    return f"({text})" if several and not one_value else text


def _satisfied(field: Field, row: Mapping[str, object], condition: Condition) -> bool:
    if field.name not in row:
        return False
    held = row[field.name]
    if condition.operator == "eq" and held is not None and held in condition.values:
        return True  # nearly always, and without looking closer
    return any(_compares(field, held, condition.operator, value) for value in condition.values)


def _compares(field: Field, held: object, operator: Operator, value: object) -> bool:
    if operator == "eq":
        return _equal(field, held, value)
    left = _comparable(field, field.blank if held is None else held)
    order = _order(left, _comparable(field, value))
    match operator:
        case "ge":
            return order in {0, 1}
        case "le":
            return order in {0, -1}
        case "gt":
            return order == 1
        case "lt":
            return order == -1


def _order(left: Decimal | str | None, right: Decimal | str | None) -> int | None:
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return (left > right) - (left < right)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    return None


def _equal(field: Field, held: object, value: object) -> bool:
    if held is None or value is None:
        return (held or None) is (value or None)
    if isinstance(held, str) and isinstance(value, str):
        if field.code:
            return same_code(held, value)
        if field.enum is not None:
            return decode_name(held) == decode_name(value)
    return _comparable(field, held) == _comparable(field, value)


def _comparable(field: Field, value: object) -> Decimal | str | None:
    if isinstance(value, str):
        if field.type == "datetime":
            moment = _moment(value)
            return None if moment is None else moment.isoformat(timespec="milliseconds")
        return value.lower() if field.type == "guid" else value
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return None


def _moment(text: str) -> datetime | None:
    """The moment in UTC; None when `text` is none, or does not say which one for lack of a zone."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _written(moment: datetime) -> str:
    precision = "milliseconds" if moment.microsecond >= 1000 else "seconds"
    return f"{moment.replace(tzinfo=None).isoformat(timespec=precision)}Z"


def _is_day(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _text(field: Field, text: str, called: str | None) -> str:
    """`text` as the field stores it: Business Central compares letter by letter."""
    if not fits(field, text):
        raise _too_long(field, called)
    if field.code:
        text = code(text)
    elif field.enum is not None and text != field.blank:
        text = encode_name(text)
    return "'" + text.replace("'", "''") + "'"


def _expanded(part: str, names: Sequence[str]) -> str:
    return f"{part}($select={','.join(names)})" if names else part


def _encoded(text: str) -> str:
    """`text` percent-encoded for a query string."""
    if _NEARLY_PLAIN.fullmatch(text):
        return text.replace(" ", "%20")  # nearly always, and many times faster
    return quote(text, safe=_PLAIN)


_known = lru_cache(maxsize=1024)(_encoded)  # for what mappings say, and not callers


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _too_long(field: Field, called: str | None) -> InvalidQuery:
    return _invalid(field, f"has at most {field.max_length} characters", "maxLength", called)


def _invalid(field: Field, wanted: str, rule: str, called: str | None) -> InvalidQuery:
    detail = f"{called or f'The field {field.name} of Business Central'} {wanted}."
    return InvalidQuery(detail, violations=[Violation(rule, detail, target=field.name)])
