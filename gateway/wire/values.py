"""Values as Business Central writes them and as the gateway means them.

Business Central has no null: it sends a blank of the type (bc/api.md §10). Here blank ⇔ null, and
names of enum members are decoded. Used for every record read and every body sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from gateway.wire.entities import BLANKS, Entity, Field
from gateway.wire.names import decode_name, encode_name

_CONTAINERS: Final = frozenset({dict, list})
_BLANKS: Final = frozenset(BLANKS.values())


def decode(
    entity: Entity, raw: Mapping[str, object], part_entity: Callable[[str], Entity]
) -> dict[str, object]:
    """A record of `entity` with null for every blank and with decoded enum names.

    Expanded parts are decoded as the entity that `part_entity` gives for their entity set.
    Properties the schema does not know, annotations among them, stay as they are. Decoding a
    decoded record changes nothing.
    """
    enums, record = entity.enums, dict(raw)
    for name, value in raw.items():  # only some texts and parts can become something else
        if type(value) is str:
            if (value in _BLANKS or name in enums) and (field := entity.fields.get(name)):
                record[name] = decode_value(field, value)
        elif type(value) in _CONTAINERS and (part := entity.parts.get(name)):
            record[name] = _decode_part(value, part_entity(part.entity_set), part_entity)
    return record


def encode_value(field: Field, value: object) -> object:
    """`value` as `field` takes it: the field's blank for null, the encoded name for a member.

    Null stays null where the type has no blank. Nothing else is checked or changed.
    """
    if value is None:
        return field.blank
    if field.enum is not None and isinstance(value, str):
        return encode_name(value)
    return value


def code(value: str) -> str:
    """`value` as a Code field stores it: without surrounding blanks, in upper case."""
    return value.strip().upper()


def same_code(left: str | None, right: str | None) -> bool:
    """Whether two values of a Code field are the same to Business Central."""
    return code(left or "") == code(right or "")


def decode_value(field: Field, value: object) -> object:
    """A value of `field` with null for its blank, and the name of an enum decoded."""
    if not isinstance(value, str):
        return value
    if field.enum is None:
        return None if value == field.blank else value
    if value in field.enum:
        return value
    member = decode_name(value)
    return member if member.strip(" ") else None


def _decode_part(value: object, entity: Entity, part_entity: Callable[[str], Entity]) -> object:
    if isinstance(value, list):
        return [
            decode(entity, element, part_entity) if type(element) is dict else element
            for element in value
        ]
    if isinstance(value, dict):
        return decode(entity, value, part_entity)
    return value
