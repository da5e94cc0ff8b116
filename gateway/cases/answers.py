"""The answers of tests held against Business Central's schemas: what it would never answer so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final, cast

from gateway.cases.reading import RULES
from gateway.documents import Document, Finding, meant
from gateway.mapping import Plan
from gateway.validation import Schemas, json_pointer
from gateway.wire import Entity, Field, decode_name, is_guid

Path = tuple[str | int, ...]
EntityOf = Callable[[str], Entity | None]

BEFORE: Final = "read"  # under which name the record is given that is there before a change
_MATCH: Final = ("id", "number", "variant_id", "unit_of_measure")
_NEVER: Final = "Business Central never answers this so"
_KINDS: Final[Mapping[str, tuple[tuple[type, ...], str, str]]] = {
    "integer": ((int,), "a whole number", "Write it without quotes."),
    "decimal": ((int, Decimal), "a number", "Write it without quotes, with a point: 1.5."),
    "boolean": ((bool,), "true or false", "Write `true` or `false`."),
    **dict.fromkeys(("string", "date", "datetime", "guid"), ((str,), "text", "Put it in quotes.")),
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """What stands at `path` of an answer, or the key there, and is none of Business Central's."""

    path: Path
    message: str
    hint: str | None
    key: bool = False

    @property
    def pointer(self) -> str:
        """The JSON pointer of the place in the answers."""
        return json_pointer(self.path)


def misfits(answers: Mapping[str, Any], plan: Plan, schemas: Schemas) -> Iterator[Misfit]:
    """Everything in `answers` of the kinds `lookups` and `steps` that a verb could not be answered.

    Names that the verb does not know are left alone.
    """
    entity_of = partial(_entity, schemas, plan.api)
    for kind, known in (("lookups", _lookups(plan)), ("steps", _steps(plan))):
        for name, given in answers.get(kind, {}).items():
            if name not in known:
                continue
            entity, each = known[name]
            rows = given.items() if each and isinstance(given, Mapping) else [(None, given)]
            many = plan.list is not None and kind == "steps"
            for key, row in rows:
                path = (kind, name) if key is None else (kind, name, key)
                if entity is None:
                    yield from _match(row, path)
                else:
                    yield from _rows(entity, row, entity_of, path, many=many)


def wrong_records(document: Document, plan: Plan, schemas: Schemas) -> list[Finding]:
    """The same as findings, where the answers are a document of their own."""
    answers = cast("Mapping[str, Any]", document.value)
    named = {kind: part for kind, part in answers.items() if isinstance(part, Mapping)}
    return [
        Finding(
            "T110",
            RULES["T110"],
            one.message,
            document.place(one.path, key=one.key),
            length=document.length(one.path, key=one.key),
            hint=one.hint,
        )
        for one in misfits(named, plan, schemas)
    ]


def steps_of(plan: Plan) -> list[str]:
    """The names of steps under which records may be given."""
    return list(_steps(plan))


def answering_step(plan: Plan) -> str:
    """Under which name the record is given that the answer is made of."""
    return plan.answer_step or plan.verb


def lacking(path: tuple[str, ...], record: object, plan: Plan) -> list[str]:
    """The fields that a verb reads of the answer at `path`, and `record` does not have."""
    rows = record if isinstance(record, list) else [record]
    select, expand = _needed(path, plan)
    found: dict[str, None] = {}
    for row in [row for row in rows if isinstance(row, Mapping)]:
        found |= dict.fromkeys(name for name in [*select, *expand] if name not in row)
        for part, fields in expand.items():
            inner = row.get(part)
            for one in inner if isinstance(inner, list) else [inner]:
                if isinstance(one, Mapping):
                    found |= dict.fromkeys(f"{part}.{name}" for name in fields if name not in one)
    return list(found)


def _needed(path: tuple[str, ...], plan: Plan) -> tuple[list[str], Mapping[str, tuple[str, ...]]]:
    kind, name = path[0], path[1]
    if kind == "lookups":
        lookup = next(one for one in plan.lookups if one.name == name)
        return list(lookup.select), {}
    step = plan.step_named(name) if plan.walks else None
    if step is not None and name != plan.answer_step:
        lookup_ = step.lookup
        select = step.record.select if lookup_ is None else lookup_.select
        return list(select), step.record.expand
    record = plan.record if plan.list is None else plan.list.record
    read = [field for field in record.select if field in plan.record.select]  # not the filters'
    return read, record.expand


def _lookups(plan: Plan) -> dict[str, tuple[str | None, bool]]:
    """The entity set of each lookup, None for a match of items, and whether it is asked by key."""
    return {one.name: (one.entity, one.each) for one in plan.lookups}


def _steps(plan: Plan) -> dict[str, tuple[str | None, bool]]:
    if plan.walks:
        return {step.name: (step.entity, False) for step in plan.steps if step.kind != "delete"}
    changes = [step for step in plan.steps if step.kind != "create"]
    return dict.fromkeys(
        [answering_step(plan), *([BEFORE] if changes else [])], (plan.entity, False)
    )


def _entity(schemas: Schemas, api: str, entity_set: str) -> Entity | None:
    """The entity of a set; None for a part that has no schema file."""
    try:
        return schemas.entity(api, entity_set)
    except KeyError:
        return None


def _match(row: object, path: Path) -> Iterator[Misfit]:
    for name in row if isinstance(row, Mapping) else ():
        if name not in _MATCH:
            hint = meant(name, _MATCH) or f"Known here: {', '.join(_MATCH)}."
            yield Misfit((*path, name), f'A match of items has no "{name}".', hint, key=True)


def _rows(
    entity_set: str,
    row: object,
    entity_of: EntityOf,
    path: Path,
    *,
    many: bool,
    listed: bool = False,
) -> Iterator[Misfit]:
    """`many`: a list of records may stand here; `listed`: this is one of such a list."""
    if isinstance(row, list) and many:
        for at, one in enumerate(row):
            here = (*path, at)
            yield from _rows(entity_set, one, entity_of, here, many=False, listed=True)
    elif isinstance(row, Mapping):
        entity = entity_of(entity_set)
        yield from () if entity is None else _record(entity, row, entity_of, path)
    elif row is not None or listed:
        yield Misfit(path, f"{_NEVER}: a record is a map of fields.", "Write its fields.")


def _record(
    entity: Entity, record: Mapping[str, object], entity_of: EntityOf, path: Path
) -> Iterator[Misfit]:
    for name, value in record.items():
        here = (*path, name)
        if name in entity.fields:
            wrong = _value(entity.fields[name], value)
            if wrong is not None:
                yield Misfit(here, *wrong)
        elif name in entity.parts:
            part = entity.parts[name]
            yield from _rows(part.entity_set, value, entity_of, here, many=part.many)
        elif "@" not in name:
            message = f'{entity.entity_set} have no field "{name}".'
            hint = meant(name, [*entity.fields, *entity.parts])
            yield Misfit(here, message, hint or "Take it out.", key=True)


def _value(field: Field, value: object) -> tuple[str, str | None] | None:
    """What is wrong with the value of a field, and what to do. Apps add members to enums, so only
    one that is misspelt is wrong.
    """
    if value is None or field.type not in _KINDS:
        return None
    kinds, words, hint = _KINDS[field.type]
    if not isinstance(value, kinds) or (isinstance(value, bool) and field.type != "boolean"):
        return f"{_NEVER}: {field.name} is {words}.", hint
    if field.type == "guid" and not is_guid(str(value)):
        example = "5f8c0000-0000-4000-8000-000000000001"
        return f"{_NEVER}: {field.name} is a GUID.", f"Write one such as {example}."
    if field.enum is not None and isinstance(value, str):
        member = decode_name(value).strip()
        near = meant(member, field.enum) if member and member not in field.enum else None
        if near is not None:
            return f'{field.name} has no member "{member}".', near
    return None
