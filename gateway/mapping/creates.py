"""The verb `create`: lookups, guards, anchor and body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gateway.mapping.bodies import Bodies
from gateway.mapping.emission import Emission
from gateway.mapping.ledger import Ledger
from gateway.mapping.lookups import check_used, compile_lookup, lookup_types
from gateway.mapping.model import AnchorSource, CreateSource, GuardSource
from gateway.mapping.plan import Anchor, Effect, Guard, Plan, Step
from gateway.mapping.presence import Fact
from gateway.mapping.rules import Findings, did_you_mean
from gateway.mapping.scope import Scope, Value
from gateway.mapping.selection import pointers_of, unread
from gateway.mapping.surroundings import Surroundings
from gateway.mapping.types import (
    ANY,
    Property,
    Shape,
    Type,
    canonical_type,
    create_type,
    field_type,
)

_STEP = "create"


def compile_create(
    source: CreateSource, around: Surroundings, findings: Findings
) -> Callable[[Plan], Plan]:
    """The verb, given a plan with everything that all verbs share."""
    ledger = Ledger(findings)
    whole = canonical_type(around.canonical, "input", source.input)
    named = {source.input: Value(whole, "", (source.input,))}
    asking = replace(around.scope.having(named), input=source.input)
    types = lookup_types(source.lookups, around.entities, around.entity_sets, findings)
    scope = asking.having({"lookups": Value(types, "", ("lookups",))})
    lookups = [
        compile_lookup(one, asking, ledger, around.entities, findings.document.file)
        for one in source.lookups
    ]
    guards, facts = _guards(source.guards, scope, ledger, around)
    anchor = None if source.anchor is None else _anchor(source.anchor, asking, ledger, around)
    body = Emission(f"{findings.document.file} create")
    shape = create_type(around.entity, around.entities).shape or Shape("", dict)
    made = Bodies(ledger, body).fields(source.body, shape, scope.knowing(*facts), ())
    body.line(f"return {made}")
    check_used(source.lookups, ledger.ways, findings)
    _check_anchor(source, around, findings)
    _check_input(source, whole, ledger)

    def finished(base: Plan) -> Plan:
        effect: Effect = "irreversible" if anchor is None else "anchored"
        build = body.compiled(source.input)
        step = Step(_STEP, "create", effect, around.entity.entity_set, build)
        return replace(
            base,
            verb="create",
            input=source.input,
            lookups=tuple(one(tuple(ledger.ways)) for one in lookups),
            checks=tuple(one() for one in guards),
            steps=(step,),
            anchor=None if anchor is None else anchor(),
            answer_step=_STEP,
            fields=tuple(dict.fromkeys([*base.fields, *ledger.fields])),
        )

    return finished


def _guards(
    sources: tuple[GuardSource, ...], scope: Scope, ledger: Ledger, around: Surroundings
) -> tuple[list[Callable[[], Guard]], list[Fact]]:
    """The guards, and the facts that hold once none of them has refused the document."""
    guards: list[Callable[[], Guard]] = []
    facts: list[Fact] = []
    for source in sources:
        emission = Emission(f"{ledger.findings.document.file} guard")
        code, fact, spot = ledger.condition(source.when, scope, emission)
        emission.line(f"return {code}", spot)
        pointers = pointers_of(spot.ways, scope.input or "")
        if fact is not None:
            facts.append((fact[0], False))

        def finished(
            emission: Emission = emission,
            source: GuardSource = source,
            pointers: tuple[str, ...] = pointers,
        ) -> Guard:
            place = ledger.findings.document.place(source.path)
            bad = emission.compiled(scope.input)
            return Guard(around.rejections[source.reject], bad, pointers, place)

        guards.append(finished)
    return guards, facts


def _anchor(
    source: AnchorSource, scope: Scope, ledger: Ledger, around: Surroundings
) -> Callable[[], Anchor]:
    """The anchor. Its value may be missing: then the record has none."""
    findings, entity = ledger.findings, around.entity
    emission = Emission(f"{findings.document.file} anchor")
    found = entity.fields.get(source.field)
    if found is None:
        message = f'{entity.entity_set} has no "{source.field}".'
        path = (*source.path, "field")
        findings.unknown(path, "unknown-field", message, source.field, list(entity.fields))
    type_ = ANY if found is None else replace(field_type(found), nullable=False)
    _check_elsewhere(source, around, findings)
    silent = Findings(findings.document)
    target = (source.field,)
    leaf = Ledger(silent).leaf(source.value, Property(type_), scope, emission, target, drops=True)
    findings.found += [one for one in silent.found if one.name != "can-never-drop"]
    written, spot = leaf
    ledger.ways += spot.ways
    condition = " and ".join(written.conditions) or "True"
    emission.line(f"if {condition}: return {written.code}", spot)
    emission.line("return None")
    return lambda: Anchor(source.field, source.also_in, emission.compiled(scope.input))


def _check_elsewhere(source: AnchorSource, around: Surroundings, findings: Findings) -> None:
    """Where a record may have moved to, it must have the same field."""
    for index, name in enumerate(source.also_in):
        path = (*source.path, "also_in", index)
        other = around.entities(name)
        if other is None:
            message = f'There is no schema file of an entity "{name}".'
            findings.unknown(path, "unknown-entity", message, name, around.entity_sets)
        elif source.field not in other.fields:
            hint = did_you_mean(source.field, list(other.fields))
            message = f'{name} has no "{source.field}".'
            findings.at(path, "unknown-field", message, hint=hint)


def _check_anchor(source: CreateSource, around: Surroundings, findings: Findings) -> None:
    if source.anchor is None:
        message = "After an unknown outcome a person has to look for the record."
        hint = "Name a field that the record can be found by."
        findings.at(source.path, "no-anchor", message, key=True, hint=hint)
        return
    field = source.anchor.field
    written = {entry.name for entry in source.body.entries}
    if field in around.entity.fields and field not in written:
        message = f"The body never writes {field}, so nothing is ever found by it."
        findings.at((*source.anchor.path, "field"), "anchor-not-written", message)


def _check_input(source: CreateSource, whole: Type, ledger: Ledger) -> None:
    lost = unread(ledger.ways, source.input, whole)
    if lost and not ledger.findings.failed:
        message = f"Nothing reads {', '.join(lost)}."
        ledger.findings.at((*source.path, "input"), "input-never-used", message)
