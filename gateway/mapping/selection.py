"""What the paths that expressions read mean: `$select` and `$expand`, pointers, unread input."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.mapping.scope import Every, Way, way_words
from gateway.mapping.types import Type
from gateway.wire import Entity


def selected(ways: list[Way], entity: Entity) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The fields and the parts of a record that paths from `bc` read, in the entity's order.

    The key is always among them. A part read as a whole has no fields: all are needed.
    """
    fields: set[str] = set(entity.key)
    parts: dict[str, set[str]] = {}
    for way in ways:
        keys = [part for part in way if isinstance(part, str)]
        if keys[0] != "bc" or len(keys) < 2:
            continue
        if keys[1] in entity.parts:
            parts.setdefault(keys[1], set()).update(keys[2:3])
        else:
            fields.add(keys[1])
    select = tuple(name for name in entity.fields if name in fields)
    return select, {name: tuple(sorted(parts[name])) for name in entity.parts if name in parts}


def too_deep(ways: list[Way], entity: Entity) -> Way | None:
    """A path into a part of a part, which one read does not bring."""
    for way in ways:
        keys = [part for part in way if isinstance(part, str)]
        if len(keys) > 3 and keys[0] == "bc" and keys[1] in entity.parts:
            return way
    return None


def pointers_of(ways: tuple[Way, ...], input_name: str) -> tuple[str, ...]:
    """JSON pointers of the paths of the input, as far as the first element of a list."""
    found: list[str] = []
    for way in ways:
        if way[0] != input_name:
            continue
        words = ""
        for part in way[1:]:
            if isinstance(part, Every):
                break
            words += f"/{part.replace('~', '~0').replace('/', '~1')}"
        found.append(words)
    return tuple(dict.fromkeys(found))


def unread(ways: list[Way], input_name: str, type_: Type) -> list[str]:
    """The paths of the input that no expression reads, in words."""
    read = {_plain(way) for way in ways if way and way[0] == input_name}
    return [
        way_words(leaf)
        for leaf in _leaves(type_, (input_name,), 8)
        if not any(_plain(leaf[:length]) in read for length in range(1, len(leaf) + 1))
    ]


def _leaves(type_: Type, way: Way, depth: int) -> Iterator[Way]:
    if type_.kind == "list" and type_.items is not None:
        yield from _leaves(type_.items, (*way, Every(None)), depth)
    elif type_.shape is not None and type_.shape.properties and depth:
        for name, found in type_.shape.properties.items():
            if not found.refused:
                yield from _leaves(found.type, (*way, name), depth - 1)
    else:
        yield way


def _plain(way: Way) -> tuple[str, ...]:
    return tuple("[]" if isinstance(part, Every) else part for part in way)
