"""Changes of an order and of its lines, carried out against the simulator."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any, cast

import pytest

from gateway.errors import BusinessCentralRefused, GatewayError, InvalidInput, PreconditionFailed
from gateway.operations import Outcome, etag, failures
from gateway.storage import Operation
from tests.unit.operations.conftest import Typed, Writes, snapshot
from tests.unit.operations.test_walking import typed


def line(sequence: int | None, sku: str = "1896-S", **more: object) -> dict[str, Any]:
    known = {} if sequence is None else {"sequence": sequence}
    return {**known, "sku": sku, "quantity": 2, "unit_price": Decimal("19.90"), **more}


FIRST, SECOND = line(10000), line(20000, "1900-S", quantity=Decimal("1.5"), unit_price=100)


async def update(writes: Writes, record_id: str, patch: object, **how: Any) -> Outcome:  # noqa: ANN401 - what `run` takes
    plan = snapshot().plan("sales-orders", "update")
    how = {"snapshot": snapshot(), "key": None, **how}
    return await writes.engine.run(writes.connection, plan, patch, target={"id": record_id}, **how)


def body(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = cast("dict[str, Any]", outcome.body)
    return found


async def an_order(writes: Writes) -> str:
    return str(body(await writes.create())["id"])


async def lines_of(writes: Writes, record_id: str) -> list[dict[str, Any]]:
    """The lines as Business Central has them, in their order."""
    found = await typed(writes, Typed(f"salesOrders({record_id})/salesOrderLines", method="GET"))
    return sorted(found["value"], key=lambda one: one["sequence"])


async def quantities(writes: Writes, record_id: str) -> dict[int, object]:
    return {one["sequence"]: one["quantity"] for one in await lines_of(writes, record_id)}


async def type_in(writes: Writes, record_id: str, sequence: int, **changed: object) -> None:
    """A person changes a line."""
    there = await lines_of(writes, record_id)
    (found,) = [one for one in there if one["sequence"] == sequence]
    await typed(writes, Typed(f"salesOrderLines({found['id']})", changed, method="PATCH"))


async def delete(writes: Writes, record_id: str, sequence: int) -> None:
    """A person deletes a line."""
    there = await lines_of(writes, record_id)
    (found,) = [one for one in there if one["sequence"] == sequence]
    await typed(writes, Typed(f"salesOrderLines({found['id']})", method="DELETE"))


def told_in_part(parked: Operation) -> GatewayError:
    """What is told of an operation that has changed the first line and is parked."""
    assert parked.remedy is not None
    assert "salesOrderLines 10000" in parked.remedy
    told = failures.read(parked.problem or {})
    for words in (told.detail, told.violations[0].detail):
        assert "Carried out in part, and parked" in words, words
        assert "salesOrderLines 10000" in words
    assert "retry the operation" in told.detail
    return told


async def add(writes: Writes, record_id: str, sequence: int, **more: object) -> None:
    """A person adds a line."""
    known = {"sequence": sequence, "lineType": "Item", "lineObjectNumber": "1900-S", "quantity": 2}
    path = f"salesOrders({record_id})/salesOrderLines"
    await typed(writes, Typed(path, {**known, **more}))


async def sent(writes: Writes) -> list[str]:
    """The calls that may have changed something since the order was made, in short."""
    calls = await writes.remote.journal()
    return [
        f"{call['method']} {call['path'].rpartition('/')[2].partition('(')[0]}"
        for call in calls
        if call["method"] != "GET" and "/api/v2.0/" in call["path"]
    ][1:]


WANTED = {
    "ship_to": {"city": "Bath"},
    "lines": [line(10000, quantity=3), line(15000, "1900-S", unit_price=90)],
}
SINGLE = (
    "PATCH salesOrders",
    "PATCH salesOrderLines",
    "POST salesOrderLines",
    "DELETE salesOrderLines",
)
CALLS = (
    {"method": "PATCH", "path": "/salesOrders\\("},
    {"method": "PATCH", "path": "/salesOrderLines\\("},
    {"method": "POST", "path": "/salesOrderLines$"},
    {"method": "DELETE", "path": "/salesOrderLines\\("},
)
DONE = [
    "PATCH salesOrders",
    "PATCH salesOrderLines",  # the quantity, for which Business Central sets its own price
    "PATCH salesOrderLines",
    "POST salesOrderLines",
    "DELETE salesOrderLines",
]


def is_done(identity: str, operation: Operation) -> bool:
    return operation.id == identity and operation.state == "succeeded"


async def is_as_wanted(writes: Writes, record_id: str) -> None:
    there = await lines_of(writes, record_id)
    assert [(one["sequence"], one["quantity"], one["unitPrice"]) for one in there] == [
        (10000, 3, 19.9),
        (15000, 2, 90),
    ]
    (found,) = [one for one in await writes.orders() if one["id"] == record_id]
    assert found["shipToCity"] == "Bath"


class TestChangingLines:
    async def test_each_line_that_differs_has_a_call_of_its_own(self, writes: Writes) -> None:
        record_id = await an_order(writes)
        outcome = await update(writes, record_id, WANTED)
        assert outcome.status == 200
        assert outcome.operation.warnings == ()
        assert body(outcome)["ship_to"]["city"] == "Bath"
        assert [(one["sequence"], one["quantity"]) for one in body(outcome)["lines"]] == [
            (10000, 3),
            (15000, 2),
        ]
        assert outcome.operation.record_number == body(outcome)["number"]
        assert await sent(writes) == DONE
        await is_as_wanted(writes, record_id)
        calls = await writes.store.calls(outcome.operation.id)
        assert sorted(call.step for call in calls) == [
            "salesOrderLines 10000",
            "salesOrderLines 10000 again",
            "salesOrderLines 15000",
            "salesOrderLines 20000",
            "update",
        ]

    async def test_the_same_again_sends_nothing(self, writes: Writes) -> None:
        record_id = await an_order(writes)
        first = await update(writes, record_id, WANTED)
        again = await update(writes, record_id, WANTED)
        assert (again.status, again.body) == (200, first.body)
        assert await sent(writes) == DONE

    async def test_a_key_replays(self, writes: Writes) -> None:
        record_id = await an_order(writes)
        first = await update(writes, record_id, WANTED, key="k-1")
        again = await update(writes, record_id, WANTED, key="k-1")
        assert again.replayed
        assert again.body == first.body

    async def test_lines_alone_leave_the_order_alone(self, writes: Writes) -> None:
        record_id = await an_order(writes)
        outcome = await update(writes, record_id, {"lines": [line(10000, quantity=5), SECOND]})
        assert await sent(writes) == ["PATCH salesOrderLines", "PATCH salesOrderLines"]
        assert body(outcome)["lines"][0]["quantity"] == 5
        there = body(await update(writes, record_id, {"ship_to": {"city": "Bath"}}))
        assert there["lines"] == body(outcome)["lines"]
        assert (await sent(writes))[2:] == ["PATCH salesOrders"]

    async def test_lines_without_a_number_are_counted(self, writes: Writes) -> None:
        record_id = await an_order(writes)
        bare = [line(None), line(None, "1900-S", quantity=7), line(None, quantity=1)]
        await update(writes, record_id, {"lines": bare})
        assert await quantities(writes, record_id) == {10000: 2, 20000: 7, 30000: 1}

    async def test_lines_that_no_answer_shows_stay(self, writes: Writes) -> None:
        record_id = await an_order(writes)
        note = {"sequence": 25000, "lineType": "Comment", "description": "Ring twice"}
        await typed(writes, Typed(f"salesOrders({record_id})/salesOrderLines", note))
        await update(writes, record_id, {"lines": [FIRST]})
        there = await lines_of(writes, record_id)
        assert [one["sequence"] for one in there] == [10000, 25000]

    async def test_two_lines_of_one_number_are_refused(self, writes: Writes) -> None:
        record_id = await an_order(writes)
        with pytest.raises(InvalidInput) as refused:
            await update(writes, record_id, {"lines": [line(20000), line(None)]})
        (violation,) = refused.value.violations
        assert (violation.pointer, violation.target) == ("/lines", "salesOrderLines[1]")
        assert await sent(writes) == []

    async def test_what_does_not_fit_is_refused_before_anything_is_written(
        self, writes: Writes
    ) -> None:
        record_id = await an_order(writes)
        with pytest.raises(InvalidInput):
            await update(writes, record_id, {**WANTED, "external_reference": "D-2"})
        assert await sent(writes) == []

    async def test_a_line_never_becomes_another_object(self, writes: Writes) -> None:
        record_id = await an_order(writes)
        patch = {"ship_to": {"city": "Bath"}, "lines": [line(None, "1900-S", quantity=3)]}
        with pytest.raises(InvalidInput) as refused:
            await update(writes, record_id, patch)
        assert [(one.rule, one.pointer, one.target) for one in refused.value.violations] == [
            ("fixed", "/lines/0", "salesOrderLines[0].lineObjectNumber")
        ]
        (violation,) = refused.value.violations
        assert "it takes a new line" in refused.value.detail
        assert "send one with a sequence that is free" in (violation.hint or "")
        assert "lineObjectNumber" not in violation.detail
        assert await sent(writes) == []

    async def test_an_agreed_price_stays_where_the_quantity_changes(self, writes: Writes) -> None:
        record_id = await an_order(writes)
        bare = {"sku": "1896-S", "sequence": 10000}
        await update(writes, record_id, {"lines": [{**bare, "quantity": 3}, SECOND]})
        first = (await lines_of(writes, record_id))[0]
        assert (first["quantity"], first["unitPrice"]) == (3, 19.9)
        assert (await sent(writes)) == ["PATCH salesOrderLines"] * 2
        await update(writes, record_id, {"lines": [{**bare, "quantity": 3}, SECOND]})
        assert len(await sent(writes)) == 2

    async def test_the_etag_of_the_caller_counts(self, writes: Writes) -> None:
        record_id = await an_order(writes)
        with pytest.raises(PreconditionFailed):
            await update(writes, record_id, WANTED, if_match=['"another"'])
        assert await sent(writes) == []
        there = body(await update(writes, record_id, {}))
        await update(writes, record_id, WANTED, if_match=[etag(there)])
        await is_as_wanted(writes, record_id)


class TestLostAnswers:
    @pytest.mark.parametrize("fault", ["drop_after_commit", "drop_before_commit"])
    @pytest.mark.parametrize("call", range(4))
    async def test_a_lost_answer_changes_nothing_in_the_end(
        self, writes: Writes, fault: str, call: int
    ) -> None:
        record_id = await an_order(writes)
        await writes.remote.arm(fault, match=CALLS[call])
        outcome = await update(writes, record_id, WANTED, prefer_async=True)
        done = await writes.pass_until(partial(is_done, outcome.operation.id), step=20)
        assert done.record_id == record_id
        await is_as_wanted(writes, record_id)
        again = 1 if fault == "drop_before_commit" else 0
        assert sorted(await sent(writes)) == sorted([*DONE, *[SINGLE[call]] * again])

    @pytest.mark.parametrize("call", range(4))
    async def test_a_locked_record_is_tried_again(self, writes: Writes, call: int) -> None:
        record_id = await an_order(writes)
        await writes.remote.arm("lock", match=CALLS[call])
        outcome = await update(writes, record_id, WANTED, prefer_async=True)
        await writes.pass_until(partial(is_done, outcome.operation.id))
        await is_as_wanted(writes, record_id)


class TestOthers:
    """Somebody else changes the lines while an operation is at it."""

    async def during(self, writes: Writes, call: int, patch: object = None) -> str:
        """An update one of whose calls is under way and has not been carried out."""
        record_id = await an_order(writes)
        await writes.remote.arm("delay", seconds=0.3, when="before", match=CALLS[call])
        await update(writes, record_id, patch or WANTED, wait=0)
        await writes.until_it_has_arrived()
        return record_id

    async def in_doubt(self, writes: Writes, call: int) -> str:
        """An update one of whose calls does not get through."""
        record_id = await an_order(writes)
        await writes.remote.arm("drop_before_commit", count=99, match=CALLS[call])
        await update(writes, record_id, WANTED, wait=0)
        await writes.until(lambda one: one.verb == "update" and one.not_before is not None)
        await writes.remote.clear()  # for the person
        return record_id

    async def ended(self, writes: Writes, state: str, cause: str | None = None) -> Operation:
        found = await writes.pass_until(
            lambda one: one.verb == "update" and one.state in {"succeeded", "parked", "failed"},
            step=20,
        )
        assert (found.state, found.cause) == (state, cause)
        return found

    async def test_what_they_changed_is_not_overwritten(self, writes: Writes) -> None:
        patch = {"lines": [line(10000, quantity=3), {**SECOND, "quantity": 9}]}
        record_id = await self.during(writes, 1, patch)
        await type_in(writes, record_id, 20000, quantity=4)
        parked = await self.ended(writes, "parked", "conflict")
        told = told_in_part(parked)
        assert [(one.rule, one.pointer, one.target) for one in told.violations] == [
            ("carried_out_in_part", None, None),
            ("changed", "/lines/1", "salesOrderLines[1].quantity"),
            ("changed", "/lines/1", "salesOrderLines[1].unitPrice"),
        ]
        assert await quantities(writes, record_id) == {10000: 3, 20000: 4}

    async def test_another_field_of_the_line_may_change(self, writes: Writes) -> None:
        patch = {"lines": [line(10000, quantity=3), {**SECOND, "quantity": 9}]}
        record_id = await self.during(writes, 1, patch)
        await type_in(writes, record_id, 20000, description="Chairs, oak")
        await self.ended(writes, "succeeded")
        assert await quantities(writes, record_id) == {10000: 3, 20000: 9}
        assert (await lines_of(writes, record_id))[1]["description"] == "Chairs, oak"

    async def test_a_line_they_changed_is_not_deleted(self, writes: Writes) -> None:
        record_id = await self.during(writes, 1)
        await type_in(writes, record_id, 20000, description="Chairs, oak")
        await self.ended(writes, "parked", "conflict")
        assert (await quantities(writes, record_id)).keys() == {10000, 15000, 20000}

    async def test_a_line_they_deleted_need_not_be(self, writes: Writes) -> None:
        record_id = await self.during(writes, 1)
        await delete(writes, record_id, 20000)
        await self.ended(writes, "succeeded")
        await is_as_wanted(writes, record_id)

    async def test_a_line_they_deleted_is_not_made_again(self, writes: Writes) -> None:
        patch = {"lines": [line(10000, quantity=3), {**SECOND, "quantity": 9}]}
        record_id = await self.during(writes, 1, patch)
        await delete(writes, record_id, 20000)
        await self.ended(writes, "parked", "conflict")
        assert await quantities(writes, record_id) == {10000: 3}

    async def test_a_line_they_added_stays_theirs(self, writes: Writes) -> None:
        record_id = await self.during(writes, 1)
        await add(writes, record_id, 15000, quantity=8)
        await self.ended(writes, "parked", "conflict")
        assert (await quantities(writes, record_id))[15000] == 8

    async def test_a_line_they_added_unasked_stays(self, writes: Writes) -> None:
        record_id = await self.during(writes, 1)
        await add(writes, record_id, 30000, quantity=8)
        await self.ended(writes, "succeeded")
        assert (await quantities(writes, record_id)).keys() == {10000, 15000, 30000}

    @pytest.mark.parametrize("sequence", [10000, 15000, 20000])
    async def test_nothing_is_done_where_they_were_faster_than_the_first_call(
        self, writes: Writes, sequence: int
    ) -> None:
        record_id = await self.during(writes, 0)
        if sequence == 15000:
            await add(writes, record_id, sequence, quantity=8)
        else:
            await type_in(writes, record_id, sequence, quantity=8)
        await self.ended(writes, "failed", "conflict")
        assert (await quantities(writes, record_id))[sequence] == 8

    async def test_a_line_in_doubt_that_is_another_waits_for_a_person(self, writes: Writes) -> None:
        record_id = await self.in_doubt(writes, 2)
        await add(writes, record_id, 15000, quantity=8)
        await self.ended(writes, "parked", "ambiguous")
        assert await quantities(writes, record_id) == {10000: 3, 15000: 8, 20000: 1.5}

    async def test_a_change_in_doubt_that_they_made_another_waits_for_a_person(
        self, writes: Writes
    ) -> None:
        record_id = await self.in_doubt(writes, 1)
        await type_in(writes, record_id, 10000, quantity=7)
        await self.ended(writes, "parked", "ambiguous")
        assert await quantities(writes, record_id) == {10000: 7, 20000: 1.5}

    async def test_a_deletion_in_doubt_of_what_they_changed_waits_for_a_person(
        self, writes: Writes
    ) -> None:
        record_id = await self.in_doubt(writes, 3)
        await type_in(writes, record_id, 20000, quantity=7)
        await self.ended(writes, "parked", "ambiguous")
        assert (await quantities(writes, record_id))[20000] == 7

    async def test_a_line_in_doubt_that_they_deleted_waits_for_a_person(
        self, writes: Writes
    ) -> None:
        record_id = await self.in_doubt(writes, 1)
        await delete(writes, record_id, 10000)
        parked = await self.ended(writes, "parked", "not_found")
        assert "update" in str(parked.remedy)

    async def test_a_line_that_goes_and_they_deleted_has_gone(self, writes: Writes) -> None:
        record_id = await self.in_doubt(writes, 3)
        await delete(writes, record_id, 20000)
        await self.ended(writes, "succeeded")
        await is_as_wanted(writes, record_id)

    async def test_an_order_in_doubt_whose_lines_they_changed(self, writes: Writes) -> None:
        """What came after the change of the order cannot be told from what it has changed."""
        record_id = await an_order(writes)
        await writes.remote.arm("drop_after_commit", match=CALLS[0])
        reads = {"method": "GET", "path": "/salesOrders\\(", "nth": 2}
        await writes.remote.arm("status", status=400, body={}, match=reads)
        await update(writes, record_id, WANTED, wait=0)
        await writes.until(lambda one: one.verb == "update" and one.not_before is not None)
        await type_in(writes, record_id, 10000, quantity=8)
        await self.ended(writes, "parked", "conflict")
        assert await quantities(writes, record_id) == {10000: 8, 20000: 1.5}

    async def test_one_change_after_the_other_where_two_come_at_once(self, writes: Writes) -> None:
        record_id = await an_order(writes)
        more = {"lines": [line(10000, quantity=3), SECOND, line(30000)]}
        first = await update(writes, record_id, more, prefer_async=True)
        second = await update(writes, record_id, more, prefer_async=True)
        for made in (first, second):
            await writes.pass_until(partial(is_done, made.operation.id))
        assert await quantities(writes, record_id) == {10000: 3, 20000: 1.5, 30000: 2}
        assert (await sent(writes)).count("POST salesOrderLines") == 1


REFUSED = (
    "Business Central refused the request: `business_central.message` says why, with `…` for "
    "what you sent."
)


class TestRefusals:
    async def test_what_is_half_done_says_so_and_goes_on_when_told(self, writes: Writes) -> None:
        record_id = await an_order(writes)
        refusal = {"error": {"code": "Application_DialogException", "message": "Not now."}}
        await writes.remote.arm("status", match=CALLS[2], status=400, body=refusal)
        with pytest.raises(BusinessCentralRefused):
            await update(writes, record_id, WANTED)
        (parked,) = [one for one in await writes.store.operations() if one.state == "parked"]
        told = told_in_part(parked)
        assert [(one.rule, one.pointer, one.target) for one in told.violations] == [
            ("carried_out_in_part", None, None),
            ("business_central_refused", "/lines/1", "salesOrderLines[1]"),
        ]
        await writes.engine.retry(parked)
        await writes.pass_until(lambda one: one.id == parked.id and one.state == "succeeded")
        await is_as_wanted(writes, record_id)
        assert sorted(await sent(writes)) == sorted([*DONE, "POST salesOrderLines"])

    async def test_nothing_is_half_done_where_the_first_call_is_refused(
        self, writes: Writes
    ) -> None:
        record_id = await an_order(writes)
        refusal = {"error": {"code": "Application_DialogException", "message": "Not now."}}
        await writes.remote.arm("status", match=CALLS[0], status=400, body=refusal)
        with pytest.raises(BusinessCentralRefused) as refused:
            await update(writes, record_id, WANTED)
        assert (refused.value.detail, refused.value.violations) == (REFUSED, ())
        failed = await writes.pass_until(lambda one: one.verb == "update")
        assert failed.state == "failed"
