"""What the leaves of a verb read and write, collected while they are compiled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from gateway.mapping.emission import Emission
from gateway.mapping.expressions import Walk
from gateway.mapping.failures import Spot
from gateway.mapping.leaves import Written, parsed, write_leaf
from gateway.mapping.marks import Marks
from gateway.mapping.model import Expression, Leaf, Loop
from gateway.mapping.names import UNNAMED
from gateway.mapping.plan import FieldUse
from gateway.mapping.presence import Fact, unread
from gateway.mapping.rules import Findings, Path
from gateway.mapping.scope import Every, Scope, Site, Value, Way, way_words
from gateway.mapping.types import ANY, FAULTY, INTEGER, Property, Type


@dataclass(frozen=True, slots=True)
class Over:
    """A list that is looped over. `conditions` must hold before `code` is evaluated."""

    code: str
    items: Type
    way: Way | None
    conditions: tuple[str, ...]
    spot: Spot


@dataclass(slots=True)
class Ledger:
    """The findings of a file, and what its leaves have read and written so far."""

    findings: Findings
    ways: list[Way] = field(default_factory=list)
    fields: list[FieldUse] = field(default_factory=list)

    def leaf(
        self,
        leaf: Leaf,
        found: Property,
        scope: Scope,
        emission: Emission,
        target: Way,
        *,
        drops: bool = False,
    ) -> tuple[Written, Spot]:
        """The code of a leaf that is written to `found`, and where errors of it belong."""
        droppable = found.optional or leaf.path[-2:-1] == ("where",)
        site = Site(self.findings, leaf.path, way_words(target), droppable=droppable)
        written = write_leaf(
            leaf, found.type, scope, site, emission, drops=drops, field=found.field
        )
        spot = self._closed(site, target)
        code = self.marks(emission).leaf(written.code, leaf.path, target, spot.ways)
        return replace(written, code=code), spot

    def marks(self, emission: Emission) -> Marks:
        """What marks the leaves and branches of a function that were run."""
        return Marks(self.findings, emission)

    def condition(
        self, when: Expression, scope: Scope, emission: Emission, target: Way = ()
    ) -> tuple[str, Fact, Spot]:
        """The code of a condition, the fact that it holds, and where errors of it belong."""
        site, told = Site(self.findings, when.path), self.findings.told
        node = parsed(when, site)
        code = "False" if node is None else Walk(scope, site, emission).truth(node)
        code = self.marks(emission).decided(code, when.path)
        if node is None or self.findings.told > told:
            node = unread(when.text if "guards" in when.path else None)
        return code, (node, True), self._closed(site, target)

    def over(
        self,
        loop: Loop,
        scope: Scope,
        emission: Emission,
        *,
        drops: bool = False,
        empty: bool = False,
    ) -> Over:
        """The list of a loop; with `drops` it may be missing, and must be able to; with `empty`
        one that is missing has no elements.
        """
        site, told = Site(self.findings, loop.over.path), self.findings.told
        walk = Walk(scope, site, emission, drops=drops or empty)
        node = parsed(loop.over, site)
        value = Value(ANY, "[]") if node is None else walk.value(node)
        if value.type.kind not in {"list", "any"} or value.type.nullable:
            message = "`$each` goes over a list, and this is none or may be null."
            actual = value.type.words
            site.report("wrong-type", message, expected="a list", actual=actual)
        if drops and node is not None and not walk.paths.bound:
            message = "Nothing this reads can be missing or null."
            site.report("can-never-drop", message, hint="Leave out the `?` of the key.")
        wrong = site.faulty or (self.findings.told > told and value.type.items is None)
        items = FAULTY if wrong else value.type.items or ANY
        written = Written(value.code, bound=tuple(walk.paths.bound.items()))
        conditions = tuple(written.conditions)
        spot = self._closed(site, (), over=value.way)
        return Over(value.code, items, value.way, conditions, spot)

    @contextmanager
    def looping(
        self, loop: Loop, over: Over, scope: Scope, emission: Emission
    ) -> Iterator[tuple[Scope, str]]:
        """Inside of the loop: its scope, and the variable with the index."""
        index, element = emission.fresh("x"), f"v_{loop.name}"
        way = None if over.way is None else (*over.way, Every(index))
        names = {loop.name: Value(over.items, element, way)}
        if loop.index is not None:
            names[loop.index] = Value(INTEGER, index, trusted=True)
        for name, key in ((loop.name, "$as"), (loop.index, "$index")):
            if name is not None and name in scope.names and name != UNNAMED:
                path = (*loop.over.path[:-1], key)
                message = f'"{name}" already means something here.'
                self.findings.at(path, "bad-name", message, hint="Take another name.")
                names |= dict.fromkeys((name, UNNAMED), Value(FAULTY, "None"))
        code = emission.over(over.code)
        emission.line(f"for {index}, {element} in enumerate({code}):", over.spot)
        with emission.indented():
            yield scope.having(names), index

    def written(self, entity_set: str, name: str, path: Path) -> None:
        """A field of Business Central is written at `path`."""
        place = self.findings.document.place(path, key=True)
        self.fields.append(FieldUse(entity_set, name, "write", place))

    def _closed(self, site: Site, target: Way, *, over: Way | None = None) -> Spot:
        """The spot of a leaf. To go `over` a list is not yet to read what is in it."""
        place = self.findings.document.place(site.path)
        for use in dict.fromkeys(site.uses):
            self.fields.append(FieldUse(use.entity, use.field, "read", place))
        ways = tuple(dict.fromkeys(site.ways))
        self.ways += [(*way, Every(None)) if way == over else way for way in ways]
        return Spot(target, place, ways)
