from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway.errors import Conflict, OperationInProgress, OutcomeUnknown
from gateway.operations.settling import cancelled, may_have_written, retried
from gateway.storage import Call, Operation, changed
from tests.clock import START
from tests.unit.operations.conftest import Typed, Writes, order, snapshot

Json = dict[str, object]

POST = {"method": "POST", "entity": "salesOrders"}


def operation(**facts: Any) -> Operation:  # noqa: ANN401 - fields of an operation
    given = {"state": "parked", "entity": "salesOrders", **facts}
    made = Operation(
        "op_1", "con_1", "harwick", "sales-orders", "create", "h", "s", START, START, {}
    )
    return changed(made, **given)


def call(
    answer: dict[str, object] | None = None, request: Json | None = None, attempt: int = 1
) -> Call:
    sent = request or {"method": "POST", "path": "salesOrders", "body": {}}
    return Call("op_1", "create", attempt, sent, START, answer)


CHANGE: Json = {"method": "PATCH", "path": "customers(1)", "record": "e", "baseline": {}}


SETTLED: tuple[Callable[[Operation], object], ...] = (
    lambda one: retried(one, []),
    lambda one: cancelled(one, [], START),
)


class TestRetry:
    def test_nothing_was_sent(self) -> None:
        assert retried(operation(cause="connection_needs_consent"), [])["state"] == "queued"
        assert retried(operation(state="queued"), []) == {"not_before": None}

    def test_what_may_have_written_is_looked_for(self) -> None:
        assert retried(operation(cause="ambiguous"), [call()])["state"] == "uncertain"
        doubtful = [call(None, CHANGE), call({"code": "conflict"}, CHANGE)]
        assert retried(operation(cause="ambiguous"), doubtful)["state"] == "uncertain"
        assert retried(operation(cause="record_locked"), [call({"code": "x"})])["state"] == "queued"

    def test_what_cannot_be_looked_for_is_never_sent_again(self) -> None:
        with pytest.raises(Conflict, match="anchor"):
            retried(operation(cause="unanchored"), [call()])

    @pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
    def test_what_is_over(self, state: str) -> None:
        for settled in SETTLED:
            with pytest.raises(Conflict, match="over"):
                settled(operation(state=state))

    @pytest.mark.parametrize("state", ["running", "sending", "uncertain"])
    def test_what_is_under_way(self, state: str) -> None:
        for settled in SETTLED:
            with pytest.raises(OperationInProgress):
                settled(operation(state=state))


class TestCancel:
    def test_nothing_was_written(self) -> None:
        for given, calls in ((operation(), []), (operation(state="queued"), [call({"code": "x"})])):
            after = cancelled(given, calls, START)
            assert (after["state"], after["remedy"]) == ("cancelled", "Nothing was written.")

    @pytest.mark.parametrize(
        ("request_", "words"),
        [
            (None, "a new record of salesOrders"),
            (CHANGE, "the change of customers(1)"),
            ({**CHANGE, "method": "DELETE"}, "customers(1), unless it was deleted"),
        ],
    )
    def test_it_says_what_may_stand_there(self, request_: Json | None, words: str) -> None:
        parked, calls = operation(sent_at=START), [call(None, request_)]
        with pytest.raises(Conflict, match="still be working"):
            cancelled(parked, calls, START + timedelta(minutes=17))
        after = cancelled(parked, calls, START + timedelta(minutes=18))
        assert words in str(after["remedy"])
        assert (after["anchor"], after["restartable"]) == (None, False)

    def test_a_call_with_an_answer_is_in_no_doubt(self) -> None:
        assert not may_have_written([call(), call({"code": "record_locked"}, attempt=2)])
        assert may_have_written([call({"code": "record_locked"}), call(attempt=2)])
        assert may_have_written([call(), call({"code": "record_locked"})])  # of one moment


async def parked(writes: Writes) -> Operation:
    """An order of which there are two, so that nobody can tell which is ours."""
    prepared = await writes.engine.prepare(
        writes.connection, writes.plan, order(), snapshot=snapshot()
    )
    body = prepared.requests[0].body
    await writes.remote.business_central.write(
        writes.connection, Typed("salesOrders", body), deadline=writes.remote.deadline()
    )
    await writes.remote.arm("drop_after_commit", match=POST)
    with pytest.raises(OutcomeUnknown):
        await writes.create()
    return await writes.operation()


async def test_a_retry_looks_and_does_not_send(writes: Writes) -> None:
    found = await parked(writes)
    [first, _] = await writes.orders()
    after = await writes.engine.retry(found)
    assert after.state in {"uncertain", "parked"}
    again = await writes.until(lambda operation: operation.state == "parked")
    assert again.cause == "ambiguous"

    await writes.remote.business_central.write(
        writes.connection,
        Typed(f"salesOrders({first['id']})", None, "DELETE"),
        deadline=writes.remote.deadline(),
    )
    await writes.engine.retry(again)
    done = await writes.until(lambda operation: operation.state == "succeeded")
    [there] = await writes.orders()
    assert done.record_number == there["number"]
    assert await writes.posts() == 2
    assert (await writes.create()).replayed


async def test_a_cancelled_one_gives_its_reference_back(writes: Writes) -> None:
    found = await parked(writes)
    writes.remote.clock._now += timedelta(minutes=18)
    after = await writes.engine.cancel(found)
    assert (after.state, after.anchor) == ("cancelled", None)
    with pytest.raises(Conflict, match="cancelled"):
        await writes.create()
    with pytest.raises(Conflict, match="over"):
        await writes.engine.cancel(after)
    assert (await writes.create(key="anew")).status == 201


async def test_what_has_gone_on_meanwhile_is_left_alone(writes: Writes) -> None:
    found = await parked(writes)
    writes.remote.clock._now += timedelta(minutes=18)
    ends = await asyncio.gather(
        *(writes.engine.cancel(found) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(end, OperationInProgress) for end in ends) == 2


async def test_a_queued_one_goes_on_at_once(writes: Writes) -> None:
    await writes.remote.arm("status", status=429, headers={"Retry-After": "600"}, match=POST)
    await writes.create(prefer_async=True)
    queued = await writes.until(lambda operation: operation.state == "queued")
    writes.remote.clock._now += timedelta(minutes=10)
    await writes.engine.retry(queued)
    await writes.until(lambda operation: operation.state == "succeeded")
    assert len(await writes.orders()) == 1
