"""Types as the schemas of both sides tell them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gateway.mapping.entity_types import create_type, record_type
from gateway.mapping.types import (
    ANY,
    BOOLEAN,
    DEEPEST,
    INTEGER,
    NULL,
    TEXT,
    Type,
    canonical_type,
    constant_type,
    merged,
)
from tests.unit.mapping.small import ORDER, schemas


def of(schema: Any) -> Type:  # noqa: ANN401 - schemas that are none, too
    whole = {
        "type": "object",
        "properties": {"x": schema},
        "$defs": {"code": {"type": "string", "maxLength": 3}, "again": {"$ref": "#/$defs/again"}},
        "list": [{"type": "integer"}],
    }
    shape = canonical_type(whole, "input", "it").shape
    assert shape is not None
    return shape.properties["x"].type


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "maxLength": 5}, Type("text", 5)),
        ({"type": ["string", "null"]}, Type("text", nullable=True)),
        ({"type": "string", "format": "date"}, Type("text", 10, form="date")),
        ({"type": "string", "format": "date-time"}, Type("text", form="datetime")),
        ({"type": "string", "enum": ["a", "bcd"]}, Type("text", 3, ("a", "bcd"))),
        ({"type": ["string", "null"], "enum": ["a", None]}, Type("text", 1, ("a",), nullable=True)),
        ({"enum": ["a", None]}, Type("text", 1, ("a",), nullable=True)),
        ({"enum": [1, 2]}, INTEGER),
        ({"const": "a"}, Type("text", 1, ("a",))),
        ({"type": "integer"}, INTEGER),
        ({"type": "number"}, Type("decimal")),
        ({"type": "boolean"}, BOOLEAN),
        ({"type": ["string", "integer"]}, Type("any", nullable=True)),
        ({"$ref": "#/$defs/code"}, Type("text", 3)),
        ({"$ref": "#/list/0"}, INTEGER),
        ({"$ref": "#/$defs/again"}, Type("any", nullable=True)),
        ({"$ref": "#/$defs/none"}, Type("any", nullable=True)),
        ({"anyOf": [{"$ref": "#/$defs/code"}, {"type": "null"}]}, Type("text", 3, nullable=True)),
        ({"oneOf": [{"type": "integer"}]}, INTEGER),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, Type("any", nullable=True)),
        ({"type": "array", "items": {"type": "integer"}}, Type("list", items=INTEGER)),
        (True, Type("any", nullable=True)),
    ],
)
def test_canonical_types(schema: object, expected: Type) -> None:
    assert of(schema) == expected


def test_either_side_hides_what_never_occurs_there() -> None:
    sent = canonical_type(ORDER, "input", "order").shape
    answered = canonical_type(ORDER, "answer", "order").shape
    assert sent is not None
    assert answered is not None
    assert [name for name, one in sent.properties.items() if one.refused] == ["id", "state"]
    assert [name for name, one in answered.properties.items() if one.refused] == ["secret"]
    assert ("id",) in answered.required
    assert ("id",) not in sent.required


def test_additional_properties_have_their_type() -> None:
    assert of({"type": "object"}).shape is not None
    open_ = of({"type": "object", "additionalProperties": True}).shape
    closed = of({"type": "object"}).shape
    typed = of({"type": "object", "additionalProperties": {"type": "integer"}}).shape
    assert open_ is not None
    assert closed is not None
    assert typed is not None
    assert (open_.others, closed.others, typed.others) == (
        Type("any", nullable=True),
        None,
        INTEGER,
    )


def test_records_and_bodies_of_business_central() -> None:
    entity = schemas().entity("v2.0", "orders")

    def entities(name: str) -> Any:  # noqa: ANN401 - an entity or nothing
        return schemas().entity("v2.0", name) if name == "orderLines" else None

    read, sent = record_type(entity, entities).shape, create_type(entity, entities).shape
    assert read is not None
    assert sent is not None
    assert read.properties["id"].type == Type("text", 36, form="guid")
    assert read.properties["remark"].type == Type("text", 100, nullable=True)
    assert read.properties["weight"].type == Type("decimal")
    assert read.properties["status"].type.enum == ("Draft", "In Work")
    assert read.properties["customer"].type == Type("any", nullable=True)
    lines = read.properties["orderLines"].type
    assert lines.kind == "list"
    assert lines.items is not None
    assert lines.items.shape is not None
    assert "unitPrice" in lines.items.shape.properties
    assert sent.properties["id"].refused
    assert sent.properties["remark"].optional
    assert sent.required == (("customerNumber", "customerId"),)


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ([], ANY),
        ([NULL], NULL),
        ([INTEGER, NULL], INTEGER.or_null()),
        ([INTEGER, Type("decimal")], Type("decimal")),
        ([INTEGER, TEXT], ANY),
        ([Type("text", 3, ("abc",)), Type("text", 2, ("de",))], Type("text", 3, ("abc", "de"))),
        ([Type("text", 3), TEXT], TEXT),
        ([Type("text", 10, form="date"), Type("text", 10)], Type("text", 10)),
    ],
)
def test_either_of_several_types(types: list[Type], expected: Type) -> None:
    assert merged(types) == expected


def test_constants_have_types() -> None:
    values: list[object] = [None, True, 1, Decimal("1.5"), "ab", object()]
    assert [constant_type(value).kind for value in values] == [
        *("null", "boolean", "integer", "decimal", "text", "any"),
    ]


def test_types_are_said_in_words() -> None:
    assert Type("text", 5).words == "text of up to 5 characters"
    assert Type("text", 10, form="date").words == "a date"
    assert Type("text", enum=tuple("abcdefghij")).words == "one of a, b, c, d, e, f, g, h, …"
    assert INTEGER.words == "a whole number"


@pytest.mark.parametrize("keyword", ["items", "additionalProperties"])
def test_what_refers_to_itself_ends(keyword: str) -> None:
    kind = "array" if keyword == "items" else "object"
    own = {"type": kind, keyword: {"$ref": "#/properties/x"}}
    found: Type | None = of(own)
    for _ in range(DEEPEST):
        assert found is not None
        inner = None if found.shape is None else found.shape.others
        found = found.items or inner
    assert found is not None
    assert (found.items or (found.shape and found.shape.others)) == ANY.or_null()
