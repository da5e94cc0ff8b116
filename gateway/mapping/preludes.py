"""Everything of a write before its body: its names, lookups and guards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.mapping.emission import Emission
from gateway.mapping.ledger import Ledger
from gateway.mapping.lookups import check_used, compile_lookup, lookup_types
from gateway.mapping.model import GuardSource, LookupSource, WriteSource
from gateway.mapping.patch import Steps
from gateway.mapping.plan import Guard, Lookup, Plan
from gateway.mapping.presence import Fact
from gateway.mapping.scope import Every, Scope, Value, Way, way_words
from gateway.mapping.selection import input_paths, unread
from gateway.mapping.surroundings import Surroundings
from gateway.mapping.types import TEXT, Property, Type, canonical_type, object_of, patched_type
from gateway.validation import json_pointer


@dataclass(frozen=True, slots=True)
class Prelude:
    """What is known before the body. `whole` is the type of the input, `scope` has the names of
    the body, where no guard has refused the document; `asking` those of lookups and anchors.
    """

    source: WriteSource
    ledger: Ledger
    around: Surroundings
    whole: Type
    asking: Scope
    scope: Scope
    lookups: tuple[Callable[[tuple[Way, ...]], Lookup], ...]
    behind: Mapping[str, tuple[Way, ...]]
    guards: tuple[Callable[[], Guard], ...]
    guarded: frozenset[str]

    def leading(self, ways: Iterable[Way]) -> tuple[Way, ...]:
        """The paths, and for each lookup among them the paths that its questions are made of."""
        found = list(ways)
        for name in lookups_among(found):
            found += self.behind.get(name, ())
        return tuple(dict.fromkeys(found))

    def patched(self) -> Scope:
        """The scope of a change: the input is a record with a patch merged into it."""
        name = self.source.input
        return self.scope.having({name: Value(patched_type(self.whole), "", (name,))})

    def check(self, *, said: Steps | None = None) -> None:
        """Report lookups and input that nothing reads. `said` is a path that needs no reader."""
        ledger, source = self.ledger, self.source
        check_used(source.lookups, ledger.ways, ledger.findings)
        lost = [
            way_words(way)
            for way in unread(ledger.ways, source.input, self.whole)
            if way[1:] != said
        ]
        if source.input and lost and not ledger.findings.failed:
            message = f"Nothing reads {', '.join(lost)}."
            ledger.findings.at((*source.path, "input"), "input-never-used", message)

    def _reads(self, way: Way) -> bool:
        return bool(self.source.input) and way[:1] == (self.source.input,)

    def finished(self, base: Plan, verb: str) -> Plan:
        """The plan with all of this, once everything of the verb is written."""
        ledger = self.ledger
        return replace(
            base,
            verb=verb,
            input=self.source.input or None,
            lookups=tuple(one(tuple(ledger.ways)) for one in self.lookups),
            checks=tuple(one() for one in self.guards),
            fields=tuple(dict.fromkeys([*base.fields, *ledger.fields])),
            reads=tuple(dict.fromkeys(_plain(way) for way in ledger.ways if self._reads(way))),
        )


def _plain(way: Way) -> Way:
    """A path without the variables of a generated function."""
    return tuple(Every(None) if isinstance(part, Every) else part for part in way)


def compile_prelude(
    source: WriteSource,
    around: Surroundings,
    ledger: Ledger,
    *,
    patched: bool = False,
    target: str | None = None,
    schema: Mapping[str, Any] | None = None,
) -> Prelude:
    """What stands before the body. `patched`: the input is a patch, or what one makes of a
    record; `target` is the name of the parameter of the path; `schema` is the canonical schema of
    the input, by default that of the resource.
    """
    whole = canonical_type(schema or around.canonical, "input", source.input)
    type_ = patched_type(whole) if patched else whole
    known = {source.input: Value(type_, "", (source.input,))} if source.input else {}
    if target is not None:
        path = object_of("target", {target: Property(TEXT)})
        known["target"] = Value(path, "", ("target",))
    asking = replace(around.scope.having(known), input=source.input or None)
    types = lookup_types(source.lookups, around.entities, around.entity_sets, ledger.findings)
    scope = asking.having({"lookups": Value(types, "", ("lookups",))})
    lookups, behind = _lookups(source.lookups, asking, ledger, around, patched=patched)
    bare = Prelude(source, ledger, around, whole, asking, scope, lookups, behind, (), frozenset())
    guards, facts, guarded = compile_guards(source.guards, bare, scope)
    return replace(bare, scope=scope.knowing(*facts), guards=guards, guarded=guarded)


def lookups_among(ways: Iterable[Way]) -> frozenset[str]:
    """The names of the lookups that these paths lead into."""
    return frozenset(str(way[1]) for way in ways if len(way) > 1 and way[0] == "lookups")


def _lookups(
    sources: tuple[LookupSource, ...],
    asking: Scope,
    ledger: Ledger,
    around: Surroundings,
    *,
    patched: bool,
) -> tuple[tuple[Callable[[tuple[Way, ...]], Lookup], ...], dict[str, tuple[Way, ...]]]:
    """The lookups, and by name the paths that their questions are made of."""
    file = ledger.findings.document.file
    made, behind = [], {}
    for source in sources:
        before = len(ledger.ways)
        made.append(compile_lookup(source, asking, ledger, around.entities, file, patched=patched))
        behind[source.name] = tuple(ledger.ways[before:])
    return tuple(made), behind


def compile_guards(
    sources: tuple[GuardSource, ...], prelude: Prelude, scope: Scope
) -> tuple[tuple[Callable[[], Guard], ...], list[Fact], frozenset[str]]:
    """The guards, the facts that hold once none of them has refused, and what lookups they read."""
    ledger, around = prelude.ledger, prelude.around
    guards: list[Callable[[], Guard]] = []
    facts: list[Fact] = []
    read: set[str] = set()
    for source in sources:
        emission = Emission(f"{ledger.findings.document.file} guard")
        code, fact, spot = ledger.condition(source.when, scope, emission)
        emission.line(f"return {code}", spot)
        read |= lookups_among(spot.ways)
        facts.append((fact[0], False))
        name = prelude.source.input
        paths = input_paths(spot.ways, name) or input_paths(prelude.leading(spot.ways), name)
        pointers = _pointers(paths)

        def finished(
            emission: Emission = emission,
            source: GuardSource = source,
            pointers: tuple[str, ...] = pointers,
        ) -> Guard:
            place = ledger.findings.document.place(source.path)
            bad = emission.compiled(scope.input)
            return Guard(around.rejections[source.reject], bad, pointers, place)

        guards.append(finished)
    return tuple(guards), facts, frozenset(read)


def _pointers(paths: tuple[Steps, ...]) -> tuple[str, ...]:
    return tuple(map(json_pointer, paths))
