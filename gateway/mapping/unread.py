"""What a document holds and no expression reads, as JSON pointers. A plan tells it of its input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gateway.mapping.scope import Every, Way
from gateway.validation import json_pointer

_ELEMENTS: Final[Way] = (Every(None),)


def unread_pointers(
    value: object, ways: Sequence[Way], path: tuple[str | int, ...] = ()
) -> Iterator[str]:
    """The pointers of the largest parts of `value` that none of `ways` leads to or into.

    Whoever goes over a list has not read what is in it; who reads anything else as a whole has.
    """
    if not ways:
        yield json_pointer(path)
    elif () in ways:
        return
    elif isinstance(value, dict):
        for key, inner in value.items():
            further = [way[1:] for way in ways if way[0] == key]
            yield from unread_pointers(inner, further, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            further = [way[1:] for way in ways if way != _ELEMENTS and _is_at(way[0], at)]
            yield from unread_pointers(inner, further, (*path, at))


def _is_at(part: str | Every, at: int) -> bool:
    """Whether a part of a path leads to the element with this index; `"0"` does to the first."""
    return isinstance(part, Every) or part == str(at)
