"""Verbs and actions of several steps: each step's names, its call, and what it leaves behind.

A step sees the answers of those before it as `steps.<name>`. What must be read of a record is
what the steps after it, and the answer, read of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from gateway.documents import did_you_mean, suggest
from gateway.mapping.ledger import Ledger
from gateway.mapping.model import StepSource, StepsSource
from gateway.mapping.plan import Kind, Plan
from gateway.mapping.preludes import Prelude, compile_prelude
from gateway.mapping.record import Names, Record
from gateway.mapping.recording import Recorded, write_record
from gateway.mapping.rules import Findings
from gateway.mapping.scope import Scope, Way
from gateway.mapping.selection import selected
from gateway.mapping.steps import CompiledStep, StepWriter, with_steps
from gateway.mapping.surroundings import Surroundings
from gateway.mapping.types import ANY, Property
from gateway.wire import ACTION_PREFIX, SPLIT, Entity

_TARGETS: Final[Mapping[str, str | None]] = {"create": None, "upsert": "key"}
_METHODS: Final[Mapping[Kind, frozenset[str]]] = {
    "read": frozenset({"get"}),
    "find": frozenset({"get"}),
    "create": frozenset({"post"}),
    "upsert": frozenset({"get", "post", "patch"}),
    "update": frozenset({"get", "patch"}),
    "delete": frozenset({"get", "delete"}),
    "action": frozenset({"get"}),
}
_ALWAYS_READ: Final = ("number", "status")  # what tells a document before and after an action


def compile_walk(
    source: StepsSource, around: Surroundings, findings: Findings
) -> Callable[[Plan], Plan]:
    """The verb, given a plan with everything that all verbs share."""
    schema = _schema(source, around, findings)
    ledger = Ledger(findings)
    target = _TARGETS.get(source.verb, "id")
    patched = source.verb == "update" and not source.action
    prelude = compile_prelude(
        source.write, around, ledger, patched=patched, target=target, schema=schema
    )
    steps, scope = _steps(source, prelude)
    answer = _answer(source, around, findings)
    recorded = _recorded(source, answer, prelude, scope)
    _check_order(source, findings)
    _check_used(source, answer, ledger)
    prelude.check()

    def finished(base: Plan) -> Plan:
        record = base.record if recorded is None else recorded.finished()
        plan = replace(
            prelude.finished(base, source.verb),
            steps=tuple(
                one.finished(_record_of(one, ledger.ways, record, answers=one.source == answer))
                for one in steps
            ),
            record=record,
            answer_step=None if answer is None else answer.name,
            walks=True,
            action=source.action,
            takes=_takes(source),
        )
        made = next((one.anchor for one in plan.steps if one.kind == "create" and one.anchor), None)
        return replace(plan, anchor=made)

    return finished


def _takes(source: StepsSource) -> str | None:
    """The schema of what the caller sends, where it is not the resource's; "" for nothing."""
    return source.schema if source.write.input else ""


def _schema(
    source: StepsSource, around: Surroundings, findings: Findings
) -> Mapping[str, Any] | None:
    if source.schema is None:
        return None
    found = around.canonicals(source.schema)
    if found is None:
        path, names = (*source.write.path, "schema"), around.canonical_names
        message = f'There is no canonical schema "{source.schema}".'
        findings.unknown(path, "unknown-schema", message, source.schema, names)
    return found


def _steps(source: StepsSource, prelude: Prelude) -> tuple[list[CompiledStep], Scope]:
    """The steps, and the scope behind the last of them."""
    made: list[CompiledStep] = []
    known: dict[str, Property] = {}
    scope = with_steps(prelude.scope, known)
    for step in source.steps:
        entity = prelude.around.entities(step.entity)
        if entity is None:
            _unknown_entity(step, prelude)
            known[step.name] = Property(ANY)
            scope = with_steps(scope, known)
            continue
        _check_call(step, entity, prelude.ledger.findings)
        compiled, scope = StepWriter(step, entity, prelude).compiled(scope, known)
        made.append(compiled)
    return made, scope


def _record_of(step: CompiledStep, ways: list[Way], whole: Record, *, answers: bool) -> Record:
    """What must be read of the record of a step; `answers`: `whole` is made of it."""
    name, entity = step.source.name, step.entity
    own: list[Way] = [("bc", *way[2:]) for way in ways if way[:2] == ("steps", name)]
    fields, parts = selected(own, entity)
    wanted = {*fields, *(_ALWAYS_READ if step.source.kind == "action" else ())}
    expand = dict(parts)
    if answers:
        wanted |= set(whole.select)
        for part, names in whole.expand.items():
            mine = expand.get(part)
            all_of_it = mine == () or not names
            expand[part] = () if all_of_it else tuple(dict.fromkeys([*(mine or ()), *names]))
    select = tuple(field for field in entity.fields if field in wanted)
    return Record(select, expand, _as_it_is)


def _as_it_is(names: Names) -> dict[str, object]:
    """The decoded record itself, for whoever reads it as `steps.<name>`."""
    record = names["bc"]
    return dict(record) if isinstance(record, Mapping) else {}


def _answer(source: StepsSource, around: Surroundings, findings: Findings) -> StepSource | None:
    """The step whose record is answered. None: nothing is, which only a deletion and an action
    may do.
    """
    path = source.write.path
    reading = [step for step in source.steps if step.kind in {"read", "find"}]
    found = reading[-1] if reading else None
    if source.answer is not None:
        found = next((step for step in reading if step.name == source.answer), None)
        if found is None:
            known = [step.name for step in reading]
            message = f'No step that reads is called "{source.answer}".'
            findings.unknown((*path, "answer"), "no-answer", message, source.answer, known)
            return None
    if found is None or (source.verb == "delete" and not source.action):
        if source.verb != "delete" and not source.action:
            message = "No step reads the record that is to be answered."
            hint = "Add a step that reads it."
            findings.at((*path, "steps"), "no-answer", message, key=True, hint=hint)
        return None
    spot = (*path, "answer") if source.answer is not None else found.path
    if found.when is not None or (found.find is not None and found.find.on_missing is None):
        message = f"The answer is made of steps.{found.name}, which may not be there."
        hint = "Name a step under `answer` that always reads a record."
        findings.at(spot, "no-answer", message, hint=hint)
    elif source.record is None and found.entity != around.entity.entity_set:
        message = f"`record` is of {around.entity.entity_set}, and this is of {found.entity}."
        hint = "Say under `record` of the action what it answers, or name another step."
        findings.at(spot, "no-answer", message, hint=hint if source.action else None)
    return found


def _recorded(
    source: StepsSource, answer: StepSource | None, prelude: Prelude, scope: Scope
) -> Recorded | None:
    """The answer that an action has of its own: what it says beside `record`, where the answering
    step reads a record of the resource, else all of it.
    """
    if source.record is None:
        return None
    entity = None if answer is None else prelude.around.entities(answer.entity)
    if entity is None:
        message = "There is no step that reads, so `bc` is nothing."
        findings = prelude.ledger.findings
        findings.at(source.record.path, "no-answer", message, key=True)
        return None
    around, fields = replace(prelude.around, entity=entity), source.record
    if entity == prelude.around.entity:
        own = {entry.name for entry in fields.entries}
        shared = [entry for entry in around.file.record.entries if entry.name not in own]
        fields = replace(fields, entries=(*shared, *fields.entries))
    return write_record(fields, around, prelude.ledger, scope=scope)


def _unknown_entity(step: StepSource, prelude: Prelude) -> None:
    path = (*step.path, "on", "entity") if step.kind == "action" else (*step.path, step.kind)
    message = f'There is no schema file of an entity "{step.entity}".'
    known = prelude.around.entity_sets
    prelude.ledger.findings.unknown(path, "unknown-entity", message, step.entity, known)


def _check_call(step: StepSource, entity: Entity, findings: Findings) -> None:
    """Business Central must take the call of a step, and one that is only half reversible is
    none.
    """
    for method in sorted(_METHODS[step.kind] - entity.verbs):
        message = f"Business Central takes no {method.upper()} on {entity.entity_set}."
        findings.at((*step.path, step.kind), "cannot-be-called", message)
    if step.action is None:
        return
    path = (*step.path, "action")
    if step.action not in entity.actions:
        message = f"{entity.entity_set} has no action {step.action}."
        known = list(entity.actions)
        near = suggest(step.action, known)
        hint = (
            f'Did you mean "{ACTION_PREFIX}{near}"?'
            if near
            else did_you_mean("", [ACTION_PREFIX + one for one in known])
        )
        findings.at(path, "unknown-action", message, hint=hint)
    elif step.action in SPLIT:
        first, second = SPLIT[step.action]
        message = f"It does {first} for good, and may fail afterwards."
        hint = f"Take two steps: {first}, then {second}."
        findings.at(path, "split-action", message, hint=hint)


def _check_order(source: StepsSource, findings: Findings) -> None:
    """What must stand in which order: one anchor in an operation, a read behind what cannot be
    undone.
    """
    made: StepSource | None = None
    for index, step in enumerate(source.steps):
        if made is not None and (step.anchor is not None or step.kind == "upsert"):
            message = f"The operation keeps one reference, and {made.name} has it already."
            hint = "An upsert goes before the create; two creates are two calls."
            findings.at(step.path, "second-anchor", message, hint=hint)
        if step.anchor is not None:
            made = step
        last = step.kind == "action" and (step.effect or "irreversible") == "irreversible"
        behind = source.steps[index + 1 :]
        if last and not any(one.kind in {"read", "find"} for one in behind):
            message = "Nothing reads back what this did."
            hint = "Add a step behind it that reads the record."
            findings.at((*step.path, "action"), "no-read-back", message, hint=hint)


def _check_used(source: StepsSource, answer: StepSource | None, ledger: Ledger) -> None:
    """A read that nobody reads costs a call, but for one that sees what was done."""
    read = {way[1] for way in ledger.ways if len(way) > 1 and way[0] == "steps"}
    for step in source.steps:
        idle = step.kind in {"read", "find"} and step.name not in read
        if idle and step != answer and not step.guards:
            message = f"Nothing reads steps.{step.name}."
            ledger.findings.at((*step.path, "name"), "step-never-used", message)
