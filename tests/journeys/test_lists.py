"""Lists to the end, filters by days and moments, and what is honest about both."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import ClientSession

from gateway.documents import decode_json
from gateway.simulator import Simulator
from tests.conftest import COMPANY, Connect

Page = dict[str, Any]
ENTRIES = 20_000
FIRST = 100_001


def entries(first: int, count: int) -> list[dict[str, object]]:
    return [
        {"entryNumber": number, "postingDate": "2026-11-23", "accountNumber": "40100"}
        for number in range(first, first + count)
    ]


@pytest.fixture
async def control(simulator: Simulator) -> AsyncIterator[ClientSession]:
    async with ClientSession(simulator.url) as session:
        yield session


async def put_in(control: ClientSession, entity: str, rows: list[dict[str, object]]) -> None:
    for start in range(0, len(rows), 4000):
        body = {"company": COMPANY, "entity": entity, "rows": rows[start : start + 4000]}
        async with control.post("/_simulator/records", json=body) as response:
            assert response.status == 201, await response.text()


async def page(product: ClientSession, path: str, **query: str) -> Page:
    async with product.get(path, params=query) as response:
        body: Page = await response.json()
        assert response.status == 200, body
        return body


async def numbers(product: ClientSession, path: str, **query: str) -> list[object]:
    """The numbers of a list that is a single page."""
    answer = await page(product, path, **query)
    assert answer["next_cursor"] is None
    return [record.get("number", record.get("entry_number")) for record in answer["data"]]


async def test_twenty_thousand_entries_come_out_once_each_with_flat_memory(
    control: ClientSession, connect: Connect, product: ClientSession
) -> None:
    path = f"/v1/connections/{await connect()}/ledger-entries"
    await put_in(control, "generalLedgerEntries", entries(FIRST, ENTRIES))
    seen: set[int] = set()
    blocks: list[int] = []
    query: dict[str, Any] = {"limit": "1000", "entry_number_after": str(FIRST - 1)}
    for _ in range(ENTRIES // 1000):
        answer = await page(product, path, **query)
        found = {record["entry_number"] for record in answer["data"]}
        assert len(found) == len(answer["data"]) == 1000
        assert not found & seen
        seen |= found
        query["cursor"] = answer["next_cursor"]
        del answer, found
        blocks.append(sys.getallocatedblocks() - len(seen))
    assert query["cursor"] is None
    assert seen == set(range(FIRST, FIRST + ENTRIES))
    # A page of records is more than that many blocks; the first one fills caches.
    assert max(blocks) - blocks[1] < 10_000, blocks


async def test_what_is_made_meanwhile_doubles_and_hides_nothing(
    control: ClientSession, connect: Connect, product: ClientSession
) -> None:
    path = f"/v1/connections/{await connect()}/ledger-entries"
    await put_in(control, "generalLedgerEntries", entries(FIRST, 6))
    query: dict[str, Any] = {"limit": "2", "entry_number_after": str(FIRST - 10)}
    found: list[int] = []
    for late in (FIRST - 5, FIRST + 50, FIRST - 4, None):
        answer = await page(product, path, **query)
        found += [record["entry_number"] for record in answer["data"]]
        query["cursor"] = answer["next_cursor"]
        if late is not None:
            await put_in(control, "generalLedgerEntries", entries(late, 1))
    assert query["cursor"] is None
    assert found == [*range(FIRST, FIRST + 6), FIRST + 50]


async def test_every_resource_that_is_read_is_listed_and_read(
    connect: Connect, product: ClientSession
) -> None:
    base = f"/v1/connections/{await connect()}"
    assert await numbers(product, f"{base}/vendors") == ["V00010", "V00020", "V00030"]
    assert "49990" in await numbers(product, f"{base}/accounts", type="end_total")
    assert await numbers(product, f"{base}/ledger-entries", document_number="103001") == [
        2041, 2042, 2043, 2044
    ]  # fmt: skip
    (order,) = (await page(product, f"{base}/purchase-orders", status="released"))["data"]
    whole = await page(product, f"{base}/purchase-orders/{order['id']}")
    assert [line["type"] for line in whole.pop("lines")] == ["item", "account"]
    assert whole == order
    (invoice,) = (await page(product, f"{base}/sales-invoices", order_number="s-ord100412"))["data"]
    async with product.get(f"{base}/sales-invoices/{invoice['id']}") as response:
        assert response.headers["ETag"].startswith('"')
        invoice = decode_json(await response.read())
    assert isinstance(invoice, dict)
    whole = invoice
    assert [line["net"] for line in whole["lines"]] == [Decimal("2852.28"), Decimal("25.50")]
    assert whole["totals"] == {
        name: sum(line[name] for line in whole["lines"]) for name in ("net", "tax", "gross")
    }
    assert whole["remaining_amount"] == whole["totals"]["gross"]
    assert (whole["status"], whole["order"]["number"]) == ("open", "S-ORD100412")
    draft = (await page(product, f"{base}/sales-invoices", status="draft"))["data"][0]
    assert "order" not in draft


async def test_days_are_found_from_one_to_another(connect: Connect, product: ClientSession) -> None:
    base = f"/v1/connections/{await connect()}"
    invoices, orders = f"{base}/sales-invoices", f"{base}/purchase-orders"
    found = await numbers(
        product, invoices, posting_date_from="2026-09-21", posting_date_to="2026-10-31"
    )
    assert found == ["103001", "103003"]
    assert await numbers(product, invoices, invoice_date_from="2026-10-31") == ["S-INV101999"]
    # The second order has no such day, which is before every other one.
    received = {"requested_receipt_date_to": "2026-12-01"}
    assert await numbers(product, orders, **received) == ["105998", "105999"]
    received["requested_receipt_date_from"] = "2026-01-01"
    assert await numbers(product, orders, **received) == ["105998"]


async def test_what_has_changed_since_a_moment_in_any_zone(
    control: ClientSession, connect: Connect, product: ClientSession
) -> None:
    path = f"/v1/connections/{await connect()}/vendors"
    moments = {
        "A": "2030-03-31T00:59:59.999Z",
        "B": "2030-03-31T01:00:00Z",
        "C": "2030-03-31T01:00:00Z",
        "D": "2030-03-31T01:00:00.001Z",
    }
    rows: list[dict[str, object]] = [
        {"number": number, "displayName": number, "lastModifiedDateTime": moment}
        for number, moment in moments.items()
    ]
    await put_in(control, "vendors", rows)
    for since, expected in (
        ("2030-03-31T01:00:00Z", "BCD"),
        ("2030-03-31T02:00:00+01:00", "BCD"),
        ("2030-03-30T20:00:00.000-05:00", "BCD"),
        ("2030-03-31T01:00:00.0019Z", "D"),
        ("2030-03-31T00:59:59.9990001Z", "ABCD"),
        ("2030-03-31T01:00:00.002Z", ""),
    ):
        assert await numbers(product, path, updated_since=since) == list(expected), since
    # The recipe of the manual: what was committed late with an earlier time is not lost.
    watermark = max(moments.values(), key=datetime.fromisoformat)
    late: dict[str, object] = {"number": "E", "displayName": "E"}
    await put_in(control, "vendors", [{**late, "lastModifiedDateTime": "2030-03-31T00:58:00Z"}])
    assert await numbers(product, path, updated_since=watermark) == ["D"]
    overlap = "2030-03-31T00:55:00.001Z"
    assert await numbers(product, path, updated_since=overlap) == [*"ABCDE"]
    for vague in ("2030-03-31T01:00:00", "2030-03-31", "2030-03-31T02:00:00 01:00", "yesterday"):
        async with product.get(path, params={"updated_since": vague}) as response:
            problem = await response.json()
        assert (response.status, problem["code"]) == (400, "invalid_query")
        assert "offset" in problem["errors"][0]["detail"]


async def test_texts_that_mean_something_in_an_address_are_only_texts(
    control: ClientSession, connect: Connect, product: ClientSession
) -> None:
    path = f"/v1/connections/{await connect()}/vendors"
    texts = ["O'Brien", "A&B", "50%+#/x", "a' or number ne '", "Ærø 木 🪑", "two  blanks", "*", ""]
    rows: list[dict[str, object]] = [
        {"number": f"T{at}", "displayName": text} for at, text in enumerate(texts)
    ]
    await put_in(control, "vendors", rows)
    for at, text in enumerate(texts):
        found = await numbers(product, path, name=text)
        assert [number for number in found if str(number).startswith("T")] == [f"T{at}"], text
