"""When a document says that it was changed: who asks for what changed since finds it by that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.unit.simulator.client import Client, Reply
from tests.unit.simulator.documents.acting import DESK, STOOL, act, drafted, line

Act = Callable[[Client, dict[str, Any]], Awaitable[Reply]]


async def _moved(client: Client, name: str, record: dict[str, Any], do: Act) -> bool:
    """Whether the document is among those changed since, after a minute and what is done then."""
    client.simulator.clock.advance(60)
    since = (await client.get("/_simulator/clock")).json["now"]
    assert (await do(client, record)).status < 300
    reply = await client.get(name, _filter=f"lastModifiedDateTime ge {since}", _select="id")
    found = [one["id"] for one in reply.json["value"]]
    alone = (await client.get(f"{name}({record['id']})")).json
    assert (alone["lastModifiedDateTime"] >= since) == (record["id"] in found)
    return record["id"] in found


def _lines(name: str, record: dict[str, Any]) -> str:
    return f"{name}({record['id']})/{name.removesuffix('s')}Lines"


def _line_of(name: str, body: object) -> Act:
    async def do(client: Client, record: dict[str, Any]) -> Reply:
        (one,) = (await client.get(_lines(name, record))).json["value"]
        path = f"{_lines(name, record)}({one['id']})"
        return await (client.patch(path, body) if body else client.send("DELETE", path))

    return do


def _new_line(name: str, body: object) -> Act:
    async def do(client: Client, record: dict[str, Any]) -> Reply:
        return await client.post(_lines(name, record), body)

    return do


def _action(name: str, action: str) -> Act:
    async def do(client: Client, record: dict[str, Any]) -> Reply:
        return await act(client, name, record, action)

    return do


@pytest.mark.parametrize("name", ["salesOrders", "salesQuotes", "purchaseInvoices"])
async def test_a_line_that_changes_the_totals_changes_its_document(
    client: Client, name: str
) -> None:
    other = {"lineType": "Item", "lineObjectNumber": STOOL, "quantity": 1}
    document = await drafted(client, name, line(DESK) if name.startswith("sales") else other)
    assert await _moved(client, name, document, _line_of(name, {"quantity": 3}))
    assert await _moved(client, name, document, _line_of(name, None))
    assert await _moved(client, name, document, _new_line(name, other))


async def test_a_line_that_leaves_the_totals_changes_no_document(client: Client) -> None:
    order = await drafted(client, "salesOrders", line(DESK))
    comment = {"lineType": "Comment", "description": "Ring twice"}
    renamed = _line_of("salesOrders", {"description": "A desk"})
    assert not await _moved(client, "salesOrders", order, renamed)
    assert not await _moved(client, "salesOrders", order, _new_line("salesOrders", comment))


async def test_posting_and_canceling_change_an_invoice(client: Client) -> None:
    invoice = await drafted(client, "salesInvoices", line(DESK))
    assert await _moved(client, "salesInvoices", invoice, _action("salesInvoices", "post"))
    assert not await _moved(client, "salesInvoices", invoice, _action("salesInvoices", "send"))
    assert await _moved(client, "salesInvoices", invoice, _action("salesInvoices", "cancel"))


async def test_the_last_payment_changes_an_invoice(client: Client) -> None:
    invoice = await drafted(client, "salesInvoices", line(DESK))
    await act(client, "salesInvoices", invoice, "post")
    bank = await client.one("accounts", "number", "10100")
    batch = {"code": "PAY", "balancingAccountId": bank["id"]}
    journal = (await client.post("customerPaymentJournals", batch)).json

    def _paying(amount: int) -> Act:
        async def do(client: Client, record: dict[str, Any]) -> Reply:
            payment = {
                "customerNumber": "10000",
                "documentNumber": f"P{amount}",
                "amount": -amount,
                "appliesToInvoiceId": record["id"],
            }
            path = f"customerPaymentJournals({journal['id']})/customerPayments"
            assert (await client.post(path, payment)).status == 201
            return await act(client, "journals", journal, "post")

        return do

    assert not await _moved(client, "salesInvoices", invoice, _paying(20))
    assert await _moved(client, "salesInvoices", invoice, _paying(100))
    assert (await client.get(f"salesInvoices({invoice['id']})")).json["status"] == "Paid"


async def test_an_order_that_is_delivered_in_part_is_changed_each_time(client: Client) -> None:
    order = await drafted(client, "salesOrders", line(DESK, 5))
    for _ in range(2):
        await _line_of("salesOrders", {"shipQuantity": 1, "invoiceQuantity": 1})(client, order)
        assert await _moved(client, "salesOrders", order, _action("salesOrders", "shipAndInvoice"))


async def test_a_new_document_is_as_its_answer_says(client: Client) -> None:
    order = await drafted(client, "salesOrders", line(DESK))
    again = (await client.get(f"salesOrders({order['id']})")).json
    assert again["lastModifiedDateTime"] == order["lastModifiedDateTime"]
