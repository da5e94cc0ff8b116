"""The elements of a part that a change makes, changes or deletes, each by a call of its own. Pure.

Business Central changes no part together with its record (bc/api.md §7). `prepare` says which
elements differ from what is asked for; whoever sends goes through them one by one, and each has
an intent of its own in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal, cast

from gateway.errors import GatewayError, RecordChanged, Violation
from gateway.mapping import Names, Overwrite, Plan, Record, Request, Step
from gateway.operations.changes import Row, addressed
from gateway.operations.compare import same_value
from gateway.wire import Entity, Field, code, decode, key_of

AGENDA: Final = "elements"  # in the request of a call: what is to become of which elements
ELEMENT: Final = "element"  # in the request of a call: the one it is about
AGAIN: Final = " again"  # behind the name of an element's step, for each further call
LONGEST_NAME: Final = 64 - 4 * len(AGAIN)  # characters; the journal holds 64

Key = tuple[object, ...]
Entities = Callable[[str], Entity]


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a part and what becomes of it.

    `name` is that of its step in the journal, `place` its target in words, `pointer` where it
    stands in the input, if that is known. `entity` is its entity set, `key` what it is known by,
    `id` its own key in Business Central where it is there. `of` is the id of the record it is a
    part of, `parent` its path. `body` is what is wanted of it, None where it goes. `stood` is what
    stood there when this operation looked: a deletion has seen all of it that can be written, a
    change the fields of its body.
    """

    name: str
    place: str
    kind: Literal["create", "update", "delete"]
    part: str
    entity: str
    of: str
    parent: str
    key: Mapping[str, object] = field(repr=False)
    id: str | None
    body: Mapping[str, object] | None = field(repr=False)
    stood: Mapping[str, object] = field(repr=False)
    pointer: str | None = None

    @property
    def written(self) -> dict[str, object]:
        """As it stands in the journal."""
        return asdict(self)


def read_element(written: object) -> Element:
    """An element as it stands in the journal."""
    return Element(**cast("dict[str, Any]", written))


def read_agenda(request: Mapping[str, object]) -> tuple[Element, ...]:
    """The elements that the request of a call in the journal names."""
    return tuple(map(read_element, cast("list[object]", request.get(AGENDA, ()))))


def changes_of(element: Element, entities: Entities) -> dict[str, object]:
    """The fields of an element that is there which are not as wanted, in the order of sending."""
    entity, body = entities(element.entity), element.body or {}
    meant = decode(entity, body, entities)
    return {
        name: value
        for name, value in body.items()
        if not same_value(entity.fields[name], meant[name], element.stood[name])
    }


def request_for(element: Element, entities: Entities) -> Request | None:
    """The call of an element. None: it is so already."""
    if element.kind == "create":
        path = f"{element.parent}/{element.part}"
        return Request(element.name, "POST", path, dict(element.body or {}))
    path = addressed(entities(element.entity), str(element.id))
    if element.kind == "delete":
        return Request(element.name, "DELETE", path, None)
    body = changes_of(element, entities)
    return Request(element.name, "PATCH", path, body) if body else None


def due(elements: Sequence[Element], entities: Entities) -> list[Element]:
    """Those that need a call."""
    return [one for one in elements if request_for(one, entities) is not None]


def looked_again(
    elements: Sequence[Element],
    rows: Mapping[str, Sequence[Row]],
    entities: Entities,
    *,
    ours: bool,
) -> list[Element]:
    """The elements as they stand when this operation looks again; those that have gone and were
    to go are left out. `rows` are the decoded elements by part.

    `ours`: the record was changed by this operation at this moment, and what that has changed of
    its elements, as a currency does prices (bc/api.md §3), counts as seen. Raises `RecordChanged`
    for what must be somebody else's doing: an element that has come or gone, and unless `ours`
    any other value in what was to be written or deleted.
    """
    found = []
    for element in elements:
        entity = entities(element.entity)
        row = next((row for row in rows[element.part] if is_element(element, row, entity)), None)
        if element.kind == "create" and row is not None:
            raise overtaken(element, "Somebody added the element meanwhile.")
        if element.kind == "update" and row is None:
            raise overtaken(element, "Somebody deleted the element meanwhile.")
        if row is not None:
            now = replace(element, stood={name: row.get(name) for name in element.stood})
            if not ours and _differs(element, now, entities):
                raise overtaken(element, "Somebody changed the element meanwhile.")
            found.append(now)
        elif element.kind == "create":
            found.append(element)
    return found


def _differs(element: Element, now: Element, entities: Entities) -> bool:
    """Whether an element is another than it was, and not as it is wanted either."""
    fields = entities(element.entity).fields
    other = {
        name
        for name, value in now.stood.items()
        if not same_value(fields[name], element.stood[name], value)
    }
    wanted = element.kind == "update" and other.isdisjoint(changes_of(now, entities))
    return bool(other) and not wanted


def left_of(
    element: Element, answer: Mapping[str, object] | None, entities: Entities
) -> Element | None:
    """What is left to change of an element that a call has changed or made; None: nothing, as far
    as the answer tells. What a change has said and Business Central did not take is not said again.
    """
    row = None if answer is None else answer.get("body")
    if element.kind == "delete" or not isinstance(row, Mapping):
        return None
    entity, body = entities(element.entity), element.body or {}
    there = decode(entity, row, entities)
    known = {name: value for name, value in body.items() if name in there}
    named = key_of(entity, there) or element.id
    if named is None:
        return None
    said = changes_of(element, entities) if element.kind == "update" else {}
    apart = {*element.key, *said}
    rest = {name: value for name, value in known.items() if name not in apart}
    after = replace(
        element,
        name=f"{element.name}{AGAIN}",
        kind="update",
        id=named,
        body=rest,
        stood={name: there[name] for name in rest},
    )
    return after if changes_of(after, entities) else None


def refused(element: Element, error: GatewayError) -> GatewayError:
    """What the call of an element came to, with its place. The same error."""
    told = list(error.violations)
    if error.fault is not None and not told:
        told = [Violation(getattr(error, "own_code", error.code), error.detail)]
    error.violations = tuple(
        replace(one, pointer=element.pointer or one.pointer, target=_within(element, one.target))
        for one in told
    )
    return error


def _within(element: Element, target: str | None) -> str:
    """The target of something in the body of an element, seen from its record."""
    if target is None or target.startswith(element.place):
        return element.place
    return f"{element.place}.{target}"


def overtaken(element: Element, what: str) -> RecordChanged:
    """Somebody was faster: the conflict, with its place."""
    violation = Violation("changed", what, element.pointer, element.place)
    return RecordChanged(f"{what} Nothing of theirs was changed.", violations=[violation])


def plan_for(plan: Plan, element: Element) -> Plan:
    """The call of an element as the plan of a verb that is nothing but this call."""
    names = tuple(element.stood)

    def identified(names: Names) -> object:  # noqa: ARG001 - as of a step
        return element.id

    def bodied(names: Names) -> dict[str, object]:  # noqa: ARG001 - as of a step
        return dict(element.body or {})

    def held(names: Names) -> dict[str, object]:
        record = cast("Row", names["bc"])
        return {name: record.get(name) for name in element.stood}

    step = Step(
        name=element.name,
        kind=element.kind,
        effect="irreversible" if element.kind == "create" else "repeatable",
        entity=f"{element.parent}/{element.part}" if element.kind == "create" else element.entity,
        body=bodied if element.kind == "create" else None,
        change=Overwrite(names, names, {}, bodied) if element.kind == "update" else None,
        identified=None if element.kind == "create" else identified,
        record=Record(names, {}, held),
    )
    return replace(plan.at(step), entity=element.entity)


def folded(field_: Field, value: object) -> object:
    """A value of a key as Business Central compares it; nothing for a blank."""
    if isinstance(value, str):
        return code(value) if field_.code else value.lower() if field_.type == "guid" else value
    return value or None


def is_element(element: Element, row: Row, entity: Entity) -> bool:
    """Whether a decoded row has the key of an element."""
    return all(
        folded(entity.fields[name], row.get(name)) == folded(entity.fields[name], value)
        for name, value in element.key.items()
    )
