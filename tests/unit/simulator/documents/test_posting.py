from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.simulator import Clock
from gateway.simulator.businesscentral import BusinessCentral
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.exchange import Answer, Call
from gateway.simulator.records.store import Company
from gateway.simulator.records.values import decode_json, encode_json
from gateway.simulator.state import State
from tests.unit.simulator.client import LTD, Client, Reply

DESK, STOOL, FREE = "1896-S", "1900-S", "1928-S"
ENTRIES = "generalLedgerEntries"


def line(number: str, quantity: int | str = 1, price: int | str = 100) -> dict[str, object]:
    return {
        "lineType": "Item",
        "lineObjectNumber": number,
        "quantity": Decimal(quantity),
        "unitPrice": Decimal(price),
    }


async def drafted(client: Client, name: str, *lines: dict[str, object], **header: object) -> Any:  # noqa: ANN401 - an entity
    party = {"customerNumber": "10000"} if name.startswith("sales") else {"vendorNumber": "V00010"}
    parts = {name.removesuffix("s") + "Lines": list(lines)}
    reply = await client.post(name, {**party, **header, **parts})
    assert reply.status == 201, reply.text
    return reply.json


async def act(client: Client, name: str, record: dict[str, Any], action: str) -> Reply:
    return await client.send("POST", f"{name}({record['id']})/Microsoft.NAV.{action}")


async def entries(client: Client, number: str) -> dict[str, Decimal]:
    """What the entries of a document come to, by account."""
    reply = await client.get(ENTRIES, _filter=f"documentNumber eq '{number}'")
    found: dict[str, Decimal] = {}
    for entry in reply.json["value"]:
        amount = entry["debitAmount"] - entry["creditAmount"]
        found[entry["accountNumber"]] = found.get(entry["accountNumber"], Decimal(0)) + amount
    return found


async def stock(client: Client, number: str) -> Decimal:
    return Decimal((await client.one("items", "number", number))["inventory"])


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
    assert [(one["lineObjectNumber"], one["quantity"]) for one in shipped["value"]] == [(DESK, 2)]
    assert sum((await entries(client, invoice["number"])).values()) == 0


async def test_an_order_is_delivered_and_invoiced_in_steps(client: Client) -> None:
    order = await drafted(client, "salesOrders", line(DESK, 5))
    lines = f"salesOrders({order['id']})/salesOrderLines"
    (one,) = (await client.get(lines)).json["value"]
    await client.patch(f"{lines}({one['id']})", {"shipQuantity": 3, "invoiceQuantity": 0})
    assert (await act(client, "salesOrders", order, "shipAndInvoice")).status == 200
    (one,) = (await client.get(lines)).json["value"]
    assert (one["shippedQuantity"], one["shipQuantity"], one["invoicedQuantity"]) == (3, 2, 0)
    await client.patch(f"{lines}({one['id']})", {"shipQuantity": 0, "invoiceQuantity": 4})
    much = await act(client, "salesOrders", order, "shipAndInvoice")
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


async def test_a_canceled_invoice_is_taken_back_by_a_credit_memo(client: Client) -> None:
    before = await stock(client, DESK)
    draft = await drafted(client, "salesInvoices", line(DESK, 2))
    assert (await act(client, "salesInvoices", draft, "cancel")).status == 400
    await act(client, "salesInvoices", draft, "post")
    assert (await act(client, "salesInvoices", draft, "cancel")).status == 204
    canceled = (await client.get(f"salesInvoices({draft['id']})")).json
    assert (canceled["status"], canceled["remainingAmount"]) == ("Canceled", 0)
    memo = await client.one("salesCreditMemos", "invoiceNumber", canceled["number"])
    assert (memo["status"], memo["invoiceId"]) == ("Corrective", draft["id"])
    assert await stock(client, DESK) == before
    assert (await act(client, "salesInvoices", draft, "cancel")).status == 400


async def test_a_corrective_credit_memo_is_a_draft(client: Client) -> None:
    draft = await drafted(client, "salesInvoices", line(DESK, 2))
    await act(client, "salesInvoices", draft, "post")
    reply = await act(client, "salesInvoices", draft, "makeCorrectiveCreditMemo")
    assert reply.status == 204
    posted = (await client.get(f"salesInvoices({draft['id']})")).json
    memo = await client.one("salesCreditMemos", "invoiceNumber", posted["number"])
    assert (memo["status"], memo["totalAmountIncludingTax"]) == ("Draft", 240)
    assert (await act(client, "salesCreditMemos", memo, "post")).status == 204
    assert sum((await entries(client, "104001")).values()) == 0


async def test_posted_is_posted_also_when_the_mail_fails(client: Client) -> None:
    draft = await drafted(client, "salesInvoices", line(DESK), email="")
    reply = await act(client, "salesInvoices", draft, "postAndSend")
    assert reply.message.startswith("The send-to email is empty.")
    assert (await client.get(f"salesInvoices({draft['id']})")).json["status"] == "Open"
    addressed = await drafted(client, "salesInvoices", line(DESK), email="a@b.example")
    assert (await act(client, "salesInvoices", addressed, "postAndSend")).status == 204
    assert (await act(client, "salesInvoices", addressed, "send")).status == 204


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


async def journal_line(client: Client, journal: str, **fields: object) -> Reply:
    day = {"postingDate": "2026-11-23", "documentNumber": "J-1"}
    return await client.post(f"journals({journal})/journalLines", {**day, **fields})


async def test_a_journal_is_posted_when_it_comes_to_nothing(client: Client) -> None:
    journal = (await client.post("journals", {"code": "STOOLS"})).json["id"]
    empty = await client.send("POST", f"journals({journal})/Microsoft.NAV.post")
    assert empty.message.startswith("There is nothing to post.")
    await journal_line(client, journal, accountNumber="10100", amount=50)
    refused = await client.send("POST", f"journals({journal})/Microsoft.NAV.post")
    assert "out of balance by 50" in refused.message
    await journal_line(client, journal, accountNumber="60400", amount=-50)
    assert (await client.send("POST", f"journals({journal})/Microsoft.NAV.post")).status == 204
    assert await entries(client, "J-1") == {"10100": 50, "60400": -50}
    assert (await client.get(f"journals({journal})/journalLines")).json["value"] == []


async def test_a_balancing_account_completes_a_line(client: Client) -> None:
    bank = await client.one("accounts", "number", "10100")
    body = {"code": "BANK", "balancingAccountId": bank["id"]}
    journal = (await client.post("journals", body)).json["id"]
    await journal_line(client, journal, accountNumber="60400", amount=12)
    assert (await client.send("POST", f"journals({journal})/Microsoft.NAV.post")).status == 204
    assert await entries(client, "J-1") == {"60400": 12, "10100": -12}


NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ROOT = "/v2.0/Production/api/v2.0"


def asked(api: BusinessCentral, method: str, path: str, body: object = None) -> Answer | None:
    data = b"" if body is None else encode_json(body)
    headers = {"content-type": "application/json", "if-match": "*"}
    call = Call(method, f"{ROOT}/companies({LTD})/{path}", "", headers, data, "http://bc.test")
    try:
        answer: Answer = api.answer(call, call.segments[4:])
    except BusinessCentralError:
        return None
    return answer


NAMES = ("salesInvoices", "salesOrders", "salesCreditMemos", "purchaseInvoices", "purchaseOrders")
LINES = st.lists(
    st.builds(
        line,
        st.sampled_from([DESK, STOOL, FREE, "0X10"]),
        st.decimals(-5, 20, places=2).map(str),
        st.decimals(0, 999, places=3).map(str),
    ),
    max_size=3,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), LINES, st.sampled_from(["GBP", "EUR"]))))
def test_the_books_stay_right_whatever_is_posted(
    documents: list[tuple[str, list[dict[str, object]], str]],
) -> None:
    state = State("http://bc.test", 1, Clock(lambda: NOON))
    environment = state.environments["production"]
    api = BusinessCentral(environment, state.catalogue, state.clock, f"http://bc.test{ROOT}")
    company = environment.companies[LTD]
    stocks = moved(company)
    for at, (name, lines, currency) in enumerate(documents):
        party = (
            {"customerNumber": "10000"} if name.startswith("sales") else {"vendorNumber": "V00010"}
        )
        header = {**party, "currencyCode": currency}
        if name == "purchaseInvoices":
            header["vendorInvoiceNumber"] = f"B-{at}"
        costs = {"purchaseInvoices": "unitCost", "purchaseOrders": "directUnitCost"}
        shown = [
            {
                costs.get(name, key) if key == "unitPrice" else key: value
                for key, value in one.items()
            }
            for one in lines
        ]
        made = asked(api, "POST", name, {**header, name.removesuffix("s") + "Lines": shown})
        assert made is not None
        body = decode_json(made.body)
        assert isinstance(body, dict)
        action = {"salesOrders": "shipAndInvoice", "purchaseOrders": "receiveAndInvoice"}
        asked(api, "POST", f"{name}({body['id']})/Microsoft.NAV.{action.get(name, 'post')}")
    check(company)
    assert moved(company) == stocks


def moved(company: Company) -> dict[str, Decimal]:
    """Of each item what is in stock, less what its entries come to: it never changes."""
    left = {
        item.values["number"]: Decimal(item.values["inventory"])
        for item in company.table("items").records.values()
    }
    for entry in company.table("itemLedgerEntries").records.values():
        left[entry.values["itemNumber"]] -= Decimal(entry.values["quantity"])
    return left


def check(company: Company) -> None:
    """Entries balance, numbers are unique, every line has its document."""
    sums: dict[str, Decimal] = {}
    for entry in company.table(ENTRIES).records.values():
        number, amount = entry.values["documentNumber"], Decimal(entry.values["debitAmount"])
        sums[number] = sums.get(number, Decimal(0)) + amount - Decimal(entry.values["creditAmount"])
    assert set(sums.values()) == {Decimal(0)}
    for name in NAMES:
        numbers = [one.values["number"] for one in company.table(name).records.values()]
        assert len(numbers) == len(set(numbers))
        lines = company.table(name.removesuffix("s") + "Lines").records.values()
        assert {one.values["documentId"] for one in lines} <= set(company.table(name).records)
