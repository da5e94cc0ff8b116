from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from gateway import reads
from gateway.businesscentral import BusinessCentral
from gateway.errors import (
    BusinessCentralRefused,
    FilterNotApplied,
    InvalidQuery,
    MappingError,
    NotFound,
    RecordGone,
    UnexpectedAnswer,
)
from gateway.reads import RecordPage
from gateway.storage import Connection
from tests.odd_server import OddServer, Reply, Seen, odd_server, reply
from tests.remote import OTHER_COMPANY_ID, Remote, snapshot


async def listed(
    remote: Remote,
    connection: Connection,
    resource: str = "items",
    *,
    limit: int = 100,
    cursor: str | None = None,
    wanted: Mapping[str, str] | None = None,
    through: BusinessCentral | None = None,
) -> RecordPage:
    return await reads.list_records(
        through or remote.business_central,
        remote.store,
        snapshot().schemas,
        snapshot().plan(resource, "list"),
        connection,
        wanted=wanted or {},
        limit=limit,
        cursor=cursor,
        now=remote.clock.now(),
        deadline=remote.deadline(),
    )


async def one(
    remote: Remote,
    connection: Connection,
    record_id: str,
    *,
    through: BusinessCentral | None = None,
) -> dict[str, object]:
    return await reads.read_record(
        through or remote.business_central,
        snapshot().schemas,
        snapshot().plan("items", "read"),
        connection,
        record_id,
        now=remote.clock.now(),
        deadline=remote.deadline(),
    )


def with_odd(remote: Remote, odd: OddServer) -> BusinessCentral:
    return BusinessCentral(odd.url, remote.session, remote.tokens, remote.clock)


def item(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "id": "0d9a2c34-9d4f-4b6a-8a8e-6f1f0a7c1111",
        "number": "1896-S",
        "displayName": "ATHENS Desk",
        "type": "Inventory",
        "itemCategoryCode": "",
        "gtin": "",
        "baseUnitOfMeasureCode": "PCS",
        "unitPrice": 1000.8,
        "priceIncludesTax": False,
        "unitCost": 780.7,
        "taxGroupCode": "",
        "blocked": False,
        "inventory": 0,
        "lastModifiedDateTime": "2026-11-23T09:30:00Z",
        **changes,
    }


async def test_a_list_is_canonical(remote: Remote, connection: Connection) -> None:
    page = await listed(remote, connection)
    assert page.next_cursor is None
    by_number = {record["number"]: record for record in page.data}
    assert {"000", "10115", "1E5", "0X10"} <= set(by_number)
    assert isinstance(by_number["1896-S"]["unit_price"], Decimal)


async def test_cursors_lead_through_all_pages_without_loss_or_repetition(
    remote: Remote, connection: Connection
) -> None:
    found: list[object] = []
    cursor: str | None = None
    for _ in range(10):
        page = await listed(remote, connection, limit=2, cursor=cursor)
        assert len(page.data) <= 2
        found += [record["number"] for record in page.data]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 9
    queries = [entry["query"] for entry in await remote.journal(entity="items")]
    assert not any("skip=" in query.lower() for query in queries)


async def test_a_cursor_is_good_for_the_list_that_gave_it_alone(
    remote: Remote, connection: Connection
) -> None:
    page = await listed(remote, connection, limit=2)
    other = await remote.connect("another organization")
    assert page.next_cursor is not None
    elsewhere = await remote.store.update_connection(connection.id, company_id=OTHER_COMPANY_ID)
    for stranger, resource, wanted in (
        (other, "items", {}),
        (elsewhere, "items", {}),
        (connection, "customers", {}),
        (connection, "items", {"number": "000"}),
    ):
        with pytest.raises(InvalidQuery, match="cursor"):
            await listed(remote, stranger, resource, cursor=page.next_cursor, wanted=wanted)
    with pytest.raises(InvalidQuery, match="cursor"):
        await listed(remote, connection, cursor="nonsense")


async def test_filters_are_those_of_the_mapping(remote: Remote, connection: Connection) -> None:
    page = await listed(remote, connection, wanted={"number": "1896-s"})
    assert [record["number"] for record in page.data] == ["1896-S"]
    with pytest.raises(InvalidQuery):
        await listed(remote, connection, wanted={"colour": "red"})
    nothing = await listed(remote, connection, wanted={"name": "O'Brien & Co/50%+#"})
    assert nothing == RecordPage((), None)


async def test_a_filter_that_was_ignored_gives_nothing(
    remote: Remote, connection: Connection
) -> None:
    await remote.arm("filter_ignored", match={"entity": "items"})
    with pytest.raises(FilterNotApplied):
        await listed(remote, connection, wanted={"number": "000"})


async def test_one_record(remote: Remote, connection: Connection) -> None:
    page = await listed(remote, connection, wanted={"number": "000"})
    record_id = str(page.data[0]["id"])
    record = await one(remote, connection, record_id.upper())
    assert (record["id"], record["number"]) == (record_id, "000")
    with pytest.raises(RecordGone):
        await one(remote, connection, OTHER_COMPANY_ID)
    for nonsense in ("1", "..", "x)/customers(", ""):
        with pytest.raises(NotFound, match="id"):
            await one(remote, connection, nonsense)


async def test_another_record_than_the_one_asked_for_is_not_shown(
    remote: Remote, connection: Connection
) -> None:
    async with odd_server(lambda _: reply(200, item())) as odd:
        with pytest.raises(FilterNotApplied):
            await one(remote, connection, OTHER_COMPANY_ID, through=with_odd(remote, odd))


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": [1]}, {"number": "1896-S"}])
async def test_an_answer_that_names_nothing_is_no_record(
    remote: Remote, connection: Connection, body: object
) -> None:
    async with odd_server(lambda _: reply(200, body)) as odd:
        with pytest.raises(UnexpectedAnswer):
            await one(remote, connection, item()["id"], through=with_odd(remote, odd))


async def test_what_does_not_fit_the_canonical_schema_is_not_answered(
    remote: Remote, connection: Connection
) -> None:
    async with odd_server(lambda _: reply(200, item(displayName=71717))) as odd:
        with pytest.raises(MappingError) as caught:
            await one(remote, connection, item()["id"], through=with_odd(remote, odd))
    assert [violation.pointer for violation in caught.value.violations] == ["/name"]
    assert item()["id"] in str(caught.value)
    assert "71717" not in str(caught.value)


async def test_empty_pages_are_followed_to_the_next_row(
    remote: Remote, connection: Connection
) -> None:
    def answer(seen: Seen) -> Reply:
        number = int(seen.target.rpartition("page=")[2]) if "page=" in seen.target else 0
        if number < 3:
            return reply(200, {"value": [], "@odata.nextLink": f"{odd.url}/next?page={number + 1}"})
        return reply(200, {"value": [item()]})

    async with odd_server(answer) as odd:
        page = await listed(remote, connection, through=with_odd(remote, odd))
        assert [record["number"] for record in page.data] == ["1896-S"]
        assert page.next_cursor is None
        assert len(odd.seen) == 4
        assert {seen.headers["prefer"] for seen in odd.seen} == {"odata.maxpagesize=100"}


async def test_pages_that_were_not_asked_for_are_not_believed(
    remote: Remote, connection: Connection
) -> None:
    def same(seen: Seen) -> Reply:
        return reply(200, {"value": [], "@odata.nextLink": f"{odd.url}{seen.target}"})

    async with odd_server(same) as odd:
        with pytest.raises(UnexpectedAnswer):
            await listed(remote, connection, through=with_odd(remote, odd))
    async with odd_server(lambda _: reply(200, {"value": [item(), item()]})) as odd:
        with pytest.raises(UnexpectedAnswer):
            await listed(remote, connection, limit=1, through=with_odd(remote, odd))


async def test_a_page_that_holds_something_without_a_name_is_not_believed(
    remote: Remote, connection: Connection
) -> None:
    async with odd_server(lambda _: reply(200, {"value": [item(), {}]})) as odd:
        with pytest.raises(UnexpectedAnswer):
            await listed(remote, connection, through=with_odd(remote, odd))


async def test_a_page_that_holds_a_record_twice_is_not_believed(
    remote: Remote, connection: Connection
) -> None:
    async with odd_server(lambda _: reply(200, {"value": [item(), item()]})) as odd:
        with pytest.raises(UnexpectedAnswer):
            await listed(remote, connection, through=with_odd(remote, odd))


async def test_a_cursor_that_business_central_refuses_is_the_callers_to_drop(
    remote: Remote, connection: Connection
) -> None:
    refusal = {"error": {"code": "SkipTokenIsNoLongerValid", "message": "The token is gone."}}

    def answer(seen: Seen) -> Reply:
        if "page=" in seen.target:
            return reply(400, refusal)
        return reply(200, {"value": [item()], "@odata.nextLink": f"{odd.url}/next?page=2"})

    async with odd_server(answer) as odd:
        through = with_odd(remote, odd)
        first = await listed(remote, connection, through=through)
        with pytest.raises(InvalidQuery, match="Start the list again"):
            await listed(remote, connection, cursor=first.next_cursor, through=through)
    async with odd_server(lambda _: reply(400, refusal)) as odd:
        with pytest.raises(BusinessCentralRefused):
            await listed(remote, connection, through=with_odd(remote, odd))


def entry(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "id": "0d9a2c34-9d4f-4b6a-8a8e-6f1f0a7c2222",
        "entryNumber": 1,
        "postingDate": "2026-11-23",
        "documentNumber": "103001",
        "documentType": "Invoice",
        "accountId": "00000000-0000-0000-0000-000000000000",
        "accountNumber": "",
        "description": "",
        "debitAmount": 0,
        "creditAmount": 1055,
        "lastModifiedDateTime": "2026-11-23T09:30:00Z",
        **changes,
    }


async def test_a_member_that_an_app_has_added_does_not_break_a_list(
    remote: Remote, connection: Connection
) -> None:
    added = entry(id=OTHER_COMPANY_ID, documentType="Sales_x0020_Rebate")
    async with odd_server(lambda _: reply(200, {"value": [entry(), added]})) as odd:
        page = await listed(remote, connection, "ledger-entries", through=with_odd(remote, odd))
    assert [record["document_type"] for record in page.data] == ["invoice", "other"]


async def test_a_record_without_a_translation_stops_its_page_and_is_named(
    remote: Remote, connection: Connection
) -> None:
    broken = entry(id=OTHER_COMPANY_ID, entryNumber=None)
    async with odd_server(lambda _: reply(200, {"value": [entry(), broken]})) as odd:
        with pytest.raises(MappingError) as caught:
            await listed(remote, connection, "ledger-entries", through=with_odd(remote, odd))
    assert f"generalLedgerEntries({OTHER_COMPANY_ID})" in str(caught.value)
    assert [violation.pointer for violation in caught.value.violations] == ["/entry_number"]


async def test_a_list_of_orders_leaves_the_lines_out(
    remote: Remote, connection: Connection
) -> None:
    assert snapshot().plan("sales-orders", "list").list is not None
    page = await listed(remote, connection, "sales-orders")
    assert page == RecordPage((), None)
    [entry] = await remote.journal(entity="salesOrders")
    assert "expand" not in entry["query"]
