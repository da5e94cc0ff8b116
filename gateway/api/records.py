"""`/v1/connections/{connection}/{resource}`: canonical records, whatever resources there are.

One handler a shape of path: which resources and verbs exist is the snapshot's to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn, cast

from aiohttp import web

from gateway import reads
from gateway.api.access import connection_of
from gateway.api.answers import answer, page, record_answer
from gateway.api.bodies import (
    READ_WITHIN,
    idempotency_key,
    if_match,
    preferences,
    read_nothing,
    read_number,
    read_object,
    read_query,
)
from gateway.api.keys import (
    BUSINESS_CENTRAL,
    CLOCK,
    CONNECTIONS,
    ENGINE,
    OWNERS,
    STORE,
    snapshot_of,
)
from gateway.api.operations import operation_body
from gateway.api.problems import docs_url
from gateway.businesscentral import Deadline
from gateway.clock import breath
from gateway.errors import InvalidQuery, MethodNotAllowed, NotFound
from gateway.mapping import Plan
from gateway.operations import Outcome
from gateway.snapshot import ResourcePlans
from gateway.wire import record_path

_MERGE_PATCH: Final = ("application/merge-patch+json",)


async def resources(request: web.Request) -> web.Response:
    """What this gateway can read and write."""
    known = snapshot_of(request).resources
    return page([_resource_body(known[name]) for name in sorted(known)])


async def list_records(request: web.Request) -> web.Response:
    """A page of records. Raises `InvalidQuery`."""
    connection = await connection_of(request)
    snapshot, store = snapshot_of(request), request.app[STORE]
    plan = snapshot.plan(request.match_info["resource"], "list", *request[OWNERS])
    filters = plan.list.filters if plan.list else ()
    wanted = read_query(request, (*filters, "limit", "cursor"))
    limit = read_number(wanted.pop("limit", "100"), "limit", 1, 1000)
    cursor = wanted.pop("cursor", None)
    clock = request.app[CLOCK]
    found = await reads.list_records(
        request.app[BUSINESS_CENTRAL],
        store,
        snapshot.schemas,
        plan,
        await request.app[CONNECTIONS].require_readable(connection.id),
        wanted=wanted,
        limit=limit,
        cursor=cursor,
        now=clock.now(),
        deadline=Deadline.within(clock, READ_WITHIN),
    )
    return page(found.data, found.next_cursor)


async def one_record(request: web.Request) -> web.Response:
    """One record with its ETag."""
    connection = await connection_of(request)
    snapshot, clock = snapshot_of(request), request.app[CLOCK]
    plan = snapshot.plan(request.match_info["resource"], "read", *request[OWNERS])
    read_query(request, ())
    record = await reads.read_record(
        request.app[BUSINESS_CENTRAL],
        snapshot.schemas,
        plan,
        await request.app[CONNECTIONS].require_readable(connection.id),
        _id_of(request, plan),
        now=clock.now(),
        deadline=Deadline.within(clock, READ_WITHIN),
    )
    return record_answer(record)


async def create_record(request: web.Request) -> web.Response:
    """Write one record, once: 201 with it, or 202 with the operation to ask for."""
    return await _write(request, "create", {})


async def put_record(request: web.Request) -> web.Response:
    """Have the record with this business key as the document says: 201, 200 or 202."""
    return await _write(request, "upsert", {"key": request.match_info["id"]})


async def change_record(request: web.Request) -> web.Response:
    """Merge a patch into a record (RFC 7396): 200 with it, or 202."""
    return await _write(request, "update", {"id": request.match_info["id"]})


async def delete_record(request: web.Request) -> web.Response:
    """Delete a record: 204, or 202."""
    return await _write(request, "delete", {"id": request.match_info["id"]})


async def act_on_record(request: web.Request) -> web.Response:
    """Carry out an action of the mapping's own on a record: 200 with it, 204, or 202."""
    connection, action = await connection_of(request), request.match_info["action"]
    owners = connection.id, connection.organization
    known = snapshot_of(request).resource(request.match_info["resource"], *owners)
    if known is not None and action not in known.actions:
        there = f"they have: {', '.join(known.actions)}" if known.actions else "they have none"
        raise NotFound(f'{known.title} have no action "{action[:80]}"; {there}.')
    return await _write(request, action, {"id": request.match_info["id"]})


async def no_such_verb(request: web.Request) -> NoReturn:
    """A method that no resource takes. Raises `UnknownResource` or `MethodNotAllowed`."""
    snapshot_of(request).plan(request.match_info["resource"], request.method)
    raise MethodNotAllowed


async def _write(request: web.Request, verb: str, target: Mapping[str, str]) -> web.Response:
    """One write of any verb. `target` are the parameters of the path that name its record."""
    connection = await connection_of(request)
    snapshot = snapshot_of(request)
    plan = snapshot.plan(request.match_info["resource"], verb, *request[OWNERS])
    if "If-None-Match" in request.headers:
        raise InvalidQuery("If-None-Match is not taken here: nothing was written.")
    if "id" in target and not plan.walks:
        _id_of(request, plan)
    wish, key = preferences(request), idempotency_key(request)
    condition = if_match(request) if target else ()
    document = None
    if plan.input is not None:
        patch = verb == "update" and not plan.action
        document = await read_object(request, _MERGE_PATCH if patch else ())
        await breath()
    elif plan.action:
        await read_nothing(request)
    outcome = await request.app[ENGINE].run(
        connection,
        plan,
        document,
        snapshot=snapshot,
        key=key,
        target=target,
        if_match=condition,
        wait=wish.wait,
        prefer_async=wish.respond_async,
    )
    return _written(request, outcome)


def _id_of(request: web.Request, plan: Plan) -> str:
    """The id in the path. Raises `NotFound` when it cannot be one, with what may be meant."""
    snapshot, text = snapshot_of(request), request.match_info["id"]
    try:
        record_path(snapshot.schemas.entity(plan.api, plan.entity), text)
    except InvalidQuery:
        known = snapshot.resource(plan.resource, *request[OWNERS])
        raise NotFound(
            f"There is no such record: the id is not one.{_by_key(known, plan)}"
        ) from None
    return text


def _by_key(plans: ResourcePlans | None, plan: Plan) -> str:
    """How to come to a record of which somebody has the number and not the id."""
    verbs = {} if plans is None else plans.verbs
    listed = verbs["list"].list if "list" in verbs else None
    found = listed is not None and "number" in listed.filters
    ways = ["The list finds one by `?number=`, with its id."] if found else []
    if plan.verb == "update" and "upsert" in verbs:
        ways.append("PUT takes a key in the place of an id.")
    return "".join(f" {way}" for way in ways)


def _written(request: web.Request, outcome: Outcome) -> web.Response:
    operation = outcome.operation
    headers = {"Operation-Id": operation.id}
    if outcome.replayed:
        headers["Idempotency-Replayed"] = "true"
    if outcome.status == 202:
        headers["Location"] = f"/v1/operations/{operation.id}"
        return answer(operation_body(operation, docs_url(request)), status=202, headers=headers)
    if operation.warnings:
        headers["Warnings"] = str(len(operation.warnings))
    if outcome.body is None:
        return web.Response(status=outcome.status, headers=headers)
    record = cast("dict[str, Any]", outcome.body)
    if outcome.status == 201:
        collection = f"/v1/connections/{operation.connection_id}/{operation.resource}"
        headers["Location"] = f"{collection}/{record['id']}"
    return record_answer(record, status=outcome.status, headers=headers)


def _resource_body(plans: ResourcePlans) -> dict[str, object]:
    listed = plans.verbs["list"].list if "list" in plans.verbs else None
    return {
        "name": plans.resource,
        "title": plans.title,
        "verbs": sorted(set(plans.verbs) - set(plans.actions)),
        "actions": list(plans.actions),
        "filters": sorted(listed.filters) if listed else [],
        "omit": sorted(listed.omit) if listed else [],
    }
