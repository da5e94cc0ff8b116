from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gateway.simulator.catalogue.entities import ZERO_GUID
from gateway.simulator.documents.headers import due_date
from gateway.simulator.documents.rules import DOCUMENTS
from tests.unit.simulator.client import Client, Reply


def item_line(number: str = "1896-S", **more: object) -> dict[str, object]:
    return {"lineType": "Item", "lineObjectNumber": number, "quantity": 1, **more}


async def order(client: Client, *lines: dict[str, object], **header: object) -> Reply:
    body = {"customerNumber": "10000", **header, "salesOrderLines": list(lines)}
    return await client.post("salesOrders", body)


async def made(client: Client, *lines: dict[str, object], **header: object) -> dict[str, Any]:
    """The order as a fresh GET shows it, with its lines."""
    reply = await order(client, *lines, **header)
    assert reply.status == 201, reply.text
    path = f"salesOrders({reply.json['id']})"
    shown: dict[str, Any] = (await client.get(path, _expand="salesOrderLines")).json
    return shown


async def test_the_answer_to_a_deep_insert_is_older_than_its_lines(client: Client) -> None:
    answer = (await order(client, item_line())).json
    assert "salesOrderLines" not in answer
    assert answer["totalAmountExcludingTax"] == 0
    fresh = (await client.get(f"salesOrders({answer['id']})")).json
    assert fresh["totalAmountExcludingTax"] == Decimal("1000.80")
    assert fresh["@odata.etag"] != answer["@odata.etag"]


async def test_an_order_without_lines_answers_with_its_etag(client: Client) -> None:
    answer = (await client.post("salesOrders", {"customerNumber": "10000"})).json
    fresh = (await client.get(f"salesOrders({answer['id']})")).json
    assert fresh["@odata.etag"] == answer["@odata.etag"]


async def test_totals_add_up_with_vat_per_line(client: Client) -> None:
    shown = await made(
        client,
        item_line("1896-S", quantity=3, unitPrice=Decimal("19.90")),
        item_line("0X10", quantity=3),
        item_line("1928-S", quantity=2),
    )
    lines = shown["salesOrderLines"]
    assert [line["netAmount"] for line in lines] == [
        Decimal("59.70"),
        Decimal("25.00"),
        Decimal("109.80"),
    ]
    assert [line["netTaxAmount"] for line in lines] == [Decimal("11.94"), Decimal(5), 0]
    assert [line["taxPercent"] for line in lines] == [20, 20, 0]
    assert shown["totalAmountExcludingTax"] == Decimal("194.50")
    assert shown["totalTaxAmount"] == Decimal("16.94")
    assert shown["totalAmountIncludingTax"] == Decimal("211.44")


async def test_an_item_brings_its_own_facts(client: Client) -> None:
    (line,) = (await made(client, item_line("1906-s")))["salesOrderLines"]
    assert line["description"] == "ATHENS Mobile Pedestal"
    assert (line["unitPrice"], line["unitOfMeasureCode"]) == (Decimal("281.40"), "PCS")
    assert (line["taxCode"], line["sequence"]) == ("STANDARD", 10000)
    assert (line["shipQuantity"], line["shipmentDate"]) == (1, "2026-03-02")


async def test_a_price_before_quantity_or_item_is_lost(client: Client) -> None:
    price = {"unitPrice": 5}
    desk = {"lineType": "Item", "lineObjectNumber": "1896-S"}
    shown = await made(
        client,
        {**desk, "quantity": 2, **price},
        {**desk, **price, "quantity": 2},
        {**price, **desk, "quantity": 2},
    )
    prices = [line["unitPrice"] for line in shown["salesOrderLines"]]
    assert prices == [5, Decimal("1000.80"), Decimal("1000.80")]


async def test_a_description_before_the_item_is_lost(client: Client) -> None:
    desk = await client.one("items", "number", "1896-S")
    shown = await made(
        client,
        {"description": "Mine", "itemId": desk["id"]},
        {"itemId": desk["id"], "description": "Mine"},
    )
    assert [line["description"] for line in shown["salesOrderLines"]] == ["ATHENS Desk", "Mine"]


async def test_discounts_of_lines_and_of_the_invoice(client: Client) -> None:
    shown = await made(
        client,
        item_line("10115", quantity=10, discountPercent=10),
        item_line("10115", quantity=10, discountAmount=Decimal("9.95")),
    )
    first, second = shown["salesOrderLines"]
    assert (first["discountAmount"], first["netAmount"]) == (Decimal("19.90"), Decimal("179.10"))
    assert (second["discountPercent"], second["netAmount"]) == (5, Decimal("189.05"))
    path = f"salesOrders({shown['id']})"
    await client.patch(path, {"discountAmount": 10})
    again = (await client.get(path, _expand="salesOrderLines")).json
    shares = [line["invoiceDiscountAllocation"] for line in again["salesOrderLines"]]
    assert sum(shares) == 10
    assert again["totalAmountExcludingTax"] == Decimal("358.15")


async def test_prices_that_include_the_tax(client: Client) -> None:
    shown = await made(client, item_line("10115"), pricesIncludeTax=True)
    (line,) = shown["salesOrderLines"]
    assert (line["unitPrice"], line["amountExcludingTax"]) == (Decimal("23.88"), Decimal("19.90"))
    assert shown["totalAmountIncludingTax"] == Decimal("23.88")


async def test_a_foreign_currency_and_no_vat_abroad(client: Client) -> None:
    shown = await made(client, item_line("10115"), customerNumber="40000")
    (line,) = shown["salesOrderLines"]
    assert (shown["currencyCode"], line["unitPrice"]) == ("EUR", Decimal("23.08"))
    assert (line["taxPercent"], shown["totalTaxAmount"]) == (0, 0)


async def test_the_party_is_copied_when_it_is_set(client: Client) -> None:
    before = {"shipToName": "Site office", "customerNumber": "10000"}
    after = {"customerNumber": "10000", "shipToName": "Site office"}
    first = (await client.post("salesOrders", before)).json
    second = (await client.post("salesOrders", after)).json
    assert (first["shipToName"], second["shipToName"]) == ("Ashgrove Interiors Ltd", "Site office")
    assert (second["sellToCity"], second["billToCustomerNumber"]) == ("Leeds", "10000")
    assert (second["orderDate"], second["status"]) == ("2026-03-02", "Draft")


async def test_another_bill_to_customer(client: Client) -> None:
    body = {"customerNumber": "10000", "billToCustomerNumber": "20000"}
    shown = (await client.post("salesOrders", body)).json
    assert (shown["billToName"], shown["customerName"]) == (
        "Brightwater Hotels",
        "Ashgrove Interiors Ltd",
    )


async def test_numbers_come_from_the_series(client: Client) -> None:
    numbers = [(await made(client))["number"] for _ in range(2)]
    assert numbers == ["S-ORD101001", "S-ORD101002"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"customerNumber": ""}, "Application_DialogException"),
        ({"customerNumber": "99999"}, "Internal_InvalidTableRelation"),
        ({"customerNumber": "50000"}, "Application_DialogException"),
        ({"customerNumber": "60000"}, "Application_DialogException"),
        ({"number": "MINE"}, "BadRequest_InvalidOperation"),
        ({"externalDocumentNumber": "x" * 36}, "Application_StringExceededLength"),
        ({"orderDate": "yesterday"}, "BadRequest"),
    ],
)
async def test_orders_that_are_refused(
    client: Client, header: dict[str, object], code: str
) -> None:
    reply = await order(client, **header)
    assert (reply.status, reply.code) == (400, code)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (item_line("NOPE"), "Internal_InvalidTableRelation"),
        (item_line("1972-S"), "Application_FieldValidationException"),
        ({"lineObjectNumber": "1896-S"}, "Internal_InvalidTableRelation"),
        (item_line(taxCode="NOPE"), "Internal_InvalidTableRelation"),
        (item_line(amountExcludingTax=5), "BadRequest_InvalidOperation"),
        (item_line(quantity="1"), "BadRequest"),
        (item_line(colour="red"), "BadRequest"),
    ],
)
async def test_a_wrong_line_takes_the_whole_order_back(
    client: Client, line: dict[str, object], code: str
) -> None:
    reply = await order(client, item_line(), item_line(), line)
    assert (reply.status, reply.code) == (400, code)
    assert await client.state("salesOrders") == []
    assert await client.state("salesOrderLines") == []
    assert (await made(client))["number"] == "S-ORD101001"


async def test_an_item_and_an_account_are_too_much(client: Client) -> None:
    desk = await client.one("items", "number", "1896-S")
    account = await client.one("accounts", "number", "40400")
    both = {"itemId": desk["id"], "accountId": account["id"]}
    assert (await order(client, both)).code == "Application_DialogException"
    freight = {"accountId": account["id"], "quantity": 1, "unitPrice": 12}
    (line,) = (await made(client, freight))["salesOrderLines"]
    assert (line["lineType"], line["lineObjectNumber"]) == ("Account", "40400")


async def test_line_writes_change_the_header(client: Client) -> None:
    shown = await made(client, item_line())
    path, etag = f"salesOrders({shown['id']})", shown["@odata.etag"]
    added = (await client.post(f"{path}/salesOrderLines", item_line("10115"))).json
    assert (added["sequence"], added["netAmount"]) == (20000, Decimal("19.90"))
    assert (await client.patch(path, {"email": "x@y.example"}, etag)).status == 409
    changed = await client.patch(f"salesOrderLines({added['id']})", {"quantity": 2})
    assert changed.json["netAmount"] == Decimal("39.80")
    assert (await client.send("DELETE", f"salesOrderLines({added['id']})")).status == 204
    again = (await client.get(path)).json
    assert again["totalAmountExcludingTax"] == Decimal("1000.80")


async def test_sequences_are_unique_in_a_document(client: Client) -> None:
    shown = await made(client, item_line(sequence=5), item_line())
    assert [line["sequence"] for line in shown["salesOrderLines"]] == [5, 10005]
    path = f"salesOrders({shown['id']})/salesOrderLines"
    clash = await client.post(path, item_line(sequence=5))
    assert (clash.status, clash.code) == (400, "Internal_EntityWithSameKeyExists")


async def test_what_a_line_sells_does_not_change(client: Client) -> None:
    (line,) = (await made(client, item_line()))["salesOrderLines"]
    path = f"salesOrderLines({line['id']})"
    assert (await client.patch(path, {"lineObjectNumber": "1896-S", "quantity": 2})).status == 200
    changed = await client.patch(path, {"lineObjectNumber": "10115"})
    assert changed.code == "Application_DialogException"


async def test_a_flat_line_names_its_document(client: Client) -> None:
    shown = await made(client)
    assert (await client.post("salesOrderLines", item_line())).code == "Application_DialogException"
    strange = item_line(documentId="99999999-9999-4999-8999-999999999999")
    assert (await client.post("salesOrderLines", strange)).code == "Application_DialogException"
    assert (await client.post("salesOrderLines", item_line(documentId=shown["id"]))).status == 201


async def test_a_document_goes_with_its_lines(client: Client) -> None:
    shown = await made(client, item_line())
    assert (await client.send("DELETE", f"salesOrders({shown['id']})")).status == 204
    assert await client.state("salesOrderLines") == []


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_every_kind_of_document_is_made_alike(client: Client, name: str) -> None:
    document = DOCUMENTS[name]
    party = "20000" if document.party == "customer" else "V00010"
    body = {f"{document.party}Number": party, document.lines: [item_line("10115", quantity=2)]}
    created = await client.post(name, body)
    assert created.status == 201, created.text
    shown = (await client.get(f"{name}({created.json['id']})", _expand=document.lines)).json
    price = Decimal("19.90") if document.party == "customer" else Decimal("11.25")
    assert shown[document.lines][0][document.price] == price
    assert shown["totalAmountExcludingTax"] == 2 * price
    assert shown["number"]
    if "dueDate" in shown:
        days = "2026-03-16" if document.party == "customer" else "2026-04-01"
        assert shown["dueDate"] == days


async def test_the_second_company_has_its_own_currency(client: Client) -> None:
    reply = await client.get(f"{client.root}/items", company="Harwick Ireland")
    assert len(reply.json["value"]) == 9
    url = f"{client.root}/salesOrders?company=Harwick%20Ireland"
    body = {"customerNumber": "40000", "salesOrderLines": [item_line("10115")]}
    shown = (await client.post(url, body)).json
    assert shown["currencyCode"] == "EUR"
    assert shown["currencyId"].startswith("00000000-")
    assert await client.state("salesOrders") == []


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("", date(2026, 1, 31)),
        ("14D", date(2026, 2, 14)),
        ("2W", date(2026, 2, 14)),
        ("1M", date(2026, 2, 28)),
        ("1Y", date(2027, 1, 31)),
        ("CM", date(2026, 1, 31)),
        ("CM+8D", date(2026, 2, 8)),
        ("1M-2D", date(2026, 2, 26)),
        ("1Q", date(2026, 4, 30)),
        ("-1D", date(2026, 1, 30)),
        ("CW", date(2026, 2, 1)),
        ("CQ", date(2026, 3, 31)),
        ("CY", date(2026, 12, 31)),
        ("CD", date(2026, 1, 31)),
    ],
)
def test_due_dates(formula: str, expected: date) -> None:
    assert due_date(date(2026, 1, 31), formula) == expected


async def test_what_has_no_date_is_not_due(client: Client) -> None:
    draft = (await client.post("salesInvoices", {"customerNumber": "10000"})).json
    path = f"salesInvoices({draft['id']})"
    changed = await client.patch(path, {"invoiceDate": "0001-01-01"})
    assert changed.json["dueDate"] == "0001-01-01"
    assert draft["dueDate"] > draft["invoiceDate"]


async def test_a_line_is_called_by_the_variant_of_its_item(client: Client) -> None:
    row = {"itemNumber": "1900-S", "code": "RED", "description": "PARIS Guest Chair, red"}
    red = (await client.post("itemVariants", row)).json["id"]
    oak = (await client.one("itemVariants", "code", "OAK"))["id"]
    order = (await client.post("salesOrders", {"customerNumber": "10000"})).json["id"]
    lines = f"salesOrders({order})/salesOrderLines"
    body = {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 1, "itemVariantId": oak}
    made = (await client.post(lines, body)).json
    assert (made["description"], made["itemVariantId"]) == ("ATHENS Desk, oak", oak)
    path = f"{lines}({made['id']})"
    other = await client.patch(path, {"itemVariantId": red})
    assert (other.status, other.code) == (400, "Internal_InvalidTableRelation")
    assert "field Variant Code of table Sales Line contains a value (RED)" in other.message
    blank = (await client.patch(path, {"itemVariantId": ZERO_GUID})).json
    assert (blank["description"], blank["itemVariantId"]) == ("ATHENS Desk", ZERO_GUID)
    own = (await client.post("itemVariants", row | {"itemNumber": "1896-S"})).json["id"]
    taken = (await client.patch(path, {"itemVariantId": red})).json
    assert (taken["description"], taken["itemVariantId"]) == ("PARIS Guest Chair, red", own)
    comment = await client.post(lines, {"lineType": "Comment", "itemVariantId": oak})
    assert comment.code == "Application_FieldValidationException"
    assert "Type must be equal to 'Item'  in Sales Line: Document Type=Order" in comment.message


async def test_a_variant_brings_the_price_of_the_item(client: Client) -> None:
    oak = (await client.one("itemVariants", "code", "OAK"))["id"]
    order = (await client.post("salesOrders", {"customerNumber": "10000"})).json["id"]
    body = {"lineType": "Item", "lineObjectNumber": "1896-S", "unitPrice": 5, "itemVariantId": oak}
    made = await client.post(f"salesOrders({order})/salesOrderLines", body)
    assert made.json["unitPrice"] == Decimal("1000.80")


async def test_the_tax_of_a_document_is_rounded_once(client: Client) -> None:
    lines = [item_line(unitPrice=Decimal("0.13")) for _ in range(3)]
    document = await made(client, *lines, item_line("1928-S", unitPrice=Decimal("0.13")))
    assert (document["totalAmountExcludingTax"], document["totalTaxAmount"]) == (
        Decimal("0.52"),
        Decimal("0.08"),
    )
    assert document["totalAmountIncludingTax"] == Decimal("0.60")
    taxes = [(one["totalTaxAmount"], one["netTaxAmount"]) for one in document["salesOrderLines"]]
    three, two = Decimal("0.03"), Decimal("0.02")
    assert taxes == [(three, three), (three, two), (three, three), (0, 0)]
