"""Canonical lists and single records, read from Business Central through the plan of a verb.

The API calls these functions. What comes back is held against what was asked for before anybody
sees it, and against the canonical schema after it was translated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.businesscentral import BusinessCentral, Deadline, next_link, rows_of
from gateway.clock import timestamp
from gateway.documents import encode_json
from gateway.errors import (
    FilterNotApplied,
    InvalidQuery,
    MappingError,
    NotFound,
    UnexpectedAnswer,
)
from gateway.mapping import ListPlan, Names, Plan
from gateway.storage import Connection, Store
from gateway.validation import Schemas, Validator
from gateway.wire import Condition, Entity, decode, filter_text, matches, query, record_path

MOST_EMPTY_PAGES = 20  # pages without a row that are followed for one page of ours


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A page of canonical records. `next_cursor` leads to the next one, None is the end."""

    data: tuple[dict[str, object], ...]
    next_cursor: str | None


async def list_records(
    business_central: BusinessCentral,
    store: Store,
    schemas: Schemas,
    plan: Plan,
    connection: Connection,
    *,
    wanted: Mapping[str, str],
    limit: int,
    cursor: str | None,
    now: datetime,
    deadline: Deadline,
) -> RecordPage:
    """A page of at most `limit` records that pass the filters in `wanted` (name → text).

    Pages are those of the server and its next links are followed as they stand, never `$skip`
    (bc/pitfalls.md 25). A cursor opens only for the same connection, target, resource and
    filters. Raises `InvalidQuery`, `FilterNotApplied`, `MappingError`, and what reading raises.
    """
    listed = plan.list
    if listed is None:
        raise ValueError(f"{plan.resource} has no list")
    entity, conditions = listed.entity, listed.conditions(wanted)
    if entity.list_needs_filter and not conditions:
        raise InvalidQuery(f"This list needs a filter: {', '.join(listed.filters)}.")
    purpose = _purpose(connection, plan, wanted)
    url = None if cursor is None else store.open(purpose, cursor)
    record = listed.record
    text = query(
        select=record.select, expand=record.expand, filter_=filter_text(entity, conditions)
    )
    for _ in range(MOST_EMPTY_PAGES):
        answer = await business_central.read(
            connection, entity.entity_set, text, url=url, page_size=limit, deadline=deadline
        )
        rows, following = rows_of(answer), next_link(answer)
        if len(rows) > limit or (following is not None and following == url):
            raise UnexpectedAnswer("Business Central's pages are not those that were asked for.")
        url = following
        if rows or url is None:
            break
    decoded = [_decoded(schemas, plan, entity, row) for row in rows]
    _check_rows(entity, conditions, decoded)
    data = _canonical(schemas, plan, listed, decoded, _names(connection, now))
    return RecordPage(data, None if url is None else store.seal(purpose, url))


async def read_record(
    business_central: BusinessCentral,
    schemas: Schemas,
    plan: Plan,
    connection: Connection,
    record_id: str,
    *,
    now: datetime,
    deadline: Deadline,
) -> dict[str, object]:
    """The canonical record with this id.

    Raises `NotFound` for what cannot be an id, `RecordGone`, `MappingError`, and what reading
    raises.
    """
    entity = schemas.entity(plan.api, plan.entity)
    try:
        path = record_path(entity, record_id)
    except InvalidQuery:
        raise NotFound("There is no such record: the id is not one.") from None
    text = query(select=plan.record.select, expand=plan.record.expand)
    answer = await business_central.read(connection, path, text, deadline=deadline)
    row = _decoded(schemas, plan, entity, answer.body or {})
    key = entity.key[0]
    if key in row:
        _check_rows(entity, (Condition(key, "eq", (record_id,)),), [row])
    document = plan.record.answer(row, _names(connection, now))
    _check_answer(schemas.answer_validator(plan.schema), document)
    return document


def _canonical(
    schemas: Schemas,
    plan: Plan,
    listed: ListPlan,
    rows: list[dict[str, object]],
    names: Names,
) -> tuple[dict[str, object], ...]:
    validator = schemas.answer_validator(plan.schema, listed.omit)
    documents = tuple(listed.record.answer(row, names) for row in rows)
    for document in documents:
        _check_answer(validator, document)
    return documents


def _decoded(
    schemas: Schemas, plan: Plan, entity: Entity, row: Mapping[str, object]
) -> dict[str, object]:
    return decode(entity, row, lambda entity_set: schemas.entity(plan.api, entity_set))


def _check_rows(
    entity: Entity, conditions: tuple[Condition, ...], rows: list[dict[str, object]]
) -> None:
    """Business Central has ignored filters it did not understand (bc/pitfalls.md 3)."""
    if not all(matches(entity, row, conditions) for row in rows):
        raise FilterNotApplied


def _check_answer(validator: Validator, document: dict[str, object]) -> None:
    violations = validator.violations(document)
    if violations:
        raise MappingError(
            "What the mapping made of a record does not fit the canonical schema.",
            violations=violations,
        )


def _purpose(connection: Connection, plan: Plan, wanted: Mapping[str, str]) -> str:
    """What a cursor is bound to."""
    bound = [
        connection.id,
        connection.environment,
        connection.company_id,
        plan.resource,
        sorted(wanted.items()),
    ]
    return f"cursor {hashlib.sha256(encode_json(bound)).hexdigest()}"


def _names(connection: Connection, now: datetime) -> Names:
    """What the expressions of a record may name; a read has no input and no lookups."""
    return {
        "lookups": {},
        "steps": {},
        "params": dict(connection.params),
        "connection": {
            "id": connection.id,
            "organization": connection.organization,
            "company": {"id": connection.company_id, "name": connection.company_name},
        },
        "now": timestamp(now),
        "target": {},
    }
