from __future__ import annotations

from gateway.validation import answer_side, input_side

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
