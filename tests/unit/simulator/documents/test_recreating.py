"""Lines of a document that gets another party or currency."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.simulator.client import LTD, Client
from tests.unit.simulator.documents.acting import DESK, FREE, act, drafted, line


async def lines_of(client: Client, order: dict[str, Any]) -> list[dict[str, Any]]:
    reply = await client.get(f"salesOrders({order['id']})/salesOrderLines")
    value: list[dict[str, Any]] = reply.json["value"]
    return value


async def test_another_customer_has_prices_and_tax_of_its_own(client: Client) -> None:
    agreed = {**line(DESK, 2, 10), "discountPercent": 5, "sequence": 500}
    words: dict[str, object] = {"lineType": "Comment", "description": "Ring twice."}
    order = await drafted(client, "salesOrders", agreed, words, line(FREE))
    before = await lines_of(client, order)
    changed = await client.patch(f"salesOrders({order['id']})", {"customerNumber": "40000"})
    assert changed.status == 200, changed.text
    first, comment, free = await lines_of(client, order)
    assert [one["sequence"] for one in (first, comment, free)] == [10000, 20000, 30000]
    assert (first["quantity"], first["unitPrice"]) == (2, Decimal("1160.93"))
    assert (first["discountPercent"], first["taxPercent"], first["shipQuantity"]) == (0, 0, 2)
    assert comment["description"] == "Ring twice."
    assert not {one["id"] for one in before} & {first["id"], comment["id"], free["id"]}
    assert changed.json["totalTaxAmount"] == 0
    assert changed.json["totalAmountIncludingTax"] == first["netAmount"] + free["netAmount"]


@pytest.mark.parametrize(
    "change",
    [{"customerNumber": "10000"}, {"currencyCode": "GBP"}, {"externalDocumentNumber": "E-1"}],
)
async def test_the_same_party_and_currency_keep_the_lines(
    client: Client, change: dict[str, str]
) -> None:
    order = await drafted(client, "salesOrders", line(DESK, 2, 10))
    before = await lines_of(client, order)
    assert (await client.patch(f"salesOrders({order['id']})", change)).status == 200
    assert await lines_of(client, order) == before


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("salesQuotes", {"customerNumber": "20000"}),
        ("salesInvoices", {"currencyCode": "EUR"}),
        ("salesCreditMemos", {"billToCustomerNumber": "20000"}),
        ("purchaseOrders", {"vendorNumber": "V00020"}),
        ("purchaseInvoices", {"currencyCode": "EUR"}),
        ("purchaseCreditMemos", {"vendorNumber": "V00020"}),
    ],
)
async def test_every_document_has_its_lines_anew(
    client: Client, name: str, change: dict[str, str]
) -> None:
    one = {"lineType": "Item", "lineObjectNumber": DESK, "quantity": 3}
    document = await drafted(client, name, one)
    part = f"{name}({document['id']})/{name.removesuffix('s')}Lines"
    (before,) = (await client.get(part)).json["value"]
    changed = await client.patch(f"{name}({document['id']})", change)
    assert changed.status == 200, changed.text
    (after,) = (await client.get(part)).json["value"]
    assert before["id"] != after["id"]
    assert (after["quantity"], after["lineObjectNumber"]) == (3, DESK)
    assert changed.json["totalAmountExcludingTax"] == after["netAmount"]


async def test_what_is_released_or_delivered_keeps_its_currency_and_party(client: Client) -> None:
    order = await drafted(client, "salesOrders", line(DESK, 2))
    (sold,) = await lines_of(client, order)
    await client.patch(f"salesOrderLines({sold['id']})", {"shipQuantity": 1})
    assert (await act(client, "salesOrders", order, "shipAndInvoice")).status == 204
    path = f"salesOrders({order['id']})"
    refused = await client.patch(path, {"currencyCode": "EUR"})
    assert refused.message.startswith("Status must be equal to 'Open'")
    opened = {"company": LTD, "entity": "salesOrders", "id": order["id"]}
    opened |= {"fields": {"status": "Draft"}}
    assert (await client.send("PATCH", "/_simulator/records", opened)).status == 200
    refused = await client.patch(path, {"customerNumber": "20000"})
    assert refused.message.startswith("Quantity Shipped must be equal to '0'  in Sales Line: ")
    assert "Line No.=10000. Current value is '1'." in refused.message
    assert len(await lines_of(client, order)) == 1


async def test_what_can_not_be_sold_any_more_refuses_another_party(client: Client) -> None:
    order = await drafted(client, "salesOrders", line(DESK, 2))
    before = await lines_of(client, order)
    item = await client.one("items", "number", DESK)
    await client.patch(f"items({item['id']})", {"blocked": True})
    refused = await client.patch(f"salesOrders({order['id']})", {"customerNumber": "20000"})
    assert refused.message.startswith("Blocked must be equal to 'No'  in Item: ")
    assert await lines_of(client, order) == before
    assert (await client.get(f"salesOrders({order['id']})")).json["customerNumber"] == "10000"
