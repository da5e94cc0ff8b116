"""What every verb of a file has around it: its schemas, its rejections, and the usual names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from gateway.mapping.model import MappingFile
from gateway.mapping.plan import Rejection
from gateway.mapping.scope import Scope, Value
from gateway.mapping.types import (
    DATETIME,
    GUID,
    TEXT,
    Property,
    canonical_type,
    object_of,
    table_type,
)
from gateway.validation import Schemas
from gateway.wire import Entity


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`scope` has the names that all verbs know; `entities` gives an entity by its set, and
    `canonicals` a canonical schema by its name.
    """

    file: MappingFile
    entity: Entity
    entities: Callable[[str], Entity | None]
    entity_sets: list[str]
    canonical: Mapping[str, Any]
    canonicals: Callable[[str], Mapping[str, Any] | None]
    canonical_names: list[str]
    rejections: dict[str, Rejection]
    scope: Scope


def surroundings(file: MappingFile, schemas: Schemas) -> Surroundings:
    """The surroundings of a file whose schemas exist."""
    sets = schemas.entity_sets(file.api)
    names = schemas.canonical_names()

    def canonicals(name: str) -> Mapping[str, Any] | None:
        return cast("Mapping[str, Any]", schemas.canonical(name).value) if name in names else None

    rejections = {
        code: Rejection(code, title, remedy) for code, (title, remedy) in file.rejections.items()
    }
    lookups = [lookup for write in file.writes for lookup in write.lookups]
    lookups += [step.find for walk in file.walks for step in walk.steps if step.find is not None]
    for lookup in lookups:
        code = f"ambiguous_{lookup.name}"
        title = f"More than one record of {lookup.entity or 'items'} fits"
        rejections.setdefault(code, Rejection(code, title))
    return Surroundings(
        file=file,
        entity=schemas.entity(file.api, file.entity),
        entities=_entities(schemas, file.api),
        entity_sets=sets,
        canonical=cast("Mapping[str, Any]", schemas.canonical(file.schema).value),
        canonicals=canonicals,
        canonical_names=names,
        rejections=rejections,
        scope=_scope(file),
    )


@lru_cache(maxsize=16)
def _entities(schemas: Schemas, api: str) -> Callable[[str], Entity | None]:
    """What gives the entities of an API."""
    sets = frozenset(schemas.entity_sets(api))
    return lambda name: schemas.entity(api, name) if name in sets else None


def _scope(file: MappingFile) -> Scope:
    company = object_of("connection.company", {"id": Property(GUID), "name": Property(TEXT)})
    connection = object_of(
        "connection",
        {"id": Property(TEXT), "organization": Property(TEXT), "company": Property(company)},
    )
    tables = object_of(
        "tables",
        {
            name: Property(table_type(f"tables.{name}", table))
            for name, table in file.tables.items()
        },
    )
    types = {
        "params": canonical_type(file.params, "input", "params"),
        "tables": tables,
        "connection": connection,
        "now": DATETIME,
        "target": object_of("target", {}),
    }
    return Scope({name: Value(type_, "", (name,)) for name, type_ in types.items()}, file.tables)
