from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from gateway.errors import OutcomeUnknown
from gateway.operations.resolver import _elsewhere, _judged, next_look
from tests.operations import an_operation
from tests.remote import COMPANY_ID, OTHER_COMPANY_ID
from tests.unit.operations.conftest import Writes, order, snapshot

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
POST = {"method": "POST", "entity": "salesOrders"}


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person types into Business Central."""

    body: Mapping[str, object] = field(repr=False)
    path: str = "salesOrders"
    method: str = "POST"


async def type_in(writes: Writes, typed: Typed) -> None:
    await writes.remote.business_central.write(
        writes.connection, typed, deadline=writes.remote.deadline()
    )


async def rendered(writes: Writes) -> dict[str, Any]:
    [request] = (
        await writes.engine.prepare(writes.connection, writes.plan, order(), snapshot=snapshot())
    ).requests
    assert request.body is not None
    return request.body


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after_commit"},
        {"kind": "status", "status": 504, "committed": True},
        {"kind": "status", "status": 500, "committed": True, "body": "<html>"},
        {"kind": "truncate"},
    ],
)
async def test_an_order_whose_answer_is_lost_is_found(
    writes: Writes, fault: dict[str, Any]
) -> None:
    await writes.remote.arm(**fault, match=POST)
    outcome = await writes.create()

    assert outcome.status == 201
    [there] = await writes.orders()
    assert isinstance(outcome.body, dict)
    assert outcome.body["number"] == there["number"]
    assert outcome.body["lines"][0]["item_number"] == "1896-S"
    assert await writes.posts() == 1
    [call] = await writes.store.calls(outcome.operation.id)
    assert call.answer is not None
    assert call.answer["found_after"] == "no_answer"
    assert (await writes.create()).replayed


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_before_commit"},
        {"kind": "status", "status": 503, "headers": {"Retry-After": "1"}},
        {"kind": "status", "status": 408},
    ],
)
async def test_an_order_that_was_lost_is_sent_again_when_that_is_safe(
    writes: Writes, fault: dict[str, Any]
) -> None:
    await writes.remote.arm(**fault, match=POST)
    waiting = asyncio.create_task(writes.create(wait=60))
    await writes.pass_until(lambda operation: operation.not_before is not None, step=0.5)
    assert await writes.orders() == []
    with pytest.raises(OutcomeUnknown):
        await writes.create()

    await writes.pass_until(lambda operation: operation.accepted, step=20)
    outcome = await waiting
    assert (outcome.status, outcome.operation.state) == (202, "uncertain")
    sent = outcome.operation.sent_at
    assert sent is not None
    while writes.remote.clock.now() < sent + timedelta(minutes=18) - timedelta(seconds=60):
        await writes.remote.clock.advance(30)
    assert await writes.posts() == 1

    done = await writes.pass_until(lambda operation: operation.state == "succeeded", step=30)
    assert done.attempt == 2
    assert await writes.posts() == 2
    assert len(await writes.orders()) == 1
    looks = await writes.remote.journal(method="GET", entity="salesInvoices")
    assert len(looks) >= 4
    calls = await writes.store.calls(done.id)
    assert [call.answer is not None for call in calls] == [False, True]


async def test_an_order_that_appears_late_is_not_sent_again(writes: Writes) -> None:
    await writes.remote.arm("drop_before_commit", match=POST)
    body = await rendered(writes)
    await writes.create(prefer_async=True)
    await writes.until(lambda operation: operation.not_before is not None)
    await type_in(writes, Typed(body))

    done = await writes.pass_until(lambda operation: operation.state == "succeeded", step=5)
    [there] = await writes.orders()
    assert done.record_number == there["number"]
    assert await writes.posts() == 2


async def test_two_with_the_reference_are_never_told_apart_by_guessing(writes: Writes) -> None:
    await type_in(writes, Typed(await rendered(writes)))
    await writes.remote.arm("drop_after_commit", match=POST)

    with pytest.raises(OutcomeUnknown) as raised:
        await writes.create()
    numbers = {row["number"] for row in await writes.orders()}
    assert len(numbers) == 2
    assert len(raised.value.violations) == 2
    parked = await writes.operation()
    assert (parked.state, parked.cause) == ("parked", "ambiguous")
    with pytest.raises(OutcomeUnknown):
        await writes.create()
    assert await writes.posts() == 2


async def test_a_strangers_order_with_the_reference_is_not_ours(writes: Writes) -> None:
    body = await rendered(writes)
    theirs = {**body, "salesOrderLines": [{**body["salesOrderLines"][0], "quantity": 7}]}
    await type_in(writes, Typed(theirs))
    await writes.remote.arm("drop_before_commit", match=POST)

    with pytest.raises(OutcomeUnknown) as raised:
        await writes.create()
    assert [one.rule for one in raised.value.violations] == ["candidate"]
    assert (await writes.operation()).cause == "ambiguous"


async def test_an_order_without_all_its_lines_waits_for_a_person(writes: Writes) -> None:
    body = await rendered(writes)
    await writes.remote.arm("drop_before_commit", match=POST)
    waiting = asyncio.create_task(writes.create(wait=300))
    await writes.until(lambda operation: operation.not_before is not None)
    await type_in(writes, Typed({**body, "salesOrderLines": body["salesOrderLines"][:1]}))
    await writes.pass_until(lambda operation: operation.state == "parked")

    with pytest.raises(OutcomeUnknown, match="lines are missing"):
        await waiting
    assert (await writes.operation()).cause == "incomplete"


async def test_an_invoice_somebody_typed_is_not_our_order(writes: Writes) -> None:
    body = await rendered(writes)
    invoice = {name: body[name] for name in ("externalDocumentNumber", "customerId")}
    await type_in(writes, Typed(invoice, path="salesInvoices"))
    await writes.remote.arm("drop_before_commit", match=POST)

    with pytest.raises(OutcomeUnknown) as raised:
        await writes.create()
    [candidate] = raised.value.violations
    assert candidate.target is not None
    assert candidate.target.startswith("salesInvoices(")


async def test_what_cannot_be_looked_for_waits_for_a_person(writes: Writes) -> None:
    bare = order()
    del bare["external_reference"]
    await writes.remote.arm("drop_after_commit", match=POST)

    with pytest.raises(OutcomeUnknown):
        await writes.create(bare, key="k")
    parked = await writes.operation()
    assert (parked.state, parked.cause) == ("parked", "unanchored")
    with pytest.raises(OutcomeUnknown):
        await writes.create(bare, key="k")
    assert await writes.posts() == 1


async def test_a_filter_that_is_ignored_is_not_believed(writes: Writes) -> None:
    await type_in(writes, Typed({**await rendered(writes), "externalDocumentNumber": "OTHER"}))
    await writes.remote.arm("drop_after_commit", match=POST)
    await writes.remote.arm("filter_ignored", match={"entity": "salesOrders"})
    waiting = asyncio.create_task(writes.create(wait=60))
    uncertain = await writes.until(lambda operation: operation.not_before is not None)
    assert uncertain.state == "uncertain"

    await writes.pass_until(lambda operation: operation.state == "succeeded")
    assert (await waiting).status == 201
    assert len(await writes.orders()) == 2


async def test_nothing_is_sent_again_before_somebody_could_look(writes: Writes) -> None:
    await writes.remote.arm("drop_before_commit", match=POST)
    await writes.create(prefer_async=True)
    await writes.until(lambda operation: operation.not_before is not None)
    await writes.remote.arm(
        "status", status=400, count=1000, match={"method": "GET", "entity": "salesOrders"}
    )
    for _ in range(40):
        await writes.remote.clock.advance(60)
        await asyncio.sleep(0.005)
    assert await writes.posts() == 1

    await writes.remote.control.delete("/_simulator/faults")
    await writes.pass_until(lambda operation: operation.state == "succeeded", step=60)
    assert await writes.posts() == 2
    assert len(await writes.orders()) == 1


async def test_without_its_connection_it_stays_unsettled(writes: Writes) -> None:
    await writes.remote.arm("drop_before_commit", match=POST)
    await writes.create(prefer_async=True)
    await writes.until(lambda operation: operation.not_before is not None)
    await writes.remote.connections.delete(writes.connection)

    parked = await writes.pass_until(lambda operation: operation.state == "parked")
    assert parked.cause == "unknown_connection"


async def test_an_answer_that_cannot_be_stored_is_not_called_unsent(writes: Writes) -> None:
    await writes.remote.arm("delay", seconds=0.2, match=POST)
    waiting = asyncio.create_task(writes.create())
    await writes.until(lambda operation: operation.state == "sending")
    await writes.store._database.close()

    with pytest.raises(OutcomeUnknown):
        await waiting


ORDER_ROW: dict[str, object] = {"id": "a", "number": "101005"}


@pytest.mark.parametrize(
    ("rows", "moved", "left"),
    [
        ([], [("salesInvoices", "101005"), ("salesShipments", "101005")], ["salesInvoices"]),
        ([ORDER_ROW], [("salesShipments", "101005")], []),
        ([ORDER_ROW], [("salesShipments", "101006")], ["salesShipments"]),
        (
            [],
            [("salesInvoices", None), ("salesShipments", "1")],
            ["salesInvoices", "salesShipments"],
        ),
    ],
)
def test_an_order_counts_once_wherever_it_has_gone(
    rows: list[dict[str, object]], moved: list[tuple[str, str | None]], left: list[str]
) -> None:
    found = _elsewhere(
        rows, [(entity, {"id": entity, "orderNumber": number}) for entity, number in moved]
    )

    assert [entity for entity, _ in found] == left


async def test_an_invoiced_order_is_ours_and_has_its_own_number(writes: Writes) -> None:
    sent = {"customerId": "5f8c0000-0000-4000-8000-000000000001", "orderDate": "2026-11-23"}
    row = {"id": "i", "number": "103001", "orderId": "o", "orderNumber": "101005", **sent}
    tools = writes.engine._tools
    verdict = _judged(tools, writes.plan, sent, [], [("salesInvoices", row)])
    assert verdict.kind == "same"
    assert verdict.answer["body"] == {"id": "o", "number": "101005"}
    assert verdict.answer["moved_to"] == "salesInvoices"

    other = {**row, "customerId": "5f8c0000-0000-4000-8000-000000000002"}
    assert _judged(tools, writes.plan, sent, [], [("salesInvoices", other)]).kind == "ambiguous"


def test_looks_come_sooner_at_first_and_end_after_eighteen_minutes() -> None:
    operation = an_operation(NOW, sent_at=NOW)
    looks = [NOW]
    while (following := next_look(operation, looks[-1])) is not None:
        looks.append(following)
    pauses = [(after - before).total_seconds() for before, after in pairwise(looks)]

    assert looks[-1] == NOW + timedelta(minutes=18)
    assert pauses[:4] == [2, 2, 4, 8]
    assert max(pauses) == 300


async def test_what_was_sent_to_one_company_is_never_looked_for_in_another(
    writes: Writes,
) -> None:
    """Not found there, it would be sent again, and might stand in both."""
    await writes.remote.arm("drop_before_commit", match=POST)
    await writes.create(prefer_async=True)
    await writes.until(lambda operation: operation.not_before is not None)
    await writes.store.update_connection(writes.connection.id, company_id=OTHER_COMPANY_ID)

    for _ in ("by itself", "by a retry"):
        parked = await writes.pass_until(lambda operation: operation.state == "parked", step=60)
        assert parked.cause == "elsewhere"
        assert await writes.posts() == 1
        await writes.engine.retry(parked)

    await writes.pass_until(lambda operation: operation.state == "parked", step=60)
    await writes.store.update_connection(writes.connection.id, company_id=COMPANY_ID)
    await writes.engine.retry(await writes.operation())
    await writes.pass_until(lambda operation: operation.state == "succeeded", step=60)
    assert (len(await writes.orders()), await writes.posts()) == (1, 2)
