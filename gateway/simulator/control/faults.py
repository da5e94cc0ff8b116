"""The faults that are armed, and which of them strike.

``menu`` says what there is. Faults are armed through the control API; ``listener`` asks for every
call which of them strike.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import cast

from gateway.simulator.control.kinds import TEXT, WHOLE, Details, Kind, Occasion, Shape
from gateway.simulator.control.menu import MENU
from gateway.simulator.control.patterns import Pattern
from gateway.simulator.errors import ControlError, did_you_mean

_SHARE = Shape(
    "a number above 0, at most 1",
    lambda v: isinstance(v, int | float) and not isinstance(v, bool) and 0 < v <= 1,
)
_FROM_ONE = Shape("a whole number of at least 1", lambda v: WHOLE.test(v) and cast("int", v) >= 1)
_COUNT = Shape("a whole number of at least 1, or null", lambda v: v is None or _FROM_ONE.test(v))
_OBJECT = Shape("an object", lambda v: isinstance(v, dict))
_MATCH: dict[str, Shape] = {
    "method": TEXT,
    "path": TEXT,
    "entity": TEXT,
    "nth": _FROM_ONE,
    "probability": _SHARE,
    "seed": WHOLE,
}


@dataclass(frozen=True, slots=True)
class Match:
    """Which occasions a fault means, beside the scope of its kind.

    ``nth`` counts the occasions that match; the fault strikes from that one on, each of them
    with ``probability``, drawn from ``seed``.
    """

    method: str | None = None
    path: Pattern | None = None
    entity: str | None = None
    nth: int = 1
    probability: float = 1
    seed: int = 1

    def meets(self, occasion: Occasion) -> bool:
        """Whether method, path and entity are those meant."""
        return (
            (self.method is None or self.method == occasion.call.method)
            and (self.path is None or self.path.search(occasion.call.path))
            and (self.entity is None or self.entity == occasion.entity)
        )

    @property
    def described(self) -> dict[str, object]:
        """The match as the control API shows it."""
        shown: dict[str, object] = {
            "method": self.method,
            "path": self.path.pattern if self.path else None,
            "entity": self.entity,
            "nth": self.nth,
        }
        if self.probability < 1:
            shown |= {"probability": self.probability, "seed": self.seed}
        return shown


@dataclass(slots=True)
class Fault:
    """One armed fault. ``left`` tells how often it still strikes, None until it is cleared."""

    id: int
    kind: Kind
    match: Match
    left: int | None
    details: Details
    dice: random.Random
    seen: int = 0
    struck: int = 0
    # What the fault keeps between the calls that it strikes, by the room that asks for it.
    memory: dict[str, object] = field(default_factory=dict, repr=False)

    def strikes(self, occasion: Occasion) -> bool:
        """Whether the occasion is struck; counts it if it is one of those meant."""
        kind = self.kind
        if not kind.scope.covers(occasion) or not self.match.meets(occasion):
            return False
        if kind.when is not None and not kind.when(self.details, occasion):
            return False
        self.seen += 1
        if self.seen < self.match.nth or self.left == 0:
            return False
        if self.match.probability < 1 and self.dice.random() >= self.match.probability:
            return False
        if self.left is not None:
            self.left -= 1
        self.struck += 1
        return True

    @property
    def described(self) -> dict[str, object]:
        """The fault as the control API shows it."""
        state = {"left": self.left, "seen": self.seen, "struck": self.struck}
        match = self.match.described
        given = {name: value for name, value in self.details.values.items() if value is not None}
        return {"id": self.id, "kind": self.kind.name, "match": match, **given, **state}


class Faults:
    """The armed faults of a simulator, in the order they were armed.

    ``segments`` are the names that entity sets have in addresses; without them any is taken.
    """

    def __init__(self, segments: Collection[str] = ()) -> None:
        self._segments = segments
        self._armed: dict[int, Fault] = {}
        self._next = 1

    def arm(self, wish: object) -> Fault:
        """Arm what the control API was asked for. Raises ControlError."""
        fault = _fault(self._next, wish)
        self._check_entity(fault.match.entity)
        self._armed[fault.id] = fault
        self._next += 1
        return fault

    def _check_entity(self, entity: str | None) -> None:
        """Refuse an entity set that no call can be about: the fault would never strike."""
        if entity is None or not self._segments or entity in self._segments:
            return
        raise ControlError(
            f"There is no entity set '{entity}'.{did_you_mean(entity, self._segments)}"
        )

    def listed(self) -> list[dict[str, object]]:
        """All faults, those that are used up as well."""
        return [fault.described for fault in self._armed.values()]

    def clear(self, fault_id: int | None = None) -> None:
        """Forget one fault, or all. Raises ControlError for one that is not armed."""
        if fault_id is None:
            self._armed.clear()
        elif self._armed.pop(fault_id, None) is None:
            raise ControlError(f"No fault has the id {fault_id}.", 404)

    def striking(self, occasion: Occasion) -> list[Fault]:
        """The faults that hit this occasion; each is counted down."""
        return [fault for fault in self._armed.values() if fault.strikes(occasion)]


def _fault(fault_id: int, wish: object) -> Fault:
    if not isinstance(wish, dict):
        raise ControlError("A fault is a JSON object with a kind.")
    name = wish.get("kind")
    kind = MENU.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ControlError(f"The kind of a fault is one of {', '.join(sorted(MENU))}.")
    details = {detail.name: detail for detail in kind.details}
    _check_names(wish, ("kind", "match", "count", *details), "a fault of this kind")
    for detail in kind.details:
        if detail.name in wish:
            _check(detail.name, wish[detail.name], detail.shape)
        elif detail.needed:
            raise ControlError(f"A fault of the kind {kind.name} needs {detail.name}.")
    match = _match(wish.get("match", {}))
    count = wish.get("count", None if kind.lasts else 1)
    _check("count", count, _COUNT)
    given = Details({name: wish.get(name, detail.default) for name, detail in details.items()})
    mistake = kind.check(given) if kind.check is not None else None
    if mistake is not None:
        raise ControlError(mistake)
    dice = random.Random(match.seed)  # noqa: S311 - the same seed must strike the same calls
    return Fault(fault_id, kind, match, cast("int | None", count), given, dice)


def _match(given: object) -> Match:
    _check("match", given, _OBJECT)
    wish = cast("dict[str, object]", given)
    _check_names(wish, _MATCH, "match")
    for name, value in wish.items():
        _check(name, value, _MATCH[name])
    return Match(
        method=cast("str", wish.get("method", "")).upper() or None,
        path=Pattern(cast("str", wish["path"])) if "path" in wish else None,
        entity=cast("str | None", wish.get("entity")),
        nth=cast("int", wish.get("nth", 1)),
        probability=cast("float", wish.get("probability", 1)),
        seed=cast("int", wish.get("seed", 1)),
    )


def _check_names(given: Collection[str], known: Collection[str], where: str) -> None:
    for name in given:
        if name not in known:
            raise ControlError(f"'{name}' does not belong to {where}; known: {', '.join(known)}.")


def _check(name: str, value: object, shape: Shape) -> None:
    if not shape.test(value):
        raise ControlError(f"'{name}' is {shape.says}.")
