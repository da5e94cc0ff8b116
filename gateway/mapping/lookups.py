"""Lookups: the types of their answers, and the functions that ask their questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from gateway.documents import did_you_mean
from gateway.mapping.emission import Emission
from gateway.mapping.entity_types import record_type
from gateway.mapping.ledger import Ledger
from gateway.mapping.model import Leaf, LookupSource
from gateway.mapping.plan import FieldUse, Lookup
from gateway.mapping.rules import Findings
from gateway.mapping.scope import Every, Scope, Way
from gateway.mapping.types import GUID, Property, Type, map_of, object_of
from gateway.wire import Entity

Entities = Callable[[str], Entity | None]

_MATCH: Final = object_of(
    "an item match",
    {
        "id": Property(GUID),
        "number": Property(Type("text", 20)),
        "variant_id": Property(replace(GUID, nullable=True), optional=True),
        "unit_of_measure": Property(Type("text", 10, nullable=True), optional=True),
    },
)
_KEY: Final = Type("text")
_HIDING: Final = ("M201", "M202", "M222")  # as M1xx: what reads the lookup may not be seen


def lookup_types(
    sources: tuple[LookupSource, ...], entities: Entities, known: list[str], findings: Findings
) -> Type:
    """The type of `lookups`; an entity without a schema file is reported."""
    properties: dict[str, Property] = {}
    for source in sources:
        found = _MATCH
        if source.entity is not None:
            entity = entities(source.entity)
            if entity is None:
                path = (*source.path, "entity")
                message = f'There is no schema file of an entity "{source.entity}".'
                findings.unknown(path, "unknown-entity", message, source.entity, known)
            found = Type("any") if entity is None else record_type(entity, entities)
        if source.on_missing is None or source.optional:
            found = found.or_null()
        properties[source.name] = Property(
            map_of(f"lookups.{source.name}", found) if source.loop else found
        )
    return object_of("lookups", properties)


def compile_lookup(
    source: LookupSource,
    scope: Scope,
    ledger: Ledger,
    entities: Entities,
    file: str,
    *,
    patched: bool = False,
) -> Callable[[tuple[Way, ...]], Lookup]:
    """The lookup but for its `select`, which is known when everything that reads it is.
    `patched`: a list it goes over may be missing, and then there are no questions.
    """
    emission = Emission(f"{file} lookups.{source.name}")
    emission.line("asked = []")
    before = len(ledger.ways)
    entity = None if source.entity is None else entities(source.entity)
    indexes: tuple[str, ...] = ()
    if source.loop is None:
        _ask(source, entity, scope, ledger, emission, indexes="()")
    else:
        over = ledger.over(source.loop, scope, emission, empty=patched)
        if over.conditions:
            emission.line(f"if not ({' and '.join(over.conditions)}): return asked", over.spot)
        with ledger.looping(source.loop, over, scope, emission) as (inner, index):
            indexes = (index,)
            before = len(ledger.ways)
            _ask(source, entity, inner, ledger, emission, indexes=f"({index},)")
    emission.line("return asked")
    pointers = _pointers(tuple(ledger.ways[before:]), scope.input, indexes)

    def finished(ways: tuple[Way, ...]) -> Lookup:
        return Lookup(
            name=source.name,
            entity=source.entity,
            item_match=source.item_match,
            each=source.loop is not None,
            select=() if entity is None else _select(source, entity, ways),
            cache=source.cache,
            on_missing=source.on_missing,
            asked=emission.compiled(scope.input),
            ways=pointers,
        )

    return finished


def check_used(sources: tuple[LookupSource, ...], ways: list[Way], findings: Findings) -> None:
    """Report every lookup whose answer nothing reads, unless that may be for another mistake."""
    if any(one.rule.startswith("M1") or one.rule in _HIDING for one in findings.found):
        return
    used = {way[1] for way in ways if len(way) > 1 and way[0] == "lookups"}
    for source in sources:
        if source.name not in used:
            message = f"Nothing reads lookups.{source.name}."
            findings.at(source.path, "lookup-never-used", message, key=True)


def _ask(
    source: LookupSource,
    entity: Entity | None,
    scope: Scope,
    ledger: Ledger,
    emission: Emission,
    *,
    indexes: str,
) -> None:
    """One question: its key and its pairs of field and value."""
    key = "None"
    if source.key is not None:
        found, spot = ledger.leaf(source.key, Property(_KEY), scope, emission, ("key",))
        key = emission.fresh("t")
        emission.line(f"{key} = f_key({found.code})", spot)
    pairs = ""
    for name, leaf in source.where:
        drops = leaf.path[-1] != name
        type_ = condition_type(name, leaf, entity, ledger)
        target = (source.entity or source.name, name)
        written, spot = ledger.leaf(leaf, Property(type_), scope, emission, target, drops=drops)
        local = emission.fresh("t")
        emission.line("try:")
        with emission.indented():
            if written.conditions:
                emission.line(f"if not ({' and '.join(written.conditions)}): raise Dropped", spot)
            emission.line(f"{local} = {written.code}", spot)
        emission.line("except Dropped:")
        with emission.indented():
            marks = ledger.marks(emission)
            emission.line(marks.left_out(leaf.path, target, spot.ways) if drops else "pass")
            emission.line("return asked")
        pairs += f"({name!r}, {local}), "
    emission.line(f"asked.append(({key}, ({pairs}), {indexes}))")


def condition_type(name: str, leaf: Leaf, entity: Entity | None, ledger: Ledger) -> Type:
    """The type of a field that a lookup finds by."""
    if entity is None:
        return Type("any")
    field = entity.fields.get(name)
    if field is None:
        message = f'{entity.entity_set} has no "{name}".'
        hint = did_you_mean(name, list(entity.fields))
        ledger.findings.at(leaf.path, "unknown-field", message, key=True, hint=hint)
        return Type("any")
    if not field.filterable:
        message = f"Business Central cannot find {entity.entity_set} by {name}."
        ledger.findings.at(leaf.path, "not-filterable", message, key=True)
    place = ledger.findings.document.place(leaf.path, key=True)
    ledger.fields.append(FieldUse(entity.entity_set, name, "read", place))
    found = record_type(entity, _alone).shape
    type_ = found.properties[name].type if found else Type("any")
    return replace(type_, max_length=None, nullable=False)


def _alone(_: str) -> None:
    """The entities there are for somebody who asks for fields alone."""


def _pointers(
    ways: tuple[Way, ...], input_name: str | None, indexes: tuple[str, ...]
) -> tuple[tuple[str | int, ...], ...]:
    """Where in the input a question comes from; a loop's index is a number."""
    found = [
        tuple(
            indexes.index(part.local)
            if isinstance(part, Every) and part.local in indexes
            else str(part)
            for part in way[1:]
        )
        for way in ways
        if way and way[0] == input_name
    ]
    return tuple(dict.fromkeys(found))


def _select(source: LookupSource, entity: Entity, ways: tuple[Way, ...]) -> tuple[str, ...]:
    """The key, what the lookup finds by, and every field that something reads."""
    wanted = {*entity.key, *(name for name, _ in source.where)}
    for way in ways:
        if way[:2] == ("lookups", source.name):
            rest = [part for part in way[2:] if isinstance(part, str)]
            wanted.update(rest[:1])
    return tuple(name for name in entity.fields if name in wanted)
