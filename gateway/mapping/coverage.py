"""Which leaves and branches of a mapping have been run: its points, and those that were reached.

A file that is compiled with a Coverage marks its points while its plans run. Without one nothing
of this is in the generated code. The room `cases` fills it with the tests beside a mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Path = tuple[str | int, ...]
Parts = tuple[object, ...]
"""A path as expressions have it: keys, and what stands for the elements of lists."""

What = Literal[
    "leaf",
    "left-out",
    "true",
    "false",
    "then",
    "else",
    "value",
    "default",
    "other",
    "entry",
    "filter",
]


@dataclass(frozen=True, slots=True)
class Point:
    """A leaf or a branch, at `path` of the file; `offset` is where it stands in a longer text."""

    path: Path
    what: What
    offset: int | None = None


class Coverage:
    """The points of a file, and which of them were reached."""

    def __init__(self) -> None:
        self._points: dict[Point, int] = {}
        self._reached: set[int] = set()

    def point(self, path: Path, what: What, offset: int | None = None) -> int:
        """The number of a point; one that is compiled twice stays the same."""
        return self._points.setdefault(Point(path, what, offset), len(self._points))

    def leaf(self, path: Path, what: What, target: Parts, reads: tuple[Parts, ...]) -> int:  # noqa: ARG002 - for who explains
        """The number of a leaf that writes `target` and reads `reads`, or of its absence."""
        return self.point(path, what)

    def hit(self, at: int, value: object = None, *indexes: int) -> object:  # noqa: ARG002 - for who explains
        """The point `at` was reached; gives `value`. `indexes` are those of the lists in its
        target, then those in what it reads.
        """
        self._reached.add(at)
        return value

    def decided(self, yes: int, no: int, value: object) -> object:
        """A condition came out as `value`."""
        return self.hit(yes if value else no, value)

    def chosen(self, entries: Mapping[str, int], other: int | None, value: object) -> object:
        """A table was asked for `value`; `other` is the default that stands behind it."""
        found = entries.get(value) if isinstance(value, str) else None
        found = other if found is None else found
        return value if found is None else self.hit(found, value)

    @property
    def points(self) -> tuple[Point, ...]:
        """All points in the order in which they were found."""
        return tuple(self._points)

    @property
    def missed(self) -> tuple[Point, ...]:
        """The points that nothing has reached."""
        return tuple(point for point, at in self._points.items() if at not in self._reached)
