from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import (
    BusinessCentralRefused,
    ConnectionNeedsConsent,
    Fault,
    GatewayError,
    IdempotencyKeyReused,
    OutcomeUnknown,
    RateLimited,
    RecordLocked,
    Rejected,
)
from gateway.operations.journal import ANEW
from gateway.operations.sending import in_words_of
from gateway.storage import Connection
from tests.unit.operations.conftest import Writes, order, snapshot

POST = {"method": "POST", "entity": "salesOrders"}
ENDED = {"succeeded", "failed"}


def refusal(code: str) -> dict[str, Any]:
    message = "No.  CorrelationId:  5f8c0000-0000-4000-8000-00000000000a."
    return {"kind": "status", "status": 400, "body": {"error": {"code": code, "message": message}}}


async def test_a_refusal_is_told_and_kept(writes: Writes) -> None:
    await writes.remote.arm(**refusal("Application_DialogException"), match=POST)

    with pytest.raises(BusinessCentralRefused) as raised:
        await writes.create()
    fault = raised.value.fault
    assert fault is not None
    assert (fault.status, fault.code) == (400, "Application_DialogException")
    assert "`business_central.message` says why" in raised.value.detail
    assert raised.value.detail.endswith(ANEW)
    failed = await writes.operation()
    assert (failed.state, failed.anchor) == ("failed", None)
    [call] = await writes.store.calls(failed.id)
    assert call.answer is not None
    assert call.answer["code"] == "business_central_refused"

    with pytest.raises(BusinessCentralRefused) as again:
        await writes.create()
    assert again.value.fault == fault
    with pytest.raises(IdempotencyKeyReused):
        await writes.create(order(order_date="2026-11-24"))
    assert await writes.posts() == 1
    assert (await writes.create(key="a new one")).status == 201


@pytest.mark.parametrize("key", ["k", None])
async def test_what_keeps_its_key_says_how_to_send_it_corrected(
    writes: Writes, key: str | None
) -> None:
    unknown = {"name": "Adatum", "currency": "XYZ"}
    with pytest.raises(BusinessCentralRefused) as raised:
        await writes.customer("upsert", unknown, key="C-1", idempotency_key=key)
    assert raised.value.detail.endswith(ANEW) == (key is not None)

    wanted = {"name": "Adatum"}
    if key is not None:
        with pytest.raises(IdempotencyKeyReused, match=ANEW):
            await writes.customer("upsert", wanted, key="C-1", idempotency_key=key)
    corrected = await writes.customer("upsert", wanted, key="C-1", idempotency_key=key and "other")
    assert corrected.status == 201


async def test_a_refusal_before_anything_is_sent_keeps_no_key(writes: Writes) -> None:
    where = {"entity": "customers", "method": "GET"}
    await writes.remote.arm(**refusal("Application_DialogException"), match=where)
    with pytest.raises(BusinessCentralRefused) as raised:
        await writes.customer("upsert", {"name": "Adatum"}, key="C-1", idempotency_key="k")
    assert ANEW not in raised.value.detail


def test_a_refusal_has_the_words_of_the_mapping() -> None:
    code = "Internal_InvalidTableRelation"
    plan = replace(snapshot().plan("sales-orders", "create"), problems={code: "unmatched_item"})
    error = in_words_of(plan, BusinessCentralRefused(fault=Fault(400, code, "No such item.")))

    assert isinstance(error, Rejected)
    assert (error.own_code, error.fault and error.fault.code) == ("unmatched_item", code)


async def test_another_customer_of_the_same_number_is_a_conflict(
    writes: Writes, connection: Connection
) -> None:
    plan = snapshot().plan("customers", "create")
    stranger = {"number": "30000", "name": "Completely Else Ltd"}

    with pytest.raises(GatewayError) as raised:
        await writes.engine.run(connection, plan, stranger, snapshot=snapshot(), key=None)
    assert (raised.value.code, raised.value.status) == ("conflict", 409)


async def test_a_record_that_is_there_already_and_is_not_ours_is_a_conflict(
    writes: Writes,
) -> None:
    await writes.remote.arm(**refusal("Internal_EntityWithSameKeyExists"), match=POST)

    with pytest.raises(GatewayError) as raised:
        await writes.create()
    assert (raised.value.code, raised.value.status) == ("conflict", 409)
    assert (await writes.operation()).state == "failed"


async def test_a_record_that_is_there_already_and_is_ours_is_the_one(writes: Writes) -> None:
    there = {**refusal("Internal_EntityWithSameKeyExists"), "committed": True}
    await writes.remote.arm(**there, match=POST)
    outcome = await writes.create()

    assert outcome.status == 201
    [row] = await writes.orders()
    assert outcome.operation.record_number == row["number"]
    assert await writes.posts() == 1


@pytest.mark.parametrize("body", [{}, {"value": []}, {"id": 5}], ids=["empty", "list", "number"])
async def test_a_success_without_an_id_is_no_success(writes: Writes, body: object) -> None:
    await writes.remote.arm("status", status=201, body=body, committed=True, match=POST)
    outcome = await writes.create()

    [row] = await writes.orders()
    assert (outcome.status, outcome.operation.record_number) == (201, row["number"])
    assert await writes.posts() == 1


async def test_what_was_said_of_an_attempt_that_sent_nothing_ends_with_the_next_intent(
    writes: Writes,
) -> None:
    reads = {"method": "GET", "entity": "customers"}
    at_once = {"Retry-After": "0"}
    await writes.remote.arm("status", status=503, headers=at_once, count=20, match=reads)
    assert (await writes.create(prefer_async=True)).status == 202
    queued = await writes.pass_until(lambda operation: operation.state == "queued", step=1)
    assert queued.restartable
    await writes.remote.clear()
    await writes.remote.arm("drop_before_commit", match=POST)
    uncertain = await writes.pass_until(lambda operation: operation.state == "uncertain", step=5)

    assert (uncertain.restartable, uncertain.problem) == (False, None)
    with pytest.raises(OutcomeUnknown):
        await writes.create()
    assert await writes.posts() == 1


async def test_a_lock_is_waited_for(writes: Writes) -> None:
    await writes.remote.arm("lock", count=2, match=POST)
    waiting = asyncio.create_task(writes.create())
    done = await writes.pass_until(lambda operation: operation.state == "succeeded", step=0.5)

    assert (await waiting).status == 201
    assert done.attempt == 3
    calls = await writes.store.calls(done.id)
    assert [call.answer and "body" in call.answer for call in calls] == [False, False, True]
    assert len(await writes.orders()) == 1


async def test_a_lock_that_stays_is_told_and_may_be_tried_again(writes: Writes) -> None:
    await writes.remote.arm("lock", count=5, match=POST)
    waiting = asyncio.create_task(writes.create())
    failed = await writes.pass_until(lambda operation: operation.state in ENDED, step=2)
    with pytest.raises(RecordLocked):
        await waiting
    assert (failed.state, failed.restartable, failed.anchor) == ("failed", True, None)

    with pytest.raises(IdempotencyKeyReused):
        await writes.create(order(order_date="2026-11-24"))
    assert (await writes.create()).operation.id == failed.id
    assert len(await writes.orders()) == 1


async def test_a_lock_that_stays_parks_what_was_accepted(writes: Writes) -> None:
    await writes.remote.arm("lock", count=5, match=POST)
    await writes.create(prefer_async=True)
    parked = await writes.pass_until(lambda operation: operation.state == "parked", step=2)

    assert parked.cause == "record_locked"
    assert (await writes.create()).status == 201


async def test_who_waits_hears_that_there_is_no_room(writes: Writes) -> None:
    await writes.remote.arm("status", status=429, count=20, match=POST)
    waiting = asyncio.create_task(writes.create(wait=300))
    await writes.pass_until(lambda operation: operation.state in ENDED, step=2)

    with pytest.raises(RateLimited):
        await waiting
    assert await writes.orders() == []


async def test_what_was_accepted_waits_for_room(writes: Writes) -> None:
    await writes.remote.arm("status", status=429, count=8, match=POST)
    await writes.create(prefer_async=True)
    queued = await writes.pass_until(lambda operation: operation.state == "queued", step=2)
    assert queued.cause == "rate_limited"
    assert queued.not_before is not None

    done = await writes.pass_until(lambda operation: operation.state == "succeeded", step=5)
    assert done.cause is None
    assert len(await writes.orders()) == 1


async def test_an_answer_that_cannot_be_kept_is_no_refusal(writes: Writes) -> None:
    broken = (
        "CREATE TRIGGER broken BEFORE UPDATE ON operations"
        " WHEN OLD.state = 'sending' AND NEW.state = 'running' AND NEW.anchor IS NOT NULL"
        " BEGIN SELECT RAISE(ABORT, 'broken'); END"
    )
    await writes.store._database.write(lambda c: c.exec_driver_sql(broken))
    with pytest.raises(OutcomeUnknown):
        await writes.create()
    assert (await writes.operation()).state == "sending"
    await writes.store._database.write(lambda c: c.exec_driver_sql("DROP TRIGGER broken"))

    done = await writes.pass_until(lambda operation: operation.state == "succeeded", step=10)
    [there] = await writes.orders()
    assert done.record_number == there["number"]
    assert await writes.posts() == 1


async def test_a_stopped_connection_is_told(writes: Writes) -> None:
    await writes.remote.store.update_connection(writes.connection.id, status="needs_consent")

    with pytest.raises(ConnectionNeedsConsent):
        await writes.create()
    failed = await writes.operation()
    assert (failed.state, failed.cause) == ("failed", "connection_needs_consent")
    await writes.remote.store.update_connection(writes.connection.id, status="active")
    assert (await writes.create()).status == 201


async def test_what_was_accepted_waits_for_its_connection(writes: Writes) -> None:
    await writes.store.update_connection(writes.connection.id, status="needs_consent")
    await writes.create(prefer_async=True)
    parked = await writes.until(lambda operation: operation.state == "parked")
    assert parked.cause == "connection_needs_consent"

    await writes.store.update_connection(writes.connection.id, status="active")
    done = await writes.pass_until(lambda operation: operation.state == "succeeded", step=60)
    assert done.problem is None
    assert await writes.posts() == 1
