"""`/v1/operations`: the journal, as callers may see it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final, cast

from aiohttp import web

from gateway.api import shapes
from gateway.api.access import CALLER
from gateway.api.answers import answer, page
from gateway.api.bodies import read_number, read_query
from gateway.api.keys import ENGINE, STORE
from gateway.api.problems import docs_url, problem
from gateway.clock import timestamp
from gateway.errors import InvalidQuery, NotFound
from gateway.storage import Operation, OperationFilter, State

_FILTERS: Final = ("connection", "resource", "state", "cause", "key", "number")


async def list_operations(request: web.Request) -> web.Response:
    """The caller's operations, the newest first."""
    query = read_query(request, (*_FILTERS, "limit", "cursor"))
    if query.get("state", "queued") not in shapes.OPERATION_STATE:
        raise InvalidQuery(f"state must be one of {', '.join(shapes.OPERATION_STATE)}.")
    wanted = OperationFilter(
        organization=request[CALLER].organization,
        connection_id=query.get("connection"),
        resource=query.get("resource"),
        state=cast("State | None", query.get("state")),
        cause=query.get("cause"),
        key=query.get("key"),
        number=query.get("number"),
    )
    limit = read_number(query.get("limit", "100"), "limit", 1, 1000)
    store, purpose = request.app[STORE], f"operations {wanted!r}"
    before = None
    if "cursor" in query:
        created, last_id = json.loads(store.open(purpose, query["cursor"]))
        before = (datetime.fromisoformat(created), last_id)
    found = await store.operations(wanted, before=before, limit=limit + 1)
    cursor = None
    if len(found) > limit:
        last = found[limit - 1]
        cursor = store.seal(purpose, json.dumps([last.created_at.isoformat(), last.id]))
    docs = docs_url(request)
    return page([operation_body(operation, docs) for operation in found[:limit]], cursor)


async def one_operation(request: web.Request) -> web.Response:
    """One operation. Raises `NotFound` also for another organization's."""
    return answer(operation_body(await _visible(request), docs_url(request)))


async def retry_operation(request: web.Request) -> web.Response:
    """Take up an operation that waits. Raises `Conflict` with why it cannot be, and what can."""
    after = await request.app[ENGINE].retry(await _visible(request))
    headers = {"Location": f"/v1/operations/{after.id}"}
    return answer(operation_body(after, docs_url(request)), status=202, headers=headers)


async def cancel_operation(request: web.Request) -> web.Response:
    """Give up an operation that waits. Raises `Conflict` with why it cannot be."""
    after = await request.app[ENGINE].cancel(await _visible(request))
    return answer(operation_body(after, docs_url(request)))


async def _visible(request: web.Request) -> Operation:
    """The operation in the path. Raises `NotFound` also for another organization's."""
    found = await request.app[STORE].operation(request.match_info["operation"])
    limit = request[CALLER].organization
    if found is None or limit not in {None, found.organization}:
        raise NotFound("There is no such operation. `GET /v1/operations` lists them.")
    return found


def operation_body(operation: Operation, docs: str) -> dict[str, object]:
    """An operation as callers see it; `docs` is the address that explains the codes."""
    record = None
    if operation.record_id is not None or operation.record_number is not None:
        record = {"id": operation.record_id, "number": operation.record_number}
    return {
        "id": operation.id,
        "connection": operation.connection_id,
        "resource": operation.resource,
        "verb": operation.verb,
        "state": operation.state,
        "key": operation.key,
        "attempts": operation.attempt,
        "cause": operation.cause,
        "remedy": operation.remedy,
        "record": record,
        "warnings": [
            {"code": warning.code, "detail": warning.detail} for warning in operation.warnings
        ],
        "problem": None if operation.problem is None else problem(operation.problem, docs=docs),
        "created_at": timestamp(operation.created_at),
        "updated_at": timestamp(operation.updated_at),
    }
