from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.validation import Validator
from gateway.validation.validator import MOST_VIOLATIONS, at_pointer, json_pointer

CANARY = "canary-4711"


def found(schema: dict[str, object], value: object) -> list[tuple[str, str | None]]:
    return [(one.rule, one.pointer) for one in Validator(schema).violations(value)]


def said(schema: dict[str, object], value: object) -> str:
    (violation,) = Validator(schema).violations(value)
    return violation.detail


def test_all_mistakes_come_at_once_with_their_pointers() -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["reference", "date"],
        "properties": {
            "reference": {"type": "string", "maxLength": 3},
            "date": {"type": "string", "format": "date"},
            "a/b~c": {"type": "integer"},
            "lines": {"type": "array", "items": {"properties": {"id": False}}},
        },
    }
    value = {
        "reference": "long",
        "a/b~c": "x",
        "lines": [{}, {"id": 1}],
        "one": 1,
        "two": 2,
    }
    assert sorted(found(schema, value)) == [
        ("additionalProperties", "/one"),
        ("additionalProperties", "/two"),
        ("maxLength", "/reference"),
        ("readOnly", "/lines/1/id"),
        ("required", ""),
        ("type", "/a~1b~0c"),
    ]


def test_a_value_that_fits_has_no_violations() -> None:
    assert found({"type": "number", "multipleOf": 0.01}, Decimal("19.99")) == []


def test_at_most_a_hundred_are_told() -> None:
    assert len(found({"items": {"type": "string"}}, [1] * 500)) == MOST_VIOLATIONS


@pytest.mark.parametrize(
    ("schema", "value", "detail"),
    [
        ({"type": "string"}, True, "This must be text, not true or false."),
        ({"type": ["string", "null"]}, 1, "This must be null or text, not a number."),
        ({"type": "integer"}, Decimal("1.5"), "This must be a whole number, not a number."),
        ({"type": "object"}, [], "This must be an object, not a list."),
        ({"type": "array"}, {}, "This must be a list, not an object."),
        ({"type": "array"}, None, "This must be a list, not null."),
        ({"maxLength": 2}, "abc", "This text has 3 characters, at most 2 are taken."),
        ({"minLength": 1}, "", "This text has 0 characters, at least 1 must be there."),
        ({"minimum": 0}, Decimal("-0.5"), "This number must be at least 0."),
        ({"maximum": 5}, 6, "This number must be at most 5."),
        ({"exclusiveMinimum": 0}, 0, "This number must be greater than 0."),
        ({"exclusiveMaximum": 9}, 9, "This number must be less than 9."),
        ({"minItems": 1}, [], "This list has 0 elements, at least 1 must be there."),
        ({"maxItems": 1}, [1, 2], "This list has 2 elements, at most 1 are taken."),
        ({"enum": ["a", 1]}, CANARY, 'This must be one of "a", 1.'),
        ({"const": "x"}, CANARY, 'This must be "x".'),
        ({"format": "date"}, "2026-02-30", "This must be a date such as 2026-11-23."),
        ({"format": "ipv4"}, CANARY, "This must be of the format ipv4."),
        ({"multipleOf": 5}, 7, "This must be a multiple of 5."),
        ({"uniqueItems": True}, [1, 1], "The elements of this list must differ."),
        ({"pattern": "^a$"}, CANARY, "This does not satisfy the keyword pattern of the schema."),
        ({"required": ["a"]}, {}, '"a" is missing.'),
        (
            {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
            {},
            'One of "a", "b" is needed.',
        ),
        (
            {"anyOf": [{"type": "null"}, {"maxLength": 1}]},
            CANARY,
            "This fits none of the forms that are allowed here.",
        ),
    ],
)
def test_details_name_sizes_and_types(
    schema: dict[str, object], value: object, detail: str
) -> None:
    assert said(schema, value) == detail


def test_an_unknown_property_gets_a_suggestion_through_references() -> None:
    others = {
        "https://schemas.invalid/header": {
            "properties": {"lines": {"items": {"$ref": "line#/$defs/create"}}}
        },
        "https://schemas.invalid/line": {
            "$defs": {"create": {"$ref": "#/$defs/part"}, "part": LINE},
        },
    }
    schema = {"$ref": "https://schemas.invalid/header"}
    violations = Validator(schema, others).violations({"lines": [{"quantty": 1}]})
    assert [(one.pointer, one.hint) for one in violations] == [
        ("/lines/0/quantty", 'Did you mean "quantity"?')
    ]


LINE = {"additionalProperties": False, "properties": {"quantity": {}, "quantities": False}}


def test_what_cannot_be_sent_is_not_suggested() -> None:
    (violation,) = Validator(LINE).violations({"quantitie": 1})
    assert violation.hint == 'Did you mean "quantity"?'


def test_nothing_near_nothing_suggested() -> None:
    (violation,) = Validator(LINE).violations({"zzz": 1})
    assert violation.hint is None


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://schemas.invalid/elsewhere"},
        {"$ref": "#/$defs/nothing"},
        {"type": "txt"},
        {"pattern": "(?=a)b"},
    ],
)
def test_a_schema_that_is_none_or_reaches_out_is_refused(schema: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Validator(schema)


@given(st.text(min_size=1))
def test_no_detail_holds_a_value(text: str) -> None:
    value = {"a": CANARY + text, "b": [CANARY], "c": {"d": CANARY}, "e": CANARY}
    schema = {
        "properties": {
            "a": {"maxLength": 3, "format": "date", "enum": ["x"], "pattern": "^x$"},
            "b": {"items": {"type": "number"}, "minItems": 4},
            "c": {"properties": {"d": False}, "maxProperties": 0},
            "e": {"oneOf": [{"type": "null"}, {"const": 3}]},
        }
    }
    violations = Validator(schema).violations(value)
    assert len(violations) == 9
    assert not [one for one in violations if CANARY in f"{one.detail}{one.hint}"]


@given(st.lists(st.text() | st.integers(min_value=0, max_value=3), max_size=4))
def test_pointers_lead_back(path: list[str | int]) -> None:
    value: object = "end"
    for step in reversed(path):
        value = {step: value} if isinstance(step, str) else [None] * step + [value]
    if not any("%" in step for step in path if isinstance(step, str)):
        assert at_pointer(value, json_pointer(path)) == "end"
