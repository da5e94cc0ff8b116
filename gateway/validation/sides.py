"""A canonical schema as OpenAPI reads it: one for what is sent, one for what is answered.

`readOnly` properties are refused in input, `writeOnly` ones never appear in answers, and
`required` counts only on the side where the property may occur. Bounds hold for input alone:
what stands in Business Central is answered as it is, a line of quantity 0 as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

_ONE: Final = frozenset(
    {"items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames"}
)
_MANY: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_BOUNDS: Final = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"),
    }
)
_NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})


def input_side(schema: Mapping[str, object]) -> dict[str, Any]:
    """`schema` for documents a caller sends: a `readOnly` property is `false`."""
    return cast("dict[str, Any]", _without(schema, "readOnly"))


def answer_side(schema: Mapping[str, object]) -> dict[str, Any]:
    """`schema` for documents the gateway answers: no bounds, a `writeOnly` property is `false`."""
    return cast("dict[str, Any]", _without(schema, "writeOnly", _BOUNDS))


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
    if key in _ONE:
        return step(value)
    if key in _MANY and isinstance(value, list):
        return [step(part) for part in value]
    if key in _NAMED and isinstance(value, Mapping):
        return {name: step(part) for name, part in value.items()}
    return value


def _marked(part: object, mark: str) -> bool:
    return isinstance(part, Mapping) and part.get(mark) is True
