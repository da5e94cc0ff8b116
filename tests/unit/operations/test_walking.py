"""Verbs and actions of several steps, carried out against the simulator."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from gateway.config import shipped
from gateway.errors import (
    BusinessCentralRefused,
    GatewayError,
    IdempotencyKeyReused,
    OutcomeUnknown,
    PreconditionFailed,
    RecordGone,
    Rejected,
)
from gateway.operations import Outcome, etag
from gateway.snapshot import Snapshot, load_snapshot
from gateway.storage import Connection
from tests.remote import COMPANY_ID, Remote
from tests.unit.operations.conftest import Typed, Writes, open_writes, snapshot

FOLDER = Path(__file__).parent / "walks"
POST = {"method": "POST", "entity": "salesInvoices"}


def body(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = cast("dict[str, Any]", outcome.body)
    return found


async def run(
    writes: Writes,
    resource: str,
    action: str,
    record_id: str,
    **how: Any,  # noqa: ANN401 - what `run` takes
) -> Outcome:
    plan = snapshot().plan(resource, action)
    how = {"snapshot": snapshot(), "key": None, **how}
    return await writes.engine.run(writes.connection, plan, None, target={"id": record_id}, **how)


@cache
def deals() -> Snapshot:
    """The shipped mappings, and one with every kind of step."""
    return load_snapshot(
        mappings=[shipped("mappings"), FOLDER / "mappings"],
        schemas=[shipped("schemas"), FOLDER / "schemas"],
    )


@pytest.fixture
async def settling(remote: Remote, connection: Connection, tmp_path: Path) -> AsyncIterator[Writes]:
    async with open_writes(remote, connection, tmp_path, deals()) as opened:
        yield opened


def deal(**changes: object) -> dict[str, Any]:
    lines = [
        {"sku": "1896-S", "quantity": 2, "unit_price": Decimal("19.90")},
        {"sku": "1900-S", "quantity": 1, "unit_price": 100},
    ]
    customer = {"number": "N-1", "name": "Nordlicht GmbH"}
    whole = {"reference": "D-7", "customer": customer, "net": Decimal("139.80"), "lines": lines}
    return {**whole, **changes}


async def settle(writes: Writes, document: dict[str, Any], **how: Any) -> Outcome:  # noqa: ANN401 - what `run` takes
    plan = deals().plan("deals", "settle")
    target: dict[str, object] = {"id": "new"}
    how = {"snapshot": deals(), "key": None, **how}
    return await writes.engine.run(writes.connection, plan, document, target=target, **how)


async def writes_of(writes: Writes) -> list[str]:
    """The calls that may have changed something, in short."""
    calls = await writes.remote.journal()
    return [
        f"{call['method']} {call['path'].rpartition('/')[2].partition('(')[0]}"
        for call in calls
        if call["method"] != "GET" and "/api/v2.0/" in call["path"]
    ]


async def typed(writes: Writes, what: Typed) -> dict[str, Any]:
    """A person types it into Business Central."""
    connection, remote = writes.connection, writes.remote
    token = await remote.tokens.access_token(connection)
    base = f"/v2.0/{connection.tenant}/Production/api/v2.0/companies({COMPANY_ID})"
    headers = {"Authorization": f"Bearer {token}"}
    if what.method == "PATCH":
        headers["If-Match"] = "*"
    async with remote.control.request(
        what.method, f"{base}/{what.path}", json=what.body, headers=headers
    ) as answer:
        assert answer.status < 300, await answer.text()
        found: dict[str, Any] = json.loads(await answer.text() or "{}")
        return found


async def draft(writes: Writes) -> dict[str, Any]:
    """A draft of an invoice with a line."""
    line = {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 2, "unitPrice": 10}
    header = {"customerNumber": "10000", "salesInvoiceLines": [line]}
    return await typed(writes, Typed("salesInvoices", header))


async def draft_whose_posting_is_lost(writes: Writes) -> dict[str, Any]:
    """A draft, and an operation that is to post it, whose call never arrived."""
    there = await draft(writes)
    await writes.remote.arm("drop_before_commit", match=POST)
    outcome = await run(writes, "sales-invoices", "post", there["id"], wait=0)
    assert outcome.status == 202
    return there


async def an_order(writes: Writes) -> dict[str, Any]:
    outcome = await writes.create()
    return body(outcome)


async def posted(writes: Writes) -> int:
    """How often posting was called."""
    calls = await writes.remote.journal(method="POST", entity="salesInvoices")
    return sum("Microsoft.NAV.post" in call["path"] for call in calls)


async def invoice(writes: Writes, record_id: str) -> dict[str, Any]:
    [found] = [row for row in await writes.orders("salesInvoices") if row["id"] == record_id]
    return found


class TestPosting:
    async def test_a_draft_is_posted_and_comes_back_under_its_new_number(
        self, writes: Writes
    ) -> None:
        there = await draft(writes)
        outcome = await run(writes, "sales-invoices", "post", there["id"])
        assert outcome.status == 200
        assert body(outcome)["id"] == there["id"]
        assert body(outcome)["status"] == "open"
        assert body(outcome)["number"] != there["number"]
        assert outcome.operation.record_number == body(outcome)["number"]
        assert await posted(writes) == 1

    async def test_one_that_is_posted_already_is_answered_from_the_books(
        self, writes: Writes
    ) -> None:
        there = await draft(writes)
        first = await run(writes, "sales-invoices", "post", there["id"])
        again = await run(writes, "sales-invoices", "post", there["id"])
        assert again.body == first.body
        assert again.operation.id != first.operation.id
        assert await posted(writes) == 1

    async def test_a_key_replays(self, writes: Writes) -> None:
        there = await draft(writes)
        first = await run(writes, "sales-invoices", "post", there["id"], key="k-1")
        again = await run(writes, "sales-invoices", "post", there["id"], key="k-1")
        assert again.replayed
        assert again.body == first.body

    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "drop_after_commit"},
            {"kind": "status", "status": 504, "committed": True},
            {
                "kind": "status",
                "status": 400,
                "committed": True,
                "body": {"error": {"code": "Application_DialogException", "message": "Something."}},
            },
        ],
    )
    async def test_what_was_posted_and_not_answered_is_seen_in_the_books(
        self, writes: Writes, fault: dict[str, Any]
    ) -> None:
        there = await draft(writes)
        kind = fault.pop("kind")
        await writes.remote.arm(kind, match=POST, **fault)
        outcome = await run(writes, "sales-invoices", "post", there["id"])
        assert outcome.status == 200
        assert body(outcome)["status"] == "open"
        assert await posted(writes) == 1

    async def test_what_never_arrived_is_sent_again_once_nothing_can_be_under_way(
        self, writes: Writes
    ) -> None:
        there = await draft_whose_posting_is_lost(writes)
        began = writes.remote.clock.now()
        await writes.pass_until(lambda one: one.state == "succeeded", step=30)
        assert writes.remote.clock.now() - began >= timedelta(minutes=18)
        assert (await invoice(writes, there["id"]))["status"] == "Open"
        assert await posted(writes) == 2

    async def test_a_refusal_stands_once_it_was_seen_that_nothing_was_done(
        self, writes: Writes
    ) -> None:
        empty = await typed(writes, Typed("salesInvoices", {"customerNumber": "10000"}))
        with pytest.raises(BusinessCentralRefused):
            await run(writes, "sales-invoices", "post", empty["id"])
        assert (await invoice(writes, empty["id"]))["status"] == "Draft"
        operation = await writes.operation()
        assert (operation.state, operation.cause) == ("failed", "business_central_refused")
        assert await posted(writes) == 1

    async def test_a_draft_that_somebody_deletes_meanwhile_waits_for_a_person(
        self, writes: Writes
    ) -> None:
        there = await draft_whose_posting_is_lost(writes)
        while not await writes.remote.journal(path="Microsoft.NAV.post$"):  # noqa: ASYNC110 - the simulator is asked over HTTP
            await asyncio.sleep(0.005)  # deleted before that, nothing would be in doubt
        await typed(writes, Typed(f"salesInvoices({there['id']})", method="DELETE"))
        parked = await writes.pass_until(lambda one: one.state == "parked")
        assert parked.cause == "ambiguous"

    async def test_what_is_not_there_is_not_posted(self, writes: Writes) -> None:
        with pytest.raises(RecordGone):
            await run(writes, "sales-invoices", "post", "5f8c0000-0000-4000-8000-00000000dead")
        with pytest.raises(GatewayError, match="no such record"):
            await run(writes, "sales-invoices", "post", "nonsense")
        assert await posted(writes) == 0

    async def test_the_etag_of_the_caller_counts(self, writes: Writes) -> None:
        there = await draft(writes)
        with pytest.raises(PreconditionFailed):
            await run(writes, "sales-invoices", "post", there["id"], if_match=['"another"'])
        assert await posted(writes) == 0
        record = snapshot().plan("sales-invoices", "read").record
        assert record.select
        first = await run(writes, "sales-invoices", "post", there["id"], if_match=["*"])
        again = await run(
            writes, "sales-invoices", "post", there["id"], if_match=[etag(body(first))]
        )
        assert again.body == first.body


class TestInvoicingAnOrder:
    async def test_the_order_goes_and_its_invoice_is_named(self, writes: Writes) -> None:
        there = await an_order(writes)
        outcome = await run(writes, "sales-orders", "ship-and-invoice", there["id"])
        assert outcome.status == 200
        assert body(outcome)["id"] == there["id"]
        assert body(outcome)["number"] == there["number"]
        assert body(outcome)["lines"] == there["lines"]
        [made] = [
            row
            for row in await writes.orders("salesInvoices")
            if row["orderNumber"] == there["number"]
        ]
        assert body(outcome)["invoice"] == {"id": made["id"], "number": made["number"]}
        assert all(row["id"] != there["id"] for row in await writes.orders())

    async def test_an_answer_that_is_lost_is_found_by_the_number_of_the_order(
        self, writes: Writes
    ) -> None:
        there = await an_order(writes)
        match = {"method": "POST", "entity": "salesOrders"}
        await writes.remote.arm("drop_after_commit", match=match)
        outcome = await run(writes, "sales-orders", "ship-and-invoice", there["id"])
        assert outcome.status == 200
        assert body(outcome)["invoice"]["number"]
        made = await writes.orders("salesInvoices")
        assert len([row for row in made if row["orderNumber"] == there["number"]]) == 1

    async def test_half_of_it_waits_for_a_person_and_goes_on_when_told(
        self, writes: Writes
    ) -> None:
        there = await an_order(writes)
        await writes.remote.arm("receipt_only", match={"entity": "salesOrders"})
        with pytest.raises(OutcomeUnknown):
            await run(writes, "sales-orders", "ship-and-invoice", there["id"])
        [parked] = [one for one in await writes.store.operations() if one.state == "parked"]
        assert parked.cause == "partly_posted"
        assert "salesShipments" in json.dumps(parked.problem)
        await writes.engine.retry(parked)
        done = await writes.pass_until(lambda one: one.id == parked.id and one.state == "succeeded")
        assert done.answer is not None


class TestEveryKindOfStep:
    async def test_all_of_them_in_one_operation(self, settling: Writes) -> None:
        outcome = await settle(settling, deal(due_date="2027-01-31"))
        assert outcome.status == 200
        assert body(outcome)["status"] == "open"
        assert body(outcome)["totals"]["net"] == Decimal("139.8")
        assert body(outcome)["customer"] == {"number": "N-1", "name": "Nordlicht GmbH"}
        assert await writes_of(settling) == [
            "POST customers",
            "POST salesInvoices",
            "PATCH salesInvoices",
            "POST Microsoft.NAV.post",
        ]
        made = await invoice(settling, body(outcome)["id"])
        assert made["dueDate"] == "2027-01-31"

    async def test_the_reference_is_the_key(self, settling: Writes) -> None:
        first = await settle(settling, deal())
        again = await settle(settling, deal())
        assert again.replayed
        assert again.body == first.body
        with pytest.raises(IdempotencyKeyReused):
            await settle(settling, deal(terms="30 DAYS"))

    async def test_a_customer_that_is_as_wanted_is_not_sent(self, settling: Writes) -> None:
        await settle(settling, deal())
        await settle(settling, deal(reference="D-8"))
        assert (await writes_of(settling)).count("POST customers") == 1
        assert "PATCH customers" not in await writes_of(settling)
        renamed = {"number": "N-1", "name": "Nordlicht AG"}
        await settle(settling, deal(reference="D-9", customer=renamed))
        assert (await settling.there("N-1"))["displayName"] == "Nordlicht AG"

    async def test_a_find_that_finds_nothing_refuses_before_anything_is_written(
        self, settling: Writes
    ) -> None:
        with pytest.raises(Rejected) as refused:
            await settle(settling, deal(terms="NEVER"))
        assert refused.value.own_code == "unknown_terms"
        assert await writes_of(settling) == []

    async def test_a_guard_behind_a_write_parks_what_is_half_done_and_says_so(
        self, settling: Writes
    ) -> None:
        with pytest.raises(Rejected) as refused:
            await settle(settling, deal(net=Decimal("139.81")))
        assert refused.value.own_code == "totals_differ"
        assert refused.value.violations[0].rule == "carried_out_in_part"
        for words in (refused.value.detail, refused.value.violations[0].detail):
            assert "Carried out in part, and parked. Carried out already: customer, made." in words
        parked = await settling.operation()
        assert (parked.state, parked.cause) == ("parked", "totals_differ")
        assert parked.remedy is not None
        assert "customer, made" in parked.remedy
        assert "POST Microsoft.NAV.post" not in await writes_of(settling)

        [made] = [
            row
            for row in await settling.orders("salesInvoices")
            if row["externalDocumentNumber"] == "D-7"
        ]
        await typed(settling, Typed(f"salesInvoices({made['id']})", method="DELETE"))
        given_up = await settling.engine.cancel(parked)
        assert given_up.remedy == "Carried out before: customer, made."

    async def test_what_was_mended_goes_on_where_it_stopped(self, settling: Writes) -> None:
        with pytest.raises(Rejected):
            await settle(settling, deal(net=Decimal(140)))
        [made] = [
            row
            for row in await settling.orders("salesInvoices")
            if row["externalDocumentNumber"] == "D-7"
        ]
        line = await typed(
            settling, Typed(f"salesInvoices({made['id']})/salesInvoiceLines", method="GET")
        )
        second = line["value"][1]
        await typed(
            settling,
            Typed(
                f"salesInvoiceLines({second['id']})",
                {"unitPrice": 100.2},
                method="PATCH",
            ),
        )
        parked = await settling.operation()
        await settling.engine.retry(parked)
        done = await settling.pass_until(lambda one: one.state == "succeeded")
        assert done.record_id == made["id"]
        calls = await writes_of(settling)
        assert calls.count("POST salesInvoices") == 1
        assert calls.count("POST Microsoft.NAV.post") == 1

    @pytest.mark.parametrize("fault", ["drop_after_commit", "drop_before_commit"])
    @pytest.mark.parametrize("step", range(4))
    async def test_an_answer_lost_at_any_step_changes_nothing_in_the_end(
        self, settling: Writes, fault: str, step: int
    ) -> None:
        match = [
            {"method": "POST", "entity": "customers"},
            {"method": "POST", "path": "/salesInvoices$"},
            {"method": "PATCH", "entity": "salesInvoices"},
            {"method": "POST", "path": "Microsoft.NAV.post$"},
        ][step]
        await settling.remote.arm(fault, match=match)
        outcome = await settle(settling, deal(due_date="2027-01-31"), prefer_async=True)
        assert outcome.status == 202
        done = await settling.pass_until(lambda one: one.state == "succeeded", step=20)
        made = [
            row
            for row in await settling.orders("salesInvoices")
            if row["externalDocumentNumber"] == "D-7"
        ]
        assert [row["id"] for row in made] == [done.record_id]
        assert made[0]["status"] == "Open"
        assert made[0]["dueDate"] == "2027-01-31"
        customers = [r for r in await settling.orders("customers") if r["number"] == "N-1"]
        assert len(customers) == 1

    async def test_a_draft_is_discarded(self, settling: Writes) -> None:
        there = await draft(settling)
        plan = deals().plan("deals", "discard")
        outcome = await settling.engine.run(
            settling.connection,
            plan,
            None,
            snapshot=deals(),
            key=None,
            target={"id": there["id"]},
        )
        assert (outcome.status, body(outcome)["id"]) == (200, there["id"])
        assert all(row["id"] != there["id"] for row in await settling.orders("salesInvoices"))

    async def test_a_dry_run_goes_as_far_as_is_known(self, settling: Writes) -> None:
        plan = deals().plan("deals", "settle")
        prepared = await settling.engine.prepare(
            settling.connection, plan, deal(), snapshot=deals(), target={"id": "new"}
        )
        assert prepared.problem is None
        assert [(one.method, one.path) for one in prepared.requests] == [("POST", "customers")]
        assert prepared.then == ("made", "dated", "draft", "posting", "invoice")
        assert await writes_of(settling) == []
