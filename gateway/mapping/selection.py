"""What the paths that expressions read mean: `$select` and `$expand`, pointers, unread input,
and which paths a record writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gateway.mapping.model import Each, Fields, Leaf, Pick
from gateway.mapping.patch import Steps, meet
from gateway.mapping.scope import Every, Way
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


def input_paths(ways: Iterable[Way], input_name: str) -> tuple[Steps, ...]:
    """The paths of the input among `ways`, as far as the first element of a list."""
    found: list[Steps] = []
    for way in ways:
        if way[0] != input_name:
            continue
        until = next((at for at, part in enumerate(way) if isinstance(part, Every)), len(way))
        found.append(tuple(str(part) for part in way[1:until]))
    return tuple(dict.fromkeys(found))


def unread(ways: list[Way], input_name: str, type_: Type) -> list[Way]:
    """The paths of the input that no expression reads, each with the name of the input. Whoever
    goes over a list has not read it (`Every(None)`), who reads an element as a whole has.
    """
    read = {_plain(way) for way in ways if way and way[0] == input_name and way[-1] != Every(None)}
    return [
        leaf
        for leaf in _leaves(type_, (input_name,), 8)
        if not any(_plain(leaf[:length]) in read for length in range(1, len(leaf) + 1))
    ]


def unwritten(paths: Iterable[Steps], input_name: str, type_: Type) -> list[Steps]:
    """The paths of the input that do not meet any of `paths`, without the input's name."""
    read = list(paths)
    leaves = input_paths(_leaves(type_, (input_name,), 8), input_name)
    return [leaf for leaf in leaves if not any(meet(leaf, one) for one in read)]


def may_miss(path: Steps, type_: Type) -> bool:
    """Whether something on a path of the input may be missing or null."""
    for name in path:
        if type_.shape is None or name not in type_.shape.properties:
            return True
        found = type_.shape.properties[name]
        if found.optional or found.type.nullable:
            return True
        type_ = found.type
    return False


def recorded(fields: Fields, before: Steps = ()) -> dict[Steps, str | None]:
    """The canonical paths that a record writes, each with the field of Business Central it is a
    copy of, if it is one.
    """
    found: dict[Steps, str | None] = {}
    for entry in fields.entries:
        path, template = (*before, entry.name), entry.template
        inner = template.choices if isinstance(template, Pick) else (template,)
        for one in inner:
            if isinstance(one, Fields):
                found |= recorded(one, path)
            else:
                found[path] = _copied(one.value) if isinstance(one, Leaf) else None
    return found


def recorded_lists(fields: Fields, before: Steps = ()) -> Iterator[tuple[Steps, Each]]:
    """The lists that a record makes of others, each with the canonical path it stands at."""
    for entry in fields.entries:
        path, template = (*before, entry.name), entry.template
        for one in template.choices if isinstance(template, Pick) else (template,):
            if isinstance(one, Fields):
                yield from recorded_lists(one, path)
            elif isinstance(one, Each):
                yield path, one


def _copied(value: object) -> str | None:
    found = _COPY.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else found.group(1)


_COPY = re.compile(r"\{\{\s*bc\.([A-Za-z0-9_]+)\s*\}\}")


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
