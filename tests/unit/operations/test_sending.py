from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from gateway.errors import (
    AlreadyExists,
    BusinessCentralRefused,
    Conflict,
    ConnectionUnauthorized,
    GatewayError,
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    OperationInProgress,
    OutcomeUnknown,
    PreconditionFailed,
    RateLimited,
    RecordChanged,
    RecordGone,
)
from gateway.operations import etag
from gateway.operations.course import WAITS_FOR_CONNECTION
from tests.unit.operations.conftest import Typed, Writes, order

PATCH = {"method": "PATCH", "entity": "customers"}
PUT = {"name": "Nordwind AG", "credit_limit": Decimal(100)}
SOMEBODY = "5f8c0000-0000-4000-8000-00000000dead"


def body(outcome: Any) -> dict[str, Any]:  # noqa: ANN401 - an outcome
    found: dict[str, Any] = outcome.body
    return found


class TestUpdate:
    async def test_only_what_differs_is_sent_and_the_record_comes_back(
        self, writes: Writes
    ) -> None:
        there = await writes.there()
        patch = {
            "name": there["displayName"],
            "credit_limit": Decimal("99.50"),
            "phone_number": None,
        }
        outcome = await writes.customer("update", patch, id=there["id"])

        assert outcome.status == 200
        assert body(outcome)["credit_limit"] == Decimal("99.5")
        assert "phone_number" not in body(outcome)
        [call] = await writes.sent("PATCH")
        assert set(json.loads(call["body"])) <= {"creditLimit", "phoneNumber"}
        operation = outcome.operation
        assert (operation.record_id, operation.record_number) == (there["id"], "10000")
        assert (operation.status, operation.warnings) == (200, ())
        [kept] = await writes.store.calls(operation.id)
        assert kept.request["baseline"] == {
            "displayName": there["displayName"],
            "creditLimit": there["creditLimit"],
            "phoneNumber": there["phoneNumber"] or None,
        }
        assert kept.request["etag"]

    async def test_what_is_so_already_is_not_sent(self, writes: Writes) -> None:
        there = await writes.there()
        read = await writes.customer("update", {"credit_limit": 5}, id=there["id"])
        again = await writes.customer("update", {"credit_limit": Decimal("5.00")}, id=there["id"])
        nothing = await writes.customer("update", {}, id=there["id"])

        assert (again.status, again.body) == (200, read.body)
        assert nothing.body == read.body
        assert len(await writes.sent("PATCH")) == 1
        assert again.operation.sent_at is None

    async def test_a_key_replays_and_is_for_one_patch(self, writes: Writes) -> None:
        there = await writes.there()
        how = {"id": there["id"], "idempotency_key": "k"}
        same = {"name": there["displayName"]}
        first = await writes.customer("update", same, **how)
        assert (await writes.customer("update", same, **how)).replayed
        with pytest.raises(IdempotencyKeyReused):
            await writes.customer("update", {"name": "Other"}, **how)
        assert first.operation.state == "succeeded"
        assert await writes.sent("PATCH") == []

    async def test_a_person_changed_another_field_meanwhile(self, writes: Writes) -> None:
        there = await writes.there()
        await writes.remote.arm("delay", seconds=0.3, when="before", match=PATCH)
        sent = asyncio.create_task(writes.customer("update", {"name": "New"}, id=there["id"]))
        await writes.until_it_has_arrived()
        await writes.person(there["id"], city="Kiel")

        outcome = await sent
        assert (body(outcome)["name"], body(outcome)["address"]["city"]) == ("New", "Kiel")
        assert outcome.operation.attempt == 2
        assert (await writes.there())["city"] == "Kiel"

    async def test_a_person_changed_the_same_field_meanwhile(self, writes: Writes) -> None:
        there = await writes.there()
        await writes.remote.arm("delay", seconds=0.3, when="before", match=PATCH)
        patch = {"name": "New", "credit_limit": 7}
        sent = asyncio.create_task(writes.customer("update", patch, id=there["id"]))
        await writes.until_it_has_arrived()
        await writes.person(there["id"], displayName="Theirs")

        with pytest.raises(RecordChanged) as raised:
            await sent
        assert [one.target for one in raised.value.violations] == ["displayName"]
        assert (raised.value.code, raised.value.status) == ("conflict", 409)
        now = await writes.there()
        assert (now["displayName"], now["creditLimit"]) == ("Theirs", there["creditLimit"])

    async def test_many_at_once_are_made_one_after_the_other(self, writes: Writes) -> None:
        there = await writes.there()
        await writes.remote.arm("delay", seconds=0.02, when="before", count=9, match=PATCH)
        wishes: list[dict[str, object]] = [
            {"name": "A"},
            {"name": "B"},
            {"email": "c@harwick.example"},
            {"website": "https://d.example"},
            {"address": {"line_1": "E"}},
            {"address": {"line_2": "E"}},
            {"address": {"city": "E"}},
            {"address": {"state": "E"}},
            {"credit_limit": 77},
        ]
        ends = await asyncio.gather(
            *(writes.customer("update", wish, id=there["id"].upper()) for wish in wishes[::2]),
            *(writes.customer("update", wish, id=there["id"]) for wish in wishes[1::2]),
        )
        assert all(end.status == 200 for end in ends)
        assert len(await writes.sent("PATCH")) == len(wishes)
        now = await writes.there()
        assert now["displayName"] in {"A", "B"}
        assert (now["email"], now["website"]) == ("c@harwick.example", "https://d.example")
        assert {now[f"addressLine{n}"] for n in (1, 2)} | {now["city"], now["state"]} == {"E"}
        assert now["creditLimit"] == 77

    async def test_the_next_waits_until_the_outcome_is_known(self, writes: Writes) -> None:
        there = await writes.there()
        await writes.remote.arm("status", status=503, committed=False, match=PATCH)
        ends = await asyncio.gather(
            *(writes.customer("update", {"name": name}, id=there["id"]) for name in ("A", "B"))
        )
        assert [end.status for end in ends] == [200, 200]
        sent = [json.loads(call["body"])["displayName"] for call in await writes.sent("PATCH")]
        assert sent == list("AAB")

    async def test_if_match(self, writes: Writes) -> None:
        there = await writes.there()
        seen = await writes.customer("update", {}, id=there["id"])
        tag = etag(body(seen))
        for wrong in (('"other"',), (f"W/{tag}",)):
            with pytest.raises(PreconditionFailed) as raised:
                await writes.customer("update", {"name": "N"}, id=there["id"], if_match=wrong)
            assert (raised.value.code, raised.value.status) == ("conflict", 412)
        assert await writes.sent("PATCH") == []
        for right in (('"other"', tag), ("*",)):
            done = await writes.customer("update", {"name": "N"}, id=there["id"], if_match=right)
            assert done.status == 200

    async def test_if_match_and_somebody_was_faster(self, writes: Writes) -> None:
        there = await writes.there()
        tag = etag(body(await writes.customer("update", {}, id=there["id"])))
        await writes.remote.arm("delay", seconds=0.3, when="before", match=PATCH)
        sent = asyncio.create_task(
            writes.customer("update", {"name": "N"}, id=there["id"], if_match=(tag,))
        )
        await writes.until_it_has_arrived()
        await writes.person(there["id"], city="Kiel")
        with pytest.raises(PreconditionFailed):
            await sent
        assert (await writes.there())["displayName"] == there["displayName"]

    async def test_what_is_not_there_or_no_id(self, writes: Writes) -> None:
        with pytest.raises(RecordGone):
            await writes.customer("update", {"name": "N"}, id=SOMEBODY)
        with pytest.raises(NotFound):
            await writes.customer("update", {"name": "N"}, id="no-id")

    async def test_what_cannot_be_cleared(self, writes: Writes) -> None:
        there = await writes.there()
        with pytest.raises(InvalidInput) as raised:
            await writes.customer("update", {"credit_limit": None}, id=there["id"])
        assert [one.pointer for one in raised.value.violations] == ["/credit_limit"]
        assert await writes.sent("PATCH") == []

    async def test_a_refusal(self, writes: Writes) -> None:
        there = await writes.there()
        message = {"error": {"code": "Application_DialogException", "message": "No."}}
        await writes.remote.arm("status", status=400, body=message, match=PATCH)
        with pytest.raises(BusinessCentralRefused):
            await writes.customer("update", {"name": "N"}, id=there["id"])
        assert (await writes.operation()).state == "failed"


class TestUpsert:
    async def test_none_is_created_and_one_is_changed(self, writes: Writes) -> None:
        made = await writes.customer("upsert", PUT, key="n-77")
        assert (made.status, body(made)["number"]) == (201, "N-77")
        assert made.operation.warnings == ()
        same = await writes.customer("upsert", {"number": "N-77", **PUT}, key="N-77")
        assert (same.status, same.body) == (200, made.body)
        changed = await writes.customer("upsert", {"name": "Südwind AG"}, key="N-77")
        assert (changed.status, body(changed)["name"]) == (200, "Südwind AG")
        assert body(changed)["credit_limit"] == 100
        assert (len(await writes.sent("POST")), len(await writes.sent("PATCH"))) == (1, 1)

    async def test_a_key_that_cannot_be_is_refused(self, writes: Writes) -> None:
        for key, document in (
            ("N-77", {**PUT, "number": "N-78"}),
            ("  ", PUT),
            ("N" * 21, PUT),
        ):
            with pytest.raises(InvalidInput):
                await writes.customer("upsert", document, key=key)
        assert await writes.store.operations() == []

    async def test_after_a_deletion_it_is_made_again(self, writes: Writes) -> None:
        made = await writes.customer("create", {"number": "N-77", **PUT})
        gone = await writes.customer("delete", id=body(made)["id"])
        assert (gone.status, gone.body) == (204, None)
        again = await writes.customer("upsert", PUT, key="N-77")
        assert again.status == 201
        await writes.customer("delete", id=body(again)["id"])
        assert (await writes.customer("upsert", PUT, key="N-77")).status == 201

    async def test_two_at_once_make_one_record(self, writes: Writes) -> None:
        await writes.remote.arm("delay", seconds=0.1, match={"method": "POST"})
        documents = ({"name": "A"}, {"name": "A", "email": "a@nordwind.example"})
        tasks = [
            asyncio.create_task(writes.customer("upsert", one, key="N-77")) for one in documents
        ]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0.02)
            await writes.remote.clock.advance(0.3)
        assert sorted(task.result().status for task in tasks) == [200, 201]
        assert len(await writes.sent("POST")) == 1
        assert (await writes.there("N-77"))["displayName"] == "A"

    async def test_who_waits_too_long_for_another_is_told(self, writes: Writes) -> None:
        await writes.remote.arm("delay", seconds=0.5, match={"method": "POST"})
        first = asyncio.create_task(writes.customer("upsert", PUT, key="N-77"))
        await writes.until(lambda operation: operation.state == "sending")
        second = asyncio.create_task(writes.customer("upsert", PUT, key="N-77", wait=0.1))
        with pytest.raises(OperationInProgress):
            await second
        assert (await first).status == 201

    async def test_somebody_makes_it_first(self, writes: Writes) -> None:
        await writes.remote.arm("delay", seconds=0.3, when="before", match={"method": "POST"})
        sent = asyncio.create_task(writes.customer("upsert", PUT, key="N-77"))
        await writes.until_it_has_arrived()
        await writes.remote.business_central.write(
            writes.connection,
            Typed("customers", {"number": "N-77", "displayName": "Theirs"}),
            deadline=writes.remote.deadline(),
        )
        outcome = await sent
        assert (outcome.status, body(outcome)["name"]) == (200, "Nordwind AG")

    async def test_a_lost_answer_is_found(self, writes: Writes) -> None:
        await writes.remote.arm("drop_after_commit", match={"method": "POST"})
        outcome = await writes.customer("upsert", PUT, key="N-77")
        assert outcome.status == 201
        assert len(await writes.sent("POST")) == 1

    async def test_if_match_needs_a_record(self, writes: Writes) -> None:
        with pytest.raises(PreconditionFailed):
            await writes.customer("upsert", PUT, key="N-77", if_match=("*",))
        assert await writes.sent("POST") == []

    async def test_another_key_is_taken_by_a_create(self, writes: Writes) -> None:
        await writes.customer("upsert", PUT, key="N-77")
        with pytest.raises((AlreadyExists, Conflict)):
            await writes.customer("create", {"number": "N-77", "name": "Else"})


class TestDelete:
    async def test_it_is_gone_and_replays(self, writes: Writes) -> None:
        made = await writes.customer("create", {"number": "N-77", **PUT})
        record = body(made)["id"]
        gone = await writes.customer("delete", id=record, idempotency_key="k")
        again = await writes.customer("delete", id=record, idempotency_key="k")
        assert (gone.status, again.status, again.replayed) == (204, 204, True)
        assert (gone.operation.record_id, gone.operation.record_number) == (record, "N-77")
        with pytest.raises(RecordGone):
            await writes.customer("delete", id=record)
        assert len(await writes.sent("DELETE")) == 1

    async def test_what_a_person_changes_meanwhile_is_not_deleted(self, writes: Writes) -> None:
        made = await writes.customer("create", {"number": "N-77", **PUT})
        match = {"method": "DELETE", "entity": "customers"}
        await writes.remote.arm("delay", seconds=0.3, when="before", match=match)
        sent = asyncio.create_task(writes.customer("delete", id=body(made)["id"]))
        await writes.until_it_has_arrived()
        await writes.person(body(made)["id"], city="Kiel")
        with pytest.raises(RecordChanged):
            await sent
        assert (await writes.there("N-77"))["city"] == "Kiel"


class TestWaiting:
    async def test_what_waits_for_its_turn_was_never_sent(self, writes: Writes) -> None:
        post = {"method": "POST", "entity": "salesOrders"}
        await writes.remote.arm("delay", seconds=1, match=post)
        first = asyncio.create_task(writes.create(order(external_reference="D-1")))
        await writes.until(lambda operation: operation.state == "sending")
        await writes.create(order(external_reference="D-2"), prefer_async=True)
        for _ in range(10):
            await asyncio.sleep(0.01)
        states = {
            one.key: (one.state, one.sent_at is None) for one in await writes.store.operations()
        }
        assert states == {"D-1": ("sending", False), "D-2": ("running", True)}
        await first
        await writes.pass_until(lambda operation: operation.key == "D-2" and operation.accepted)

    async def test_after_429_nothing_is_in_doubt(self, writes: Writes) -> None:
        post = {"method": "POST", "entity": "salesOrders"}
        await writes.remote.arm("status", status=429, match=post)
        waiting = asyncio.create_task(writes.create())
        calm = await writes.until(
            lambda operation: operation.state == "running" and operation.attempt == 2
        )
        assert calm.anchor is not None
        await writes.pass_until(lambda operation: operation.state == "succeeded", step=1)
        assert (await waiting).status == 201
        calls = await writes.store.calls(calm.id)
        assert [call.answer and call.answer.get("code") for call in calls] == ["rate_limited", None]

    async def test_nobody_waits_longer_than_he_said(self, writes: Writes) -> None:
        post = {"method": "POST", "entity": "salesOrders"}
        headers = {"Retry-After": "120"}
        await writes.remote.arm("status", status=429, headers=headers, match=post)
        with pytest.raises(RateLimited) as raised:
            await writes.create(wait=60)
        assert raised.value.retry_after == 120
        assert (await writes.operation()).restartable

    async def test_a_permission_that_is_missing_for_a_day_waits_for_a_person(
        self, writes: Writes
    ) -> None:
        denied = {"error": {"code": "Internal_ServerError", "message": "No permission."}}
        there = await writes.there()
        await writes.remote.arm("status", status=403, body=denied, count=999, match=PATCH)
        await writes.customer("update", {"name": "N"}, id=there["id"], prefer_async=True)
        parked = await writes.until(lambda operation: operation.state == "parked")
        assert parked.cause == ConnectionUnauthorized.code
        writes.remote.clock._now += timedelta(hours=25)
        tired = await writes.pass_until(
            lambda operation: operation.cause == "permission_missing", step=30
        )
        assert tired.state == "parked"
        writes.remote.clock._now += timedelta(hours=1)
        assert await writes.store.release_parked(WAITS_FOR_CONNECTION) == 0
        assert len(await writes.sent("PATCH")) == 2


LOST: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("drop_before_commit", {}, 2),
    ("drop_after_commit", {}, 1),
    ("truncate", {}, 1),
    ("status", {"status": 504}, 2),
    ("status", {"status": 504, "committed": True}, 1),
)


class TestLostAnswers:
    @pytest.mark.parametrize(("kind", "details", "calls"), LOST)
    async def test_a_change_is_made_once(
        self, writes: Writes, kind: str, details: dict[str, Any], calls: int
    ) -> None:
        there = await writes.there()
        await writes.remote.arm(kind, match=PATCH, **details)
        outcome = await writes.customer("update", {"name": "New"}, id=there["id"])
        assert (outcome.status, body(outcome)["name"]) == (200, "New")
        assert len(await writes.sent("PATCH")) == calls

    @pytest.mark.parametrize(("kind", "details", "calls"), LOST[:2])
    async def test_a_deletion_is_made_once(
        self, writes: Writes, kind: str, details: dict[str, Any], calls: int
    ) -> None:
        made = await writes.customer("create", {"number": "N-77", **PUT})
        await writes.remote.arm(kind, match={"method": "DELETE", "entity": "customers"}, **details)
        outcome = await writes.customer("delete", id=body(made)["id"])
        assert outcome.status == 204
        assert len(await writes.sent("DELETE")) == calls

    async def lost(
        self, writes: Writes, kind: str, person: Typed, verb: str = "update"
    ) -> GatewayError:
        """The answer to a change is lost while nobody can look; then a person does something."""
        match = {**PATCH, "method": "PATCH" if verb == "update" else "DELETE"}
        await writes.remote.arm(kind, match=match)
        reads = {"method": "GET", "entity": "customers", "nth": 2}
        await writes.remote.arm("status", status=400, body={}, match=reads)
        document = {"name": "New"} if verb == "update" else None
        record = person.path[-37:-1]
        sent = asyncio.create_task(writes.customer(verb, document, id=record))
        await writes.until(lambda operation: operation.not_before is not None)
        await writes.remote.business_central.write(
            writes.connection, person, deadline=writes.remote.deadline(), if_match="*"
        )
        await writes.pass_until(lambda operation: operation.state != "uncertain", step=1)
        [error] = await asyncio.gather(sent, return_exceptions=True)
        assert isinstance(error, GatewayError)
        return error

    @pytest.mark.parametrize("kind", ["drop_before_commit", "drop_after_commit"])
    async def test_what_a_person_typed_over_it_stays(self, writes: Writes, kind: str) -> None:
        path = f"customers({(await writes.there())['id']})"
        error = await self.lost(writes, kind, Typed(path, {"displayName": "Theirs"}, "PATCH"))
        assert isinstance(error, OutcomeUnknown)
        parked = await writes.operation()
        assert (parked.state, parked.cause) == ("parked", "ambiguous")
        assert parked.remedy
        assert (await writes.there())["displayName"] == "Theirs"

    async def test_what_never_gets_through_is_repeated_less_and_less_often(
        self, writes: Writes
    ) -> None:
        there = await writes.there()
        await writes.remote.arm("drop_before_commit", count=99, match=PATCH)
        await writes.customer("update", {"name": "N"}, id=there["id"], prefer_async=True)
        await writes.until(lambda operation: operation.not_before is not None)
        assert len(await writes.sent("PATCH")) == 2
        await writes.pass_until(lambda operation: operation.attempt == 4, step=5)
        await writes.remote.clear()
        await writes.pass_until(lambda operation: operation.state == "succeeded", step=5)
        assert (await writes.there())["displayName"] == "N"

    async def test_a_record_that_a_person_deletes_is_gone(self, writes: Writes) -> None:
        await writes.remote.business_central.write(
            writes.connection,
            Typed("customers", {"number": "N-77", "displayName": "Nordwind AG"}),
            deadline=writes.remote.deadline(),
        )
        path = f"customers({(await writes.there('N-77'))['id']})"
        error = await self.lost(writes, "drop_before_commit", Typed(path, None, "DELETE"))
        assert isinstance(error, RecordGone)

    async def test_what_a_person_changed_is_not_deleted(self, writes: Writes) -> None:
        path = f"customers({(await writes.there())['id']})"
        person = Typed(path, {"city": "Kiel"}, "PATCH")
        error = await self.lost(writes, "drop_before_commit", person, verb="delete")
        assert isinstance(error, RecordChanged)
        assert (await writes.there())["city"] == "Kiel"

    @pytest.mark.parametrize(("typed", "state"), [("New", "succeeded"), ("Theirs", "parked")])
    async def test_somebody_is_faster_than_the_second_call(
        self, writes: Writes, typed: str, state: str
    ) -> None:
        there = await writes.there()
        await writes.remote.arm("drop_before_commit", match=PATCH)
        third = {"method": "GET", "entity": "customers", "nth": 3}
        await writes.remote.arm("delay", seconds=0.4, when="before", match=third)
        sent = asyncio.create_task(writes.customer("update", {"name": "New"}, id=there["id"]))
        await writes.until(lambda operation: operation.attempt == 2)
        await writes.person(there["id"], displayName=typed)
        [end] = await asyncio.gather(sent, return_exceptions=True)
        ended = await writes.operation()
        assert (ended.state, isinstance(end, OutcomeUnknown)) == (state, state == "parked")
        assert (await writes.there())["displayName"] == typed
        assert len(await writes.sent("PATCH")) == 1

    async def test_in_doubt_it_waits_for_its_connection(self, writes: Writes) -> None:
        there = await writes.there()
        await writes.remote.arm("drop_before_commit", match=PATCH)
        second = {**PATCH, "nth": 2}
        await writes.remote.arm("status", status=403, body={"error": {}}, match=second)
        sent = asyncio.create_task(writes.customer("update", {"name": "N"}, id=there["id"]))
        waits = await writes.until(lambda operation: operation.not_before is not None)
        assert (waits.state, waits.cause) == ("uncertain", "connection_unauthorized")
        writes.remote.clock._now += timedelta(minutes=5)
        await writes.pass_until(lambda operation: operation.state == "succeeded")
        assert (await sent).status in {200, 202}
        assert (await writes.there())["displayName"] == "N"
