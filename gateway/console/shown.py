"""Requests as lines of JSON, each with the leaf of the mapping that wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.documents import shown
from gateway.mapping import Request
from gateway.operations.explaining import Leaf

MOST_LINES: Final = 600  # of all requests on a page; a long order has thousands
MOST_OTHERS: Final = 200

LeafOf = Callable[[str], Leaf | None]
"""The leaf that writes a path of a body, if there is one."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a body, and the leaf whose value it holds."""

    text: str
    leaf: Leaf | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request that would be sent. `more` lines are not among `lines`."""

    step: str
    method: str
    path: str
    lines: tuple[Line, ...]
    more: int = 0


def calls(requests: Sequence[Request], leaves: Sequence[Leaf]) -> tuple[Call, ...]:
    """The requests with what wrote each of their fields."""
    known: dict[str | None, dict[str, Leaf]] = {}
    for leaf in leaves:
        known.setdefault(leaf.step, {})[leaf.target] = leaf
    made: list[Call] = []
    left = MOST_LINES
    for one in requests:
        leaf_of = known.get(one.step, {}).get
        lines = () if one.body is None else tuple(_lines(one.body, leaf_of, "", "", ""))
        shown_, left = lines[:left], max(0, left - len(lines))
        made.append(Call(one.step, one.method, one.path, shown_, len(lines) - len(shown_)))
    return tuple(made)


def others(leaves: Sequence[Leaf], made: Sequence[Call]) -> tuple[Leaf, ...]:
    """The leaves that stand in no request: of lookups and anchors, left out, or unchanged."""
    there = {id(line.leaf) for call in made for line in call.lines}
    if any(call.more for call in made):
        there |= {id(leaf) for leaf in leaves if leaf.step is not None}
    left = {(leaf.step, leaf.target): leaf for leaf in leaves if id(leaf) not in there}
    return tuple(left.values())[:MOST_OTHERS]


def _lines(value: object, leaf_of: LeafOf, path: str, indent: str, before: str) -> Iterator[Line]:
    """`value` as JSON over several lines, amounts digit by digit; `before` is its key."""
    parts: list[tuple[str, str, object]] = []
    left, right = "{", "}"
    if isinstance(value, Mapping):
        inner = f"{path}." if path else ""
        parts = [(f"{inner}{name}", f"{shown(name)}: ", one) for name, one in value.items()]
    elif isinstance(value, list):
        left, right = "[", "]"
        parts = [(f"{path}[{at}]", "", one) for at, one in enumerate(value)]
    if not parts:
        yield Line(f"{indent}{before}{shown(value)}", leaf_of(path))
        return
    yield Line(f"{indent}{before}{left}", leaf_of(path))
    for at, (where, key, one) in enumerate(parts):
        lines = list(_lines(one, leaf_of, where, f"{indent}  ", key))
        if at < len(parts) - 1:
            lines[-1] = Line(f"{lines[-1].text},", lines[-1].leaf)
        yield from lines
    yield Line(f"{indent}{right}")
