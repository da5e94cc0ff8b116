from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from gateway.errors import Conflict
from gateway.storage import (
    Call,
    Connection,
    LeaseLost,
    Operation,
    OperationFilter,
    OperationWarning,
    Store,
    changed,
    open_store,
)
from gateway.storage.addresses import address_of
from tests import postgres
from tests.clock import MovingClock
from tests.operations import an_operation
from tests.unit.storage.conftest import KEY, stored_bytes

PLACE = "harwick production c0a1"


def new(clock: MovingClock, name: str = "op_1", **fields: object) -> Operation:
    given = {"document": {"external_reference": "D-1042"}, "key": "D-1042", **fields}
    return an_operation(clock.now(), id=name, **given)


async def sent(
    store: Store, operation: Operation, anchor: str | None = None, place: str = PLACE
) -> tuple[Operation, Call]:
    return await store.intent(
        operation,
        "create",
        {"body": {"number": "D-1042"}},
        entity="salesOrders",
        anchor=anchor,
        place=place,
        snapshot="snapshot",
    )


async def test_what_begins_is_ours(store: Store, clock: MovingClock) -> None:
    began = await store.begin(new(clock))

    assert began.fresh
    assert began.operation.owner == store.owner
    assert began.operation.attempt == 1
    assert await store.operation("op_1") == began.operation
    assert await store.operation("op_2") is None


async def test_of_many_that_begin_at_once_one_is_fresh(store: Store, clock: MovingClock) -> None:
    begun = await asyncio.gather(*(store.begin(new(clock)) for _ in range(20)))

    assert sum(began.fresh for began in begun) == 1


@pytest.mark.parametrize("state", ["failed", "parked", "cancelled"])
async def test_a_key_is_free_until_something_was_sent(
    store: Store, clock: MovingClock, state: str
) -> None:
    first = (await store.begin(new(clock))).operation
    await store.advance(first, state=state, owner=None, cause="unmatched_item", problem={"a": 1})
    corrected = new(clock, hash="other", document={"external_reference": "D-1042", "lines": []})
    again = await store.begin(corrected)

    assert again.fresh
    assert again.operation.attempt == 2
    assert again.operation.hash == "other"
    assert again.operation.document == corrected.document
    assert again.operation.cause is None
    assert again.operation.problem is None


@pytest.mark.parametrize("state", ["queued", "running", "uncertain", "succeeded"])
async def test_what_is_under_way_or_done_does_not_start_over(
    store: Store, clock: MovingClock, state: str
) -> None:
    first = (await store.begin(new(clock))).operation
    there = await store.advance(first, state=state, owner=None)
    again = await store.begin(new(clock, hash="other"))

    assert not again.fresh
    assert again.operation == there


@pytest.mark.parametrize(
    ("hash_", "restartable", "fresh"),
    [("hash", True, True), ("other", True, False), ("hash", False, False)],
)
async def test_after_the_first_intent_the_key_is_bound_to_its_body(
    store: Store, clock: MovingClock, hash_: str, restartable: bool, fresh: bool
) -> None:
    first = (await store.begin(new(clock))).operation
    sending, call = await sent(store, first)
    failed, _ = await store.result(
        sending, call, {"status": 429}, state="failed", restartable=restartable, owner=None
    )
    again = await store.begin(new(clock, hash=hash_))

    assert again.fresh is fresh
    assert again.operation.sent_at == failed.sent_at
    assert again.operation.attempt == (2 if fresh else 1)


async def test_intent_and_result_are_kept_with_their_call(store: Store, clock: MovingClock) -> None:
    first = (await store.begin(new(clock))).operation
    sending, call = await sent(store, first, "D-1042")
    assert (sending.state, sending.anchor, sending.sent_at) == ("sending", "D-1042", clock.now())
    assert await store.calls("op_1") == [call]

    await clock.advance(2)
    running, answered = await store.result(sending, call, {"status": 201, "body": {"id": "x"}})
    assert running.state == "running"
    assert answered.answered_at == clock.now()
    assert await store.calls("op_1") == [answered]


async def test_an_anchor_belongs_to_one_operation(store: Store, clock: MovingClock) -> None:
    first = (await store.begin(new(clock))).operation
    second = (await store.begin(new(clock, "op_2"))).operation
    other = (await store.begin(new(clock, "op_3", connection_id="con_2"))).operation
    sending, call = await sent(store, first, "D-1042")

    with pytest.raises(Conflict) as raised:
        await sent(store, second, "D-1042")
    assert raised.value.operation == "op_1"
    assert "Operation op_1 has already used this reference for sales-orders:" in str(raised.value)
    assert await store.calls("op_2") == []
    assert await store.anchor_conflict(sending) is None, "it is its own"
    with pytest.raises(Conflict) as raised:
        await sent(store, other, "D-1042")
    assert raised.value.operation == "op_1", "another connection to the same company"
    assert (await sent(store, other, "D-1042", "harwick sandbox c0a1"))[0].state == "sending"

    await store.result(sending, call, {"status": 400}, state="failed", anchor=None)
    assert (await sent(store, second, "D-1042"))[0].state == "sending"


async def test_of_an_anchor_in_another_organization_nothing_is_said(
    store: Store, clock: MovingClock
) -> None:
    await sent(store, (await store.begin(new(clock))).operation, "D-1042")
    other = new(clock, "op_2", connection_id="con_2", organization="ashby")
    other = (await store.begin(other)).operation
    with pytest.raises(Conflict) as raised:
        await sent(store, other, "D-1042")
    assert raised.value.operation is None
    assert "op_1" not in raised.value.detail


async def test_an_anchor_is_taken_before_anything_is_sent(store: Store, clock: MovingClock) -> None:
    first = (await store.begin(new(clock))).operation
    first = await store.take_anchor(first, "customers", "N-77", PLACE)
    assert (first.anchor, first.sent_at) == ("N-77", None)
    second = (await store.begin(new(clock, "op_2"))).operation
    for state in ("uncertain", "parked"):
        first = await store.advance(first, state=state)
        with pytest.raises(Conflict) as raised:
            await store.take_anchor(second, "customers", "N-77", PLACE)
        assert raised.value.operation == "op_1"
    await store.advance(first, state="succeeded")
    assert (await store.take_anchor(second, "customers", "N-77", PLACE)).anchor == "N-77"
    given_up = await store.operation("op_1")
    assert given_up is not None
    assert given_up.anchor is None


async def test_a_person_settles_what_nobody_lives_for(store: Store, clock: MovingClock) -> None:
    living = (await store.begin(new(clock))).operation
    assert await store.settle(living, state="cancelled") is None
    parked = await store.advance(living, state="parked", owner=None, cause="ambiguous")
    after = await store.settle(parked, state="queued", cause=None)
    assert after is not None
    assert (after.state, after.cause) == ("queued", None)
    assert await store.settle(parked, state="cancelled") is None
    assert await store.operation("op_1") == after


async def test_a_late_owner_changes_nothing(store: Store, clock: MovingClock) -> None:
    first = (await store.begin(new(clock))).operation
    sending, call = await sent(store, first)
    taken = await store.advance(sending, state="uncertain", owner="own_other")

    for late in (first, sending, changed(sending, attempt=9)):
        with pytest.raises(LeaseLost):
            await store.advance(late, state="succeeded")
        with pytest.raises(LeaseLost):
            await store.result(late, call, {"status": 201})
        with pytest.raises(LeaseLost):
            await sent(store, late)
    assert await store.operation("op_1") == taken
    assert await store.calls("op_1") == [call]


async def test_a_late_attempt_changes_nothing(store: Store, clock: MovingClock) -> None:
    first = (await store.begin(new(clock))).operation
    await store.advance(first, attempt=2)

    with pytest.raises(LeaseLost):
        await sent(store, first)


async def test_warnings_answer_and_problem_come_back(store: Store, clock: MovingClock) -> None:
    first = (await store.begin(new(clock))).operation
    warning = OperationWarning("value_not_taken", "Another price came back.")
    done = await store.advance(
        first, state="succeeded", warnings=[warning], answer={"number": "101005"}, status=201
    )

    assert done.warnings == (warning,)
    assert done.answer == {"number": "101005"}
    assert await store.operation("op_1") == done


async def test_payloads_do_not_stand_in_the_database(
    store: Store, clock: MovingClock, url: str
) -> None:
    canary = {"name": "canary"}
    first = (await store.begin(new(clock, document=canary, target=canary))).operation
    sending, call = await store.intent(
        first, "create", canary, entity="e", anchor=None, place=PLACE, snapshot="s"
    )
    running, _ = await store.result(sending, call, canary)
    await store.advance(running, answer=canary, problem=canary)

    assert b"op_1" in stored_bytes(url)
    assert b"canary" not in stored_bytes(url)


async def test_what_a_dead_process_left_in_a_file_is_taken_up_at_once(
    file_url: str, clock: MovingClock
) -> None:
    async with open_store(file_url, [KEY], clock, serving=True) as dead:
        running = (await dead.begin(new(clock, "op_running"))).operation
        sending = (await dead.begin(new(clock, "op_sending"))).operation
        await sent(dead, sending)
        done = (await dead.begin(new(clock, "op_done"))).operation
        await dead.advance(done, state="succeeded")
    async with open_store(file_url, [KEY], clock, serving=True) as store:
        assert sorted(await store.due()) == ["op_running", "op_sending"]
        found = await store.claim("op_running")
        assert found is not None
        assert (found.state, found.attempt, found.owner) == ("running", 2, store.owner)
        uncertain = await store.claim("op_sending")
        assert uncertain is not None
        assert (uncertain.state, uncertain.attempt) == ("uncertain", 1)
        assert await store.claim("op_done") is None
        assert await store.claim("op_running") is None
        assert await store.due() == []
        with pytest.raises(LeaseLost):
            await store.advance(running, state="failed")


async def test_what_another_process_left_is_taken_up_when_its_lease_is_over(
    url: str, clock: MovingClock
) -> None:
    async with (
        open_store(url, [KEY], clock) as first,
        open_store(url, [KEY], clock) as second,
    ):
        running = (await first.begin(new(clock))).operation
        assert await second.due() == []
        assert await second.claim("op_1") is None
        await clock.advance(61)
        assert await first.due() == await second.due() == ["op_1"]

        taken = await asyncio.gather(*(store.claim("op_1") for store in (first, second) * 5))
        (one,) = [operation for operation in taken if operation is not None]
        assert one.attempt == 2
        with pytest.raises(LeaseLost):
            await first.advance(running, state="failed")


async def test_a_row_that_another_process_is_taking_is_passed_over(clock: MovingClock) -> None:
    with postgres.database() as url:
        async with open_store(url, [KEY], clock) as store:
            await store.begin(new(clock))
            await clock.advance(61)
            other = address_of(url).engine(connections=1, writing=True)
            with other.begin() as connection:
                connection.execute(text("SELECT id FROM operations FOR UPDATE"))
                assert await store.claim("op_1") is None
            other.dispose()
            assert await store.claim("op_1") is not None


async def test_a_lease_holds_while_it_is_renewed(store: Store, clock: MovingClock) -> None:
    await store.begin(new(clock, "op_1"))
    await store.begin(new(clock, "op_2"))
    await clock.advance(40)
    await store.renew_leases(["op_1"])
    await clock.advance(40)

    assert await store.due() == ["op_2"]
    await clock.advance(21)
    assert sorted(await store.due()) == ["op_1", "op_2"]


async def test_nothing_is_due_before_its_time(store: Store, clock: MovingClock) -> None:
    first = (await store.begin(new(clock))).operation
    await store.advance(
        first, state="queued", owner=None, not_before=clock.now() + timedelta(seconds=10)
    )
    assert await store.due() == []
    assert await store.claim("op_1") is None

    await clock.advance(10)
    assert await store.due() == ["op_1"]
    claimed = await store.claim("op_1")
    assert claimed is not None
    assert (claimed.state, claimed.not_before) == ("running", None)


async def test_a_change_finds_out_that_the_caller_was_told_meanwhile(
    store: Store, clock: MovingClock
) -> None:
    first = (await store.begin(new(clock))).operation
    await store.accept("op_1")
    after = await store.advance(first, cause="rate_limited")
    assert (after.accepted, after.cause) == (True, "rate_limited")
    assert await store.advance(after, cause=None) == await store.operation("op_1")


async def test_only_what_is_under_way_can_be_accepted(store: Store, clock: MovingClock) -> None:
    first = (await store.begin(new(clock))).operation
    assert (await store.accept("op_1")).accepted
    await store.advance(first, state="failed", accepted=False)

    assert not (await store.accept("op_1")).accepted


async def test_parked_operations_go_on_when_their_connection_does(
    store: Store, clock: MovingClock
) -> None:
    await store.add_connection(Connection("con_1", "harwick", clock.now(), clock.now()))
    for name, cause in (("op_1", "connection_needs_consent"), ("op_2", "ambiguous")):
        operation = (await store.begin(new(clock, name))).operation
        await store.advance(operation, state="parked", cause=cause, owner=None)
    causes = {"connection_needs_consent"}
    assert await store.release_parked(causes) == 0

    await store.update_connection("con_1", status="active")
    assert await store.release_parked(causes) == 1
    assert await store.due() == ["op_1"]


async def test_an_operation_is_found_by_its_reference_beside_a_key_of_its_own(
    store: Store, clock: MovingClock
) -> None:
    began = await store.begin(new(clock, key="idem-1"))
    await sent(store, began.operation, anchor="D-77")
    for key, found in (("idem-1", 1), ("D-77", 1), (" d-77", 1), ("IDEM-1", 0), ("77", 0)):
        assert len(await store.operations(OperationFilter(key=key))) == found


async def test_the_list_is_filtered_and_paged(store: Store, clock: MovingClock) -> None:
    for number in range(5):
        await clock.advance(1)
        await store.begin(new(clock, f"op_{number}", key=f"key-{number}"))
    await store.begin(new(clock, "op_other", organization="lund", connection_id="con_2"))

    page = await store.operations(OperationFilter(organization="harwick"), limit=2)
    assert [operation.id for operation in page] == ["op_4", "op_3"]
    rest = await store.operations(
        OperationFilter(connection_id="con_1"), before=(page[-1].created_at, page[-1].id)
    )
    assert [operation.id for operation in rest] == ["op_2", "op_1", "op_0"]
    assert [o.id for o in await store.operations(OperationFilter(key="key-3"))] == ["op_3"]
    since = OperationFilter(since=page[-1].created_at, until=page[0].created_at)
    assert [o.id for o in await store.operations(since)] == ["op_3"]
    for none in (
        OperationFilter(state="succeeded"),
        OperationFilter(cause="x"),
        OperationFilter(number="101005"),
        OperationFilter(resource="customers"),
    ):
        assert await store.operations(none) == []
    assert len(await store.operations()) == 6
