"""The verbs `update`, `upsert` and `delete`: what is done to a record that is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gateway.mapping.change_bodies import compile_update_body, compile_upsert_body
from gateway.mapping.creates import compile_body
from gateway.mapping.emission import Emission
from gateway.mapping.ledger import Ledger
from gateway.mapping.lookups import check_used, condition_type
from gateway.mapping.model import Leaf, UpsertSource, WriteSource
from gateway.mapping.plan import Anchor, By, Plan, Step
from gateway.mapping.preludes import Prelude, compile_prelude
from gateway.mapping.rules import Findings
from gateway.mapping.selection import recorded
from gateway.mapping.surroundings import Surroundings
from gateway.mapping.types import Property


def compile_update(
    source: WriteSource, around: Surroundings, findings: Findings
) -> Callable[[Plan], Plan]:
    """The verb, given a plan with everything that all verbs share."""
    prelude = compile_prelude(source, around, Ledger(findings), patched=True, target="id")
    change = compile_update_body(prelude)
    check_used(source.lookups, prelude.ledger.ways, findings)

    def finished(base: Plan) -> Plan:
        entity_set = around.entity.entity_set
        step = Step("update", "update", "repeatable", entity_set, change=change(base.record))
        return replace(prelude.finished(base, "update"), steps=(step,), answer_step=step.name)

    return finished


def compile_upsert(
    source: UpsertSource, around: Surroundings, findings: Findings
) -> Callable[[Plan], Plan]:
    """The verb, given a plan with everything that all verbs share."""
    prelude = compile_prelude(source.write, around, Ledger(findings), target="key")
    by = compile_by(source, prelude)
    body = compile_body(prelude, "upsert")
    check_by(source, findings)
    change = compile_upsert_body(prelude, source.create_only)
    _check_create_only(source, findings)
    own_key = _own_key(source, around)
    prelude.check(said=own_key)

    def finished(base: Plan) -> Plan:
        name = source.write.input
        found_by = By(source.by[0], by.compiled(name))
        step = Step(
            name="upsert",
            kind="upsert",
            effect="anchored",
            entity=around.entity.entity_set,
            body=body.compiled(name),
            change=change(base.record),
            by=found_by,
            own_key=own_key,
        )
        anchor = Anchor(found_by.field, (), found_by.valued)
        plan = replace(prelude.finished(base, "upsert"), steps=(step,), anchor=anchor)
        return replace(plan, answer_step=step.name)

    return finished


def compile_delete(around: Surroundings) -> Callable[[Plan], Plan]:
    """The verb, given a plan with everything that all verbs share."""
    step = Step("delete", "delete", "repeatable", around.entity.entity_set)
    return lambda base: replace(base, verb="delete", steps=(step,))


def compile_by(source: UpsertSource, prelude: Prelude) -> Emission:
    """The value that the record is found by."""
    ledger, entity = prelude.ledger, prelude.around.entity
    field, leaf = source.by
    emission = Emission(f"{ledger.findings.document.file} by")
    type_ = condition_type(field, leaf, entity, ledger)
    written, spot = ledger.leaf(leaf, Property(type_), prelude.asking, emission, ("by", field))
    emission.line(f"return {written.code}", spot)
    return emission


def check_by(source: UpsertSource, findings: Findings) -> None:
    """What a create writes must be what the next upsert finds."""
    field, leaf = source.by
    entry = next((one for one in source.write.body.entries if one.name == field), None)
    same = (
        entry is not None
        and not entry.optional
        and isinstance(entry.template, Leaf)
        and entry.template.value == leaf.value
    )
    paths = [leaf.path] if entry is None else [leaf.path, entry.path]
    if not same and not any(map(findings.wrong_at, paths)):
        message = f"The body must write {field} with the very value it is found by."
        hint = f'Write `{field}: "{leaf.value}"` in the body.'
        findings.at(leaf.path, "anchor-not-written", message, key=True, hint=hint)


def _check_create_only(source: UpsertSource, findings: Findings) -> None:
    names = [entry.name for entry in source.write.body.entries]
    for index, name in enumerate(source.create_only):
        if name not in names:
            path = (*source.write.path, "create_only", index)
            message = f'The body writes no "{name}".'
            findings.unknown(path, "unknown-field", message, name, names)


def _own_key(source: UpsertSource, around: Surroundings) -> tuple[str, ...] | None:
    """Where the input says what the address says already."""
    copies = recorded(around.file.record)
    return next((path for path, field in copies.items() if field == source.by[0]), None)
