"""What becomes of the elements of a part: those that are wanted against those that are there. Pure.

`prepare` asks for them; `elements.py` says what each of them sends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gateway.errors import Ambiguous, InvalidInput, Violation
from gateway.mapping import PartChange
from gateway.operations.changes import Row
from gateway.operations.elements import (
    LONGEST_NAME,
    Element,
    Entities,
    Key,
    changes_of,
    folded,
)
from gateway.validation import json_pointer
from gateway.wire import Entity, decode, encode_value, following, key_of, unchangeable


@dataclass(frozen=True, slots=True)
class Whole:
    """What elements are told from: the id of the record they are part of, its path, its canonical
    form, and the decoded elements that are there.
    """

    id: str
    parent: str
    record: Mapping[str, object]
    rows: Sequence[Row]


def elements_of(
    part: PartChange, wanted: Sequence[dict[str, object]], base: Whole, entities: Entities
) -> list[Element]:
    """What becomes of the elements of a part: those that are `wanted` in their order, then those
    that go. Elements that are as wanted are among them.

    Raises `InvalidInput` when what is wanted does not say which element is which, `Ambiguous`
    when Business Central holds an element twice.
    """
    made = _Elements(part, entities(part.entity), base, entities).all(wanted)
    return [replace(one, name=_named(one, at)) for at, one in enumerate(made, start=1)]


class _Elements:
    """Makes the elements of one part."""

    def __init__(self, part: PartChange, entity: Entity, base: Whole, entities: Entities) -> None:
        self._part = part
        self._entity = entity
        self._base = base
        self._entities = entities
        self._make = partial(
            Element,
            part=part.part,
            entity=entity.entity_set,
            of=base.id,
            parent=base.parent,
        )

    def all(self, wanted: Sequence[Mapping[str, object]]) -> Iterator[Element]:
        """Those that are wanted, then those that go."""
        there = self._there()
        keys = [self._folded(self._key_of(body)) for body in wanted]
        self._check_keys(keys)
        named = [
            self._wanted(body, there.get(key), index)
            for index, (key, body) in enumerate(zip(keys, wanted, strict=True))
        ]
        self._check_objects(named)
        yield from named
        shown = self._part.shown
        known = () if shown is None else map(self._folded, shown.keys(self._base.record))
        gone = set(known).difference(keys)
        yield from (self._going(row) for key, row in there.items() if key in gone)

    def _there(self) -> dict[Key, Row]:
        """The elements that are there by their keys; one without a key is nobody's to change."""
        there: dict[Key, Row] = {}
        for row in self._base.rows:
            key = self._folded(tuple(row.get(name) for name in self._part.key))
            if not all(key):
                continue
            if key in there:
                raise Ambiguous(
                    f"Business Central has several elements of {self._part.part} with the same "
                    f"{', '.join(self._part.key)}, and it cannot be told which is meant."
                )
            there[key] = row
        return there

    def _key_of(self, body: Mapping[str, object]) -> Key:
        meant = decode(self._entity, body, self._entities)
        return tuple(meant.get(name) for name in self._part.key)

    def _folded(self, key: Key) -> Key:
        """A key as Business Central compares it."""
        return tuple(
            folded(self._entity.fields[name], value)
            for name, value in zip(self._part.key, key, strict=True)
        )

    def _check_keys(self, keys: Sequence[Key]) -> None:
        """Each element that is wanted must be one and not another. Zero is no number of a line:
        Business Central gives another one for it, each time anew.
        """
        words, pointer = ", ".join(self._part.key), json_pointer(self._part.reads[0])
        seen: set[Key] = set()
        violations = []
        for index, key in enumerate(keys):
            if key in seen or not all(key):
                detail = f"has the same {words} as one before it" if all(key) else f"has no {words}"
                target = f"{self._part.part}[{index}]"
                told = Violation("key", f"This element {detail}.", pointer, target)
                violations.append(replace(told, place=self._part.place))
            seen.add(key)
        if violations:
            message = "It cannot be told which element is which."
            raise InvalidInput(message, violations=violations)

    def _check_objects(self, elements: Sequence[Element]) -> None:
        """What Business Central keeps from the creation on must not be asked for otherwise: it
        would refuse, and what was written before that call would stand.
        """
        fixed, shown = unchangeable(self._entity), self._part.shown
        words = ", ".join(self._part.key if shown is None else shown.names)
        hint = (
            f"Send each line with the {words} it was answered with. To have another item there, "
            f"leave the line out and send one with a {words} that is free."
        )
        violations = [
            Violation(
                "fixed",
                f"Business Central has a line with this {words}, and never changes what it is of.",
                one.pointer,
                f"{one.place}.{name}",
                self._part.place,
                hint,
            )
            for one in elements
            if one.kind == "update"
            for name in changes_of(one, self._entities)
            if name in fixed
        ]
        if violations:
            message = "The item or account of a line cannot be changed: it takes a new line."
            raise InvalidInput(message, violations=violations)

    def _wanted(self, body: Mapping[str, object], row: Row | None, index: int) -> Element:
        key, listed = {name: body[name] for name in self._part.key}, self._part.listed
        make = partial(
            self._make,
            name="",
            place=f"{self._part.part}[{index}]",
            pointer=None if listed is None else f"{json_pointer(listed)}/{index}",
            key=key,
        )
        if row is None:
            return make(kind="create", id=None, body=body, stood={})
        rest = {name: value for name, value in body.items() if name not in self._part.key}
        wanted = make(
            kind="update",
            id=key_of(self._entity, row),
            body=rest,
            stood={name: row.get(name) for name in rest},
        )
        return self._with_spared(wanted, row)

    def _with_spared(self, element: Element, row: Row) -> Element:
        """An element that keeps what is left alone where Business Central would set it anew."""
        body = dict(element.body or {})
        changed = changes_of(element, self._entities)
        there = [name for name in self._part.spared if row.get(name) is not None]
        kept = following(self._entity, changed, body, there)
        if not kept:
            return element
        for name in kept:
            body[name] = encode_value(self._entity.fields[name], row.get(name))
        ordered = {name: body[name] for name in self._entity.send_order if name in body}
        return replace(element, body=ordered, stood={name: row.get(name) for name in ordered})

    def _going(self, row: Row) -> Element:
        key = {name: row.get(name) for name in self._part.key}
        fields = self._entity.fields
        return self._make(
            name="",
            place=f"{self._part.part}({', '.join(map(str, key.values()))})",
            kind="delete",
            key=key,
            id=key_of(self._entity, row),
            body=None,
            stood={
                name: value
                for name, value in row.items()
                if name in fields and not fields[name].read_only
            },
        )


def _named(element: Element, at: int) -> str:
    """The name of its step: what people read of what was carried out."""
    key = ", ".join(str(one) for one in element.key.values())
    name = f"{element.part} {key}"
    return name if len(name) <= LONGEST_NAME else f"{element.part[: LONGEST_NAME - 10]} no. {at}"
