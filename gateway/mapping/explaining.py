"""What each leaf of a mapping made of what: the leaves of one run, in their order.

`bc-gateway render --explain` compiles a mapping with an Explanation and tells what it holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.mapping.coverage import Coverage, Parts, Path, Point, What
from gateway.mapping.scope import Every


@dataclass(frozen=True, slots=True)
class Explained:
    """A leaf that was evaluated, or left out: `value`, what it wrote and what it read, each with
    the indexes of its lists. `taken` are the branches on the way.
    """

    point: Point
    value: object
    target: tuple[str | int, ...]
    reads: tuple[tuple[str | int | None, ...], ...]
    taken: tuple[Point, ...]


class Explanation(Coverage):
    """Notes down, in their order, the leaves that are evaluated."""

    def __init__(self) -> None:
        super().__init__()
        self.leaves: list[Explained] = []
        self._known: dict[int, tuple[Parts, tuple[Parts, ...]]] = {}
        self._taken: list[Point] = []

    def leaf(self, path: Path, what: What, target: Parts, reads: tuple[Parts, ...]) -> int:
        """As of a Coverage, and what the leaf is about."""
        at = super().leaf(path, what, target, reads)
        self._known[at] = target, reads
        return at

    @property
    def targets(self) -> tuple[tuple[Path, tuple[str | int | None, ...]], ...]:
        """The leaves that may be evaluated: path in the file, and what it writes, without indexes."""
        return tuple(
            (self.points[at].path, tuple(_step(part, [0] * len(target)) for part in target))
            for at, (target, _) in self._known.items()
        )

    def hit(self, at: int, value: object = None, *indexes: int) -> object:
        """As of a Coverage; a leaf is noted down with the branches since the one before."""
        super().hit(at, value, *indexes)
        point = self.points[at]
        if at not in self._known:
            self._taken.append(point)
            return value
        target, reads = self._known[at]
        left = list(indexes)
        wrote = tuple(_known_step(part, left) for part in target)
        read = tuple(tuple(_step(part, left) for part in way) for way in reads)
        taken = [one for one in self._taken if one.path == point.path or one.what == "entry"]
        self.leaves.append(Explained(point, value, wrote, read, tuple(taken)))
        self._taken.clear()
        return value


def _known_step(part: object, left: list[int]) -> str | int:
    found = _step(part, left)
    return 0 if found is None else found


def _step(part: object, left: list[int]) -> str | int | None:
    """A part of a path with its index; None for an element that is not known by one."""
    if isinstance(part, str):
        return part
    return left.pop(0) if isinstance(part, Every) and part.local else None
