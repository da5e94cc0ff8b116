from __future__ import annotations

import pytest

from gateway.validation import Validator, answer_side, change_side, input_side

SCHEMA: dict[str, object] = {
    "type": "object",
    "required": ["id", "name", "secret"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "name": {"type": "string", "maxLength": 5},
        "secret": {"type": "string", "writeOnly": True},
        "lines": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["sku", "net"],
                "properties": {
                    "sku": {"type": "string", "writeOnly": True},
                    "net": {"type": "number", "readOnly": True},
                    "minimum": {"type": "number", "minimum": 0},
                },
            },
        },
    },
    "examples": [{"required": ["id"], "properties": {"id": {"readOnly": True}}}],
}


def test_input_refuses_what_is_read_only() -> None:
    assert input_side(SCHEMA) == {
        "type": "object",
        "required": ["name", "secret"],
        "properties": {
            "id": False,
            "name": {"type": "string", "maxLength": 5},
            "secret": {"type": "string", "writeOnly": True},
            "lines": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "required": ["sku"],
                    "properties": {
                        "sku": {"type": "string", "writeOnly": True},
                        "net": False,
                        "minimum": {"type": "number", "minimum": 0},
                    },
                },
            },
        },
        "examples": SCHEMA["examples"],
    }


def test_answers_have_nothing_write_only_and_no_bounds() -> None:
    assert answer_side(SCHEMA) == {
        "type": "object",
        "required": ["id", "name"],
        "properties": {
            "id": {"type": "string", "readOnly": True},
            "name": {"type": "string"},
            "secret": False,
            "lines": {
                "type": "array",
                "items": {
                    "required": ["net"],
                    "properties": {
                        "sku": False,
                        "net": {"type": "number", "readOnly": True},
                        "minimum": {"type": "number"},
                    },
                },
            },
        },
        "examples": SCHEMA["examples"],
    }


def test_combined_and_named_schemas_are_read_too() -> None:
    part = {"required": ["a"], "properties": {"a": {"readOnly": True}}}
    side = {"required": [], "properties": {"a": False}}
    schema = {"$defs": {"x": part}, "anyOf": [part, {"$ref": "#/$defs/x"}], "if": part}
    assert input_side(schema) == {
        "$defs": {"x": side},
        "anyOf": [side, {"$ref": "#/$defs/x"}],
        "if": side,
    }


PATCHED: dict[str, object] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "name", "buyer"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "name": {"type": "string"},
        "nick": {"type": ["string", "null"], "maxLength": 5},
        "kind": {"enum": ["a", "b"]},
        "buyer": {"$ref": "#/$defs/buyer"},
        "payer": {"$ref": "#/$defs/buyer", "description": "Who pays."},
        "parent": {"$ref": "#"},
        "size": {"anyOf": [{"type": "integer"}, {"type": "object", "required": ["x"]}]},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/buyer"}},
    },
    "$defs": {
        "buyer": {
            "type": "object",
            "additionalProperties": False,
            "required": ["number"],
            "properties": {"number": {"type": "string"}, "name": {"type": "string"}},
        }
    },
}


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"name": "x"},
        {"buyer": {}, "payer": {}},
        {"nick": None, "kind": None, "payer": None, "parent": None, "size": None, "lines": None},
        {"buyer": {"name": None}, "payer": {"name": None}},
        {"parent": {"parent": {"name": "x"}}},
        {"size": {}},
        {"lines": [{"number": "1"}]},
    ],
)
def test_a_patch_says_as_much_as_it_likes(patch: object) -> None:
    assert Validator(change_side(PATCHED)).violations(patch) == []


@pytest.mark.parametrize(
    ("patch", "found"),
    [
        ({"id": "x"}, [("readOnly", "/id")]),
        ({"id": None}, [("readOnly", "/id")]),
        ({"name": None, "buyer": None}, [("type", "/buyer"), ("type", "/name")]),
        ({"payer": {"number": None}}, [("type", "/payer/number")]),
        ({"payer": {"nmae": "x"}}, [("additionalProperties", "/payer/nmae")]),
        ({"kind": "c", "nick": "longer"}, [("enum", "/kind"), ("maxLength", "/nick")]),
        ({"lines": [{"name": "x"}]}, [("required", "/lines/0")]),
        ({"lines": [{"number": "1", "name": None}]}, [("type", "/lines/0/name")]),
    ],
)
def test_what_a_patch_may_not_say(patch: object, found: list[tuple[str, str]]) -> None:
    violations = Validator(change_side(PATCHED)).violations(patch)
    assert sorted((one.rule, one.pointer) for one in violations) == found


def test_null_is_shown_as_what_may_be_sent() -> None:
    (violation,) = Validator(change_side(PATCHED)).violations({"kind": "c"})
    assert violation.detail == 'This must be one of "a", "b", null.'
