"""The record: what answers say of a record of Business Central, written and then compiled."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.mapping.bodies import Bodies
from gateway.mapping.emission import Emission
from gateway.mapping.entity_types import record_type
from gateway.mapping.ledger import Ledger
from gateway.mapping.model import Fields
from gateway.mapping.record import Record
from gateway.mapping.scope import Scope, Value, way_words
from gateway.mapping.selection import selected, too_deep
from gateway.mapping.surroundings import Surroundings
from gateway.mapping.types import Shape, canonical_type
from gateway.wire import Entity


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record that is written, and not compiled yet."""

    emission: Emission
    ledger: Ledger
    entity: Entity
    input: str | None = None

    def finished(self, also: frozenset[str] = frozenset()) -> Record:
        """The record; `also` are further fields to select."""
        select, expand = selected(self.ledger.ways, self.entity)
        wanted = {*select, *also}
        ordered = tuple(name for name in self.entity.fields if name in wanted)
        return Record(ordered, expand, self.emission.compiled(self.input))


def write_record(
    fields: Fields,
    around: Surroundings,
    ledger: Ledger,
    omit: tuple[str, ...] = (),
    scope: Scope | None = None,
) -> Recorded:
    """Write a record of `around.entity`, without the canonical fields that `omit` names. `scope`
    has the names beside `bc`; by default those that all verbs know.
    """
    emission = Emission(f"{ledger.findings.document.file} record")
    bc = record_type(around.entity, around.entities)
    scope = (scope or around.scope).having({"bc": Value(bc, "", ("bc",))})
    whole = canonical_type(around.canonical, "answer", around.file.schema).shape
    shape = Shape(
        around.file.schema,
        dict if whole is None else lambda: whole.properties,
        required=()
        if whole is None
        else tuple(one for one in whole.required if one[0] not in omit),
    )
    kept = tuple(entry for entry in fields.entries if entry.name not in omit)
    made = Bodies(ledger, emission).fields(replace(fields, entries=kept), shape, scope, ())
    emission.line(f"return {made}")
    deep = too_deep(ledger.ways, around.entity)
    if deep is not None:
        message = f"{way_words(deep)} is a part of a part, which one read does not bring."
        ledger.findings.at(fields.path, "not-yet", message, key=True)
    return Recorded(emission, ledger, around.entity, scope.input)
