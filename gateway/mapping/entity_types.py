"""Types of the records of Business Central, and of what creates and changes of them take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Final, cast

from gateway.mapping.types import ANY, Kind, Property, Shape, Type
from gateway.wire import Entity, Field

_KEPT: Final = 256  # types of each kind; Business Central has some 60 entities

EntityOf = Callable[[str], Entity | None]
"""Gives an entity by its set. The same one for the same schemas, so that types are made once."""


@lru_cache(maxsize=_KEPT)
def record_type(entity: Entity, entity_of: EntityOf) -> Type:
    """A decoded record of `entity`: blank is null (bc/api.md §10)."""

    def made() -> dict[str, Property]:
        fields = {
            name: Property(_held(entity, field), field=field)
            for name, field in entity.fields.items()
        }
        return fields | _parts(entity, entity_of, record_type, optional=False)

    return Type("object", shape=Shape(entity.entity_set, made, entity=entity))


@lru_cache(maxsize=_KEPT)
def create_type(entity: Entity, entity_of: EntityOf) -> Type:
    """What a create of `entity` takes."""
    alone = {group[0] for group in entity.required if len(group) == 1}

    def made() -> dict[str, Property]:
        fields = {
            name: Property(
                field_type(field),
                optional=name not in alone,
                refused="Business Central does not take it." if field.read_only else None,
                field=field,
            )
            for name, field in entity.fields.items()
        }
        return fields | _parts(entity, entity_of, create_type, optional=True)

    shape = Shape(entity.entity_set, made, required=entity.required, entity=entity)
    return Type("object", shape=shape)


@lru_cache(maxsize=_KEPT)
def update_type(entity: Entity, entity_of: EntityOf) -> Type:
    """What a change of `entity` takes: nothing is required, its parts are there to be refused."""
    shape = create_type(entity, entity_of).shape
    found = {} if shape is None else shape.properties
    optional = {name: replace(one, optional=True) for name, one in found.items()}
    return Type("object", shape=Shape(entity.entity_set, lambda: optional, entity=entity))


def field_type(field: Field) -> Type:
    """The type of a field; null where it has a blank."""
    kind: Kind = "text"
    if field.type in {"integer", "decimal", "boolean"}:
        kind = cast("Kind", field.type)
    elif field.type in {"stream", "collection"}:
        kind = "any"
    form = field.type if field.type in {"date", "datetime", "guid"} else None
    length = {"date": 10, "guid": 36}.get(field.type, field.max_length)
    return Type(kind, length, field.enum, form, nullable=field.blank is not None)


def _held(entity: Entity, field: Field) -> Type:
    """The type of a field in a record that exists: its key is never blank."""
    found = field_type(field)
    return found.not_null() if field.name in entity.key else found


def _parts(
    entity: Entity,
    entity_of: EntityOf,
    type_of: Callable[[Entity, EntityOf], Type],
    *,
    optional: bool,
) -> dict[str, Property]:
    parts = {}
    for name, part in entity.parts.items():
        inner = entity_of(part.entity_set)
        found = ANY if inner is None else type_of(inner, entity_of)
        found = Type("list", items=found) if part.many else found.or_null()
        parts[name] = Property(found, optional=optional)
    return parts
