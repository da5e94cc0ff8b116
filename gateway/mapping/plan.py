"""A Plan: one verb of one resource, checked and compiled. Immutable, without I/O.

The compiler makes plans, a snapshot holds them. The engine asks their lookups, renders their
steps and answers through their record; lists and reads use `record` and `list`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Final, Literal, NamedTuple, cast

from gateway.errors import Place, Rejected, Violation
from gateway.mapping.change import Change, Overwrite
from gateway.mapping.record import ListPlan, Names, Record
from gateway.mapping.scope import Way
from gateway.mapping.unread import unread_pointers
from gateway.validation import json_pointer

Effect = Literal["none", "repeatable", "anchored", "irreversible"]
Kind = Literal["read", "find", "create", "update", "upsert", "delete", "action"]
Asked = tuple[object, tuple[tuple[str, object], ...], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A problem code of a mapping's own."""

    code: str
    title: str
    remedy: str | None = None

    def raised(self, violations: tuple[Violation, ...] = ()) -> Rejected:
        """The error that carries this rejection."""
        return Rejected(self.code, self.title, remedy=self.remedy, violations=violations)


class Question(NamedTuple):
    """What a lookup wants to know once. `key` is its place in the lookup's map, None for the
    only one. `where` are pairs of field and value; none for a match of items. `ways` lead to it
    in the input; a number in one stands for an index, of which there are some for each time it
    was asked.
    """

    key: str | None
    where: tuple[tuple[str, object], ...]
    ways: tuple[tuple[str | int, ...], ...] = ()
    indexes: tuple[tuple[int, ...], ...] = ()

    @property
    def pointers(self) -> tuple[str, ...]:
        """The JSON pointers of the input that lead to it."""
        return tuple(
            dict.fromkeys(_pointer(way, indexes) for indexes in self.indexes for way in self.ways)
        )


@dataclass(frozen=True, slots=True)
class Lookup:
    """A declared read of a verb. Its answer is `lookups.<name>`: one record, or, with `each`, a
    map of records by key.

    `entity` is None for a match of items. `select` are the fields it needs, `cache` seconds that
    an answer may be old (0: never cached). `on_missing` is the code of a rejection; with None a
    record that is not there is null. `step`: it is the question of a step that finds.
    """

    name: str
    entity: str | None
    item_match: bool
    each: bool
    select: tuple[str, ...]
    cache: float
    on_missing: str | None
    asked: Callable[[Names], list[Asked]] = attribute(repr=False)
    ways: tuple[tuple[str | int, ...], ...] = attribute(repr=False, default=())
    step: bool = False

    @property
    def ambiguous(self) -> str:
        """The code of the rejection when more than one record fits."""
        return f"ambiguous_{self.name}"

    def ask(self, names: Names) -> list[Question]:
        """Every question once, in the order of the input.

        Raises `InvalidInput` or `MappingError` when an expression has no value.
        """
        found: dict[tuple[object, tuple[tuple[str, object], ...]], list[tuple[int, ...]]] = {}
        for key, where, indexes in self.asked(names):
            found.setdefault((key, where), []).append(indexes)
        return [
            Question(cast("str | None", key), where, self.ways, tuple(indexes))
            for (key, where), indexes in found.items()
        ]


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it will be sent: `path` within the company, `body` in the order of sending with
    the blanks of Business Central, None for a call without one.
    """

    step: str
    method: str
    path: str
    body: dict[str, object] | None = attribute(repr=False)


@dataclass(frozen=True, slots=True)
class By:
    """The field that an upsert finds its record by, and the value it must have."""

    field: str
    valued: Callable[[Names], object] = attribute(repr=False)

    def value(self, names: Names) -> object:
        """The value. Raises `InvalidInput` or `MappingError` when there is none."""
        return self.valued(names)


@dataclass(frozen=True, slots=True)
class Anchor:
    """The field that finds a record again whose creation has no known outcome.

    `also_in` are the entity sets the record may have moved to; they have the same field. `early`:
    the value is known from the input alone, so that it may serve as idempotency key.
    """

    field: str
    also_in: tuple[str, ...]
    valued: Callable[[Names], object] = attribute(repr=False)
    early: bool = True

    def value(self, names: Names) -> str | None:
        """The value in the input, or nothing."""
        found = self.valued(names)
        return found if isinstance(found, str) and found else None


@dataclass(frozen=True, slots=True)
class Guard:
    """A business rule that says what is bad."""

    rejection: Rejection
    bad: Callable[[Names], object] = attribute(repr=False)
    pointers: tuple[str, ...]
    place: Place


_WHOLE: Final = Record((), {}, dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a verb. `effect` says what sending it twice would do.

    `body` makes a record that is not there (create, upsert), `change` brings one that is there to
    what is asked for (update, upsert), `by` finds it (upsert). `own_key` is the path of the input
    that says the same as `by` and must not say anything else.

    The others are there in verbs of several steps: `identified` gives the id of the record it is
    about, `when` whether it is carried out at all, `guards` are those of this step: of one that
    reads once it has read, of one that writes before it is sent. `record` is what must be read of
    a record, `lookup` the question of a find, `anchor` that of a create, `action` a bound action.
    """

    name: str
    kind: Kind
    effect: Effect
    entity: str
    body: Callable[[Names], dict[str, object]] | None = attribute(default=None, repr=False)
    change: Change | Overwrite | None = None
    by: By | None = None
    own_key: tuple[str, ...] | None = None
    identified: Callable[[Names], object] | None = attribute(default=None, repr=False)
    when: Callable[[Names], object] | None = attribute(default=None, repr=False)
    guards: tuple[Guard, ...] = ()
    record: Record = _WHOLE
    lookup: Lookup | None = None
    anchor: Anchor | None = None
    action: str | None = None

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.kind not in {"read", "find"}

    def render(self, names: Names) -> Request:
        """The call of this step that creates a record.

        Raises `InvalidInput` when the input has no such translation, `MappingError` when
        something else the mapping reads has none.
        """
        if self.body is None:
            raise ValueError(f"A step of the kind {self.kind} creates nothing.")
        return Request(self.name, "POST", self.entity, self.body(names))


@dataclass(frozen=True, slots=True)
class FieldUse:
    """A field of Business Central that a plan reads or writes, and where it says so."""

    entity: str
    field: str
    access: Literal["read", "write"]
    place: Place


@dataclass(frozen=True, slots=True)
class Plan:
    """One verb of one resource. `schema` names the canonical schema, `input` the document in
    expressions, `api` and `entity` the page of Business Central, `file` the mapping. `params` is a
    JSON Schema of the settings that the mapping reads.

    `rejections` are all codes of the mapping with those of ambiguous lookups, `problems` leads
    from an error code of Business Central to one of them. `answer_step` is the step whose
    record is the answer. `list` is there for the verb `list` only.

    `walks`: the verb has several steps, each under a name of its own; `part`: it is one of them.
    `action`: it is one of the
    mapping's own actions and no verb of the language. `takes` names the canonical schema of what
    the caller sends, if it is not that of the resource; "" stands for nothing at all.
    `schema_version` is the `$schemaversion` that every call asks for (bc/api.md §1).

    `reads` are the paths of the input that expressions of the verb read, each with its name.
    """

    resource: str
    verb: str
    title: str
    schema: str
    api: str
    entity: str
    file: str
    record: Record
    params: Mapping[str, object] = attribute(default_factory=dict)
    input: str | None = None
    lookups: tuple[Lookup, ...] = ()
    checks: tuple[Guard, ...] = ()
    steps: tuple[Step, ...] = ()
    anchor: Anchor | None = None
    answer_step: str | None = None
    rejections: Mapping[str, Rejection] = attribute(default_factory=dict)
    problems: Mapping[str, str] = attribute(default_factory=dict)
    fields: tuple[FieldUse, ...] = ()
    list: ListPlan | None = None
    walks: bool = False
    part: bool = False
    action: bool = False
    takes: str | None = None
    reads: tuple[Way, ...] = attribute(repr=False, default=())
    schema_version: str | None = None

    def at(self, step: Step) -> Plan:
        """One step of a verb of several, as the plan of a verb that is nothing but this step.

        What the caller sent was checked and looked up before: there is no input any more.
        """
        return replace(
            self,
            entity=step.entity,
            record=step.record,
            input=None,
            lookups=(),
            checks=step.guards,
            steps=(step,),
            anchor=step.anchor,
            walks=False,
            part=True,
        )

    def step_named(self, name: str | None) -> Step | None:
        """The step of this name; None when there is none."""
        return next((step for step in self.steps if step.name == name), None)

    def unread(self, document: object) -> tuple[str, ...]:
        """The JSON pointers of what is in a document for `input` and no expression reads."""
        said = [step.own_key for step in self.steps if step.own_key]
        ways = [*(way[1:] for way in self.reads), *said]
        return tuple(unread_pointers(document, ways))

    def guards(self, names: Names) -> tuple[Rejected, ...]:
        """Every guard that says the document is bad, in the order of the mapping.

        Raises `InvalidInput` or `MappingError` when a guard cannot be evaluated.
        """
        return tuple(_rejected(guard) for guard in self.checks if guard.bad(names))


def _rejected(guard: Guard) -> Rejected:
    code, title = guard.rejection.code, guard.rejection.title
    pointers: tuple[str | None, ...] = guard.pointers or (None,)
    return guard.rejection.raised(
        tuple(Violation(code, f"{title}.", pointer, place=guard.place) for pointer in pointers)
    )


def _pointer(parts: tuple[str | int, ...], indexes: tuple[int, ...]) -> str:
    """A JSON pointer; a number in `parts` stands for the index of that loop."""
    return json_pointer(indexes[part] if isinstance(part, int) else part for part in parts)
