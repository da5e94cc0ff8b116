"""Canonical lists and single records, read from Business Central through the plan of a verb.

The API calls these functions. What comes back is held against what was asked for before anybody
sees it, and against the canonical schema after it was translated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.businesscentral import BusinessCentral, Deadline, next_link, rows_of
from gateway.clock import timestamp
from gateway.documents import encode_json
from gateway.errors import (
    BusinessCentralRefused,
    FilterNotApplied,
    InvalidQuery,
    MappingError,
    NotFound,
    UnexpectedAnswer,
    Violation,
)
from gateway.mapping import Names, Plan, Record
from gateway.storage import Connection, Store
from gateway.validation import Schemas, Validator
from gateway.wire import (
    Condition,
    Entity,
    decode,
    filter_text,
    is_guid,
    key_conditions,
    key_of,
    matches,
    query,
    record_path,
)

MOST_EMPTY_PAGES = 20  # pages without a row that are followed for one page of ours

_LEADS_NOWHERE = (
    "Business Central refuses to go on from this cursor, since the record it stood at is gone. "
    "Start the list again without one."
)


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A page of canonical records, perhaps an empty one. `next_cursor` leads to the next page,
    None is the end.
    """

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
    (bc/pitfalls.md 25): nothing of a list is kept here, however long it is. A cursor opens only
    for the same connection, target, resource and filters. No record is left out because it
    cannot be translated. Raises `InvalidQuery`, `FilterNotApplied`, `MappingError`, and what
    reading raises.
    """
    listed = plan.list
    if listed is None:
        raise ValueError(f"{plan.resource} has no list")
    entity, conditions = listed.entity, listed.conditions(wanted)
    if entity.list_needs_filter and not conditions:
        raise InvalidQuery(f"This list needs a filter: {', '.join(listed.filters)}.")
    record = listed.record
    text = query(
        select=record.select, expand=record.expand, filter_=filter_text(entity, conditions)
    )
    purpose = _purpose(connection, plan, text)
    url = None if cursor is None else store.open(purpose, cursor)
    pinned = business_central.pinned(plan.schema_version)
    for _ in range(MOST_EMPTY_PAGES):
        try:
            answer = await pinned.read(
                connection,
                entity.entity_set,
                text,
                url=url,
                page_size=limit,
                deadline=deadline,
                api=plan.api,
            )
        except BusinessCentralRefused as refused:
            if url is None:
                raise
            raise InvalidQuery(_LEADS_NOWHERE, fault=refused.fault) from None
        rows, following = rows_of(answer), next_link(answer)
        if len(rows) > limit or _repeated(entity, rows) or (following and following == url):
            raise UnexpectedAnswer("Business Central's pages are not those that were asked for.")
        url = following
        if rows or url is None:
            break
    decoded = [_decoded(schemas, plan, entity, row) for row in rows]
    _require_keys(entity, decoded)
    _check_rows(entity, conditions, decoded)
    names = _names(connection, now)
    validator = schemas.answer_validator(plan.schema, listed.omit)
    data = tuple(_canonical(entity, record, row, names, validator) for row in decoded)
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
    pinned = business_central.pinned(plan.schema_version)
    answer = await pinned.read(connection, path, text, deadline=deadline, api=plan.api)
    row = _decoded(schemas, plan, entity, answer.body or {})
    _require_keys(entity, [row])
    _check_rows(entity, tuple(key_conditions(entity, record_id)), [row])
    validator = schemas.answer_validator(plan.schema)
    return _canonical(entity, plan.record, row, _names(connection, now), validator)


def _canonical(
    entity: Entity, record: Record, row: dict[str, object], names: Names, validator: Validator
) -> dict[str, object]:
    """The canonical document of `row`. Raises `MappingError` that names the record by its id."""
    try:
        document = record.answer(row, names)
    except MappingError as error:
        raise _untranslated(entity, row, error.violations) from None
    if violations := validator.violations(document):
        raise _untranslated(entity, row, violations)
    return document


def _untranslated(
    entity: Entity, row: Mapping[str, object], violations: Sequence[Violation]
) -> MappingError:
    key = row.get(entity.key[0])
    which = f"({key})" if isinstance(key, str) and is_guid(key) else ""
    detail = f"The mapping has no canonical record for {entity.entity_set}{which}."
    return MappingError(detail, violations=violations)


def _repeated(entity: Entity, rows: list[dict[str, object]]) -> bool:
    """Whether a record is there twice; no page of a list holds one twice (bc/pitfalls.md 25)."""
    keys = [key for row in rows if (key := key_of(entity, row)) is not None]
    return len(set(keys)) != len(keys)


def _decoded(
    schemas: Schemas, plan: Plan, entity: Entity, row: Mapping[str, object]
) -> dict[str, object]:
    return decode(entity, row, lambda entity_set: schemas.entity(plan.api, entity_set))


def _require_keys(entity: Entity, rows: Sequence[Mapping[str, object]]) -> None:
    """What names a record is asked for in every read, so what comes without it is none."""
    if any(key_of(entity, row) is None for row in rows):
        raise UnexpectedAnswer("Business Central's answer is no record.")


def _check_rows(
    entity: Entity, conditions: tuple[Condition, ...], rows: list[dict[str, object]]
) -> None:
    """Business Central has ignored filters it did not understand (bc/pitfalls.md 3)."""
    if not all(matches(entity, row, conditions) for row in rows):
        raise FilterNotApplied


def _purpose(connection: Connection, plan: Plan, text: str) -> str:
    """What a cursor is bound to: the fields of `text` too, since a mapping may have changed."""
    bound = [
        connection.id,
        connection.environment,
        connection.company_id,
        plan.resource,
        text,
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
