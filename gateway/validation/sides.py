"""A canonical schema as OpenAPI reads it: for what is sent, for what is answered, for a patch.

`readOnly` properties are refused in input, `writeOnly` ones never appear in answers, and
`required` counts only on the side where the property may occur. Bounds hold for input alone:
what stands in Business Central is answered as it is, a line of quantity 0 as well. A patch says
as much as it likes; what it says of a list it says of the whole list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from gateway.validation.validator import at_pointer

ONE: Final = frozenset(
    {"items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames"}
)
MANY: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_BOUNDS: Final = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"),
    }
)
NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
_TOGETHER: Final = frozenset(  # what a patch alone cannot show
    {
        *("required", "minProperties", "dependentRequired", "dependentSchemas"),
        *("if", "then", "else"),
    }
)


def input_side(schema: Mapping[str, object]) -> dict[str, Any]:
    """`schema` for documents a caller sends: a `readOnly` property is `false`."""
    return cast("dict[str, Any]", _without(schema, "readOnly"))


def answer_side(schema: Mapping[str, object]) -> dict[str, Any]:
    """`schema` for documents the gateway answers: no bounds, a `writeOnly` property is `false`."""
    return cast("dict[str, Any]", _without(schema, "writeOnly", _BOUNDS))


def change_side(schema: Mapping[str, object]) -> dict[str, Any]:
    """`schema` for merge patches (RFC 7396): nothing is required, and null is taken wherever a
    property is optional. Inside the elements of lists everything stays as it is for input.
    """
    side = input_side(schema)
    return cast("dict[str, Any]", _loosened(side, side, frozenset()))


def _loosened(schema: object, root: Mapping[str, Any], within: frozenset[str]) -> object:
    """`schema` for a patch; `within` are the references that lead here."""
    if not isinstance(schema, Mapping):
        return schema
    target = schema.get("$ref")
    if isinstance(target, str) and target.startswith("#") and target not in within:
        meant = _loosened(at_pointer(root, target[1:]), root, within | {target})
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {**beside, "allOf": [meant]} if beside else meant
    loose = {
        key: [_loosened(part, root, within) for part in value]
        if key in MANY and key != "prefixItems"
        else value
        for key, value in schema.items()
        if key not in _TOGETHER
    }
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        required = schema.get("required", ())
        loose["properties"] = {
            name: _loosened(part, root, within)
            if name in required
            else _or_null(_loosened(part, root, within))
            for name, part in properties.items()
        }
    return loose


def _or_null(schema: object) -> object:
    """`schema`, or null; what is refused stays refused."""
    if not isinstance(schema, Mapping):
        return schema
    kinds, members = schema.get("type"), schema.get("enum")
    if schema.keys() & {*MANY, "const", "$ref"} or (kinds is None and members is None):
        return {"if": {"type": "null"}, "else": schema}
    wide = dict(schema)
    if kinds is not None:
        listed = [kinds] if isinstance(kinds, str) else list(kinds)
        wide["type"] = list(dict.fromkeys([*listed, "null"]))
    if isinstance(members, list) and None not in members:
        wide["enum"] = [*members, None]
    return wide


def _without(schema: object, mark: str, dropped: frozenset[str] = frozenset()) -> object:
    if not isinstance(schema, Mapping):
        return schema
    side = {
        key: _inside(key, value, lambda part: _without(part, mark, dropped))
        for key, value in schema.items()
        if key not in dropped
    }
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        hidden = {name for name, part in properties.items() if _marked(part, mark)}
        kept = cast("dict[str, object]", side["properties"])
        side["properties"] = kept | dict.fromkeys(hidden, False)
        required = schema.get("required")
        if isinstance(required, list):
            side["required"] = [name for name in required if name not in hidden]
    return side


def _inside(key: str, value: object, step: Callable[[object], object]) -> object:
    if key in ONE:
        return step(value)
    if key in MANY and isinstance(value, list):
        return [step(part) for part in value]
    if key in NAMED and isinstance(value, Mapping):
        return {name: step(part) for name, part in value.items()}
    return value


def _marked(part: object, mark: str) -> bool:
    return isinstance(part, Mapping) and part.get(mark) is True
