"""From nodes to a test of one record, within the limits of an AL filter (bc/api.md §5).

``compile_filter`` decides everything that can be known from the entity set: names, types,
what has no AL form. What it gives is a plain function of the stored values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from gateway.simulator.catalogue.entities import EntitySet, Field, Value, encode_member
from gateway.simulator.errors import BusinessCentralError, bad_request, filter_unsupported
from gateway.simulator.odata.nodes import (
    FUNCTIONS,
    Call,
    Compare,
    InList,
    Lambda,
    Literal,
    Logical,
    Node,
    Not,
    Path,
)

Test = Callable[[Mapping[str, Any]], bool]
Reader = Callable[[Mapping[str, Any]], Any]

_PLACE = re.compile(r"[0-9]{1,9}")
_DISTINCT = "The 'OR' operator is not supported on distinct fields on an OData filter."
_CASE = frozenset({"tolower", "toupper"})
_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_COMPARES: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "gt": lambda a, b: bool(a > b),
    "ge": lambda a, b: bool(a >= b),
    "lt": lambda a, b: bool(a < b),
    "le": lambda a, b: bool(a <= b),
}
# As Microsoft's OData library names them in its messages.
_KINDS = {
    "eq": "Equal",
    "ne": "NotEqual",
    "gt": "GreaterThan",
    "ge": "GreaterThanOrEqual",
    "lt": "LessThan",
    "le": "LessThanOrEqual",
}
_MIRRORED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_NUMBERS = frozenset({"Edm.Decimal", "Edm.Int32", "Edm.Int64"})


def compile_filter(node: Node, entity_set: EntitySet, *, schema_21: bool = False) -> Test:
    """A test of a record's values.

    ``schema_21`` is true for ``$schemaversion=2.1``, which adds ``in`` and nested functions.
    Raises BusinessCentralError: 400 for unknown names and wrong types, 501 for what has no
    AL form.
    """
    return _Compiler(entity_set, schema_21=schema_21).test(node)


def pinned_fields(node: Node | None, entity_set: EntitySet) -> frozenset[str]:
    """Fields that the filter holds to one value; lists that need a parent ask for them."""
    if isinstance(node, Logical) and node.operator == "and":
        return pinned_fields(node.left, entity_set) | pinned_fields(node.right, entity_set)
    if isinstance(node, Compare) and node.operator == "eq":
        paths = [side for side in (node.left, node.right) if isinstance(side, Path)]
        names = [entity_set.folded.get(path.names[0].lower(), "") for path in paths]
        return frozenset(names)
    return frozenset()


def field_of(path: Path, entity_set: EntitySet) -> Field:
    """The field a path names, in any case. Raises BusinessCentralError."""
    name = entity_set.folded.get(path.names[0].lower())
    field = entity_set.by_name.get(name or "")
    if len(path.names) > 1 and name in entity_set.ways:
        raise filter_unsupported()
    if field is None or len(path.names) > 1:
        raise bad_request(
            f"Could not find a property named '{path.names[-1]}' "
            f"on type 'Microsoft.NAV.{entity_set.entity}'."
        )
    if field.computed or field.type == "Edm.Stream" or field.type.startswith("Collection("):
        raise filter_unsupported()
    return field


def _fields_in(node: Node, entity_set: EntitySet) -> Iterator[str]:
    match node:
        case Path():
            yield field_of(node, entity_set).name
        case Call():
            for argument in node.arguments:
                yield from _fields_in(argument, entity_set)
        case Compare() | Logical():
            yield from _fields_in(node.left, entity_set)
            yield from _fields_in(node.right, entity_set)
        case InList():
            yield from _fields_in(node.operand, entity_set)
        case Not():
            yield from _fields_in(node.operand, entity_set)
        case Literal() | Lambda():
            return


def comparisons(node: Node, entity_set: EntitySet) -> int:
    """How often a filter looks at a field of one record, at most."""
    return sum(1 for _ in _fields_in(node, entity_set))


class _Compiler:
    """One filter over one entity set."""

    def __init__(self, entity_set: EntitySet, *, schema_21: bool) -> None:
        self._set = entity_set
        self._schema_21 = schema_21

    def test(self, node: Node) -> Test:
        match node:
            case Logical(operator="and"):
                left, right = self.test(node.left), self.test(node.right)
                return lambda values: left(values) and right(values)
            case Logical():
                return self._either(node)
            case Compare():
                return self._compare(node)
            case Call():
                return self._match(node)
            case InList():
                return self._among(node)
            case Lambda():
                # Documented: lambdas are ignored, so the filter does not restrict anything.
                return lambda _: True
            case Literal() | Path() | Not():
                raise filter_unsupported()

    def _either(self, node: Logical) -> Test:
        if len(set(_fields_in(node, self._set))) > 1:
            raise filter_unsupported(_DISTINCT)
        left, right = self.test(node.left), self.test(node.right)
        return lambda values: left(values) or right(values)

    def _among(self, node: InList) -> Test:
        if not self._schema_21 or not isinstance(node.operand, Path):
            raise filter_unsupported()
        field = field_of(node.operand, self._set)
        read = _reader(field)
        members = {constant(field, literal, "eq") for literal in node.members}
        return lambda values: read(values) in members

    def _compare(self, node: Compare) -> Test:
        operator, left, right = node.operator, node.left, node.right
        if isinstance(left, Literal) and not isinstance(right, Literal):
            left, right = right, left
            operator = _MIRRORED.get(operator, operator)
        if not isinstance(right, Literal) or isinstance(left, Literal):
            raise filter_unsupported()
        if isinstance(left, Path):
            return self._compare_field(operator, left, right)
        if isinstance(left, Call):
            return self._compare_call(operator, left, right)
        raise filter_unsupported()

    def _compare_field(self, operator: str, path: Path, literal: Literal) -> Test:
        field = field_of(path, self._set)
        read = _reader(field)
        compare = _COMPARES[operator]
        value = constant(field, literal, operator)
        if field.wild and operator == "eq":
            # It matches in a time that many stars do not blow up; brackets mean themselves.
            pattern = literal.text.replace("[", "[[]")
            return lambda values: fnmatchcase(read(values), pattern)
        return lambda values: compare(read(values), value)

    def _compare_call(self, operator: str, call: Call, literal: Literal) -> Test:
        if call.name in _MATCHES and literal == Literal("boolean", "true") and operator == "eq":
            return self._match(call)
        if literal.kind != "string" or call.name not in {*_CASE, "substring"}:
            raise self._unknown(call)
        compare = _COMPARES[operator]
        if call.name in _CASE:
            read, value = self._text(call), literal.text.casefold()
            return lambda values: compare(read(values), value)
        cut = self._substring(call)
        return lambda values: compare(cut(values), literal.text)

    def _match(self, call: Call) -> Test:
        if call.name not in _MATCHES:
            raise self._unknown(call)
        if len(call.arguments) != 2:
            raise bad_request(f"No function signature for the function '{call.name}' matches.")
        subject, part = call.arguments
        if not isinstance(part, Literal) or part.kind != "string":
            raise filter_unsupported()
        match = _MATCHES[call.name]
        if isinstance(subject, Call):
            if not self._schema_21:
                raise filter_unsupported()
            read, folded = self._text(subject), part.text.casefold()
            return lambda values: match(read(values), folded)
        field = self._text_field(subject)
        wanted = part.text.upper() if field.code else part.text
        return lambda values: match(values[field.name], wanted)

    def _text(self, call: Call) -> Reader:
        """``tolower`` and ``toupper`` both only switch case sensitivity off."""
        if call.name not in _CASE or len(call.arguments) != 1:
            raise self._unknown(call)
        field = self._text_field(call.arguments[0])
        return lambda values: values[field.name].casefold()

    def _substring(self, call: Call) -> Reader:
        field = self._text_field(call.arguments[0]) if call.arguments else None
        bounds = call.arguments[1:]
        numbers = [b for b in bounds if isinstance(b, Literal) and b.kind == "number"]
        if field is None or len(numbers) != len(bounds) or not 1 <= len(bounds) <= 2:
            raise filter_unsupported()
        if not all(_PLACE.fullmatch(number.text) for number in numbers):
            raise bad_request("The places of the function 'substring' are whole numbers.")
        name, start = field.name, int(numbers[0].text)
        end = start + int(numbers[1].text) if len(numbers) > 1 else None
        return lambda values: values[name][start:end]

    def _text_field(self, node: Node) -> Field:
        if not isinstance(node, Path):
            raise filter_unsupported()
        field = field_of(node, self._set)
        if field.type != "Edm.String":
            raise filter_unsupported()
        return field

    def _unknown(self, call: Call) -> BusinessCentralError:
        if call.name in FUNCTIONS:
            # It is read, and no AL filter says the like (source D,
            # use-filter-expressions-in-odata-uris.md: "if there's no AL approximation, an error").
            return filter_unsupported()
        return bad_request(
            f"An unknown function with name '{call.name}' was found. This may also be a function "
            "import or a key lookup on a navigation property, which is not allowed."
        )


@lru_cache(maxsize=4096)
def _stored_moment(text: str) -> datetime:
    """A moment as it is stored; many records have the same, and long filters ask for it often."""
    return datetime.fromisoformat(text)


def _reader(field: Field) -> Reader:
    name = field.name
    if field.type == "Edm.DateTimeOffset":
        return lambda values: _stored_moment(values[name])
    return lambda values: values[name]


def constant(field: Field, literal: Literal, operator: str) -> Value | datetime:
    """The literal as a value of the field. Raises BusinessCentralError (400)."""
    kind, text = literal.kind, literal.text
    if kind == "null":
        return _moment(str(field.blank)) if field.type == "Edm.DateTimeOffset" else field.blank
    if field.enum:
        return _enum_constant(field, literal)
    if field.type == "Edm.String" and kind == "string":
        return _text_constant(field, text)
    if field.type in _NUMBERS and kind == "number":
        return _number(text)
    if field.type == "Edm.Boolean" and kind == "boolean" and operator in {"eq", "ne"}:
        return text == "true"
    if field.type == "Edm.Guid" and kind == "guid":
        return text.lower()
    if field.type == "Edm.Date" and kind == "date":
        return _day(text)
    if field.type == "Edm.DateTimeOffset" and kind in {"datetime", "date"}:
        return _moment(text if kind == "datetime" else f"{text}T00:00:00Z")
    raise bad_request(
        "A binary operator with incompatible types was detected. Found operand types "
        f"'{field.type}' and '{_edm_of(literal)}' for operator kind '{_KINDS[operator]}'."
    )


def _day(text: str) -> str:
    """A day that is in the calendar. Its refusal is a choice, after Microsoft's library."""
    try:
        date.fromisoformat(text)
    except ValueError:
        raise bad_request(f"Unrecognized 'Edm.Date' literal '{text}'.") from None
    return text


def _number(text: str) -> Decimal:
    """A number. Its refusal is a choice, after Microsoft's library: the exponent is too large."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise bad_request(f"Unrecognized 'Edm.Decimal' literal '{text}'.") from None


def _moment(text: str) -> datetime:
    """A moment in UTC; the calendar ends there, whatever the offset."""
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad_request("Unable to convert value to DateTimeOffset") from None


def _text_constant(field: Field, text: str) -> str:
    if field.max_length is not None and len(text) > field.max_length:
        raise BusinessCentralError(
            400,
            "Application_FilterErrorException",
            f'The filter "{text}" is not valid for the {field.name} field. The length of the '
            f"value exceeds the length of the field ({field.max_length}).",
        )
    return text.strip().upper() if field.code else text


def _enum_constant(field: Field, literal: Literal) -> str:
    if literal.kind == "string":
        for candidate in (literal.text, encode_member(literal.text)):
            if candidate in field.enum:
                return candidate
    raise bad_request(f"The string '{literal.text}' is not a valid enumeration type constant.")


def _edm_of(literal: Literal) -> str:
    if literal.kind == "number" and literal.text.lstrip("-").isdigit():
        for bits in (32, 64):
            if -(2 ** (bits - 1)) <= Decimal(literal.text) < 2 ** (bits - 1):
                return f"Edm.Int{bits}"
    return {
        "string": "Edm.String",
        "number": "Edm.Decimal",
        "guid": "Edm.Guid",
        "date": "Edm.Date",
        "datetime": "Edm.DateTimeOffset",
        "boolean": "Edm.Boolean",
    }.get(literal.kind, "Edm.String")
