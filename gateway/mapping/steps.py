"""One step of a verb of several: its condition, its guards, its call, and what its answer is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gateway.mapping.bodies import Bodies
from gateway.mapping.change import Overwrite
from gateway.mapping.checker import renames
from gateway.mapping.creates import check_anchor, compile_anchor, compile_body
from gateway.mapping.emission import Emission
from gateway.mapping.entity_types import field_type, record_type, update_type
from gateway.mapping.ledger import Ledger
from gateway.mapping.lookups import compile_lookup
from gateway.mapping.model import CreateSource, Expression, Fields, Leaf, StepSource, UpsertSource
from gateway.mapping.plan import Anchor, By, Effect, Guard, Step
from gateway.mapping.preludes import Prelude, compile_guards
from gateway.mapping.presence import Fact
from gateway.mapping.record import Names, Record
from gateway.mapping.scope import Scope, Value
from gateway.mapping.types import GUID, Property, Shape, Type, object_of
from gateway.mapping.updates import check_by, compile_by
from gateway.wire import Entity, trace_of


@dataclass(frozen=True, slots=True)
class CompiledStep:
    """A step that is written and not compiled yet; `finished` needs all that later ones read."""

    source: StepSource
    entity: Entity
    finished: Callable[[Record], Step]


def with_steps(scope: Scope, known: Mapping[str, Property]) -> Scope:
    """The scope where the answers of these steps are known."""
    return scope.having({"steps": Value(object_of("steps", dict(known)), "", ("steps",))})


class StepWriter:
    """Writes the functions of one step."""

    def __init__(self, step: StepSource, entity: Entity, prelude: Prelude) -> None:
        self._step = step
        self._entity = entity
        self._around = replace(prelude.around, entity=entity)
        self._prelude = prelude
        self._ledger = prelude.ledger

    def compiled(self, scope: Scope, known: dict[str, Property]) -> tuple[CompiledStep, Scope]:
        """The step, and the scope of those behind it; `known` gets its answer."""
        step, inner = self._step, scope
        when = None
        if step.when is not None:
            when, fact = self._condition(step.when, scope)
            inner = scope.knowing(fact)
        if step.kind in {"read", "find"}:
            parts = self._parts(inner)
            known[step.name] = Property(self._answer())
            scope = with_steps(scope, known)
            seen = with_steps(inner, {**known, step.name: Property(self._answer().not_null())})
            guards, facts = self._guards(seen if self._is_there() else with_steps(inner, known))
            # Behind a step that may be skipped nothing is proven by its guards.
            scope = scope.knowing(*facts) if step.when is None else scope
        else:
            guards, facts = self._guards(inner)
            parts = self._parts(inner.knowing(*facts))
            if (answer := self._written()) is not None:
                known[step.name] = Property(answer)
            scope = with_steps(scope, known)

        def finished(record: Record) -> Step:
            return replace(
                parts(record),
                when=None if when is None else when(),
                guards=tuple(one() for one in guards),
                record=record,
            )

        return CompiledStep(step, self._entity, finished), scope

    def _condition(
        self, when: Expression, scope: Scope
    ) -> tuple[Callable[[], Callable[[Names], object]], Fact]:
        emission = self._emission("$when")
        code, fact, spot = self._ledger.condition(when, scope, emission)
        emission.line(f"return {code}", spot)
        return lambda: emission.compiled(scope.input), fact

    def _guards(self, scope: Scope) -> tuple[tuple[Callable[[], Guard], ...], list[Fact]]:
        guards, facts, _ = compile_guards(self._step.guards, self._prelude, scope)
        return guards, facts

    def _is_there(self) -> bool:
        """Whether a record that was read is there for sure, once it was read."""
        find = self._step.find
        return find is None or (find.on_missing is not None and not find.optional)

    def _answer(self) -> Type:
        """What `steps.<name>` is of a step that reads."""
        found = record_type(self._entity, self._around.entities)
        return found if self._is_there() and self._step.when is None else found.or_null()

    def _written(self) -> Type | None:
        """What `steps.<name>` is of a step that writes; None where there is nothing to be read."""
        step = self._step
        if step.kind == "delete":
            return None
        if step.kind != "action":
            found = record_type(self._entity, self._around.entities)
            return found if step.when is None else found.or_null()
        trace = trace_of(self._entity.entity_set, step.action or "")
        if trace is None or trace.goes:
            return None
        id_ = GUID if trace.makes is None else replace(GUID, nullable=True)
        made = object_of(f"steps.{step.name}", {"id": Property(id_)})
        return made if step.when is None else made.or_null()

    def _parts(self, scope: Scope) -> Callable[[Record], Step]:
        """What is the step's own kind's."""
        match self._step.kind:
            case "find":
                return self._find(scope)
            case "create":
                return self._create(scope)
            case "upsert":
                return self._upsert(scope)
            case "update":
                return self._update(scope)
            case _:
                return self._by_id(scope)

    def _bare(self, effect: Effect) -> Step:
        step = self._step
        return Step(step.name, step.kind, effect, self._entity.entity_set, action=step.action)

    def _by_id(self, scope: Scope) -> Callable[[Record], Step]:
        """A step that reads, deletes or acts on one record."""
        step, identified = self._step, self._id(scope)
        effect: Effect = "none" if step.kind == "read" else "repeatable"
        if step.kind == "action":
            effect = step.effect or "irreversible"
        bare, body = self._bare(effect), self._given(scope)
        return lambda _: replace(
            bare,
            identified=identified(),
            body=None if body is None else body.compiled(scope.input),
        )

    def _given(self, scope: Scope) -> Emission | None:
        """The function of the parameters of an action, None where the step gives none."""
        step, findings = self._step, self._ledger.findings
        if step.action is None or step.body is None:
            return None
        given = self._entity.parameters.get(step.action, {})
        if not given and step.action in self._entity.actions:
            path = (*step.path, "body")
            findings.at(path, "misplaced-key", f"{step.action} takes nothing.", key=True)
            return None
        known = {
            name: Property(field_type(field), optional=True, field=field)
            for name, field in given.items()
        }
        emission = self._emission("body")
        shape = Shape(step.action, lambda: known)
        made = Bodies(self._ledger, emission).fields(step.body, shape, scope, ())
        emission.line(f"return {made}")
        return emission

    def _id(self, scope: Scope) -> Callable[[], Callable[[Names], object]]:
        key = self._entity.fields[self._entity.key[0]]
        emission = self._emission("id")
        leaf = self._step.id or Leaf(self._step.path, None)
        type_ = replace(field_type(key), nullable=False, max_length=None)
        written, spot = self._ledger.leaf(
            leaf, Property(type_), self._told(scope), emission, ("id",)
        )
        emission.line(f"return {written.code}", spot)
        return lambda: emission.compiled(scope.input)

    def _told(self, scope: Scope) -> Scope:
        """The scope in which the id of the address passes for one of Business Central: whether it
        is one is seen when it is used.
        """
        target = scope.names.get("target")
        if target is None:
            return scope
        named = object_of("target", {"id": Property(GUID)})
        shape = target.type.shape
        if shape is None or "id" not in shape.properties:
            return scope
        return scope.having({"target": replace(target, type=named)})

    def _find(self, scope: Scope) -> Callable[[Record], Step]:
        find, file = self._step.find, self._ledger.findings.document.file
        if find is None:
            raise AssertionError("a find without its question")
        lookup = compile_lookup(find, scope, self._ledger, self._around.entities, file)
        bare = self._bare("none")

        def finished(record: Record) -> Step:
            asked = lookup(())
            select = dict.fromkeys([*asked.select, *record.select])
            return replace(bare, lookup=replace(asked, select=tuple(select), step=True))

        return finished

    def _within(self, scope: Scope) -> Prelude:
        """The prelude as the functions of bodies take it, in the scope of this step."""
        body = self._step.body or Fields(self._step.path, ())
        source = replace(self._prelude.source, path=self._step.path, body=body)
        return replace(self._prelude, around=self._around, source=source, asking=scope, scope=scope)

    def _create(self, scope: Scope) -> Callable[[Record], Step]:
        step, prelude = self._step, self._within(scope)
        body = compile_body(prelude, step.name)
        anchor: Callable[[], Anchor] | None = None
        if step.anchor is not None:
            anchor = compile_anchor(step.anchor, scope, self._ledger, self._around)
        check_anchor(CreateSource(prelude.source, step.anchor), self._around, self._ledger.findings)
        bare = self._bare("irreversible" if anchor is None else "anchored")
        return lambda _: replace(
            bare,
            body=body.compiled(scope.input),
            anchor=None if anchor is None else anchor(),
        )

    def _upsert(self, scope: Scope) -> Callable[[Record], Step]:
        step, prelude = self._step, self._within(scope)
        if step.by is None:
            raise AssertionError("an upsert without `by`")
        source = UpsertSource(prelude.source, step.by, step.create_only)
        by = compile_by(source, prelude)
        body = compile_body(prelude, step.name)
        check_by(source, self._ledger.findings)
        left = [
            entry
            for entry in prelude.source.body.entries
            if entry.name not in (*step.create_only, step.by[0])
        ]
        silent = Ledger(self._ledger.findings.apart())
        change = self._overwrite(replace(prelude.source.body, entries=tuple(left)), scope, silent)
        field, bare = step.by[0], self._bare("anchored")

        def finished(record: Record) -> Step:
            found_by = By(field, by.compiled(scope.input))
            return replace(
                bare,
                body=body.compiled(scope.input),
                by=found_by,
                change=change(record),
                anchor=Anchor(field, (), found_by.valued),
            )

        return finished

    def _update(self, scope: Scope) -> Callable[[Record], Step]:
        identified = self._id(scope)
        body = self._step.body or Fields(self._step.path, ())
        change = self._overwrite(body, scope, self._ledger)
        bare = self._bare("repeatable")
        return lambda record: replace(bare, identified=identified(), change=change(record))

    def _overwrite(
        self, body: Fields, scope: Scope, ledger: Ledger
    ) -> Callable[[Record], Overwrite]:
        entity, findings = self._entity, self._ledger.findings
        for entry in body.entries:
            if entry.name in entity.parts:
                message = "Objects and lists in a change come with a later release."
                findings.at(entry.path, "not-yet", message, key=True)
            elif renames(entity, entry.name):
                message = "It would rename the record, and every document that names it."
                hint = "Leave it out."
                if self._step.kind == "upsert":
                    hint = "Name it under `create_only`."
                findings.at(entry.path, "must-not-be-written", message, key=True, hint=hint)
        emission = self._emission("body")
        shape = update_type(entity, self._around.entities).shape or Shape("", dict)
        flat = tuple(entry for entry in body.entries if entry.name not in entity.parts)
        made = Bodies(ledger, emission).fields(replace(body, entries=flat), shape, scope, ())
        emission.line(f"return {made}")
        fields = tuple(entry.name for entry in flat if entry.name in entity.fields)

        def finished(record: Record) -> Overwrite:
            wanted = {*record.select, *fields}
            select = tuple(name for name in entity.fields if name in wanted)
            return Overwrite(fields, select, record.expand, emission.compiled(scope.input))

        return finished

    def _emission(self, what: str) -> Emission:
        return Emission(f"{self._ledger.findings.document.file} {self._step.name} {what}")
