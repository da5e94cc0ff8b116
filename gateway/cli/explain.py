"""What `bc-gateway render --explain` tells: of each leaf its place, expression, reads and result."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import click

from gateway.cases.comparing import NOTHING, shown
from gateway.documents import Document
from gateway.errors import Place
from gateway.mapping import Explained, Explanation, Names, Point
from gateway.operations.prepare import Prepared

_TAKEN: Final = {
    "default": "the default stands in",
    "then": "the side before `if`",
    "else": "the side behind `else`",
}
_INDEX: Final = re.compile(r"\[[0-9]*\]")
_ABSENT: Final = "left-out"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf that was evaluated: what it wrote, where it stands, what it read and came to.

    `reads` are paths with the values that were there. `taken` are the branches, in words.
    `cleared`: without a result the field gets its blank, as in every change.
    """

    field: str
    place: Place
    expression: str
    reads: tuple[tuple[str, object], ...]
    result: object
    taken: tuple[str, ...]
    cleared: bool

    def text(self) -> str:
        """For people, on several lines."""
        absent = "is cleared" if self.cleared else "is left out"
        result = absent if self.result is NOTHING else f"= {shown(self.result)}"
        lines = [f"{click.style(self.field, bold=True)} {result}"]
        lines.append(f"    {self.place}  {self.expression}")
        for path, value in self.reads:
            lines.append(f"    {path}{_told(path, value)}")
        lines += [f"    {one}" for one in self.taken]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """For programs: what is missing has no value, what is left out no result."""
        told: dict[str, object] = {
            "field": self.field,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "expression": self.expression,
            "reads": [
                {"path": path} if value is NOTHING else {"path": path, "value": value}
                for path, value in self.reads
            ],
            "taken": list(self.taken),
        }
        if self.result is NOTHING:
            return told | {"cleared": True} if self.cleared else told
        return told | {"result": self.result}


def _told(path: str, value: object) -> str:
    """What was read at a path; of an element with a computed key the result tells it."""
    if value is NOTHING:
        return "" if "[]" in path else " is missing"
    return f" = {shown(value)}"


def explained(
    explanation: Explanation, document: Document, prepared: Prepared, verb: str, field: str
) -> list[Leaf]:
    """The leaves of `verb` that were evaluated, in their order; of `field` and what is in it, ""
    for all.
    """
    found = [
        _leaf(one, document, prepared)
        for one in explanation.leaves
        if verb in one.point.path[:2] and "record" not in one.point.path
    ]
    return [one for one in found if _within(one.field, field)]


def _within(name: str, field: str) -> bool:
    """Whether a leaf is `field` or in it; a field may be named without the indexes of lists."""
    return not field or any(
        one == field or one.startswith((f"{field}.", f"{field}["))
        for one in (name, _INDEX.sub("", name))
    )


def _leaf(one: Explained, document: Document, prepared: Prepared) -> Leaf:
    path, names = one.point.path, prepared.names
    said: object = document.value
    for step in path:
        said = said[step]  # type: ignore[index]  # the path of a leaf leads through maps and lists
    return Leaf(
        field=_words(one.target) if "body" in path else _words(_own(path)),
        place=document.place(path),
        expression=said if isinstance(said, str) else shown(said),
        reads=tuple({_words(read): _value(names, read) for read in one.reads}.items()),
        result=NOTHING if one.point.what == _ABSENT else one.value,
        taken=tuple(filter(None, map(_branch, one.taken))),
        cleared=prepared.baseline is not None and "body" in path and "steps" not in path,
    )


def _own(path: Sequence[str | int]) -> Sequence[str | int]:
    """The path of a leaf within its verb or action."""
    return path[2:] if path[0] == "actions" else path[1:]


def _branch(point: Point) -> str | None:
    if point.what == "entry":
        return f"the entry {shown(point.path[2])} of tables.{point.path[1]}"
    return _TAKEN.get(point.what)


def _words(path: Sequence[str | int | None]) -> str:
    """`order.lines[0].sku`; an element nobody knows the index of is `[]`."""
    words = ""
    for part in path:
        if isinstance(part, str):
            words += f".{part}" if words else part
        else:
            words += f"[{'' if part is None else part}]"
    return words


def _value(names: Names, path: Sequence[str | int | None]) -> object:
    """What stands at a path, `NOTHING` where nothing does."""
    value: object = names
    for part in path:
        there = isinstance(value, Mapping) and part in value
        if not there and not (isinstance(value, list) and part in range(len(value))):
            return NOTHING
        value = value[part]  # type: ignore[index]  # it was just asked whether it is there
    return value
