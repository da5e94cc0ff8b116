"""What each leaf of a verb that was tried has done: its place, expression, reads and result.

`bc-gateway render --explain`, dry runs and the operators' page tell it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.documents import NOTHING, Document, shown
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

    `step` is the step whose body it is in, None where it is in none. `reads` are paths with the
    values that were there. `taken` are the branches, in words. `cleared`: without a result the
    field gets its blank, as in every change.
    """

    target: str
    step: str | None
    place: Place
    expression: str
    reads: tuple[tuple[str, object], ...]
    result: object
    taken: tuple[str, ...]
    cleared: bool

    def as_json(self) -> dict[str, object]:
        """For programs: what is missing has no value, and neither has what is left out."""
        told: dict[str, object] = {
            "target": self.target,
            "step": self.step,
            "from": [
                {"path": path} if value is NOTHING else {"path": path, "value": value}
                for path, value in self.reads
            ],
            "place": {
                "file": self.place.file,
                "line": self.place.line,
                "column": self.place.column,
            },
            "expression": self.expression,
            "taken": list(self.taken),
        }
        if self.result is NOTHING:
            return told | {"cleared": True} if self.cleared else told
        return told | {"value": self.result}


def explained(
    explanation: Explanation, document: Document, prepared: Prepared, verb: str, field: str = ""
) -> list[Leaf]:
    """The leaves of `verb` that were evaluated, in their order; of `field` and what is in it, ""
    for all.
    """
    found = [
        _leaf(one, document, prepared) for one in explanation.leaves if _is_of(verb, one.point.path)
    ]
    return [one for one in found if within(one.target, field)]


def field_names(explanation: Explanation, document: Document, verb: str) -> list[str]:
    """What the leaves of `verb` are called, whether they were evaluated or not, without indexes."""
    named = (
        _words(_own(path)) if _step(document, path) is None else _words(target)
        for path, target in explanation.targets
        if _is_of(verb, path)
    )
    return list(dict.fromkeys(map(without_indexes, named)))


def _is_of(verb: str, path: Sequence[str | int]) -> bool:
    """Whether a leaf is one of a verb, and not of what the verb answers."""
    return verb in {path[0], path[1] if path[0] == "actions" else None} and (
        _own(path)[0] != "record"
    )


def without_indexes(name: str) -> str:
    """`salesOrderLines.quantity` for every element of the list."""
    return _INDEX.sub("", name)


def within(name: str, field: str) -> bool:
    """Whether a leaf is `field` or in it; a field may be named without the indexes of lists."""
    return not field or any(
        one == field or one.startswith((f"{field}.", f"{field}["))
        for one in (name, without_indexes(name))
    )


def _leaf(one: Explained, document: Document, prepared: Prepared) -> Leaf:
    path, names = one.point.path, prepared.names
    said = _at(document, path)
    step = _step(document, path)
    return Leaf(
        target=_words(_own(path)) if step is None else _words(one.target),
        step=step,
        place=document.place(path),
        expression=said if isinstance(said, str) else shown(said),
        reads=tuple({_words(read): _value(names, read) for read in one.reads}.items()),
        result=NOTHING if one.point.what == _ABSENT else one.value,
        taken=tuple(filter(None, map(_branch, one.taken))),
        cleared=_clears(one) and prepared.baseline is not None and step is not None,
    )


def _clears(one: Explained) -> bool:
    """Whether a change gives its field the blank where a leaf has no result: all but a step, and
    but what of an element is left alone.
    """
    alone = len(one.target) > 1 and str(one.point.path[-1]).endswith("?")
    return "steps" not in one.point.path and not alone


def _at(document: Document, path: Sequence[str | int]) -> object:
    said: object = document.value
    for part in path:
        said = said[part]  # type: ignore[index]  # the path of a leaf leads through maps and lists
    return said


def _own(path: Sequence[str | int]) -> Sequence[str | int]:
    """The path of a leaf within its verb or action."""
    return path[2:] if path[0] == "actions" else path[1:]


def _step(document: Document, path: Sequence[str | int]) -> str | None:
    """The step whose body a leaf is in; a verb of one call has one that is called like the verb."""
    own = _own(path)
    if own[0] == "body":
        return str(path[0])
    if own[0] != "steps" or own[2:3] != ("body",):
        return None
    return str(_at(document, (*path[: len(path) - len(own) + 2], "name")))


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
