"""How a record is named: by its id, by another field, or by several (bc/api.md §1).

Pages of API v2.0 have ids. A custom API page may have any fields as its key; where there are
several, the gateway names a record by all of them, percent-encoded and joined by commas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import quote, unquote

from gateway.errors import InvalidQuery
from gateway.wire.entities import Entity, Field
from gateway.wire.paths import Condition, guid, literal

_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


def key_of(entity: Entity, row: Mapping[str, object]) -> str | None:
    """What names a record, decoded or as it came; None when a part of its key is not there."""
    values = [row.get(name) for name in entity.key]
    texts = [_written(value) for value in values if value is not None and value != ""]
    if len(texts) != len(values):
        return None
    return texts[0] if len(texts) == 1 else ",".join(quote(text, safe="") for text in texts)


def key_conditions(entity: Entity, key: str) -> list[Condition]:
    """What must hold of the record that `key` names. Raises `InvalidQuery` when it cannot be one."""
    return [Condition(name, "eq", (value,)) for name, value in _values(entity, key)]


def record_path(entity: Entity, key: str) -> str:
    """`salesOrders({id})`, `priceGroups('RETAIL')`, `priceLines(groupCode='RETAIL',line=1)`.

    Raises `InvalidQuery` when `key` cannot be one.
    """
    [first, *others] = entity.key
    if not others and entity.fields[first].type == "guid":
        return f"{entity.entity_set}({guid(key)})"
    written = [
        (name, quote(literal(entity.fields[name], value), safe="'"))
        for name, value in _values(entity, key)
    ]
    if len(written) == 1:
        return f"{entity.entity_set}({written[0][1]})"
    return f"{entity.entity_set}({','.join(f'{name}={text}' for name, text in written)})"


def _values(entity: Entity, key: str) -> list[tuple[str, object]]:
    parts = [key] if len(entity.key) == 1 else [unquote(part) for part in key.split(",")]
    if len(parts) != len(entity.key):
        names = ", ".join(entity.key)
        raise InvalidQuery(f"The id has {len(entity.key)} parts, joined by commas: {names}.")
    return [
        (name, _read(entity.fields[name], part))
        for name, part in zip(entity.key, parts, strict=True)
    ]


def _read(field: Field, text: str) -> object:
    """A part of a key as the type of its field. Raises `InvalidQuery`."""
    match field.type:
        case "guid":
            return guid(text)
        case "integer" if _WHOLE.fullmatch(text):
            return int(text)
        case "decimal" if _DECIMAL.fullmatch(text):
            return Decimal(text)
        case "boolean" if text in {"true", "false"}:
            return text == "true"
        case _:
            literal(field, text)  # raises when the field could not hold it
            return text


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)
