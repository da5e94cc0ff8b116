from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from gateway.errors import (
    Conflict,
    IdempotencyKeyReused,
    InvalidInput,
    OperationInProgress,
    OutcomeUnknown,
    Rejected,
    StorageUnavailable,
)
from gateway.operations.journal import Outcome
from gateway.storage import Connection, changed
from tests import postgres
from tests.remote import Remote
from tests.unit.operations.conftest import Writes, open_writes, order, snapshot

ONE_LINE: list[dict[str, Any]] = [{"sku": "1896-S", "quantity": 1}]
UNMATCHED: list[dict[str, Any]] = [*ONE_LINE, {"sku": "NOTHING", "quantity": 1}]


async def test_an_order_is_written_once_and_its_number_comes_back(writes: Writes) -> None:
    outcome = await writes.create()

    assert (outcome.status, outcome.replayed) == (201, False)
    [there] = await writes.orders()
    body = outcome.body
    assert isinstance(body, dict)
    assert (body["number"], body["id"]) == (there["number"], there["id"])
    assert body["totals"]["net"] == Decimal("189.80")
    operation = await writes.operation()
    assert (operation.state, operation.warnings) == ("succeeded", ())
    assert (operation.record_number, operation.record_id) == (there["number"], there["id"])
    [call] = await writes.store.calls(operation.id)
    assert call.answer is not None
    assert call.answer["status"] == 201


async def test_the_same_order_again_is_answered_from_the_journal(writes: Writes) -> None:
    first = await writes.create()
    again = await writes.create(order(external_reference="D-1042"))

    assert again.replayed
    assert (again.status, again.body) == (201, first.body)
    assert again.operation.id == first.operation.id
    assert await writes.posts() == 1


async def test_many_at_once_write_one_order(writes: Writes) -> None:
    outcomes = await asyncio.gather(
        *(writes.create(key="k") for _ in range(10)), return_exceptions=True
    )

    refused = [one for one in outcomes if isinstance(one, OperationInProgress)]
    assert len(refused) == 9
    assert await writes.posts() == 1


async def test_a_key_is_for_one_document(writes: Writes) -> None:
    first = await writes.create(key="k")

    with pytest.raises(IdempotencyKeyReused) as raised:
        await writes.create(order(lines=ONE_LINE), key="k")
    assert raised.value.operation == first.operation.id
    with pytest.raises(IdempotencyKeyReused):
        await writes.create(order(external_reference="D-1043"), key="k")
    assert await writes.posts() == 1


async def test_a_reference_is_for_one_operation(writes: Writes) -> None:
    first = await writes.create(key="one")

    with pytest.raises(Conflict) as raised:
        await writes.create(order(external_reference="d-1042"), key="two")
    assert first.operation.id in raised.value.detail
    assert await writes.posts() == 1


async def test_a_reference_is_for_one_operation_in_its_company(writes: Writes) -> None:
    first = await writes.create()
    twin = changed(writes.connection, id="con_twin", environment="PRODUCTION")
    await writes.store.add_connection(twin)
    token = await writes.store.refresh_token(writes.connection.id)
    assert token is not None
    await writes.store.save_refresh_token(twin.id, token.token, None)

    with pytest.raises(Conflict) as raised:
        await writes.engine.run(twin, writes.plan, order(), snapshot=snapshot(), key=None)
    assert first.operation.id in raised.value.detail
    assert await writes.posts() == 1


async def test_a_document_that_does_not_fit_leaves_no_trace(writes: Writes) -> None:
    with pytest.raises(InvalidInput) as raised:
        await writes.create(order(lines=[], colour="red"))

    assert {one.pointer for one in raised.value.violations} == {"/lines", "/colour"}
    assert await writes.store.operations() == []


async def test_a_refused_order_is_corrected_under_its_reference(writes: Writes) -> None:
    with pytest.raises(Rejected) as raised:
        await writes.create(order(lines=UNMATCHED))
    assert raised.value.own_code == "unmatched_item"
    assert [one.pointer for one in raised.value.violations] == ["/lines/1/sku"]
    refused = await writes.operation()
    assert raised.value.operation == refused.id
    assert (refused.state, refused.cause, refused.sent_at) == ("failed", "unmatched_item", None)
    assert await writes.posts() == 0

    outcome = await writes.create(order(lines=ONE_LINE))
    assert outcome.status == 201
    assert outcome.operation.id == refused.id
    assert len(await writes.orders()) == 1


async def test_without_key_and_reference_it_is_said_that_nothing_protects(
    writes: Writes,
) -> None:
    bare = order()
    del bare["external_reference"]
    outcome = await writes.create(bare)

    assert [warning.code for warning in outcome.operation.warnings] == ["not_idempotent"]
    await writes.create(bare)
    assert await writes.posts() == 2


async def test_who_would_rather_not_wait_does_not(writes: Writes) -> None:
    outcome = await writes.create(prefer_async=True)

    assert (outcome.status, outcome.body) == (202, None)
    assert outcome.operation.accepted
    done = await writes.until(lambda operation: operation.state == "succeeded")
    assert done.id == outcome.operation.id


async def test_who_has_waited_long_enough_is_told_to_come_back(writes: Writes) -> None:
    await writes.remote.arm("delay", seconds=0.5, match={"method": "POST", "entity": "salesOrders"})
    waiting = asyncio.create_task(writes.create(wait=30))
    await writes.until(lambda operation: operation.state == "sending")
    await writes.remote.clock.advance(30)

    outcome = await waiting
    assert (outcome.status, outcome.operation.state) == (202, "sending")
    with pytest.raises(OperationInProgress) as raised:
        await writes.create()
    assert raised.value.operation == outcome.operation.id
    done = await writes.until(lambda operation: operation.state == "succeeded")
    assert done.accepted
    assert (await writes.create()).replayed


async def test_a_caller_who_hangs_up_cancels_nothing(writes: Writes) -> None:
    await writes.remote.arm("delay", seconds=0.2, match={"method": "POST", "entity": "salesOrders"})
    waiting = asyncio.create_task(writes.create())
    await writes.until(lambda operation: operation.state == "sending")
    waiting.cancel()

    await writes.until(lambda operation: operation.state == "succeeded")
    assert waiting.cancelled()
    assert await writes.posts() == 1


async def test_a_dry_run_reads_and_writes_nothing(writes: Writes) -> None:
    found = await writes.engine.prepare(
        writes.connection, writes.plan, order(), snapshot=snapshot()
    )

    assert found.problem is None
    [request] = found.requests
    assert (request.method, request.path) == ("POST", "salesOrders")
    assert [(one.name, one.asked, one.found) for one in found.lookups] == [
        ("customer", 1, 1),
        ("items", 2, 2),
    ]
    methods = {entry["method"] for entry in await writes.remote.journal(path="/api/v2.0")}
    assert methods == {"GET"}
    assert await writes.store.operations() == []


async def test_who_leaves_tells_those_who_wait_to_come_back(writes: Writes) -> None:
    match = {"method": "POST", "entity": "salesOrders"}
    await writes.remote.arm("delay", seconds=0.3, when="after", match=match)
    waiting = asyncio.create_task(writes.create())
    await writes.until_it_has_arrived()
    writes.engine.let_go()
    assert (await waiting).status == 202
    assert (await writes.until(lambda operation: operation.state == "succeeded")).record_number


async def begun(
    writes: Writes, *, wait: float = 60, prefer_async: bool = False
) -> asyncio.Task[Outcome]:
    """A create that has begun and sends nothing for a moment; nothing else is under way."""
    await writes.rest()
    await writes.remote.arm("delay", seconds=0.2, match={"method": "GET", "entity": "items"})
    creating = asyncio.create_task(writes.create(wait=wait, prefer_async=prefer_async))
    await writes.until(lambda operation: operation.state == "running")
    await writes.work()  # the row can be read before the engine hears that it is there
    return creating


def let_commits_fail(writes: Writes, count: int) -> None:
    """The next commits fail."""
    done = itertools.count()

    def stumble(_: object) -> None:
        if next(done) < count:
            raise RuntimeError("of the driver")

    event.listen(writes.store._database._opened.writing.engine, "commit", stumble)


def lose_the_next_commit(writes: Writes, url: str) -> None:
    """PostgreSQL is gone when the next commit is sent to it."""
    engine = writes.store._database._opened.writing.engine
    event.listen(engine, "commit", lambda _: postgres.end_connections(url), once=True)


@pytest.fixture
def postgresql() -> Iterator[str]:
    with postgres.database() as url:
        yield url


@pytest.fixture
async def on_postgresql(
    remote: Remote, connection: Connection, tmp_path: Path, postgresql: str
) -> AsyncIterator[Writes]:
    """As `writes`, on PostgreSQL."""
    async with open_writes(remote, connection, tmp_path, url=postgresql) as writes:
        await writes.store.add_connection(connection)
        yield writes


async def test_who_is_told_that_nothing_was_sent_can_rely_on_it(writes: Writes) -> None:
    creating = await begun(writes)
    let_commits_fail(writes, 1)  # the intent
    with pytest.raises(StorageUnavailable):
        await creating
    failed = await writes.operation()
    assert (failed.state, failed.cause, failed.anchor) == ("failed", "storage_unavailable", None)
    for _ in range(3):
        await writes.remote.clock.advance(60)
        await asyncio.sleep(0.01)
    assert await writes.posts() == 0

    assert (await writes.create(order(order_date="2026-11-24"))).status == 201
    assert await writes.posts() == 1


async def test_what_was_accepted_goes_on_when_the_journal_is_back(writes: Writes) -> None:
    creating = await begun(writes, prefer_async=True)
    let_commits_fail(writes, 1)
    assert (await creating).status == 202
    await writes.pass_until(lambda operation: operation.state == "succeeded")
    assert await writes.posts() == 1


async def test_where_the_journal_cannot_say_so_nothing_is_promised(writes: Writes) -> None:
    creating = await begun(writes)
    let_commits_fail(writes, 2)  # the intent, and that nothing was sent
    with pytest.raises(OutcomeUnknown) as raised:
        await creating
    left = await writes.operation()
    assert (left.state, raised.value.operation) == ("running", left.id)
    assert f"GET /v1/operations/{left.id}" in raised.value.detail

    await writes.pass_until(lambda operation: operation.state == "succeeded", step=10)
    assert (await writes.create()).replayed
    assert await writes.posts() == 1


async def test_what_somebody_has_taken_meanwhile_is_left_to_them(
    writes: Writes, tmp_path: Path
) -> None:
    creating = await begun(writes, wait=5)
    let_commits_fail(writes, 1)
    with closing(sqlite3.connect(tmp_path / "remote.db", isolation_level=None)) as database:
        database.execute("UPDATE operations SET owner = 'own_of_another'")
    with capture_logs() as logged:
        await writes.rest()
    assert "operation_taken" in [line["event"] for line in logged]
    await writes.remote.clock.advance(5)
    outcome = await creating
    assert (outcome.status, outcome.operation.owner) == (202, "own_of_another")
    assert await writes.posts() == 0


async def test_who_cannot_be_told_to_come_back_is_promised_nothing(writes: Writes) -> None:
    creating = await begun(writes, wait=5)
    let_commits_fail(writes, 1000)
    await writes.remote.clock.advance(5)
    with pytest.raises(OutcomeUnknown):
        await creating


@pytest.mark.timeout(60)  # the first one waits for the server
async def test_a_beginning_that_may_be_kept_is_not_denied(
    on_postgresql: Writes, postgresql: str
) -> None:
    await on_postgresql.rest()
    lose_the_next_commit(on_postgresql, postgresql)
    with pytest.raises(OutcomeUnknown) as raised:
        await on_postgresql.create()
    assert "send it again" in raised.value.detail
    await on_postgresql.create()
    assert await on_postgresql.posts() == 1


@pytest.mark.timeout(60)
async def test_an_intent_that_may_be_kept_is_settled_before_anything_is_said(
    on_postgresql: Writes, postgresql: str
) -> None:
    creating = await begun(on_postgresql)
    lose_the_next_commit(on_postgresql, postgresql)
    with pytest.raises(OutcomeUnknown):
        await creating
    await on_postgresql.pass_until(lambda operation: operation.state == "succeeded", step=20)
    assert await on_postgresql.posts() == 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize("number", ["S" * 201, "S-\0"], ids=["long", "nul"])
async def test_a_number_that_the_journal_has_no_room_for_is_left_out(
    on_postgresql: Writes, number: str
) -> None:
    odd = {"id": "5f8c0000-0000-4000-8000-000000000001", "number": number}
    await on_postgresql.remote.arm("status", status=201, body=odd, match={"method": "POST"})
    outcome = await on_postgresql.create()
    assert (outcome.status, outcome.operation.record_number) == (201, None)
    assert outcome.operation.record_id == odd["id"]
