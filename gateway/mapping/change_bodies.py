"""A body of `update` or `upsert` → the Change: each field by itself, with the paths it reads.

In a change every path of the input may be missing or null; such a path ends its leaf, and the
field gets its blank. So nothing here may say what happens then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from jinja2 import nodes

from gateway.documents import did_you_mean
from gateway.mapping.change import Change, FieldChange, Fixed
from gateway.mapping.checker import NEVER_WRITTEN, renames
from gateway.mapping.emission import Emission
from gateway.mapping.entity_types import update_type
from gateway.mapping.extents import report_at
from gateway.mapping.failures import Spot
from gateway.mapping.leaves import is_expression
from gateway.mapping.ledger import Ledger
from gateway.mapping.model import Entry, Leaf
from gateway.mapping.part_bodies import WrittenPart, write_part
from gateway.mapping.patch import Steps
from gateway.mapping.preludes import Prelude, lookups_among
from gateway.mapping.record import Record
from gateway.mapping.rules import Findings
from gateway.mapping.scope import Site, way_words
from gateway.mapping.selection import input_paths, may_miss, recorded, unwritten
from gateway.mapping.syntax import Mistake, parse_leaf
from gateway.mapping.types import Property
from gateway.wire import Entity

_NOTHING_MISSES = "What is missing or null here clears the field."


@dataclass(frozen=True, slots=True)
class _Field:
    """A field that is written and not compiled yet."""

    entry: Entry
    emission: Emission
    reads: tuple[Steps, ...]
    lookups: frozenset[str]


def compile_update_body(prelude: Prelude) -> Callable[[Record], Change]:
    """The change of `update`, given the record. Everything in its body must be of use."""
    ledger = prelude.ledger
    fields: list[_Field | WrittenPart] = []
    for entry in prelude.source.body.entries:
        _check_words(entry, ledger.findings)
        found = _written(entry, prelude, ledger)
        if found is not None and not found.reads and not ledger.findings.failed:
            message = f"{entry.name} reads nothing of {prelude.source.input}."
            hint = "Leave it out, or write it in `create`."
            ledger.findings.at(entry.path, "never-sent", message, key=True, hint=hint)
        fields += [] if found is None else [found]
    paths = [path for one in fields for path in one.reads]
    fixed = unwritten(paths, prelude.source.input, prelude.whole)
    return _finished(fields, prelude, fixed)


def compile_upsert_body(
    prelude: Prelude, create_only: tuple[str, ...]
) -> Callable[[Record], Change]:
    """The change of `upsert`: the body of its create once more, but for `create_only`. What reads
    nothing of the input is written by the create alone.
    """
    silent = Ledger(prelude.ledger.findings.apart())
    entries = [entry for entry in prelude.source.body.entries if entry.name not in create_only]
    fields = [_written(entry, prelude, silent) for entry in entries]
    return _finished([one for one in fields if one is not None and one.reads], prelude, [])


def _written(entry: Entry, prelude: Prelude, ledger: Ledger) -> _Field | WrittenPart | None:
    """What an entry changes: a field, or the elements of a part."""
    if entry.name in prelude.around.entity.parts:
        return write_part(entry, prelude, ledger)
    return _field(entry, prelude, ledger)


def _finished(
    written: list[_Field | WrittenPart], prelude: Prelude, fixed: list[Steps]
) -> Callable[[Record], Change]:
    entity, file, source = prelude.around.entity, prelude.around.file, prelude.source
    order = {name: rank for rank, name in enumerate(entity.send_order)}
    written.sort(key=lambda one: order.get(one.entry.name, len(order)))
    fields = [one for one in written if isinstance(one, _Field)]
    parts = [one for one in written if isinstance(one, WrittenPart)]
    copied = recorded(file.record)
    place = prelude.ledger.findings.document.place

    def finished(record: Record) -> Change:
        wanted = {*record.select, *(one.entry.name for one in fields)}
        return Change(
            fields=tuple(
                FieldChange(
                    field=one.entry.name,
                    reads=one.reads,
                    lookups=one.lookups,
                    place=place(one.entry.path, key=True),
                    valued=one.emission.compiled(source.input),
                )
                for one in fields
            ),
            parts=tuple(one.finished(prelude) for one in parts),
            fixed=tuple(Fixed(path, _is_code(entity, copied.get(path))) for path in fixed),
            guarded=prelude.guarded,
            select=tuple(name for name in entity.fields if name in wanted),
            expand=_expanded(record, parts),
        )

    return finished


def _expanded(record: Record, parts: list[WrittenPart]) -> dict[str, tuple[str, ...]]:
    """The parts that must be read beforehand; one without fields is read as a whole."""
    expand = dict(record.expand)
    for one in parts:
        shown = expand.get(one.entry.name)
        if shown != ():
            expand[one.entry.name] = tuple(dict.fromkeys([*(shown or ()), *one.select]))
    return expand


def _field(entry: Entry, prelude: Prelude, ledger: Ledger) -> _Field | None:
    """The field of an entry, None when it cannot be one. What has to do with changes alone is
    reported in either case, what a create would report as well goes to `ledger`.
    """
    findings, entity = prelude.ledger.findings, prelude.around.entity
    if entry.name in entity.fields and not isinstance(entry.template, Leaf):
        message = f"{entry.name} takes a value."
        findings.at(entry.path, "bad-element", message, key=True)
        return None
    if renames(entity, entry.name):
        message = "It would rename the record, and every document that names it."
        hint = "Leave it out." if ledger.findings is findings else "Name it under `create_only`."
        findings.at(entry.path, "must-not-be-written", message, key=True, hint=hint)
    elif why := NEVER_WRITTEN.get((entity.entity_set, entry.name)):
        ledger.findings.at(entry.path, "must-not-be-written", why, key=True)
    found = _property(entry, prelude, ledger)
    if found is None or not isinstance(entry.template, Leaf):
        return None
    ledger.written(entity.entity_set, entry.name, entry.path)
    emission = Emission(f"{findings.document.file} {entry.name}")
    spot = _write(entry.template, found, prelude, ledger, emission)
    paths = input_paths(prelude.leading(spot.ways), prelude.source.input)
    _check_known(entry, paths, prelude)
    return _Field(entry, emission, paths, lookups_among(spot.ways))


def _write(
    leaf: Leaf, found: Property, prelude: Prelude, ledger: Ledger, emission: Emission
) -> Spot:
    """Write the function of a field: its value, else its blank."""
    field = found.field
    quiet = ledger.findings.apart()
    inner = Ledger(quiet)
    target = (field.name if field else "",)
    written, spot = inner.leaf(leaf, found, prelude.patched(), emission, target, drops=True)
    ledger.findings.found += [one for one in quiet.found if one.name != "can-never-drop"]
    ledger.ways += inner.ways
    ledger.fields += inner.fields
    led = replace(spot, ways=prelude.leading(spot.ways))
    emission.line("try:")
    with emission.indented():
        condition = " and ".join(written.conditions) or "True"
        emission.line(f"if {condition}: return {written.code}", led)
    emission.line("except Dropped: pass")
    paths = input_paths(led.ways, prelude.source.input)
    if any(may_miss(path, prelude.whole) for path in paths):
        emission.line(ledger.marks(emission).left_out(leaf.path, target, spot.ways))
    blank = None if field is None else field.blank
    emission.line("f_uncleared()" if blank is None else f"return {blank!r}", led)
    return spot


def _property(entry: Entry, prelude: Prelude, ledger: Ledger) -> Property | None:
    """What the entity has under the name of an entry, and takes in a change."""
    entity = prelude.around.entity
    shape = update_type(entity, prelude.around.entities).shape
    known = {} if shape is None else shape.properties
    found = known.get(entry.name)
    if found is None:
        names = [name for name, one in known.items() if not one.refused]
        message = f'{entity.entity_set} has no "{entry.name}".'
        hint = did_you_mean(entry.name, names)
        ledger.findings.at(entry.path, "unknown-field", message, key=True, hint=hint)
    elif found.refused:
        message = f"{entry.name}: {found.refused}"
        ledger.findings.at(entry.path, "read-only", message, key=True, target=entry.name)
    return found


def _check_words(entry: Entry, findings: Findings) -> None:
    """In an update there is nothing to leave out: no `?`, no `or_null`."""
    if entry.optional:
        hint = "Leave out the `?`."
        findings.at(entry.path, "can-never-drop", _NOTHING_MISSES, key=True, hint=hint)
    if not isinstance(entry.template, Leaf) or not is_expression(entry.template.value):
        return
    try:
        parts = parse_leaf(str(entry.template.value)).parts
    except Mistake:
        return  # reported with everything else of the leaf
    site = Site(findings, entry.template.path, way_words((entry.name,)))
    for part in parts:
        whole = nodes.Output([part]) if isinstance(part, nodes.Expr) else None
        for used in () if whole is None else whole.find_all(nodes.Filter):
            if used.name == "or_null":
                hint = "Leave out the `| or_null`."
                report_at(site, used, "can-never-drop", _NOTHING_MISSES, hint)


def _check_known(entry: Entry, paths: tuple[Steps, ...], prelude: Prelude) -> None:
    """Of several paths that a field reads a patch may name one alone: the others must be known
    from the record.
    """
    written = recorded(prelude.around.file.record)
    unknown = [
        path
        for path in paths
        if not any(path == one[: len(path)] or one == path[: len(one)] for one in written)
    ]
    if len(paths) > 1 and unknown:
        name = prelude.source.input
        words = ", ".join(way_words((name, *path)) for path in unknown)
        message = f"A patch may leave out {words}, and `record` does not write it."
        hint = "Let `record` write it, or let this field read it alone."
        prelude.ledger.findings.at(entry.path, "not-in-the-record", message, key=True, hint=hint)


def _is_code(entity: Entity, name: str | None) -> bool:
    field = entity.fields.get(name or "")
    return field is not None and field.code
