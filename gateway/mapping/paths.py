"""Paths in expressions: resolved in the schemas, and written as plain reads of dictionaries.

A read is strict where the path is surely there. Where it may be missing it is a finding, unless
the leaf ends in `?` (then the leaf is left out) or something asks for the path softly
(`| default(…)`, `is present`). Dotted access reads keys and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from jinja2 import nodes

from gateway.documents import did_you_mean, suggest
from gateway.mapping.emission import Emission
from gateway.mapping.extents import extent, report_at
from gateway.mapping.names import UNNAMED
from gateway.mapping.presence import Fact, Trail, trail_of
from gateway.mapping.scope import Every, Scope, Site, Use, Value, Way, way_words
from gateway.mapping.types import ANY, FAULTY, Shape, Type

_NOTHING: Final = Value(ANY, "None")


@dataclass(frozen=True, slots=True)
class _Link:
    """One step of a path: the code of its key, what is there, and whether it may be missing.

    `unknown`: no schema says what it steps into.
    """

    key: str
    type: Type
    way: Way | None
    optional: bool
    list: bool = False
    unknown: bool = False

    @property
    def plain(self) -> bool:
        """Whether it is a key that may be missing of an object that a schema describes."""
        written = self.key[0] in "'\""  # no computed key
        return written and self.optional and not self.list and not self.unknown


@dataclass(frozen=True, slots=True)
class _Path:
    """A resolved path: the value it begins at, and its steps."""

    root: Value
    links: tuple[_Link, ...]
    trail: Trail | None

    @property
    def type(self) -> Type:
        return self.links[-1].type if self.links else self.root.type

    @property
    def way(self) -> Way | None:
        return self.links[-1].way if self.links else self.root.way


class Paths:
    """The reads of one leaf. `valued` walks what is no path; `drops`: the leaf ends in `?`.

    `bound` are the variables that must not be null before the leaf is evaluated; `risky` says
    that evaluating it may still raise `Dropped`.
    """

    def __init__(
        self,
        scope: Scope,
        site: Site,
        emission: Emission,
        valued: Callable[[nodes.Expr], Value],
        *,
        drops: bool,
    ) -> None:
        self.scope = scope
        self.site = site
        self.emission = emission
        self.bound: dict[str, str] = {}
        self.risky = False
        self._valued = valued
        self._drops = drops
        self._branches = 0

    @contextmanager
    def under(self, *facts: Fact) -> Iterator[None]:
        """Inside of a branch that is evaluated only while `facts` hold."""
        before, self.scope = self.scope, self.scope.knowing(*facts)
        self._branches += 1
        yield
        self._branches -= 1
        self.scope = before

    def proven(self, node: nodes.Expr) -> bool:
        """Whether the conditions around it prove that the path `node` is there and not null."""
        trail = trail_of(node)
        return trail is not None and self.scope.facts.proves(trail)

    def read(self, node: nodes.Expr) -> Value:
        """The value of a path that has to be there."""
        path = self._resolved(node)
        if path is None:
            return _NOTHING
        sure = self.proven(node)
        type_ = path.type.not_null() if sure else path.type
        gap = self._gap(path)
        if not self._drops or (gap is None and not type_.nullable):
            if gap is not None:
                self._report_gap(node, path, gap)
            return Value(type_, _strict(path), path.way, path.root.trusted and not path.links)
        soft = self._soft(path)
        if self._branches:
            self.risky = True
            return Value(type_.not_null(), f"f_need({soft})", path.way)
        for local, code in self.bound.items():
            if code == soft:
                return Value(type_.not_null(), local, path.way)
        local = self.emission.fresh("t")
        self.bound[local] = soft
        return Value(type_.not_null(), local, path.way)

    def soft(self, node: nodes.Expr) -> tuple[Value, bool] | None:
        """The value of a path, null when it is missing, and whether it can be either at all.

        None when `node` is no path, or one with findings.
        """
        path = self._resolved(node)
        if path is None:
            return None
        absent = self._gap(path) is not None or path.type.nullable
        code = self._soft(path)
        return Value(path.type.or_null(), code, path.way), absent

    def _gap(self, path: _Path) -> int | None:
        """The first step that may be missing and is not proven to be there."""
        container = path.root.type
        for index, link in enumerate(path.links):
            prefix = None if path.trail is None else path.trail[: index + 1]
            if container.nullable and not (prefix and self.scope.facts.proves(prefix)):
                return max(0, index - 1)
            own = None if path.trail is None else path.trail[: index + 2]
            if link.optional and not (own and self.scope.facts.proves(own)):
                return index
            container = link.type
        return None

    def _report_gap(self, node: nodes.Expr, path: _Path, gap: int) -> None:
        if self.scope.doubts((path.trail or ())[: gap + 2]):
            return
        offset, length = extent(node)
        way = path.links[gap].way
        self.site.report(
            "may-be-missing",
            f"{way_words(way)} may be missing." if way else "This may be missing.",
            offset,
            length=length,
            input_=way_words(path.way) if path.way else None,
            hint=self.site.absent,
        )

    def _soft(self, path: _Path) -> str:
        """Code that yields null where anything of the path is missing or null."""
        code, open_, links = path.root.code, path.root.type.nullable, path.links
        if not open_ and len(links) > 1 and links[0].plain:
            part = self.emission.part(code, links[0].key)
            if part is not None:
                code, open_, links = part, True, links[1:]
        for link in links:
            held = not open_ or code.isidentifier()
            holder = code if held else self.emission.fresh("t")
            if link.unknown:
                access = f"f_within({holder}, {link.key})"
            elif not link.optional:
                access = f"{holder}[{link.key}]"
            elif link.list:
                access = f"f_item({holder}, {link.key})"
            else:
                access = f"{holder}.get({link.key})"
            there = holder if held else f"({holder} := {code})"
            code = f"({access} if {there} is not None else None)" if open_ else access
            open_ = open_ or link.optional or link.type.nullable
        return code

    def _resolved(self, node: nodes.Expr) -> _Path | None:
        base, steps = _steps(node)
        root = self._root(base, alone=not steps)
        if root is None:
            return None
        links: list[_Link] = []
        type_, way = root.type, root.way
        for step, key in steps:
            link = self._link(type_, way, step, key)
            if link is None:
                return None
            links.append(link)
            type_, way = link.type, link.way
        longest = next((link.way for link in reversed(links) if link.way), root.way)
        if longest:
            self.site.ways.append(longest)
        return _Path(root, tuple(links), trail_of(node))

    def _root(self, base: nodes.Expr, *, alone: bool) -> Value | None:
        if not isinstance(base, nodes.Name):
            return self._valued(base)
        found = self.scope.names.get(base.name)
        if found is None and UNNAMED in self.scope.names:
            found = Value(FAULTY, "None")
        if found is None:
            known = list(self.scope.names)
            hint = self._inside(base.name)
            if hint is None and alone:
                hint = _quoted(base.name, known)
            hint = hint or did_you_mean(base.name, known)
            if base.name == "null":
                hint = "Null is written `none`."
            message = f'There is no name "{base.name}" here.'
            report_at(self.site, base, "unknown-name", message, hint)
            return None
        if found.type.shape is FAULTY.shape:
            self.site.faulty = True
        code = found.code
        if base.name == "tables":  # constants of the file: a call brings none
            code = self.emission.constant(self.scope.tables)
        return Value(found.type, code or self.emission.root(base.name), found.way, found.trusted)

    def _inside(self, word: str) -> str | None:
        """The hint for a name that is no name, but a field of the input or of an element."""
        for name, value in reversed(list(self.scope.names.items())):
            shape = value.type.shape
            if shape is not None and word in shape.properties:
                return f'Did you mean "{name}.{word}"?'
        return None

    def _link(
        self, type_: Type, way: Way | None, step: nodes.Expr, key: str | int | nodes.Expr
    ) -> _Link | None:
        if type_.kind == "any":
            code = self._valued(key).code if isinstance(key, nodes.Expr) else repr(key)
            inner = FAULTY if self.site.faulty else ANY.or_null()
            return _Link(code, inner, None, optional=False, unknown=True)
        if type_.kind == "list":
            return self._index(type_, way, step, key)
        if type_.shape is None:
            message = f"There is nothing inside of {type_.words}."
            report_at(self.site, step, "unknown-input", message)
            return None
        if isinstance(key, str):
            return self._property(type_.shape, way, step, key)
        return self._computed(type_.shape, way, step, key)

    def _index(
        self, type_: Type, way: Way | None, step: nodes.Expr, key: str | int | nodes.Expr
    ) -> _Link | None:
        items = type_.items or ANY
        if isinstance(key, int):
            there = None if way is None else (*way, str(key))
            return _Link(repr(key), items, there, optional=True, list=True)
        if isinstance(key, nodes.Expr):
            index = self._valued(key)
            if index.type.kind in {"integer", "any"}:
                return _Link(f"f_number({index.code})", items, None, optional=True, list=True)
        report_at(
            self.site,
            step,
            "unknown-input",
            "This is a list: an element has an index.",
            "Use `$each`, or `| pluck('…')`, or `| first`.",
        )
        return None

    def _property(self, shape: Shape, way: Way | None, step: nodes.Expr, key: str) -> _Link | None:
        there = None if way is None else (*way, key)
        found = shape.properties.get(key)
        whole = shape.sure and shape.properties  # a table, which has nothing else
        if found is None and shape.others is not None and not whole:
            return _Link(repr(key), shape.others, there, optional=not shape.sure)
        if found is None:
            known = [name for name, one in shape.properties.items() if not one.refused]
            message = f'{shape.name} has no "{key}".'
            report_at(self.site, step, "unknown-input", message, did_you_mean(key, known))
            return None
        if found.refused:
            report_at(
                self.site,
                step,
                "unknown-input",
                f"{there and way_words(there)}: {found.refused}",
                "Read another path.",
            )
            return None
        if shape.entity is not None:
            self.site.uses.append(Use(shape.entity.entity_set, key))
        return _Link(repr(key), found.type, there, optional=found.optional)

    def _computed(
        self, shape: Shape, way: Way | None, step: nodes.Expr, key: int | nodes.Expr
    ) -> _Link | None:
        if isinstance(key, int) or shape.others is None:
            message = "Only maps can be read with a computed key."
            report_at(self.site, step, "not-in-the-language", message)
            return None
        found = self._valued(key)
        if found.type.kind not in {"text", "any"}:
            report_at(
                self.site,
                key,
                "wrong-type",
                "A key is text.",
                expected="text",
                actual=found.type.words,
            )
        there = (*way, Every(None)) if way and shape.sure else None
        return _Link(found.code, shape.others, there, optional=not shape.sure)


def _quoted(word: str, known: list[str]) -> str | None:
    """The hint for a text without quotes; None for what looks like one of the names."""
    if word[0].isupper():
        return f"Put a text in quotes: '{word}'."
    if suggest(word, known) is not None:
        return None
    return f"Put a text in quotes: '{word}'. Known here: {', '.join(known)}."


def _strict(path: _Path) -> str:
    code = path.root.code
    for link in path.links:
        code = f"f_inside({code}, {link.key})" if link.unknown else f"{code}[{link.key}]"
    return code


def _steps(
    node: nodes.Expr,
) -> tuple[nodes.Expr, list[tuple[nodes.Expr, str | int | nodes.Expr]]]:
    """Where a path begins, and its steps: each with its node and its key."""
    steps: list[tuple[nodes.Expr, str | int | nodes.Expr]] = []
    while True:
        if isinstance(node, nodes.Getattr):
            steps.append((node, node.attr))
        elif isinstance(node, nodes.Getitem):
            constant = node.arg.value if isinstance(node.arg, nodes.Const) else None
            plain = isinstance(constant, str | int) and not isinstance(constant, bool)
            steps.append((node, constant if plain else node.arg))  # type: ignore[arg-type]  # plain narrows it
        else:
            return node, steps[::-1]
        node = node.node
