"""What lines of documents take: quantities, discounts, and what there is to sell."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gateway.simulator.documents.quantities import round_quantity
from tests.unit.simulator.client import Client, Reply
from tests.unit.simulator.documents.acting import DESK, STOOL, act, drafted

ORDERS = [
    ("salesOrders", "shipQuantity", "shipAndInvoice", "shippedQuantity"),
    ("purchaseOrders", "receiveQuantity", "receiveAndInvoice", "receivedQuantity"),
]
KINDS = [
    ("Resource", "VAN", "Resource"),
    ("Charge", "S-FREIGHT", "Item Charge"),
    ("Allocation_x0020_Account", "RENT", "Allocation Account"),
    ("Fixed_x0020_Asset", "FA000010", "Fixed Asset"),
]


def _item(quantity: object, number: str = DESK, **more: object) -> dict[str, object]:
    return {"lineType": "Item", "lineObjectNumber": number, "quantity": quantity, **more}


async def _line(client: Client, name: str, *lines: dict[str, object]) -> tuple[Any, Any]:
    """The document with these lines, and its first line."""
    header = {"vendorInvoiceNumber": "B-1"} if name == "purchaseInvoices" else {}
    made = await drafted(client, name, *lines, **header)
    return made, (await client.get(_lines(name, made))).json["value"][0]


def _lines(name: str, made: Any) -> str:  # noqa: ANN401 - an entity
    return f"{name}({made['id']})/{name.removesuffix('s')}Lines"


@pytest.mark.parametrize(("name", "deliver", "action", "delivered"), ORDERS)
async def test_what_is_to_be_delivered_is_to_be_invoiced(
    client: Client, name: str, deliver: str, action: str, delivered: str
) -> None:
    made, own = await _line(client, name, _item(10))
    path = f"{_lines(name, made)}({own['id']})"
    for wanted in (0, 3, 10, 4):
        shown = (await client.patch(path, {deliver: wanted})).json
        assert (shown[deliver], shown["invoiceQuantity"]) == (wanted, wanted)
    shown = (await client.patch(path, {deliver: 4, "invoiceQuantity": 1})).json
    assert (shown[deliver], shown["invoiceQuantity"]) == (4, 1)
    assert (await act(client, name, made, action)).status == 204
    shown = (await client.get(path)).json
    assert (shown[delivered], shown["invoicedQuantity"], shown["invoiceQuantity"]) == (4, 1, 9)
    shown = (await client.patch(path, {deliver: 0})).json
    assert shown["invoiceQuantity"] == 3


@pytest.mark.parametrize(("name", "deliver"), [one[:2] for one in ORDERS])
async def test_more_than_there_is_is_refused_at_once(
    client: Client, name: str, deliver: str
) -> None:
    made, own = await _line(client, name, _item(Decimal("2.5")))
    path = f"{_lines(name, made)}({own['id']})"
    verb = deliver.removesuffix("Quantity")
    for body, text in (
        ({deliver: 3}, f"You cannot {verb} more than 2.5 units."),
        ({deliver: -1}, f"You cannot {verb} more than 2.5 units."),
        ({"invoiceQuantity": 3}, "You cannot invoice more than 2.5 units."),
        ({"invoiceQuantity": -1}, "You cannot invoice more than 2.5 units."),
        ({deliver: 1, "invoiceQuantity": 2}, "You cannot invoice more than 1 units."),
    ):
        refused = await client.patch(path, body)
        assert (refused.status, refused.code) == (400, "Application_DialogException")
        assert refused.message.startswith(text)
    assert (await client.get(path)).json[deliver] == Decimal("2.5")
    back = _item(-2)
    made, own = await _line(client, name, back)
    path = f"{_lines(name, made)}({own['id']})"
    assert (await client.patch(path, {deliver: -1})).json["invoiceQuantity"] == -1
    assert (await client.patch(path, {deliver: 1})).status == 400


async def test_an_order_is_not_for_less_than_was_shipped(client: Client) -> None:
    made, own = await _line(client, "salesOrders", _item(5))
    path = f"{_lines('salesOrders', made)}({own['id']})"
    await client.patch(path, {"shipQuantity": 3})
    assert (await act(client, "salesOrders", made, "shipAndInvoice")).status == 204
    assert (await _typed_in(client, "salesOrders", made, status="Draft")).status == 200
    refused = await client.patch(path, {"quantity": 2})
    assert refused.message.startswith("Quantity must not be less than Quantity Shipped in Sales")
    shown = (await client.patch(path, {"quantity": 4})).json
    assert (shown["shipQuantity"], shown["invoiceQuantity"]) == (1, 1)


async def _typed_in(client: Client, name: str, made: Any, **fields: object) -> Reply:  # noqa: ANN401 - an entity
    """What a person changes."""
    company = client.url("").split("companies(")[1][:36]
    body = {"company": company, "entity": name, "id": made["id"], "fields": fields}
    return await client.patch("/_simulator/records", body)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("1.123456", "1.12346"),
        ("0.000004", "0"),
        ("-0.000005", "-0.00001"),
        ("12", "12"),
        ("1.50", "1.50"),
        ("100.000001", "100"),
        ("-0.000001", "0"),
    ],
)
def test_quantities_have_five_places(sent: str, stored: str) -> None:
    assert str(round_quantity(Decimal(sent))) == stored


async def test_a_quantity_is_stored_with_five_places(client: Client) -> None:
    _, own = await _line(client, "salesOrders", _item(Decimal("1.123456")))
    assert own["quantity"] == own["shipQuantity"] == Decimal("1.12346")


@pytest.mark.parametrize(("kind", "number", "table"), KINDS)
async def test_lines_name_what_there_is(client: Client, kind: str, number: str, table: str) -> None:
    if table == "Fixed Asset":
        assert (await client.post("fixedAssets", {"displayName": "Forklift"})).status == 201
    price = {"quantity": 2, "unitPrice": 5}
    made, own = await _line(
        client, "salesInvoices", {"lineType": kind, "lineObjectNumber": number.lower(), **price}
    )
    assert (own["lineObjectNumber"], own["netAmount"]) == (number, 10)
    assert own["description"]
    gone = {"lineType": kind, "lineObjectNumber": "NOPE"}
    refused = await client.post(_lines("salesInvoices", made), gone)
    assert (refused.status, refused.code) == (400, "Internal_InvalidTableRelation")
    assert (
        f"table Sales Line contains a value (NOPE) that cannot be found in the related table ({table})"
        in refused.message
    )
    assert (await act(client, "salesInvoices", made, "post")).status == 204


@pytest.mark.parametrize(
    ("entity", "kind"),
    [
        ("unlisted/itemCharges", "Charge"),
        ("unlisted/resources", "Resource"),
        ("unlisted/allocationAccounts", "Allocation_x0020_Account"),
    ],
)
async def test_people_have_charges_and_resources_of_their_own(
    client: Client, entity: str, kind: str
) -> None:
    wish = {"company": "Harwick Distributors Ltd", "entity": entity}
    rows = {"rows": [{"number": "own", "displayName": "Our own"}]}
    assert (await client.post("/_simulator/records", {**wish, **rows})).status == 201
    assert (await client.post("/_simulator/records", {**wish, **rows})).status == 400
    body = {"lineType": kind, "lineObjectNumber": "OWN", "quantity": 1}
    _, line = await _line(client, "salesOrders", body)
    assert line["description"] == "Our own"
    kept = (await client.state(entity))[-1]
    change = {**wish, "id": kept["id"], "fields": {"displayName": "Still ours"}}
    assert (await client.patch("/_simulator/records", change)).status == 200
    assert (await client.state(entity))[-1]["displayName"] == "Still ours"
    assert (await client.get(entity)).status == 404
    assert (await client.get(entity.partition("/")[2])).status == 404


async def test_a_seed_has_charges_of_its_own(client: Client) -> None:
    rows = {"unlisted/itemCharges": [{"number": "FREIGHT", "displayName": "Freight"}]}
    assert (await client.post("/_simulator/seed", {"rows": rows})).status == 200
    assert "FREIGHT" in [one["number"] for one in await client.state("unlisted/itemCharges")]


async def test_a_charge_is_shipped_as_one(client: Client) -> None:
    charge = {"lineType": "Charge", "lineObjectNumber": "S-FREIGHT", "quantity": 1, "unitPrice": 9}
    made, _ = await _line(client, "salesOrders", _item(1), charge)
    assert (await act(client, "salesOrders", made, "shipAndInvoice")).status == 204
    shipped = await client.one("salesShipments", "orderNumber", made["number"])
    lines = (await client.get(f"salesShipments({shipped['id']})/salesShipmentLines")).json["value"]
    assert [one["lineType"] for one in lines] == ["Item", "Charge_x0020__x0028_Item_x0029_"]


@pytest.mark.parametrize("number", ["40000", "49990"])
async def test_nothing_is_written_on_a_heading(client: Client, number: str) -> None:
    account = await client.one("accounts", "number", number)
    made = await drafted(client, "purchaseOrders")
    for body in ({"lineType": "Account", "lineObjectNumber": number}, {"accountId": account["id"]}):
        refused = await client.post(_lines("purchaseOrders", made), body)
        assert refused.code == "Internal_InvalidTableRelation"
        assert f"table Purchase Line contains a value ({number})" in refused.message


@pytest.mark.parametrize(
    "body", [{"quantity": 2, "unitPrice": 5}, {"lineType": "Charge", "quantity": 1}]
)
@pytest.mark.parametrize(
    ("name", "action"), [("salesInvoices", "post"), ("salesOrders", "shipAndInvoice")]
)
async def test_a_quantity_of_nothing_is_not_posted(
    client: Client, name: str, action: str, body: dict[str, object]
) -> None:
    made = await drafted(client, name, _item(1), body)
    refused = await act(client, name, made, action)
    assert (refused.status, refused.code) == (400, "Application_FieldValidationException")
    assert refused.message.startswith("No. must have a value in Sales Line: Document Type=")
    assert "Line No.=20000" in refused.message


async def test_a_line_without_a_quantity_stops_nothing(client: Client) -> None:
    made = await drafted(client, "salesInvoices", _item(1), _item(0, STOOL))
    assert (await act(client, "salesInvoices", made, "post")).status == 204


async def test_a_discount_is_a_part_of_its_line(client: Client) -> None:
    made, own = await _line(client, "salesOrders", _item(2, unitPrice=50))
    path = f"{_lines('salesOrders', made)}({own['id']})"
    for amount in (Decimal("100.01"), -1):
        refused = await client.patch(path, {"discountAmount": amount})
        assert refused.status == 400
        assert "Line Discount % field must be between 0 and 100." in refused.message
    assert (await client.patch(path, {"discountAmount": 100})).json["discountPercent"] == 100
    early = {"lineType": "Item", "lineObjectNumber": DESK, "discountAmount": 1, "quantity": 1}
    refused = await client.post(_lines("salesOrders", made), early)
    assert refused.message.startswith("Quantity must have a value in Sales Line")
    free = await client.post(_lines("salesOrders", made), _item(1, unitPrice=0, discountAmount=1))
    assert free.status == 400


async def test_a_discount_is_a_part_of_its_document(client: Client) -> None:
    made, _ = await _line(client, "salesOrders", _item(2, unitPrice=50))
    path = f"salesOrders({made['id']})"
    refused = await client.patch(path, {"discountAmount": Decimal("100.01")})
    assert (refused.status, refused.code) == (400, "Application_DialogException")
    text = "The maximum Invoice Discount Amount that you can apply is 100.00."
    assert refused.message.startswith(text)
    assert (await client.patch(path, {"discountAmount": 100})).status == 200
    body = {"customerNumber": "10000", "discountAmount": 1}
    refused = await client.post("salesQuotes", body)
    assert refused.message.startswith("There is no amount that you can apply an invoice discount")
    lines = [_item(1, unitPrice=2)]
    assert (await client.post("salesQuotes", {**body, "salesQuoteLines": lines})).status == 201
    much = {**body, "discountAmount": 3, "salesQuoteLines": lines}
    assert (await client.post("salesQuotes", much)).status == 400


async def test_a_line_stays_where_it_is_and_what_it_is(client: Client) -> None:
    made, own = await _line(client, "salesOrders", _item(1))
    path = f"{_lines('salesOrders', made)}({own['id']})"
    moved = await client.patch(path, {"sequence": 5})
    assert (moved.status, moved.code) == (400, "Application_DialogException")
    assert moved.message.startswith("The value for sequence cannot be modified. Delete and insert")
    assert (await client.patch(path, {"sequence": own["sequence"], "quantity": 2})).status == 200
    other = await client.patch(path, {"lineObjectNumber": STOOL})
    assert other.message.startswith('The value for "lineObjectNumber" cannot be modified.')


async def test_a_line_is_of_one_thing(client: Client) -> None:
    desk = await client.one("items", "number", DESK)
    account = await client.one("accounts", "number", "40400")
    made = await drafted(client, "salesOrders")
    path = _lines("salesOrders", made)
    for body in (
        {"itemId": desk["id"], "lineObjectNumber": STOOL},
        {"lineType": "Item", "lineObjectNumber": STOOL, "itemId": desk["id"]},
        {"accountId": account["id"], "lineObjectNumber": "40100"},
        {"itemId": desk["id"], "lineType": "Account"},
        {"itemId": desk["id"], "lineType": "Comment"},
    ):
        refused = await client.post(path, body)
        assert (refused.status, refused.code) == (400, "Application_DialogException"), body
        assert "cannot be modified" in refused.message
    agreed = {"itemId": desk["id"], "lineType": "Item", "lineObjectNumber": DESK}
    assert (await client.post(path, agreed)).status == 201


async def test_messages_name_the_table_of_lines(client: Client) -> None:
    made = await drafted(client, "salesOrders")
    line = _item(1, unitOfMeasureCode="NOPE")
    refused = await client.post(_lines("salesOrders", made), line)
    assert "of table Sales Line contains a value (NOPE)" in refused.message
