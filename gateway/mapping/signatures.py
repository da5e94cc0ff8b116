"""What the filters and tests take and give, for the checker. How they run is `functions.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from gateway.mapping import functions
from gateway.mapping.types import (
    ANY,
    BOOLEAN,
    DATETIME,
    DECIMAL,
    INTEGER,
    Kind,
    Type,
    constant_type,
    merged,
)

ArgumentKind = Literal["count", "text", "letter", "constant", "table", "field"]

LONGEST_COUNT: Final = 2_048  # characters: the longest field of Business Central that is sized
MOST_PLACES: Final = 15  # decimals; Business Central holds at most that many digits

# A number as text has at least this many characters; the rest is left to the check of the body.
_NUMBER_AS_TEXT: Final = Type("text", 1)
_SCALAR: Final = frozenset[Kind]({"text", "integer", "decimal"})
_TEXT: Final = frozenset[Kind]({"text"})
_LIST: Final = frozenset[Kind]({"list"})


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument: what kind of constant it is, and whether it may be left out."""

    kind: ArgumentKind
    optional: bool = False
    most: int = LONGEST_COUNT


@dataclass(frozen=True, slots=True)
class Signature:
    """What a filter takes before the bar, in parentheses, and what comes out.

    `gives` gets the type before the bar and the constants in parentheses; it answers None when
    they do not go together.
    """

    takes: frozenset[Kind]
    gives: Callable[[Type, list[Any]], Type | None]
    arguments: tuple[Argument, ...] = ()
    exact: bool = False


def _each(change: Callable[[object], str]) -> Callable[[Type, list[Any]], Type]:
    def gives(type_: Type, _: list[Any]) -> Type:
        enum = None if type_.enum is None else tuple(change(member) for member in type_.enum)
        return Type("text", type_.max_length, enum)

    return gives


def _as_text(type_: Type, _: list[Any]) -> Type:
    return _NUMBER_AS_TEXT if type_.number else replace(type_, nullable=False)


def _truncated(type_: Type, arguments: list[Any]) -> Type:
    length = arguments[0]
    return Type("text", length if type_.max_length is None else min(length, type_.max_length))


def _padded(type_: Type, arguments: list[Any]) -> Type:
    return Type("text", None if type_.max_length is None else max(arguments[0], type_.max_length))


def _chosen(_: Type, arguments: list[Any]) -> Type:
    table, *other = arguments
    return merged([constant_type(value) for value in [*table.values(), *other]])


def _joined(type_: Type, _: list[Any]) -> Type | None:
    items = type_.items or ANY
    return Type("text") if items.kind in {*_SCALAR, "any"} else None


def _element(type_: Type, _: list[Any]) -> Type:
    return type_.items or ANY


def _summed(type_: Type, arguments: list[Any]) -> Type | None:
    items = field_of(type_, arguments[0]) if arguments else type_.items
    return items.not_null() if items is not None and items.number else None


def _filtered(type_: Type, arguments: list[Any]) -> Type | None:
    field = field_of(type_, arguments[0])
    fits = field is not None and comparable(field, constant_type(arguments[1]))
    return type_ if fits else None


def _plucked(type_: Type, arguments: list[Any]) -> Type | None:
    field = field_of(type_, arguments[0])
    return None if field is None else Type("list", items=field)


def field_of(type_: Type, name: str) -> Type | None:
    """The type of the field `name` of the objects in a list; None when there is none."""
    shape = type_.items.shape if type_.items else None
    found = shape.properties.get(name) if shape else None
    if found is None or found.refused:
        return None
    return found.type


def comparable(left: Type, right: Type) -> bool:
    """Whether values of the two types can be equal."""
    if "any" in {left.kind, right.kind} or "null" in {left.kind, right.kind}:
        return True
    return left.kind == right.kind or (left.number and right.number)


_COUNT: Final = Argument("count")
_CHARACTERS: Final = Argument("text")
_FIELD: Final = Argument("field")

FILTERS: Final[Mapping[str, Signature]] = {
    "text": Signature(_SCALAR, _as_text),
    "integer": Signature(_SCALAR, lambda *_: INTEGER),
    "decimal": Signature(
        _SCALAR, lambda *_: DECIMAL, (Argument("count", optional=True, most=MOST_PLACES),)
    ),
    "date": Signature(_TEXT, lambda *_: Type("text", 10, form="date")),
    "datetime": Signature(_TEXT, lambda *_: DATETIME),
    "upper": Signature(_TEXT, _each(functions.upper)),
    "lower": Signature(_TEXT, _each(functions.lower)),
    "trim": Signature(_TEXT, _each(functions.trim)),
    "truncate_to": Signature(_TEXT, _truncated, (_COUNT,)),
    "choose": Signature(_SCALAR, _chosen, (Argument("table"), Argument("constant", optional=True))),
    "join": Signature(_LIST, _joined, (_CHARACTERS,)),
    "first": Signature(_LIST, _element),
    "last": Signature(_LIST, _element),
    "sum": Signature(_LIST, _summed, (Argument("field", optional=True),), exact=True),
    "where": Signature(_LIST, _filtered, (_FIELD, Argument("constant"))),
    "pluck": Signature(_LIST, _plucked, (_FIELD,)),
    "split": Signature(
        _TEXT, lambda type_, _: Type("list", items=Type("text", type_.max_length)), (_CHARACTERS,)
    ),
    "pad_left": Signature(_TEXT, _padded, (_COUNT, Argument("letter"))),
    "digits": Signature(_TEXT, _each(functions.digits)),
}
PATH_FILTERS: Final = ("default", "or_null")  # they look at whether a path is there
TESTS: Final[Mapping[str, Type]] = dict.fromkeys(functions.TESTS, BOOLEAN)


def unfit_argument(argument: Argument, value: object) -> str | None:
    """What is wrong with a constant argument, in words."""
    fits, wanted = _ARGUMENTS[argument.kind]
    if argument.kind == "count":
        wanted = f"a whole number from 0 to {argument.most}"
    return None if fits(value, argument.most) else wanted


_ARGUMENTS: Final[Mapping[ArgumentKind, tuple[Callable[[object, int], bool], str]]] = {
    "count": (lambda value, most: type(value) is int and 0 <= value <= most, ""),
    "text": (lambda value, _: isinstance(value, str) and value != "", "a text that is not empty"),
    "field": (lambda value, _: isinstance(value, str) and value != "", "the name of a field"),
    "letter": (lambda value, _: isinstance(value, str) and len(value) == 1, "one character"),
    "table": (lambda value, _: isinstance(value, dict), "one of the tables, as tables.status"),
    "constant": (lambda value, _: not isinstance(value, dict), "a constant"),
}
