from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulator.client import Client
from tests.unit.simulator.documents.acting import DESK, act, drafted, line


async def dimension(client: Client, code: str, value: str) -> dict[str, Any]:
    """A dimension and a value of it, as a dimension set line shows them."""
    own = await client.one("dimensions", "code", code)
    other = await client.one("dimensionValues", "code", value)
    return {
        "id": own["id"],
        "code": code,
        "displayName": own["displayName"],
        "valueId": other["id"],
        "valueCode": value,
        "valueDisplayName": other["displayName"],
    }


async def codes(client: Client, path: str) -> list[tuple[str, str]]:
    rows = (await client.get(f"{path}/dimensionSetLines")).json["value"]
    return [(row["code"], row["valueCode"]) for row in rows]


@pytest.mark.parametrize("sent", ["code valueCode", "code valueId", "id valueId", "id valueCode"])
async def test_a_line_shows_all_of_its_dimension(client: Client, sent: str) -> None:
    order = await drafted(client, "salesOrders")
    lines = f"salesOrders({order['id']})/dimensionSetLines"
    area = await dimension(client, "AREA", "30")
    made = await client.post(lines, {name: area[name] for name in sent.split()})
    assert made.status == 201, made.text
    assert area.items() <= made.json.items()
    assert made.json["parentId"] == order["id"]
    another = await drafted(client, "salesOrders")
    twin = f"salesOrders({another['id']})/dimensionSetLines"
    assert (await client.post(twin, {"code": "AREA", "valueCode": "40"})).status == 201
    path = f"{lines}({area['id']})"
    changed = await client.patch(path, {"valueCode": "40"})
    assert (changed.json["valueCode"], changed.json["valueDisplayName"]) == ("40", "Europe South")
    assert (await client.send("DELETE", path)).status == 204
    assert await codes(client, f"salesOrders({order['id']})") == []
    assert await codes(client, f"salesOrders({another['id']})") == [("AREA", "40")]
    flat = await client.get(f"dimensionSetLines({area['id']})")
    assert flat.message.startswith("You must get to the parent first")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"code": "AREA", "valueCode": "NOPE"}, 'The "valueCode" does not match to a Dimension'),
        ({"code": "AREA", "valueCode": "SALES"}, 'The "valueCode" does not match to a Dimension'),
        ({"code": "NOPE", "valueCode": "30"}, 'The "code" does not match to a Dimension.'),
        ({"code": "AREA"}, 'The "valueId" or "valueCode" field must be filled in.'),
        ({"valueCode": "30"}, 'The "id" or "code" field must be filled in.'),
        (
            {"code": "AREA", "valueId": "3f2b1c00-0000-4000-8000-000000000000"},
            'The "valueId" does not match to a Dimension Value.',
        ),
        (
            {"id": "3f2b1c00-0000-4000-8000-000000000000", "valueCode": "30"},
            'The "id" does not match to a Dimension.',
        ),
    ],
)
async def test_a_line_without_its_dimension_is_refused(
    client: Client, body: dict[str, object], text: str
) -> None:
    order = await drafted(client, "salesOrders")
    refused = await client.post(f"salesOrders({order['id']})/dimensionSetLines", body)
    assert refused.code == "Application_DialogException"
    assert refused.message.startswith(text)


async def test_ids_and_codes_of_a_line_agree_and_stay(client: Client) -> None:
    order = await drafted(client, "salesOrders")
    lines = f"salesOrders({order['id']})/dimensionSetLines"
    area = await dimension(client, "AREA", "30")
    both = {"id": area["id"], "code": "DEPARTMENT", "valueCode": "SALES"}
    assert (await client.post(lines, both)).message.startswith("The dimension field values do not")
    values = {"code": "AREA", "valueId": area["valueId"], "valueCode": "40"}
    assert (await client.post(lines, values)).message.startswith("The values of the ")
    assert (await client.post(lines, {"code": "AREA", "valueCode": "30"})).status == 201
    repeated = await client.post(lines, {"code": "AREA", "valueCode": "40"})
    assert repeated.message.startswith("The dimension set line already exists.")
    moved = await client.patch(f"{lines}({area['id']})", {"code": "DEPARTMENT"})
    assert moved.message.startswith('The "id" and "code" fields cannot be modified.')


async def test_a_document_has_the_default_dimensions_of_its_party(client: Client) -> None:
    area = await dimension(client, "AREA", "30")
    own = {"dimensionId": area["id"], "dimensionValueId": area["valueId"]}
    for name, number, document in (
        ("customers", "10000", "salesOrders"),
        ("vendors", "V00010", "purchaseOrders"),
    ):
        party = await client.one(name, "number", number)
        defaults = f"{name}({party['id']})/defaultDimensions"
        made = await client.post(defaults, own)
        assert (made.status, made.json["dimensionValueCode"]) == (201, "30")
        twice = await client.post(defaults, own)
        assert twice.code == "Internal_EntityWithSameKeyExists"
        order = await drafted(client, document)
        assert await codes(client, f"{document}({order['id']})") == [("AREA", "30")]


async def test_a_default_dimension_has_a_value_of_its_dimension(client: Client) -> None:
    area = await dimension(client, "AREA", "30")
    sales = await dimension(client, "DEPARTMENT", "SALES")
    customer = await client.one("customers", "number", "10000")
    body = {"dimensionId": area["id"], "dimensionValueId": sales["valueId"]}
    refused = await client.post(f"customers({customer['id']})/defaultDimensions", body)
    assert "match to different Dimension records" in refused.message


async def test_what_an_order_leaves_has_its_dimensions(client: Client) -> None:
    order = await drafted(
        client,
        "salesOrders",
        line(DESK),
        dimensionSetLines=[{"code": "AREA", "valueCode": "30"}],
    )
    assert (await act(client, "salesOrders", order, "shipAndInvoice")).status == 204
    for name in ("salesInvoices", "salesShipments"):
        made = await client.one(name, "orderNumber", order["number"])
        assert await codes(client, f"{name}({made['id']})") == [("AREA", "30")]
    assert [one["parentType"] for one in await client.state("dimensionSetLines")] == [
        "Sales_x0020_Shipment",
        "Sales_x0020_Invoice",
        *["General_x0020_Ledger_x0020_Entry"] * 3,
    ]


async def test_ledger_entries_have_the_dimensions_of_document_and_line(client: Client) -> None:
    area, sales = (
        {"code": "AREA", "valueCode": "30"},
        {"code": "DEPARTMENT", "valueCode": "SALES"},
    )
    other = {"dimensionSetLines": [{"code": "AREA", "valueCode": "40"}]}
    invoice = await drafted(
        client,
        "salesInvoices",
        line(DESK, 1, 10),
        line(DESK, 1, 20) | {"dimensionSetLines": [sales]},
        line(DESK, 1, 40) | other,
        line(DESK, 1, 80),
        dimensionSetLines=[area],
    )
    assert (await act(client, "salesInvoices", invoice, "post")).status == 204
    reply = await client.get(
        "generalLedgerEntries", _filter="documentNumber eq '103101'", _expand="dimensionSetLines"
    )
    found = {
        (one["accountNumber"], int(one["debitAmount"] - one["creditAmount"])): [
            row["valueCode"] for row in one["dimensionSetLines"]
        ]
        for one in reply.json["value"]
    }
    assert found == {
        ("10900", 180): ["30"],
        ("40100", -90): ["30"],
        ("40100", -20): ["30", "SALES"],
        ("40100", -40): ["40"],
        ("20700", -30): ["30"],
    }


async def test_ledger_entries_have_the_dimensions_of_a_journal_line(client: Client) -> None:
    journal = (await client.post("journals", {"code": "STOOLS"})).json["id"]
    for account, amount, rows in (
        ("10100", 5, [{"code": "AREA", "valueCode": "30"}]),
        ("40100", -5, []),
    ):
        body = {"accountNumber": account, "amount": amount, "documentNumber": "J-1"}
        made = await client.post(
            f"journals({journal})/journalLines", body | {"dimensionSetLines": rows}
        )
        assert made.status == 201, made.text
    posted = await client.send("POST", f"journals({journal})/Microsoft.NAV.post")
    assert posted.status == 204, posted.text
    reply = await client.get("generalLedgerEntries", _filter="documentNumber eq 'J-1'")
    found = {
        one["accountNumber"]: await codes(client, f"generalLedgerEntries({one['id']})")
        for one in reply.json["value"]
    }
    assert found == {"10100": [("AREA", "30")], "40100": []}


async def test_a_shipment_keeps_its_dimensions(client: Client) -> None:
    order = await drafted(
        client, "salesOrders", line(DESK), dimensionSetLines=[{"code": "AREA", "valueCode": "30"}]
    )
    await act(client, "salesOrders", order, "shipAndInvoice")
    shipment = await client.one("salesShipments", "orderNumber", order["number"])
    lines = f"salesShipments({shipment['id']})/dimensionSetLines"
    area = await dimension(client, "AREA", "30")
    for refused in (
        await client.post(lines, {"code": "DEPARTMENT", "valueCode": "SALES"}),
        await client.patch(f"{lines}({area['id']})", {"valueCode": "40"}),
        await client.send("DELETE", f"{lines}({area['id']})"),
    ):
        assert refused.message.startswith(f"Parent with ID {shipment['id']} does not exist or ")
        assert "read only for parent type Sales Shipment." in refused.message
    assert await codes(client, f"salesShipments({shipment['id']})") == [("AREA", "30")]


@pytest.mark.parametrize("of", ["order", "journal line"])
async def test_what_has_other_dimensions_was_changed(client: Client, of: str) -> None:
    order = await drafted(client, "salesOrders", line(DESK))
    journal = (await client.post("journals", {"code": "ONE"})).json
    entry = {"accountNumber": "10100", "amount": 5}
    booked = (await client.post(f"journals({journal['id']})/journalLines", entry)).json
    path = f"salesOrders({order['id']})" if of == "order" else f"journalLines({booked['id']})"
    before, seen = (await client.get(path)).json, []
    lines = f"{path}/dimensionSetLines"
    area = (await dimension(client, "AREA", "30"))["id"]
    for method, address, body in (
        ("POST", lines, {"code": "AREA", "valueCode": "30"}),
        ("PATCH", f"{lines}({area})", {"valueCode": "40"}),
        ("DELETE", f"{lines}({area})", None),
    ):
        await client.post("/_simulator/clock", {"advance": 60})
        reply = await client.send(method, address, body, {"If-Match": "*"})
        assert reply.status in {200, 201, 204}, reply.text
        seen.append((await client.get(path)).json)
    moments = [one.pop("lastModifiedDateTime") for one in seen]
    assert moments == [f"2026-03-02T12:0{minute}:00Z" for minute in (1, 2, 3)]
    assert len({one.pop("@odata.etag") for one in (before, *seen)}) == 4
    before.pop("lastModifiedDateTime")
    assert seen == [before] * 3
