from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.simulator.client import LTD, Client
from tests.unit.simulator.documents.acting import (
    DESK,
    FREE,
    STOOL,
    act,
    drafted,
    entries,
    line,
    stock,
)

TOTALS = ("discountAmount", "totalAmountExcludingTax", "totalTaxAmount", "totalAmountIncludingTax")


async def test_a_posted_invoice_keeps_its_id_and_gets_another_number(client: Client) -> None:
    before = await stock(client, DESK)
    draft = await drafted(client, "salesInvoices", line(DESK, 2), line(FREE, 1, 50))
    assert (await act(client, "salesInvoices", draft, "post")).status == 204
    posted = (await client.get(f"salesInvoices({draft['id']})")).json
    assert posted["status"] == "Open"
    assert posted["number"] == "103101"
    assert posted["remainingAmount"] == posted["totalAmountIncludingTax"] == 290
    booked = await entries(client, "103101")
    assert booked == {"10900": 290, "40100": -250, "20700": -40}
    assert await stock(client, DESK) == before - 2
    again = await act(client, "salesInvoices", draft, "post")
    assert again.message.startswith("The action can be applied to a draft invoice only.")


async def test_what_is_posted_stays(client: Client) -> None:
    draft = await drafted(client, "salesInvoices", line(DESK))
    await act(client, "salesInvoices", draft, "post")
    path = f"salesInvoices({draft['id']})"
    refused = [
        await client.patch(path, {"externalDocumentNumber": "X"}),
        await client.send("DELETE", path),
        await client.post(f"{path}/salesInvoiceLines", line(DESK)),
    ]
    lines = (await client.get(f"{path}/salesInvoiceLines")).json["value"]
    refused.append(
        await client.patch(f"{path}/salesInvoiceLines({lines[0]['id']})", {"quantity": 9})
    )
    refused.append(await client.send("DELETE", f"{path}/salesInvoiceLines({lines[0]['id']})"))
    for reply in refused:
        assert "has been posted and can no longer be modified." in reply.message
    assert (await client.patch(path, {"dueDate": "2027-01-31"})).json["dueDate"] == "2027-01-31"


async def test_an_order_goes_and_leaves_invoice_and_shipment(client: Client) -> None:
    order = await drafted(
        client, "salesOrders", line(DESK, 2), {"lineType": "Comment", "description": "Ring twice"}
    )
    assert (await act(client, "salesOrders", order, "shipAndInvoice")).status == 204
    assert (await client.get(f"salesOrders({order['id']})")).code == "Internal_RecordNotFound"
    invoice = await client.one("salesInvoices", "orderNumber", order["number"])
    assert (invoice["orderId"], invoice["status"]) == (order["id"], "Open")
    assert invoice["totalAmountIncludingTax"] == 240
    lines = (await client.get(f"salesInvoices({invoice['id']})/salesInvoiceLines")).json["value"]
    assert [one["lineType"] for one in lines] == ["Item", "Comment"]
    shipment = await client.one("salesShipments", "orderNumber", order["number"])
    shipped = (await client.get(f"salesShipments({shipment['id']})/salesShipmentLines")).json
    moved = [(one["lineObjectNumber"], one["quantity"]) for one in shipped["value"]]
    assert moved == [(DESK, 2), ("", 0)]
    assert sum((await entries(client, invoice["number"])).values()) == 0


async def test_an_order_is_delivered_and_invoiced_in_steps(client: Client) -> None:
    order = await drafted(client, "salesOrders", line(DESK, 5))
    lines = f"salesOrders({order['id']})/salesOrderLines"
    (one,) = (await client.get(lines)).json["value"]
    await client.patch(f"{lines}({one['id']})", {"shipQuantity": 3, "invoiceQuantity": 0})
    assert (await act(client, "salesOrders", order, "shipAndInvoice")).status == 200
    (one,) = (await client.get(lines)).json["value"]
    assert (one["shippedQuantity"], one["shipQuantity"], one["invoicedQuantity"]) == (3, 2, 0)
    much = await client.patch(f"{lines}({one['id']})", {"shipQuantity": 0, "invoiceQuantity": 4})
    assert much.message.startswith("You cannot invoice more than 3 units.")
    await client.patch(f"{lines}({one['id']})", {"shipQuantity": 2, "invoiceQuantity": 5})
    assert (await act(client, "salesOrders", order, "shipAndInvoice")).status == 204
    assert (await client.get(f"salesOrders({order['id']})")).status == 404


async def test_what_is_bought_comes_in_and_is_owed(client: Client) -> None:
    before, vendor = await stock(client, DESK), await client.one("vendors", "number", "V00010")
    bill = await drafted(
        client,
        "purchaseInvoices",
        {"lineType": "Item", "lineObjectNumber": DESK, "quantity": 3, "unitCost": 10},
        vendorInvoiceNumber="fw-1",
    )
    assert (await act(client, "purchaseInvoices", bill, "post")).status == 204
    posted = (await client.get(f"purchaseInvoices({bill['id']})")).json
    booked = await entries(client, posted["number"])
    assert booked["60400"] == 30
    assert sum(booked.values()) == 0
    assert await stock(client, DESK) == before + 3
    after = await client.one("vendors", "number", "V00010")
    assert after["balance"] - vendor["balance"] == posted["totalAmountIncludingTax"]
    twice = await drafted(
        client,
        "purchaseInvoices",
        {"lineType": "Item", "lineObjectNumber": DESK, "quantity": 1},
        vendorInvoiceNumber="FW-1",
    )
    assert (
        "already exists for this vendor"
        in (await act(client, "purchaseInvoices", twice, "post")).message
    )


async def test_a_vendors_invoice_needs_its_number(client: Client) -> None:
    bill = await drafted(
        client, "purchaseInvoices", {"lineType": "Item", "lineObjectNumber": DESK, "quantity": 1}
    )
    reply = await act(client, "purchaseInvoices", bill, "post")
    assert reply.code == "Application_FieldValidationException"
    assert "Vendor Invoice No. must have a value" in reply.message


async def test_an_order_from_a_vendor_is_received(client: Client) -> None:
    order = await drafted(
        client,
        "purchaseOrders",
        {"lineType": "Item", "lineObjectNumber": STOOL, "quantity": 4, "directUnitCost": 7},
    )
    assert (await act(client, "purchaseOrders", order, "receiveAndInvoice")).status == 204
    receipt = await client.one("purchaseReceipts", "orderNumber", order["number"])
    (received,) = (
        await client.get(f"purchaseReceipts({receipt['id']})/purchaseReceiptLines")
    ).json["value"]
    assert (received["quantity"], received["unitCost"]) == (4, 7)


async def test_posted_is_posted_also_when_the_mail_fails(client: Client) -> None:
    customer = await client.one("customers", "number", "10000")
    await client.patch(f"customers({customer['id']})", {"email": ""})
    draft = await drafted(client, "salesInvoices", line(DESK), email="")
    reply = await act(client, "salesInvoices", draft, "postAndSend")
    assert reply.message.startswith("The send-to email is empty.")
    assert (await client.get(f"salesInvoices({draft['id']})")).json["status"] == "Open"
    addressed = await drafted(client, "salesInvoices", line(DESK), email="a@b.example")
    assert (await act(client, "salesInvoices", addressed, "postAndSend")).status == 204
    assert (await act(client, "salesInvoices", addressed, "send")).status == 204
    await client.patch(f"customers({customer['id']})", {"email": "c@d.example"})
    assert (await act(client, "salesInvoices", draft, "send")).status == 204


@pytest.mark.parametrize(
    ("action", "made"), [("makeOrder", "salesOrders"), ("makeInvoice", "salesInvoices")]
)
async def test_a_quote_becomes_another_document(client: Client, action: str, made: str) -> None:
    before = {one["id"] for one in await client.state(made)}
    quote = await drafted(client, "salesQuotes", line(DESK, 2))
    assert (await act(client, "salesQuotes", quote, action)).status == 204
    assert (await client.get(f"salesQuotes({quote['id']})")).status == 404
    (new,) = [one for one in await client.state(made) if one["id"] not in before]
    assert (new["status"], new["totalAmountExcludingTax"]) == ("Draft", 200)


async def test_an_action_leads_to_what_it_made(client: Client) -> None:
    invoice = await drafted(client, "salesInvoices", line(DESK))
    reply = await act(client, "salesInvoices", invoice, "post")
    assert reply.text == ""
    assert reply.headers["Location"] == client.url(f"salesInvoices({invoice['id']})")
    order = await drafted(client, "salesOrders", line(DESK))
    reply = await act(client, "salesOrders", order, "shipAndInvoice")
    assert (await client.get(reply.headers["Location"])).json["orderNumber"] == order["number"]


async def test_actions_are_named_in_any_case_and_only_where_they_are(client: Client) -> None:
    invoice = await drafted(client, "salesInvoices", line(DESK))
    path = f"salesInvoices({invoice['id']})"
    stale = await client.send("POST", f"{path}/NAV.POST", None, {"If-Match": 'W/"x"'})
    assert (stale.status, stale.code) == (409, "Request_EntityChanged")
    reading = await client.send(
        "POST", f"{path}/NAV.POST", None, {"Data-Access-Intent": "ReadOnly"}
    )
    assert reading.status == 400
    assert (await client.send("POST", f"{path}/NAV.POST")).status == 204
    unknown = await client.send("POST", f"{path}/Microsoft.NAV.shipAndInvoice")
    assert (unknown.status, unknown.code) == (404, "BadRequest_ResourceNotFound")
    assert (await client.get(f"{path}/Microsoft.NAV.post")).status == 405
    item = await client.one("items", "number", DESK)
    none = await client.send("POST", f"items({item['id']})/Microsoft.NAV.post")
    assert (none.status, none.code) == (501, "BadRequest_MethodNotImplemented")


async def test_a_draft_without_lines_is_not_posted(client: Client) -> None:
    for name, kind in (("salesInvoices", "invoice"), ("salesCreditMemos", "credit memo")):
        reply = await act(client, name, await drafted(client, name), "post")
        assert reply.message.startswith(f"Please add at least one line item to the {kind}.")


async def test_an_order_that_is_shipped_complete_is_not_shipped_in_parts(client: Client) -> None:
    order = await drafted(client, "salesOrders", line(DESK, 5), partialShipping=False)
    path = f"salesOrders({order['id']})/salesOrderLines"
    (one,) = (await client.get(path)).json["value"]
    part = await client.patch(f"{path}({one['id']})", {"shipQuantity": 2, "invoiceQuantity": 2})
    assert part.status == 200
    refused = await act(client, "salesOrders", order, "shipAndInvoice")
    assert refused.message.startswith("This order must be a complete shipment.")
    await client.patch(f"{path}({one['id']})", {"shipQuantity": 5})
    assert (await act(client, "salesOrders", order, "shipAndInvoice")).status == 204
    assert (await drafted(client, "salesOrders"))["partialShipping"] is True


async def test_who_was_blocked_meanwhile_is_not_posted_to(client: Client) -> None:
    one = {"lineType": "Item", "lineObjectNumber": DESK, "quantity": 1}
    for name, number, document, action in (
        ("customers", "10000", "salesOrders", "shipAndInvoice"),
        ("vendors", "V00010", "purchaseOrders", "receiveAndInvoice"),
    ):
        draft = await drafted(client, document, one)
        party = await client.one(name, "number", number)
        await client.patch(f"{name}({party['id']})", {"blocked": "All"})
        refused = await act(client, document, draft, action)
        assert refused.message.startswith("You cannot post this type of document when")
        assert "is blocked with type All" in refused.message


async def test_a_job_is_ready_again(client: Client) -> None:
    rows = [{"jobQueueEntryId": "7d8a5f64-1d0c-4a52-9d7e-2f4f3f1b7a10", "status": "Error"}]
    body = {"company": LTD, "entity": "jobQueueEntries", "rows": rows}
    assert (await client.post("/_simulator/records", body)).status == 201
    (job,) = (await client.get("jobQueueEntries")).json["value"]
    await client.post("/_simulator/clock", {"advance": 60})
    assert (await act(client, "jobQueueEntries", job, "restart")).status == 200
    restarted = (await client.get(f"jobQueueEntries({job['id']})")).json
    assert restarted["status"] == "Ready"
    assert job["lastModifiedDateTime"] < restarted["lastModifiedDateTime"]


async def test_a_released_order_keeps_its_party_and_prices(client: Client) -> None:
    order = await drafted(client, "salesOrders", line(DESK, 5))
    path = f"salesOrders({order['id']})"
    (one,) = (await client.get(f"{path}/salesOrderLines")).json["value"]
    await client.patch(
        f"{path}/salesOrderLines({one['id']})", {"shipQuantity": 1, "invoiceQuantity": 1}
    )
    assert (await act(client, "salesOrders", order, "shipAndInvoice")).status == 204
    assert (await client.get(path)).json["status"] == "Open"
    for reply in (
        await client.patch(path, {"customerNumber": "20000"}),
        await client.patch(f"{path}/salesOrderLines({one['id']})", {"quantity": 9}),
        await client.send("DELETE", f"{path}/salesOrderLines({one['id']})"),
        await client.post(f"{path}/salesOrderLines", line(STOOL)),
    ):
        assert reply.code == "Application_FieldValidationException"
        assert reply.message.startswith("Status must be equal to 'Open'  in Sales Header:")
    assert (await client.patch(path, {"externalDocumentNumber": "A-1"})).status == 200
    shipped = {"quantity": 5, "shipQuantity": 2, "invoiceQuantity": 2}
    assert (await client.patch(f"{path}/salesOrderLines({one['id']})", shipped)).status == 200


async def test_new_records_get_posting_groups_from_templates(client: Client) -> None:
    item = (await client.post("items", {"displayName": "Stand", "unitPrice": 10})).json
    assert item["generalProductPostingGroupCode"] == "RETAIL"
    assert item["baseUnitOfMeasureId"] != "00000000-0000-0000-0000-000000000000"
    own = {"displayName": "Set-up", "type": "Service", "baseUnitOfMeasureCode": "HOUR"}
    service = (await client.post("items", own)).json
    assert service["baseUnitOfMeasureCode"] == "HOUR"
    assert service["inventoryPostingGroupCode"] == ""
    customer = (await client.post("customers", {"displayName": "Juniper Hall"})).json
    assert "customerPostingGroupCode" not in customer
    for number in (item["number"], service["number"]):
        invoice = await drafted(
            client,
            "salesInvoices",
            {"lineType": "Item", "lineObjectNumber": number, "quantity": 2, "unitPrice": 5},
            customerNumber=customer["number"],
        )
        assert (await act(client, "salesInvoices", invoice, "post")).status == 204


async def test_without_posting_groups_nothing_is_sold_or_bought(client: Client) -> None:
    await client.arm("no_template")
    customer = (await client.post("customers", {"displayName": "Juniper Hall"})).json
    vendor = (await client.post("vendors", {"displayName": "Juniper Mill"})).json
    item = (await client.post("items", {"displayName": "Stand"})).json
    await client.send("DELETE", "/_simulator/faults")
    sale = await client.post("salesOrders", {"customerNumber": customer["number"]})
    text = f"Gen. Bus. Posting Group must have a value in Customer: No.={customer['number']}."
    assert sale.code == "Application_FieldValidationException"
    assert sale.message.startswith(text)
    bought = await client.post("purchaseInvoices", {"vendorNumber": vendor["number"]})
    assert bought.message.startswith("Gen. Bus. Posting Group must have a value in Vendor:")
    order = await drafted(client, "salesOrders")
    lines = f"salesOrders({order['id']})/salesOrderLines"
    refused = await client.post(lines, {"itemId": item["id"]})
    assert refused.message.startswith("Gen. Prod. Posting Group must have a value in Item:")
    groups = {"generalBusinessPostingGroupCode": "EU", "customerPostingGroupCode": "EU"}
    change = {"company": LTD, "entity": "customers", "id": customer["id"], "fields": groups}
    assert (await client.patch("/_simulator/records", change)).status == 200
    again = await client.post("salesOrders", {"customerNumber": customer["number"]})
    assert again.status == 201


async def test_a_draft_owes_its_whole_amount(client: Client) -> None:
    draft = await drafted(client, "salesInvoices", line(DESK))
    shown = (await client.get(f"salesInvoices({draft['id']})")).json
    assert shown["remainingAmount"] == shown["totalAmountIncludingTax"] == 120


async def _invoiced(
    client: Client, name: str, document: dict[str, object], action: str
) -> dict[str, Any]:
    """The posted or made invoice that an action led to."""
    reply = await act(client, name, document, action)
    assert reply.status == 204, reply.text
    invoice: dict[str, Any] = (await client.get(reply.headers["Location"])).json
    return invoice


async def test_an_invoice_falls_due_by_the_terms_of_its_order(client: Client) -> None:
    terms = await client.one("paymentTerms", "code", "14 DAYS")
    order = await drafted(
        client, "salesOrders", line(DESK), postingDate="2026-03-01", orderDate="2026-02-01"
    )
    invoice = await _invoiced(client, "salesOrders", order, "shipAndInvoice")
    assert (invoice["invoiceDate"], invoice["dueDate"]) == ("2026-03-01", "2026-03-31")
    goods = {"lineType": "Item", "lineObjectNumber": DESK, "quantity": 1}
    bought = await drafted(
        client,
        "purchaseOrders",
        goods,
        postingDate="2026-03-01",
        paymentTermsId=terms["id"],
    )
    bill = await _invoiced(client, "purchaseOrders", bought, "receiveAndInvoice")
    assert bill["dueDate"] == "2026-03-15"
    quote = await drafted(client, "salesQuotes", line(DESK), paymentTermsId=terms["id"])
    made = await _invoiced(client, "salesQuotes", quote, "makeInvoice")
    days = date.fromisoformat(made["dueDate"]) - date.fromisoformat(made["invoiceDate"])
    assert days.days == 14


async def test_a_shipment_has_the_dates_terms_and_comments_of_its_order(client: Client) -> None:
    comment: dict[str, object] = {"lineType": "Comment", "description": "Ring twice"}
    order = await drafted(client, "salesOrders", comment, line(DESK), postingDate="2026-03-01")
    await act(client, "salesOrders", order, "shipAndInvoice")
    shipment = await client.one("salesShipments", "orderNumber", order["number"])
    assert (shipment["invoiceDate"], shipment["dueDate"]) == ("2026-03-01", "2026-03-31")
    assert shipment["paymentTermsCode"] == "30 DAYS"
    lines = (await client.get(f"salesShipments({shipment['id']})/salesShipmentLines")).json
    shown = [(one["description"], one["quantity"]) for one in lines["value"]]
    assert shown[0] == ("Ring twice", 0)
    assert [quantity for _, quantity in shown] == [0, 1]


async def test_an_invoice_of_less_than_nothing_is_not_posted(client: Client) -> None:
    draft = await drafted(client, "salesInvoices", line(DESK), line(STOOL, -2))
    order = await drafted(client, "salesOrders", line(DESK), line(STOOL, -2))
    for name, document, action in (
        ("salesInvoices", draft, "post"),
        ("salesOrders", order, "shipAndInvoice"),
    ):
        reply = await act(client, name, document, action)
        assert reply.message.startswith("The total amount for the invoice must be 0 or greater.")
        assert (await client.get(f"{name}({document['id']})")).json["status"] == "Draft"


@pytest.mark.parametrize(
    ("name", "action", "table"),
    [
        ("salesOrders", "shipAndInvoice", "Sales Invoice Header"),
        ("purchaseOrders", "receiveAndInvoice", "Purch. Inv. Header"),
    ],
)
async def test_an_invoice_that_is_missing_is_named(
    client: Client, name: str, action: str, table: str
) -> None:
    goods = {"lineType": "Item", "lineObjectNumber": DESK, "quantity": 1}
    order = await drafted(client, name, goods)
    await client.arm("receipt_only", {"path": action})
    reply = await act(client, name, order, action)
    assert reply.message.startswith(f"There is no {table} within the filter.")


@pytest.mark.parametrize(
    ("name", "action", "deliver", "caption"),
    [
        ("salesOrders", "shipAndInvoice", "shipQuantity", "Qty. Shipped"),
        ("purchaseOrders", "receiveAndInvoice", "receiveQuantity", "Qty. Rcd."),
    ],
)
async def test_an_order_stays_until_what_it_delivered_is_invoiced(
    client: Client, name: str, action: str, deliver: str, caption: str
) -> None:
    goods = {"lineType": "Item", "lineObjectNumber": DESK, "quantity": 3}
    order = await drafted(client, name, goods)
    path = f"{name}({order['id']})"
    lines = f"{path}/{name.removesuffix('s')}Lines"
    (one,) = (await client.get(lines)).json["value"]
    await client.patch(f"{lines}({one['id']})", {deliver: 2, "invoiceQuantity": 0})
    assert (await act(client, name, order, action)).status == 200
    refused = await client.send("DELETE", path)
    assert refused.code == "Application_FieldValidationException"
    assert refused.message.startswith(f"{caption} Not Invoiced must be equal to '0'")
    await client.patch(f"{lines}({one['id']})", {deliver: 0, "invoiceQuantity": 2})
    assert (await act(client, name, order, action)).status == 204
    assert (await client.send("DELETE", path)).status == 204


async def test_an_item_with_entries_stays(client: Client) -> None:
    item = (await client.post("items", {"displayName": "Stand"})).json
    path = f"items({item['id']})"
    assert (await client.patch(path, {"inventory": 1})).status == 200
    refused = await client.send("DELETE", path)
    text = f"You cannot delete Item {item['number']} because it has ledger entries"
    assert (refused.code, refused.message[: len(text)]) == ("Application_DialogException", text)
    unmoved = (await client.post("items", {"displayName": "Lamp"})).json
    assert (await client.send("DELETE", f"items({unmoved['id']})")).status == 204


async def test_a_new_customer_has_the_tax_area_that_its_orders_are_taxed_by(
    client: Client,
) -> None:
    customer = (await client.post("customers", {"displayName": "Juniper Hall"})).json
    area = await client.one("taxAreas", "code", "DOMESTIC")
    assert customer["taxAreaId"] == area["id"]
    assert customer["taxAreaDisplayName"] == area["displayName"]
    abroad = await client.one("taxAreas", "code", "EXPORT")
    own = {"displayName": "Juniper Lodge", "taxAreaId": abroad["id"]}
    assert (await client.post("customers", own)).json["taxAreaId"] == abroad["id"]


@pytest.mark.parametrize(
    ("name", "action", "date"),
    [
        ("salesInvoices", "post", "invoiceDate"),
        ("salesOrders", "shipAndInvoice", "orderDate"),
        ("salesCreditMemos", "post", "creditMemoDate"),
        ("purchaseInvoices", "post", "invoiceDate"),
        ("purchaseOrders", "receiveAndInvoice", "orderDate"),
    ],
)
async def test_a_document_keeps_its_party_and_is_not_posted_without_its_days(
    client: Client, name: str, action: str, date: str
) -> None:
    sale = name.startswith("sales")
    one = {"lineType": "Item", "lineObjectNumber": DESK, "quantity": 1}
    header = {} if sale or name == "purchaseOrders" else {"vendorInvoiceNumber": "B-1"}
    draft = await drafted(client, name, one, **header)
    path = f"{name}({draft['id']})"
    table = f"{'Sales' if sale else 'Purchase'} Header: Document Type="
    party = "customerId" if sale else "vendorId"
    day = "2026-03-02"
    gone = await client.patch(path, {party: "00000000-0000-0000-0000-000000000000"})
    found = "sell-to customer" if sale else "buy-from vendor"
    assert gone.message.startswith(f"The {found} cannot be found.")
    for field, good, caption in (
        ("postingDate", day, "Posting Date"),
        (date, day, "Document Date"),
    ):
        assert (await client.patch(path, {field: "0001-01-01"})).status == 200
        refused = await act(client, name, draft, action)
        assert refused.code == "Application_FieldValidationException"
        assert refused.message.startswith(f"{caption} must have a value in {table}")
        assert (await client.patch(path, {field: good})).status == 200
    assert (await act(client, name, draft, action)).status == 204


@pytest.mark.parametrize("field", ["exchangeRateAmount", "relationalExchangeRateAmount"])
async def test_an_exchange_rate_of_nothing_is_told(client: Client, field: str) -> None:
    rates = (await client.get("currencyExchangeRates")).json["value"]
    (euro,) = [one for one in rates if one["currencyCode"] == "EUR"]
    change = {"company": LTD, "entity": "currencyExchangeRates", "id": euro["id"]}
    await client.patch("/_simulator/records", {**change, "fields": {field: 0}})
    body = {"customerNumber": "10000", "currencyCode": "EUR", "salesInvoiceLines": [line(DESK)]}
    reply = await client.post("salesInvoices", body)
    assert reply.code == "Application_FieldValidationException"
    assert "must have a value in Currency Exchange Rate: Currency Code=EUR." in reply.message


async def part_invoiced(client: Client, order: dict[str, Any], quantity: int) -> dict[str, Any]:
    """The invoice of so many pieces of every line, all of which are shipped already or now."""
    lines = f"salesOrders({order['id']})/salesOrderLines"
    for one in (await client.get(lines)).json["value"]:
        change = {"invoiceQuantity": quantity}
        assert (await client.patch(f"{lines}({one['id']})", change)).status == 200
    before = {one["id"] for one in await client.state("salesInvoices")}
    reply = await act(client, "salesOrders", order, "shipAndInvoice")
    assert reply.status in {200, 204}, reply.text
    (made,) = [one for one in await client.state("salesInvoices") if one["id"] not in before]
    return made


async def test_the_discount_of_an_order_is_spread_over_its_invoices(client: Client) -> None:
    order = await drafted(
        client, "salesOrders", line(DESK, 3), line(STOOL, 3, 50), discountAmount=Decimal("100.00")
    )
    parts = [await part_invoiced(client, order, 1) for _ in range(3)]
    assert [one["discountAmount"] for one in parts] == [
        Decimal("33.33"),
        Decimal("33.34"),
        Decimal("33.33"),
    ]
    assert sum(one["totalAmountExcludingTax"] for one in parts) == 350
    # Tax is rounded in each invoice.
    assert abs(sum(one["totalAmountIncludingTax"] for one in parts) - 420) < Decimal("0.05")
    assert (await client.get(f"salesOrders({order['id']})")).status == 404
    for one in parts:
        booked = await entries(client, one["number"])
        assert booked["10900"] == one["totalAmountIncludingTax"]
        assert sum(booked.values()) == 0


async def test_the_discount_of_a_line_has_whole_cents_in_each_invoice(client: Client) -> None:
    order = await drafted(
        client, "salesOrders", {**line(FREE, 3, 100), "discountAmount": Decimal("10.001")}
    )
    parts = [await part_invoiced(client, order, 1) for _ in range(3)]
    lines = {one["documentId"]: one for one in await client.state("salesInvoiceLines")}
    given_ = [lines[one["id"]]["discountAmount"] for one in parts]
    assert given_ == [Decimal("3.33"), Decimal("3.34"), Decimal("3.33")]
    assert [one["totalAmountIncludingTax"] for one in parts] == [
        Decimal("96.67"),
        Decimal("96.66"),
        Decimal("96.67"),
    ]


async def test_a_partial_invoice_stays_as_it_is_and_is_canceled_to_the_cent(
    client: Client,
) -> None:
    order = await drafted(
        client, "salesOrders", line(DESK, 2), line(FREE, 2, 33), discountAmount=Decimal("0.19")
    )
    invoice = await part_invoiced(client, order, 1)
    assert invoice["totalAmountIncludingTax"] == Decimal("152.89")
    later = await client.patch(f"salesInvoices({invoice['id']})", {"dueDate": "2027-01-31"})
    assert later.json["totalAmountIncludingTax"] == invoice["totalAmountIncludingTax"]
    assert (await act(client, "salesInvoices", invoice, "cancel")).status == 204
    memo = await client.one("salesCreditMemos", "invoiceNumber", invoice["number"])
    for name in TOTALS:
        assert memo[name] == invoice[name]
    taken_back = await entries(client, memo["number"])
    assert taken_back == {
        account: -amount for account, amount in (await entries(client, invoice["number"])).items()
    }


async def test_the_discount_of_an_order_has_whole_cents(client: Client) -> None:
    order = await drafted(client, "salesOrders", line(DESK), discountAmount=Decimal("1.23456"))
    shown = (await client.get(f"salesOrders({order['id']})")).json
    assert (shown["discountAmount"], shown["totalAmountExcludingTax"]) == (
        Decimal("1.23"),
        Decimal("98.77"),
    )


@pytest.mark.parametrize("name", ["salesInvoices", "purchaseInvoices"])
async def test_more_than_a_field_can_hold_is_no_amount(client: Client, name: str) -> None:
    price = "unitPrice" if name == "salesInvoices" else "unitCost"
    much = Decimal("999999999999999.99")
    one = {"lineType": "Item", "lineObjectNumber": DESK, "quantity": much, price: much}
    party = {"customerNumber": "10000"} if name == "salesInvoices" else {"vendorNumber": "V00010"}
    reply = await client.post(name, {**party, f"{name.removesuffix('s')}Lines": [one]})
    assert (reply.status, reply.code) == (400, "Application_DialogException")
    assert reply.message.startswith("The amount is larger than a Decimal can be.")


async def test_a_line_that_goes_back_has_no_minus_before_nothing(client: Client) -> None:
    order = await drafted(client, "salesOrders", line(DESK, -1), line(DESK, 3))
    reply = await client.get(f"salesOrders({order['id']})", _expand="salesOrderLines")
    assert "-100" in reply.text
    assert ":-0" not in reply.text


async def test_lines_of_one_account_and_one_tax_are_one_entry(client: Client) -> None:
    account = {"lineType": "Account", "lineObjectNumber": "40100", "quantity": 1, "unitPrice": 5}
    lines = (line(DESK, 2), line(STOOL, 1, 50), line(FREE, 1, 30), account, account)
    draft = await drafted(client, "salesInvoices", *lines)
    assert (await act(client, "salesInvoices", draft, "post")).status == 204
    reply = await client.get("generalLedgerEntries", _filter="documentNumber eq '103101'")
    found = [
        (one["accountNumber"], one["debitAmount"] - one["creditAmount"])
        for one in reply.json["value"]
    ]
    expected = [("10900", 340), ("40100", -250), ("40100", -30), ("40100", -10), ("20700", -50)]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("name", "action", "text"),
    [
        ("salesInvoices", "post", "Invoice S-INV102001"),
        ("salesOrders", "shipAndInvoice", "Order S-ORD101001"),
        ("salesCreditMemos", "post", "Credit Memo S-CR1001"),
        ("purchaseOrders", "receiveAndInvoice", "Order 106001"),
    ],
)
async def test_entries_are_called_by_what_was_posted(
    client: Client, name: str, action: str, text: str
) -> None:
    first = len(await client.state("generalLedgerEntries"))
    item = {"lineType": "Item", "lineObjectNumber": DESK, "quantity": 1}
    draft = await drafted(
        client, name, item | {"directUnitCost" if "purch" in name else "unitPrice": 5}
    )
    assert (await act(client, name, draft, action)).status == 204
    made = (await client.state("generalLedgerEntries"))[first:]
    assert {one["description"] for one in made} == {text}
