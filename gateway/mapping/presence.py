"""Whether conditions that hold where an expression stands prove that a path is there.

`$when: (order.shipping.amount | default(0)) > 0` proves `order.shipping.amount`; a guard that
rejects when a parameter is missing proves the parameter in the body. The proof assumes the path
missing and evaluates the conditions as far as that goes: a contradiction is the proof.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Final, TypeGuard, cast

from jinja2 import nodes

Fact = tuple[nodes.Expr, bool]
"""A condition and whether it holds."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Stands, as a constant, for a condition with a mistake in it; `words` are those in it, None
    where nobody can tell what it would prove.
    """

    words: tuple[str, ...] | None


def unread(text: str | None) -> nodes.Expr:
    """The condition `text`, which has a mistake in it."""
    return nodes.Const(Unread(None if text is None else tuple(_WORD.findall(text))))


def unread_node(node: nodes.Expr) -> nodes.Expr:
    """The same of a condition that could be parsed."""
    found = [one.name for one in node.find_all(nodes.Name)]
    return nodes.Const(Unread((*found, *(one.attr for one in node.find_all(nodes.Getattr)))))


def _among(key: str, words: tuple[str, ...]) -> bool:
    return any(key in word for word in words) or bool(get_close_matches(key, words, 1, _ALIKE))


def _is_unread(node: nodes.Expr) -> TypeGuard[nodes.Const]:
    return isinstance(node, nodes.Const) and isinstance(node.value, Unread)


Trail = tuple[object, ...]
"""A path as it is written: the name, then keys, indexes and computed keys."""


class _Missing:
    """Stands for the value of the path that is assumed missing or null."""


class _Unknown:
    """Stands for every value that the assumption says nothing about."""


_NOWHERE: Final = ("",)  # no path is written so
_ALIKE: Final = 0.85  # one letter of seven is another
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MISSING: Final = _Missing()
_UNKNOWN: Final = _Unknown()
_OPERATORS: Final[dict[str, Callable[[object, object], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": lambda left, right: _order(left, right) > 0,
    "gteq": lambda left, right: _order(left, right) >= 0,
    "lt": lambda left, right: _order(left, right) < 0,
    "lteq": lambda left, right: _order(left, right) <= 0,
}
_EQUALITY: Final = {"eq": False, "ne": True, "in": False, "notin": True}


def trail_of(node: nodes.Node) -> Trail | None:
    """The path that `node` is, or None when it is something else."""
    keys: list[object] = []
    while not isinstance(node, nodes.Name):
        if isinstance(node, nodes.Getattr):
            keys.append(node.attr)
        elif isinstance(node, nodes.Getitem):
            keys.append(node.arg.value if isinstance(node.arg, nodes.Const) else node.arg)
        else:
            return None
        node = node.node
    return (node.name, *reversed(keys))


class Facts:
    """Conditions that hold together. What they prove is found out once for each path."""

    def __init__(self, facts: tuple[Fact, ...] = ()) -> None:
        self._facts = facts
        self._proven: dict[object, bool] = {}

    def having(self, *facts: Fact) -> Facts:
        """These and more."""
        return Facts((*self._facts, *facts))

    def proves(self, trail: Trail) -> bool:
        """Whether the facts cannot all hold while `trail` is missing or null."""
        if not self._facts:
            return False
        key = _form(list(trail))
        if key not in self._proven:
            self._proven[key] = self._never or self._contradicts(trail, self._about.get(key, ()))
        return self._proven[key]

    def doubts(self, trail: Iterable[object]) -> bool:
        """Whether a condition that could not be read may be about the path, and prove that it is
        there: its last key, or one much like it, stands in it.
        """
        read = [node.value.words for node, _ in self._facts if _is_unread(node)]
        key = next((key for key in reversed([*trail]) if isinstance(key, str)), None)
        return any(words is None or (key is not None and _among(key, words)) for words in read)

    def left_of(self, trail: Trail, members: tuple[str, ...]) -> tuple[str, ...]:
        """The members of an enum that `trail` can still be while the facts hold."""
        known = self._about.get(_form(list(trail)), ()) if self._facts else ()
        return tuple(
            one
            for one in members
            if all(_allows(node, holds, trail, one) for _, node, holds in known)
        )

    def _contradicts(self, trail: Trail, facts: Iterable[tuple[int, nodes.Expr, bool]]) -> bool:
        """Whether one of `facts` cannot hold beside the others while `trail` is missing."""
        return any(
            isinstance(found := _evaluate(node, trail, _Others(self._holding, at)), bool)
            and found is not holds
            for at, node, holds in facts
        )

    @cached_property
    def _never(self) -> bool:
        """Whether they cannot all hold, whatever is missing: nobody ever comes there."""
        facts = ((at, node, holds) for at, (node, holds) in enumerate(self._parts))
        return self._contradicts(_NOWHERE, facts)

    @cached_property
    def _parts(self) -> list[Fact]:
        return [part for fact in self._facts for part in _parts(*fact)]

    @cached_property
    def _holding(self) -> dict[object, list[tuple[int, bool]]]:
        """By the form of a condition the places at which it stands, and whether it holds there."""
        found: dict[object, list[tuple[int, bool]]] = {}
        for at, (node, holds) in enumerate(self._parts):
            found.setdefault(_form(node), []).append((at, holds))
        return found

    @cached_property
    def _about(self) -> dict[object, list[tuple[int, nodes.Expr, bool]]]:
        """By each path that facts read, and by each that leads to one, those facts."""
        found: dict[object, list[tuple[int, nodes.Expr, bool]]] = {}
        for at, (node, holds) in enumerate(self._parts):
            for key in dict.fromkeys(_read_in(node)):
                found.setdefault(key, []).append((at, node, holds))
        return found


class _Others:
    """The facts but for the one at `apart`."""

    def __init__(self, holding: dict[object, list[tuple[int, bool]]], apart: int) -> None:
        self._holding = holding
        self._apart = apart

    def holds(self, node: nodes.Node) -> bool | None:
        """Whether `node` is known to hold, or not to; None where nothing is known of it."""
        known = self._holding.get(_form(node), ())
        return next((holds for at, holds in known if at != self._apart), None)


@lru_cache(maxsize=4_096)  # one node is looked up for each condition that stands around it
def _form_of(node: nodes.Node) -> object:
    return type(node), *(_form(getattr(node, name)) for name in node.fields)


def _form(node: object) -> object:
    """What two nodes that say the same have in common, to be looked up."""
    if isinstance(node, nodes.Node):
        return _form_of(node)
    if isinstance(node, list):
        return tuple(map(_form, node))
    return type(node), node


def _read_in(node: nodes.Node) -> Iterator[object]:
    """The forms of all paths that are read in `node`, and of those that lead to them."""
    trail = trail_of(node)
    if trail is None:
        for child in node.iter_child_nodes():
            yield from _read_in(child)
        return
    form = cast("tuple[object, ...]", _form(list(trail)))
    yield from (form[:end] for end in range(1, len(form) + 1))


def _allows(node: nodes.Expr, holds: bool, trail: Trail, member: str) -> bool:
    """Whether a comparison of `trail` with constants can come out so where it is `member`."""
    match node:
        case nodes.Compare(ops=[nodes.Operand(op="eq" | "ne" as name, expr=nodes.Const() as one)]):
            listed = [one]
        case nodes.Compare(
            ops=[nodes.Operand(op="in" | "notin" as name, expr=nodes.List(items=listed))]
        ):
            pass
        case nodes.Test(name="in", args=[nodes.List(items=listed)]):
            name = "in"
        case _:
            return True
    compared = node.node if isinstance(node, nodes.Test) else node.expr
    if trail_of(compared) != trail or not all(isinstance(item, nodes.Const) for item in listed):
        return True
    among = member in [item.value for item in listed]
    return among is (holds is (name in {"eq", "in"}))


def _parts(node: nodes.Expr, holds: bool) -> list[Fact]:
    """The facts that a fact consists of."""
    if isinstance(node, nodes.Not):
        return _parts(node.node, not holds)
    if (holds and isinstance(node, nodes.And)) or (not holds and isinstance(node, nodes.Or)):
        return [*_parts(node.left, holds), *_parts(node.right, holds)]
    return [(node, holds)]


def _evaluate(node: nodes.Node, trail: Trail, known: _Others) -> object:
    if (holds := known.holds(node)) is not None:
        return holds
    match node:
        case nodes.Const():
            return node.value
        case nodes.Name() | nodes.Getattr() | nodes.Getitem():
            read = trail_of(node)
            missing = read is not None and read[: len(trail)] == trail
            return _MISSING if missing else _UNKNOWN
        case nodes.Filter(name="default", args=[nodes.Const() as other]) if node.node is not None:
            missing = _evaluate(node.node, trail, known) is _MISSING
            return other.value if missing else _UNKNOWN
        case nodes.Test(name="present"):
            return False if _evaluate(node.node, trail, known) is _MISSING else _UNKNOWN
        case nodes.Not():
            found = _evaluate(node.node, trail, known)
            return not found if isinstance(found, bool) else _UNKNOWN
        case nodes.And() | nodes.Or():
            return _joined(node, trail, known)
        case nodes.Compare(ops=[nodes.Operand() as only]):
            left = _evaluate(node.expr, trail, known)
            return _compared(left, only.op, _side(only.expr, trail, known))
    return _UNKNOWN


def _side(node: nodes.Node, trail: Trail, known: _Others) -> object:
    """What stands on the right of a comparison: a value, or a list of some."""
    if isinstance(node, nodes.List):
        return [_evaluate(item, trail, known) for item in node.items]
    return _evaluate(node, trail, known)


def _joined(node: nodes.And | nodes.Or, trail: Trail, known: _Others) -> object:
    decisive = isinstance(node, nodes.Or)
    sides = [_evaluate(side, trail, known) for side in (node.left, node.right)]
    if any(side is decisive for side in sides):
        return decisive
    return (not decisive) if all(isinstance(side, bool) for side in sides) else _UNKNOWN


def _compared(left: object, name: str, right: object) -> object:
    if isinstance(left, _Missing) and name in _EQUALITY and _constant(right):
        return _EQUALITY[name]  # nothing equals null but null
    if any(isinstance(side, _Missing | _Unknown) for side in (left, right)):
        return _UNKNOWN
    try:
        return _OPERATORS[name](left, right)
    except (KeyError, TypeError):
        return _UNKNOWN


def _constant(value: object) -> bool:
    """Whether this is a constant, or a list of some, and no null."""
    values = value if isinstance(value, list) else [value]
    return not any(one is None or isinstance(one, _Missing | _Unknown) for one in values)


def _order(left: object, right: object) -> int:
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, int | Decimal) and isinstance(right, int | Decimal):
        return (left > right) - (left < right)
    raise TypeError
