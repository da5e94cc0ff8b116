from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from gateway.businesscentral import BusinessCentral, next_link, rows_of
from gateway.errors import (
    AlreadyExists,
    BusinessCentralRefused,
    BusinessCentralUnavailable,
    ConnectionNotReady,
    ConnectionUnauthorized,
    GatewayError,
    OutcomeUnknown,
    RateLimited,
    RecordChanged,
    RecordGone,
    RecordLocked,
    StorageUnavailable,
    UnexpectedAnswer,
)
from gateway.storage import Connection
from gateway.wire import is_guid
from tests.odd_server import OddServer, Reply, Seen, odd_server, reply
from tests.remote import COMPANY_ID, OTHER_COMPANY_ID, Remote

T = TypeVar("T")
_NORDWIND: dict[str, object] = {"displayName": "Nordwind"}

REFUSALS: tuple[tuple[int, str, type[GatewayError]], ...] = (
    (409, "Internal_ServerError", RecordLocked),
    (409, "Request_EntityChanged", RecordChanged),
    (412, "anything", RecordChanged),
    (400, "Internal_EntityWithSameKeyExists", AlreadyExists),
    (400, "Application_DialogException", BusinessCentralRefused),
    (404, "Internal_RecordNotFound", RecordGone),
    (500, "Unknown", OutcomeUnknown),
)


@dataclass(frozen=True)
class Write:
    path: str = "customers"
    body: dict[str, object] | None = field(default_factory=lambda: dict(_NORDWIND))
    method: str = "POST"


async def patiently(remote: Remote, awaited: Awaitable[T], step: float = 0.5) -> T:
    """Let time pass while somebody waits for it."""
    task = asyncio.ensure_future(awaited)
    while not task.done():
        await asyncio.sleep(0.002)
        if remote.clock.sleepers:
            await remote.clock.advance(step)
    return await task


async def customers(remote: Remote, connection: Connection) -> int:
    rows = await patiently(
        remote,
        remote.business_central.read_all(
            connection, "customers", "$select=id", deadline=remote.deadline()
        ),
    )
    return len(rows)


def with_odd(remote: Remote, odd: OddServer) -> BusinessCentral:
    return BusinessCentral(odd.url, remote.session, remote.tokens, remote.clock)


class TestReading:
    async def test_a_read_carries_what_business_central_wants(
        self, remote: Remote, connection: Connection
    ) -> None:
        answer = await remote.business_central.read(
            connection, "items", "$select=number&$top=2", deadline=remote.deadline()
        )
        assert len(rows_of(answer)) == 2
        [entry] = await remote.journal(entity="items")
        headers = {name.lower(): value for name, value in entry["headers"].items()}
        assert headers["accept-language"] == "en-US"
        assert headers["client-request-id"]
        assert headers["user-agent"].startswith("bc-gateway/")
        assert entry["path"].startswith(f"/v2.0/{connection.tenant}/Production/api/v2.0/companies(")

    async def test_every_call_has_an_id_of_its_own(
        self, remote: Remote, connection: Connection
    ) -> None:
        read = remote.business_central.read
        for _ in range(3):
            await read(connection, "items", "$select=number&$top=2", deadline=remote.deadline())
        entries = await remote.journal(entity="items")
        headers = [{name.lower(): one for name, one in each["headers"].items()} for each in entries]
        ids = {one["client-request-id"] for one in headers}
        assert len(ids) == 3
        assert all(is_guid(one) for one in ids)

    async def test_pages_are_followed_as_they_stand(
        self, remote: Remote, connection: Connection
    ) -> None:
        read = remote.business_central.read
        found: list[object] = []
        url: str | None = None
        for _ in range(20):
            answer = await read(
                connection,
                "items",
                "$select=number",
                url=url,
                page_size=4,
                deadline=remote.deadline(),
            )
            found += [row["number"] for row in rows_of(answer)]
            assert len(rows_of(answer)) <= 4
            url = next_link(answer)
            if url is None:
                break
        assert len(found) == len(set(found)) == 9

    async def test_a_next_link_may_not_lead_elsewhere(
        self, remote: Remote, connection: Connection
    ) -> None:
        async with odd_server(lambda _: reply(200, {"value": []})) as elsewhere:
            for url in (f"{elsewhere.url}/items", "//elsewhere.example", "no address", "file:///"):
                with pytest.raises(UnexpectedAnswer):
                    await remote.business_central.read(
                        connection, "items", url=url, deadline=remote.deadline()
                    )
            assert elsewhere.seen == [], "the token must not travel there"

    async def test_pages_that_repeat_are_left(self, remote: Remote, connection: Connection) -> None:
        def answer(_: Seen) -> Reply:
            return reply(200, {"value": [], "@odata.nextLink": f"{odd.url}/again"})

        async with odd_server(answer) as odd:
            with pytest.raises(UnexpectedAnswer, match="do not end"):
                await with_odd(remote, odd).read_all(
                    connection, "items", deadline=remote.deadline()
                )
            assert len(odd.seen) == 2

    @pytest.mark.parametrize(
        ("kind", "details"),
        [
            ("status", {"status": 503}),
            ("status", {"status": 503, "headers": {"Retry-After": "3"}}),
            ("status", {"status": 429}),
            ("status", {"status": 504, "body": "<html>"}),
            ("status", {"status": 502, "body": "<html>"}),
            ("drop_before_commit", {}),
        ],
    )
    async def test_a_disturbed_read_is_repeated(
        self, remote: Remote, connection: Connection, kind: str, details: dict[str, Any]
    ) -> None:
        await remote.arm(kind, count=2, match={"entity": "items"}, **details)
        answer = await patiently(
            remote,
            remote.business_central.read(connection, "items", "$top=1", deadline=remote.deadline()),
        )
        assert rows_of(answer)
        assert len(await remote.journal(entity="items")) >= 3

    async def test_retry_after_wins(self, remote: Remote, connection: Connection) -> None:
        await remote.arm(
            "status", status=503, headers={"Retry-After": "20"}, match={"entity": "items"}
        )
        before = remote.clock.now()
        await patiently(
            remote,
            remote.business_central.read(connection, "items", deadline=remote.deadline(60)),
        )
        assert (remote.clock.now() - before).total_seconds() >= 20

    async def test_the_deadline_ends_the_retries(
        self, remote: Remote, connection: Connection
    ) -> None:
        await remote.arm(
            "status", count=9, status=503, headers={"Retry-After": "20"}, match={"entity": "items"}
        )
        with pytest.raises(BusinessCentralUnavailable) as caught:
            await remote.business_central.read(connection, "items", deadline=remote.deadline(10))
        assert caught.value.retry_after == 20
        assert len(await remote.journal(entity="items")) == 1

    async def test_an_endless_disturbance_is_given_up(
        self, remote: Remote, connection: Connection
    ) -> None:
        await remote.arm("status", count=99, status=429, match={"entity": "items"})
        with pytest.raises(RateLimited):
            await patiently(
                remote,
                remote.business_central.read(connection, "items", deadline=remote.deadline(500)),
            )
        assert len(await remote.journal(entity="items")) == 6

    async def test_a_page_that_is_no_json_is_not_believed(
        self, remote: Remote, connection: Connection
    ) -> None:
        for answer in (reply(200, b"<html>"), reply(200, {"error": {"code": "x"}}), reply(204)):
            async with odd_server(lambda _, said=answer: said) as odd:  # type: ignore[misc] # mypy infers no default
                with pytest.raises(UnexpectedAnswer):
                    await with_odd(remote, odd).read(
                        connection, "items", deadline=remote.deadline()
                    )
                assert len(odd.seen) == 1

    async def test_a_record_that_is_not_there_is_gone(
        self, remote: Remote, connection: Connection
    ) -> None:
        with pytest.raises(RecordGone) as caught:
            await remote.business_central.read(
                connection, f"items({OTHER_COMPANY_ID})", deadline=remote.deadline()
            )
        assert caught.value.fault is not None
        assert "CorrelationId" not in caught.value.fault.message

    async def test_never_more_than_five_at_once(
        self, remote: Remote, connection: Connection
    ) -> None:
        await remote.arm("delay", seconds=0.02, count=40, match={"entity": "items"})
        await asyncio.gather(
            *(
                remote.business_central.read(connection, "items", deadline=remote.deadline())
                for _ in range(40)
            )
        )
        async with remote.control.get("/_simulator/load") as answer:
            loads = json.loads(await answer.text())["value"]
        assert [load["max"] for load in loads] == [5]

    async def test_a_connection_without_a_target_reads_nothing(self, remote: Remote) -> None:
        pending, _ = await remote.connections.create(organization="harwick")
        with pytest.raises(ConnectionNotReady):
            await remote.business_central.read(pending, "items", deadline=remote.deadline())


class TestTokens:
    async def test_a_401_renews_the_token_once_whatever_the_load(
        self, remote: Remote, connection: Connection
    ) -> None:
        await remote.arm("expire_token", count=5)
        await asyncio.gather(
            *(
                remote.business_central.read(connection, "items", deadline=remote.deadline())
                for _ in range(5)
            )
        )
        assert await remote.token_calls() == 1

    async def test_a_write_after_401_is_sent_again(
        self, remote: Remote, connection: Connection
    ) -> None:
        before = await customers(remote, connection)
        await remote.arm("reject_token")
        answer = await remote.business_central.write(
            connection, Write(), deadline=remote.deadline()
        )
        assert answer.status == 201
        assert await customers(remote, connection) == before + 1

    async def test_a_second_401_stops_the_connection(
        self, remote: Remote, connection: Connection
    ) -> None:
        await remote.arm("reject_token", count=99)
        with pytest.raises(ConnectionUnauthorized) as caught:
            await remote.business_central.read(connection, "items", deadline=remote.deadline())
        assert caught.value.fault is not None
        assert await remote.token_calls() == 1
        with pytest.raises(ConnectionUnauthorized):
            await remote.connections.require(connection.id)

    async def test_a_403_refuses_one_thing_and_not_the_connection(
        self, remote: Remote, connection: Connection
    ) -> None:
        body = {"error": {"code": "Internal_ServerError", "message": "the current permissions"}}
        await remote.arm("status", status=403, body=body)
        with pytest.raises(ConnectionUnauthorized, match="permissions"):
            await remote.business_central.read(connection, "items", deadline=remote.deadline())
        assert await remote.token_calls() == 0
        assert await remote.connections.require(connection.id)

    async def test_a_missing_etag_is_no_matter_of_tokens(
        self, remote: Remote, connection: Connection
    ) -> None:
        rows = await remote.business_central.read_all(
            connection, "customers", deadline=remote.deadline()
        )
        patch = Write(f"customers({rows[0]['id']})", {"displayName": "Other"}, "PATCH")
        with pytest.raises(GatewayError) as caught:
            await remote.business_central.write(connection, patch, deadline=remote.deadline())
        assert caught.value.fault is not None
        assert caught.value.fault.code == "BadRequest_InvalidToken"
        assert caught.value.code == "internal_error"
        assert await remote.token_calls() == 0


class TestWriting:
    async def test_a_write_is_sent_as_it_was_rendered(
        self, remote: Remote, connection: Connection
    ) -> None:
        body: dict[str, object] = {"displayName": "Nordwind", "creditLimit": Decimal("19.90")}
        answer = await remote.business_central.write(
            connection, Write(body=body), deadline=remote.deadline()
        )
        assert answer.body is not None
        assert answer.body["creditLimit"] == Decimal("19.9")
        assert answer.etag is not None
        [entry] = await remote.journal(method="POST", entity="customers")
        assert f"companies({COMPANY_ID})/customers" in entry["path"]
        assert "19.90" in json.dumps(entry["body"])

    @pytest.mark.parametrize(
        ("kind", "details", "written"),
        [
            ("drop_before_commit", {}, 0),
            ("drop_after_commit", {}, 1),
            ("truncate", {}, 1),
            ("status", {"status": 504, "committed": True}, 1),
            ("status", {"status": 503, "headers": {"Retry-After": "1"}}, 0),
            ("status", {"status": 408}, 0),
            ("status", {"status": 502, "body": "<html>"}, 0),
            ("status", {"status": 201, "body": "<html>", "committed": True}, 1),
            ("status", {"status": 200, "body": {"error": {"code": "x"}}, "committed": True}, 1),
        ],
    )
    async def test_an_unknown_outcome_is_told_and_nothing_is_sent_again(
        self,
        remote: Remote,
        connection: Connection,
        kind: str,
        details: dict[str, Any],
        written: int,
    ) -> None:
        before = await customers(remote, connection)
        await remote.arm(kind, match={"method": "POST", "entity": "customers"}, **details)
        with pytest.raises(OutcomeUnknown):
            await remote.business_central.write(connection, Write(), deadline=remote.deadline())
        assert len(await remote.journal(method="POST", entity="customers")) == 1
        assert await customers(remote, connection) == before + written

    async def test_a_write_that_takes_too_long_has_an_unknown_outcome(
        self, remote: Remote, connection: Connection
    ) -> None:
        await remote.arm("delay", seconds=1, match={"method": "POST"})
        with pytest.raises(OutcomeUnknown):
            await remote.business_central.write(connection, Write(), deadline=remote.deadline(0.2))

    async def test_after_429_a_write_is_sent_again(
        self, remote: Remote, connection: Connection
    ) -> None:
        before = await customers(remote, connection)
        await remote.arm("status", status=429, count=2, match={"method": "POST"})
        answer = await patiently(
            remote,
            remote.business_central.write(connection, Write(), deadline=remote.deadline()),
        )
        assert answer.status == 201
        assert await customers(remote, connection) == before + 1

    async def test_no_connection_is_no_outcome(
        self, remote: Remote, connection: Connection
    ) -> None:
        async with odd_server(lambda _: None) as gone:
            pass
        with pytest.raises(BusinessCentralUnavailable):
            await patiently(
                remote,
                with_odd(remote, gone).write(connection, Write(), deadline=remote.deadline()),
            )

    async def test_a_refusal_becomes_what_somebody_reacts_to(
        self, remote: Remote, connection: Connection
    ) -> None:
        correlation = "11111111-2222-4333-8444-555555555555"
        message = f"Somebody said no.  CorrelationId:  {correlation}."
        for status, code, error in REFUSALS:
            await remote.arm(
                "status",
                status=status,
                body={"error": {"code": code, "message": message}},
                match={"method": "POST", "entity": "customers"},
            )
            with pytest.raises(error) as caught:
                await remote.business_central.write(connection, Write(), deadline=remote.deadline())
            fault = caught.value.fault
            assert fault is not None
            assert (fault.status, fault.code, fault.message) == (status, code, "Somebody said no.")
            assert fault.correlation_id == correlation
        assert len(await remote.journal(method="POST", entity="customers")) == len(REFUSALS)

    async def test_of_one_lane_one_is_sent_at_a_time(
        self, remote: Remote, connection: Connection
    ) -> None:
        async def once(lane: str | None) -> None:
            await remote.business_central.write(
                connection, Write(), deadline=remote.deadline(), lane=lane
            )

        await remote.arm("delay", seconds=0.02, count=8, match={"method": "POST"})
        await asyncio.gather(*(once("customers") for _ in range(4)))
        async with remote.control.get("/_simulator/load") as answer:
            loads = json.loads(await answer.text())["value"]
        assert [load["max"] for load in loads] == [1]

    async def test_a_put_is_no_write(self, remote: Remote, connection: Connection) -> None:
        with pytest.raises(ValueError, match="PUT"):
            await remote.business_central.write(
                connection, Write(method="PUT"), deadline=remote.deadline()
            )

    @pytest.mark.parametrize("method", ["DELETE", "PATCH", "POST"])
    async def test_a_dead_kept_connection_is_an_unknown_outcome_and_no_second_call(
        self, remote: Remote, connection: Connection, method: str
    ) -> None:
        def answer(seen: Seen) -> Reply:
            return reply(200, {"value": []}) if seen.method == "GET" else None

        async with odd_server(answer) as odd:
            client = with_odd(remote, odd)
            await client.read(connection, "items", deadline=remote.deadline())
            with pytest.raises(OutcomeUnknown):
                await client.write(connection, Write(method=method), deadline=remote.deadline())
            assert [seen.method for seen in odd.seen] == ["GET", method]
            assert odd.connections == 1

    async def test_a_journal_hears_of_a_write_whenever_it_leaves(
        self, remote: Remote, connection: Connection
    ) -> None:
        said: list[str] = []

        class Journal:
            async def leaves(self) -> None:
                said.append(f"leaves after {len(await remote.journal(method='POST'))}")

            async def came_to_nothing(self, error: GatewayError) -> None:
                said.append(error.code)

        post = {"method": "POST", "entity": "customers"}
        await remote.arm("reject_token", match=post)
        await remote.arm("status", status=429, match={**post, "nth": 2})
        await patiently(
            remote,
            remote.business_central.write(
                connection, Write(), deadline=remote.deadline(), journal=Journal()
            ),
        )
        assert said[1::2] == ["connection_unauthorized", "rate_limited"]
        assert len(said) == 5

    async def test_what_a_journal_cannot_note_never_leaves(
        self, remote: Remote, connection: Connection
    ) -> None:
        class Journal:
            async def leaves(self) -> None:
                raise StorageUnavailable

            async def came_to_nothing(self, error: GatewayError) -> None:
                raise AssertionError(error)

        await remote.forget_journal()
        with pytest.raises(StorageUnavailable):
            await remote.business_central.write(
                connection, Write(), deadline=remote.deadline(), journal=Journal()
            )
        assert await remote.journal(method="POST", entity="customers") == []

    async def test_a_pause_is_kept_only_within_the_patience_of_the_caller(
        self, remote: Remote, connection: Connection
    ) -> None:
        await remote.arm("status", status=429, headers={"Retry-After": "90"})
        for _ in range(2):
            with pytest.raises(RateLimited) as raised:
                await remote.business_central.write(
                    connection,
                    Write(),
                    deadline=remote.deadline(480),
                    patience=remote.deadline(60),
                )
            assert raised.value.retry_after == 90
        assert len(await remote.journal(method="POST", entity="customers")) == 1

    async def test_an_update_brings_its_etag(self, remote: Remote, connection: Connection) -> None:
        rows = await remote.business_central.read_all(
            connection, "customers", deadline=remote.deadline()
        )
        patch = Write(f"customers({rows[0]['id']})", {"displayName": "Other"}, "PATCH")
        answer = await remote.business_central.write(
            connection,
            patch,
            deadline=remote.deadline(),
            if_match=str(rows[0]["@odata.etag"]),
        )
        assert answer.body is not None
        assert answer.body["displayName"] == "Other"
        with pytest.raises(RecordChanged):
            await remote.business_central.write(
                connection,
                patch,
                deadline=remote.deadline(),
                if_match=str(rows[0]["@odata.etag"]),
            )


class TestTargets:
    async def test_environments_of_another_tenant_are_not_shown(
        self, remote: Remote, connection: Connection
    ) -> None:
        own = {"name": "Production", "type": "Production", "aadTenantId": connection.tenant}
        other = {**own, "name": "Foreign", "aadTenantId": OTHER_COMPANY_ID}
        async with odd_server(lambda _: reply(200, {"value": [other, own]})) as odd:
            found = await with_odd(remote, odd).environments(connection, deadline=remote.deadline())
        assert [known.name for known in found] == ["Production"]

    async def test_a_company_without_a_display_name_shows_its_name(
        self, remote: Remote, connection: Connection
    ) -> None:
        company = {"id": COMPANY_ID.upper(), "name": "HARWICK", "displayName": ""}
        async with odd_server(lambda _: reply(200, {"value": [company]})) as odd:
            [found] = await with_odd(remote, odd).companies(
                connection, "A & B", deadline=remote.deadline()
            )
            assert "/A%20%26%20B/" in odd.seen[0].target
        assert (found.id, found.name, found.display_name) == (COMPANY_ID, "HARWICK", "HARWICK")

    async def test_something_without_a_name_is_not_believed(
        self, remote: Remote, connection: Connection
    ) -> None:
        async with odd_server(lambda _: reply(200, {"value": [{"id": COMPANY_ID}]})) as odd:
            with pytest.raises(UnexpectedAnswer, match="without a name"):
                await with_odd(remote, odd).companies(
                    connection, "Production", deadline=remote.deadline()
                )
