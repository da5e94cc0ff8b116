"""The verb `create`: anchor and body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gateway.documents import did_you_mean
from gateway.mapping.bodies import Bodies
from gateway.mapping.emission import Emission
from gateway.mapping.entity_types import create_type, field_type
from gateway.mapping.ledger import Ledger
from gateway.mapping.model import AnchorSource, CreateSource, Leaf
from gateway.mapping.plan import Anchor, Effect, Plan, Step
from gateway.mapping.preludes import Prelude, compile_prelude
from gateway.mapping.rules import Findings
from gateway.mapping.scope import Scope
from gateway.mapping.surroundings import Surroundings
from gateway.mapping.types import ANY, Property, Shape

_STEP = "create"


def compile_create(
    source: CreateSource, around: Surroundings, findings: Findings
) -> Callable[[Plan], Plan]:
    """The verb, given a plan with everything that all verbs share."""
    ledger = Ledger(findings)
    prelude = compile_prelude(source.write, around, ledger)
    anchor = (
        None
        if source.anchor is None
        else compile_anchor(source.anchor, prelude.asking, ledger, around)
    )
    body = compile_body(prelude, _STEP)
    check_anchor(source, around, findings)
    prelude.check()

    def finished(base: Plan) -> Plan:
        effect: Effect = "irreversible" if anchor is None else "anchored"
        build = body.compiled(source.write.input)
        return replace(
            prelude.finished(base, "create"),
            steps=(Step(_STEP, "create", effect, around.entity.entity_set, build),),
            anchor=None if anchor is None else anchor(),
            answer_step=_STEP,
        )

    return finished


def compile_body(prelude: Prelude, verb: str) -> Emission:
    """The function that builds the body of a record that is not there yet."""
    around, ledger, source = prelude.around, prelude.ledger, prelude.source
    emission = Emission(f"{ledger.findings.document.file} {verb}")
    shape = create_type(around.entity, around.entities).shape or Shape("", dict)
    made = Bodies(ledger, emission).fields(source.body, shape, prelude.scope, ())
    emission.line(f"return {made}")
    return emission


def compile_anchor(
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
    elif not found.filterable:
        message = f"Business Central cannot find {entity.entity_set} by {source.field}."
        findings.at((*source.path, "field"), "not-filterable", message)
    type_ = ANY if found is None else replace(field_type(found), nullable=False)
    _check_elsewhere(source, around, findings)
    silent = findings.apart()
    target = (source.field,)
    leaf = Ledger(silent).leaf(source.value, Property(type_), scope, emission, target, drops=True)
    findings.found += [one for one in silent.found if one.name != "can-never-drop"]
    written, spot = leaf
    ledger.ways += spot.ways
    condition = " and ".join(written.conditions) or "True"
    emission.line(f"if {condition}: return {written.code}", spot)
    if written.conditions:
        emission.line(ledger.marks(emission).left_out(source.value.path, target, spot.ways))
    emission.line("return None")
    early = not any(way[0] in {"lookups", "steps"} for way in spot.ways if way)
    return lambda: Anchor(source.field, source.also_in, emission.compiled(scope.input), early)


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
        elif not other.fields[source.field].filterable:
            message = f"Business Central cannot find {name} by {source.field}."
            findings.at(path, "not-filterable", message)


def check_anchor(source: CreateSource, around: Surroundings, findings: Findings) -> None:
    """Report a create without an anchor, and an anchor that finds nothing."""
    if source.anchor is None:
        if source.write.stray:
            return  # one of its keys may be meant for it
        message = "After an unknown outcome a person has to look for the record."
        hint = "Name a field that the record can be found by."
        findings.at(source.write.path, "no-anchor", message, key=True, hint=hint)
        return
    field, value = source.anchor.field, source.anchor.value
    written = {entry.name: entry.template for entry in source.write.body.entries}
    if field in around.entity.fields and field not in written:
        message = f"The body never writes {field}, so nothing is ever found by it."
        findings.at((*source.anchor.path, "field"), "anchor-not-written", message)
        return
    other = written.get(field)
    if not isinstance(other, Leaf) or any(map(findings.wrong_at, (other.path, value.path))):
        return
    if other.value != value.value:
        message = f"The body writes another value into {field}, so the record is never found."
        hint = "Write the same in both places."
        findings.at(value.path, "anchor-not-written", message, target=field, hint=hint)
