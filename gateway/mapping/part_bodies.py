"""A part in the body of `update` or `upsert` → the PartChange: its elements, told apart by a key.

Business Central changes no part together with its record (bc/api.md §7), so each element is a
call of its own. Which element is meant must be beyond doubt: what has no key is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.mapping.bodies import Bodies
from gateway.mapping.change import PartChange, Shown
from gateway.mapping.emission import Emission
from gateway.mapping.entity_types import update_type
from gateway.mapping.ledger import Ledger
from gateway.mapping.model import Each, Entry, Fields, Keyed, Leaf, Listing, Pick, Template
from gateway.mapping.patch import Steps
from gateway.mapping.preludes import Prelude, lookups_among
from gateway.mapping.rules import Findings
from gateway.mapping.scope import Every, Way, way_words
from gateway.mapping.selection import input_paths, recorded, recorded_lists
from gateway.mapping.types import ANY, Type
from gateway.wire import Entity

_USUAL: Final = ("sequence", "code", "number")  # what the elements of parts are known by


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """A part that is written and not compiled yet. `select` are the fields it needs of elements."""

    entry: Entry
    entity: Entity
    keyed: Keyed
    emission: Emission
    shown: Shown | None
    spared: frozenset[str]
    listed: Steps | None
    reads: tuple[Steps, ...]
    lookups: frozenset[str]
    select: tuple[str, ...]

    def finished(self, prelude: Prelude) -> PartChange:
        """The part, once everything is known."""
        return PartChange(
            part=self.entry.name,
            entity=self.entity.entity_set,
            key=self.keyed.fields,
            shown=self.shown,
            spared=self.spared,
            listed=self.listed,
            reads=self.reads,
            lookups=self.lookups,
            place=prelude.ledger.findings.document.place(self.entry.path, key=True),
            valued=self.emission.compiled(prelude.source.input),
        )


def write_part(entry: Entry, prelude: Prelude, ledger: Ledger) -> WrittenPart | None:
    """Write the part of an entry, None when it cannot be one. What has to do with changes alone
    is reported in either case, what a create would report as well goes to `ledger`.
    """
    findings, template = prelude.ledger.findings, entry.template
    part = prelude.around.entity.parts[entry.name]
    entity = prelude.around.entities(part.entity_set)
    if not part.many or not isinstance(template, Each | Listing) or entity is None:
        message = "Of the parts of a record only lists are changed with it."
        findings.at(entry.path, "bad-element", message, key=True, hint="Change it by a step.")
        return None
    if template.keyed is None:
        message = f"Nothing says which element of {entry.name} is which."
        named = [name for name in _USUAL if name in entity.fields]
        hint = f"Add `$key: [{named[0] if named else entity.key[0]}]`."
        if ledger.findings is not findings:
            hint += " Or name it under `create_only`."
        findings.at(entry.path, "no-element-key", message, key=True, hint=hint)
        return None
    _check_calls(template.keyed, entity, findings)
    _check_key(template.keyed, template, entity, findings)
    return _written(entry, template.keyed, entity, prelude, ledger)


def _written(
    entry: Entry, keyed: Keyed, entity: Entity, prelude: Prelude, ledger: Ledger
) -> WrittenPart:
    findings, source = prelude.ledger.findings, prelude.source
    emission = Emission(f"{findings.document.file} {entry.name}")
    before = len(ledger.ways)
    made = emission.fresh("c")
    emission.line(f"{made} = []")
    items = _items(entry, prelude)
    Bodies(ledger, emission).elements(
        entry.template, items, prelude.patched(), (entry.name, Every(made)), made, empty=True
    )
    emission.line(f"return {made}")
    ways = tuple(dict.fromkeys(ledger.ways[before:]))
    leading = prelude.leading(ways)
    reads = input_paths(leading, source.input)
    _check_known(entry, leading, reads, prelude)
    bodies = list(_bodies(entry.template))
    written = {one.name for body in bodies for one in body.entries}
    shown = _shown(entry, keyed, entity, reads, prelude) if keyed.others == "delete" else None
    return WrittenPart(
        entry=entry,
        entity=entity,
        keyed=keyed,
        emission=emission,
        shown=shown,
        spared=frozenset(one.name for body in bodies for one in body.entries if one.optional),
        listed=_listed(entry.template, source.input),
        reads=reads,
        lookups=lookups_among(ways),
        select=tuple(
            name
            for name in entity.fields
            if name in written or name in keyed.fields or name in entity.key
        ),
    )


def _listed(template: Template, name: str) -> Steps | None:
    """The list of the input called `name` whose elements are those of the part, one for one."""
    if not isinstance(template, Each) or template.body.when is not None:
        return None
    first, *path = template.loop.over.text.strip().split(".")
    plain = first == name and path and all(map(str.isidentifier, path))
    return tuple(path) if plain else None


def _items(entry: Entry, prelude: Prelude) -> Type:
    """What Business Central takes for an element."""
    shape = update_type(prelude.around.entity, prelude.around.entities).shape
    found = None if shape is None else shape.properties[entry.name].type.items
    return found or ANY


def _bodies(template: Template) -> Iterator[Fields]:
    """The objects that elements are made of."""
    match template:
        case Fields():
            yield template
        case Each():
            yield template.body
        case Listing():
            for part in template.parts:
                yield from _bodies(part)
        case Pick():
            yield from template.choices


def _check_calls(keyed: Keyed, entity: Entity, findings: Findings) -> None:
    deleting = {"delete"} if keyed.others == "delete" else set()
    for method in sorted({"get", "post", "patch", *deleting} - entity.verbs):
        message = f"Business Central takes no {method.upper()} on {entity.entity_set}."
        key = "$others" if method == "delete" else "$key"
        findings.at((*keyed.path, key), "cannot-be-called", message, key=True)


def _check_key(keyed: Keyed, template: Template, entity: Entity, findings: Findings) -> None:
    """The key must be one, and stand in every element."""
    for index, name in enumerate(keyed.fields):
        path = (*keyed.path, "$key", index)
        if name not in entity.fields:
            message = f'{entity.entity_set} has no "{name}".'
            findings.unknown(path, "unknown-field", message, name, list(entity.fields))
        elif not entity.fields[name].filterable:
            message = f"Business Central cannot find {entity.entity_set} by {name}."
            findings.at(path, "not-filterable", message)
    for body in _bodies(template):
        written = {one.name for one in body.entries if not one.optional}
        for name in keyed.fields:
            if name in entity.fields and name not in written:
                message = f"An element without {name} could be any."
                hint = f"Write {name}, without `?`."
                findings.at(body.path, "element-without-key", message, hint=hint)
        for entry in body.entries:
            if entry.name in entity.parts:
                message = "An element is changed without parts of its own."
                findings.at(entry.path, "bad-element", message, key=True, hint="Leave it out.")


def _check_known(
    entry: Entry, ways: tuple[Way, ...], reads: tuple[Steps, ...], prelude: Prelude
) -> None:
    """Of several paths a patch may name one alone: the others must be known from the record, with
    everything that is read of their elements.
    """
    if len(reads) <= 1:
        return
    name, fields = prelude.source.input, prelude.around.file.record
    lists = {path: {one.name for one in each.body.entries} for path, each in recorded_lists(fields)}
    known = [path for path in recorded(fields) if path not in lists]
    unknown = [
        way_words(way) for way in ways if way[0] == name and not _is_known(way[1:], known, lists)
    ]
    if unknown:
        message = f"A patch may leave out {', '.join(unknown)}, and `record` does not write it."
        hint = "Let `record` write it, or let the elements read their list alone."
        prelude.ledger.findings.at(entry.path, "not-in-the-record", message, key=True, hint=hint)


def _is_known(way: Way, known: list[Steps], lists: dict[Steps, set[str]]) -> bool:
    until = next((at for at, part in enumerate(way) if isinstance(part, Every)), len(way))
    path, inner = tuple(str(part) for part in way[:until]), way[until + 1 : until + 2]
    if path in lists:
        return all(part in lists[path] for part in inner)
    return any(path == one[: len(path)] or one == path[: len(one)] for one in known)


def _shown(
    entry: Entry, keyed: Keyed, entity: Entity, reads: tuple[Steps, ...], prelude: Prelude
) -> Shown | None:
    """Where `record` shows the elements that a caller may leave out, which then are deleted."""
    for path, each in recorded_lists(prelude.around.file.record):
        if path not in reads or each.loop.over.text.strip() != f"bc.{entry.name}":
            continue
        copies = {
            found.group(1): one.name
            for one in each.body.entries
            if isinstance(one.template, Leaf)
            and (found := _COPY.fullmatch(str(one.template.value)))
            and found.group(0).strip("{} ").startswith(f"{each.loop.name}.")
        }
        if all(name in copies for name in keyed.fields):
            return Shown(path, tuple(copies[name] for name in keyed.fields))
    findings = prelude.ledger.findings
    unread = any(one.rule.startswith("M1") for one in findings.found)  # the list may be meant
    if not unread and all(name in entity.fields for name in keyed.fields):
        message = "Nobody can leave out what no answer shows, and `record` shows no such list."
        words = ", ".join(keyed.fields)
        hint = f"Let `record` write a list of bc.{entry.name} with {words} as it is, or keep them."
        place = (*keyed.path, "$others")
        findings.at(place, "others-not-shown", message, key=True, hint=hint)
    return None


_COPY = re.compile(r"\{\{\s*[a-z_][A-Za-z0-9_]*\.([A-Za-z0-9_]+)\s*\}\}")
