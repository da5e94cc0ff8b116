"""The text of a generated function, line by line, with the leaf each line belongs to.

Everything that is not a name, a key or a small constant is bound as a global of the function,
so no text of a file is ever read as code: keys and texts stand there as Python literals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Final, cast

from gateway.mapping import functions
from gateway.mapping.bounds import Room
from gateway.mapping.failures import Spot, explained
from gateway.wire import encode_name

_FUNCTIONS: Final[Mapping[str, object]] = {
    **{f"f_{name}": function for name, function in functions.FILTERS.items()},
    **{f"t_{name}": function for name, function in functions.TESTS.items()},
    "f_number": functions.number,
    "f_condition": functions.condition,
    "f_quotient": functions.quotient,
    "Dropped": functions.Dropped,
    "f_concat": functions.concat,
    "f_bounded": functions.bounded,
    "f_Room": Room,
    "f_key": functions.key,
    "f_need": functions.need,
    "f_item": functions.item,
    "f_inside": functions.inside,
    "f_within": functions.within,
    "f_filled": functions.filled,
    "f_none_applies": functions.none_applies,
    "f_uncleared": functions.uncleared,
    "f_encode_name": encode_name,
}


@dataclass(slots=True)
class Emission:
    """A function being written. `needs_exact`: it computes with decimals; `needs_room`: something
    in it counts what it goes over; `loops`: how many it has.
    """

    name: str
    lines: list[str] = field(default_factory=list)
    spots: dict[int, Spot] = field(default_factory=dict)
    constants: dict[str, object] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    needs_exact: bool = False
    needs_room: bool = False
    loops: int = 0
    _depth: int = 1
    _count: int = 0

    def fresh(self, prefix: str) -> str:
        """A local variable that nobody has yet."""
        self._count += 1
        return f"{prefix}{self._count}"

    def root(self, name: str) -> str:
        """The local variable that holds the entry `name` of the names of a call."""
        return self.roots.setdefault(name, f"v_{name}")

    def part(self, root: str, key: str) -> str | None:
        """The local variable that holds what may stand under `key` of a root, null for nothing.

        It is read once, whatever the number of leaves. None when `root` is no root.
        """
        if root not in self.roots.values():
            return None
        code = f"{root}.get({key})"
        if code not in self.parts:
            self.parts[code] = self.fresh("p")
        return self.parts[code]

    def over(self, code: str) -> str:
        """The code of the list that one more loop goes over; the first one is bounded by the
        document itself.
        """
        self.loops += 1
        if self.loops == 1:
            return code
        self.needs_room = True
        return f"room.over({code})"

    def through(self, code: str, *, endless: bool) -> str:
        """The code of what a filter goes through. `endless`: nobody knows how much that is."""
        if not endless:
            return code
        self.needs_room = True
        return f"room.through({code})"

    def constant(self, value: object) -> str:
        """The code of a constant of a file."""
        if value is None or isinstance(value, bool | int | str):
            return repr(value)
        name = self.fresh("k")
        self.constants[name] = value
        return name

    def line(self, text: str, spot: Spot | None = None) -> None:
        """One more line; `spot` is the leaf it belongs to."""
        self.lines.append("    " * self._depth + text)
        if spot is not None:
            self.spots[len(self.lines)] = spot

    @contextmanager
    def indented(self) -> Iterator[None]:
        """Lines inside of the statement before."""
        self._depth += 1
        yield
        self._depth -= 1

    def compiled(self, input_name: str | None) -> Callable[[Mapping[str, object]], Any]:
        """The function of the names, which explains its errors."""
        head = ["def generated(names):"]
        head += [f"    {local} = names[{name!r}]" for name, local in self.roots.items()]
        head += [f"    {local} = {code}" for code, local in self.parts.items()]
        head += ["    room = f_Room()"] if self.needs_room else []
        source = "\n".join([*head, *self.lines, ""])
        module: dict[str, object] = {**_FUNCTIONS, **self.constants}
        code = compile(source, f"<{self.name}>", "exec")
        exec(code, module)  # noqa: S102 - made from whitelisted nodes and literals only
        generated = cast("FunctionType", module["generated"])
        spots = {line + len(head): spot for line, spot in self.spots.items()}
        return explained(generated, spots, input_name, exact=self.needs_exact)
