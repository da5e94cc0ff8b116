"""Business Central → canonical: the record of a resource, and how the resource is listed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.documents import meant
from gateway.errors import InvalidQuery, Violation
from gateway.wire import Condition, Entity, Field, Operator, literal

Names = dict[str, object]
"""What expressions may name: the input under the name its verb gives it, `lookups`, `steps`,
`params`, `connection` (id, organization, company: {id, name}), `now` (ISO 8601 in UTC) and
`target` (the parameters of the path)."""

_BOOLEANS = {"true": True, "false": False}
_BLANK_OFFSET = re.compile(r":[0-9.]+ [0-9]{2}:?[0-9]{2}$")
_LOST_PLUS = "In an address `+` is written `%2B`."


@dataclass(frozen=True, slots=True)
class Record:
    """Business Central → canonical. `select` and `expand` are what must be read for it."""

    select: tuple[str, ...]
    expand: Mapping[str, tuple[str, ...]]
    answered: Callable[[Names], Any] = dataclasses.field(repr=False)

    def answer(self, bc: Mapping[str, object], names: Names) -> dict[str, object]:
        """The canonical document of a decoded record.

        Raises `MappingError` when the mapping has no translation for it.
        """
        document: dict[str, object] = self.answered({**names, "bc": bc})
        return document


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter of a list. `values` leads from the product's word to the values in
    Business Central, where a table says so.
    """

    field: str
    operator: Operator
    values: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class ListPlan:
    """How a resource is listed. `record` leaves out the fields that `omit` names, and selects
    the fields of all filters so that every row can be held against them.
    """

    omit: tuple[str, ...]
    filters: Mapping[str, Filter]
    record: Record
    entity: Entity = dataclasses.field(repr=False)

    def conditions(self, query: Mapping[str, str]) -> tuple[Condition, ...]:
        """The conditions that the parameters of a query ask for, all of which must hold.

        Raises `InvalidQuery` with a violation for each parameter that does not exist or whose
        value its field could not hold.
        """
        violations: list[Violation] = []
        conditions: list[Condition] = []
        for name, text in query.items():
            if (known := self.filters.get(name)) is None:
                violations.append(_unknown(name, self.filters))
                continue
            try:
                conditions.append(self._condition(known, name, text))
            except InvalidQuery as error:
                hint = _LOST_PLUS if _has_lost_plus(known, self.entity, text) else None
                violations += [
                    dataclasses.replace(one, pointer=name, hint=hint) for one in error.violations
                ]
        if violations:
            told = [f"{one.detail} {one.hint or ''}".rstrip() for one in violations]
            raise InvalidQuery(" ".join(told), violations=violations)
        return tuple(conditions)

    def _condition(self, known: Filter, name: str, text: str) -> Condition:
        if known.values is None:
            field = self.entity.fields[known.field]
            value = _value(field, text)
            literal(field, value, called=f"The filter {name}")  # raises if it could not be held
            return Condition(known.field, known.operator, (value,))
        if text not in known.values:
            words = ", ".join(known.values)
            detail = f"The filter {name} is one of {words}."
            raise InvalidQuery(violations=[Violation("enum", detail)])
        return Condition(known.field, known.operator, known.values[text])


def _value(field: Field, text: str) -> object:
    """`text` of a query string as a value of the type of `field`, or as it is."""
    if field.type == "boolean":
        return _BOOLEANS.get(text, text)
    digits = text.removeprefix("-")
    if field.type == "integer" and digits.isdecimal() and digits.isascii():
        return int(text) if len(digits) <= 38 else text
    if field.type == "decimal" and digits.replace(".", "", 1).isdecimal() and len(digits) <= 38:
        return Decimal(text) if digits.isascii() else text
    return text


def _has_lost_plus(known: Filter, entity: Entity, text: str) -> bool:
    """Whether a moment has a blank for the `+` of its offset, as a query reads one."""
    moment = entity.fields[known.field].type == "datetime"
    return moment and _BLANK_OFFSET.search(text) is not None


def _unknown(name: str, known: Mapping[str, object]) -> Violation:
    hint = meant(name, known) or f"Known here: {', '.join(known) or 'none'}."
    return Violation("unknownParameter", "There is no filter of this name here.", name, hint=hint)
