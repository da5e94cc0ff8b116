"""What a body holds: properties in the order received, and parts. Called by ``writes``."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.simulator.catalogue.entities import EntitySet, Field, Navigation
from gateway.simulator.errors import BusinessCentralError, bad_request

Body = Mapping[str, object]
Parts = list[tuple[Navigation, list[Body]]]


def split(entity_set: EntitySet, body: Body) -> tuple[dict[Field, object], Parts]:
    """Properties in the order received; parts in the order of the page (bc/pitfalls.md 4).

    Raises BusinessCentralError for what is unknown, read-only or no list of entities.
    """
    properties: dict[Field, object] = {}
    nested: dict[str, list[Body]] = {}
    for name, value in body.items():
        if "@" in name:
            continue
        field = entity_set.by_name.get(name)
        if field is not None:
            _refuse_read_only(field)
            properties[field] = value
        elif name in entity_set.ways:
            nested[name] = _entities(entity_set.ways[name], value)
        else:
            raise bad_request(
                f"The property '{name}' does not exist on type "
                f"'Microsoft.NAV.{entity_set.entity}'. Make sure to only use property names "
                "that are defined by the type."
            )
    parts = [(way, nested[way.name]) for way in entity_set.navigation if way.name in nested]
    return properties, parts


def _refuse_read_only(field: Field) -> None:
    if field.type == "Edm.Stream":
        # A choice: how Business Central refuses it is not known (bc/api.md §3, §10).
        raise bad_request(f"The stream '{field.name}' is written by a request of its own.")
    if field.read_only:
        text = f"Control '{field.name}' is read-only"
        raise BusinessCentralError(400, "BadRequest_InvalidOperation", text)


def _entities(way: Navigation, value: object) -> list[Body]:
    if not (way.part and way.many):
        # A choice: only collections are promised (bc/api.md §7).
        raise bad_request(f"Only collections can be inserted with an entity, not '{way.name}'.")
    if not isinstance(value, list) or not all(isinstance(entity, dict) for entity in value):
        raise bad_request(f"The property '{way.name}' must be an array of objects.")
    return value
