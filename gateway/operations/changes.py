"""A change of a record that is there: what stood there before, and what would be sent. Pure.

`prepare` makes a Baseline of the record it was given and asks for the request; whoever sends
holds a later Baseline against the first one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from gateway.errors import InvalidQuery, NotFound
from gateway.mapping import Change, Names, Plan, Request
from gateway.operations.compare import same_value
from gateway.operations.etags import etag
from gateway.validation import Schemas
from gateway.wire import (
    ACTION_PREFIX,
    Condition,
    Entity,
    decode,
    filter_text,
    key_of,
    query,
    record_path,
)

Row = Mapping[str, object]

_METHODS = {"update": "PATCH", "upsert": "PATCH", "delete": "DELETE"}


@dataclass(frozen=True, slots=True)
class Baseline:
    """A record as it stands before it is changed.

    `etag` is Business Central's, None where nobody said. `fields` is what stands in the fields
    that the change touches, decoded, `parts` are the elements of the parts that it touches.
    `record` is the canonical record.
    """

    id: str
    etag: str | None
    number: str | None
    fields: Mapping[str, object] = field(repr=False)
    record: Mapping[str, object] = field(repr=False)
    parts: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict, repr=False)

    @property
    def canonical_etag(self) -> str:
        """The ETag that callers know the record by."""
        return etag(self.record)


def reading(entity: Entity, plan: Plan, *conditions: Condition) -> str:
    """The query that reads all a change or a deletion has to know of a record.

    It is the same at every look, since the ETag of Business Central may depend on what is shown
    (bc/api.md §3).
    """
    step = plan.steps[0]
    source = step.change or plan.record
    found_by = () if step.by is None else (step.by.field,)
    select = dict.fromkeys([*source.select, *entity.key, *found_by])
    return query(
        select=tuple(select), expand=source.expand, filter_=filter_text(entity, conditions)
    )


def addressed(entity: Entity, record_id: str) -> str:
    """The path of a record. Raises `NotFound` when its id cannot be one."""
    try:
        return record_path(entity, record_id)
    except InvalidQuery:
        raise NotFound("There is no such record: the id is not one.") from None


def baseline_of(
    schemas: Schemas, plan: Plan, names: Names, row: Mapping[str, object], patch: object
) -> Baseline:
    """The baseline of a record, decoded or as it came. Raises `MappingError`."""
    entity, change = schemas.entity(plan.api, plan.entity), plan.steps[0].change
    record = decode(entity, row, partial(schemas.entity, plan.api))
    touched = () if change is None else change.touches(patch)
    parts = change.touched_parts(patch) if isinstance(change, Change) else ()
    target = names["target"]
    known = target.get("id") if isinstance(target, Mapping) else None
    return Baseline(
        id=key_of(entity, record) or str(known),
        etag=text_of(record.get("@odata.etag")),
        number=text_of(record.get("number")),
        fields={name: record.get(name) for name in touched},
        record=plan.record.answer(record, names),
        parts={one.part: cast("Sequence[Row]", record.get(one.part) or ()) for one in parts},
    )


def request_of(
    schemas: Schemas, plan: Plan, baseline: Baseline, values: Mapping[str, object] | None
) -> Request | None:
    """The call that brings a record to `values`, or without any deletes it, or carries out the
    action of the step with `values` as its parameters. None: it is so already.
    """
    step, entity = plan.steps[0], schemas.entity(plan.api, plan.entity)
    if step.action is not None:
        path = f"{addressed(entity, baseline.id)}/{ACTION_PREFIX}{step.action}"
        return Request(step.name, "POST", path, None if values is None else dict(values))
    body = None
    if values is not None:
        wanted = decode(entity, values, partial(schemas.entity, plan.api))
        body = {
            name: value
            for name, value in values.items()
            if not same_value(entity.fields[name], wanted[name], baseline.fields[name])
        }
        if not body:
            return None
    return Request(step.name, _METHODS[step.kind], addressed(entity, baseline.id), body)


def identified(plan: Plan, names: Names) -> str:
    """The id of the record that a change is about: that of the address, or of its step; empty
    where a trial names none.

    Raises `InvalidInput` or `MappingError` when the step has none.
    """
    step, target = plan.steps[0], names["target"]
    if step.identified is not None:
        return str(step.identified(names))
    return str(target.get("id") or "") if isinstance(target, Mapping) else ""


def text_of(value: object) -> str | None:
    """A text that says something; else None."""
    return value if isinstance(value, str) and value else None
