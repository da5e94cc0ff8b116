from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulator.client import LTD, Client
from tests.unit.simulator.documents.acting import DESK, act, drafted, entries, line, stock


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


async def posted(client: Client, quantity: int = 2) -> str:
    """The id of an invoice over ``quantity`` × 120."""
    draft = await drafted(client, "salesInvoices", line(DESK, quantity))
    assert (await act(client, "salesInvoices", draft, "post")).status == 204
    return str(draft["id"])


async def memo_of(client: Client, invoice: dict[str, str]) -> dict[str, Any]:
    number = (await client.get(f"salesInvoices({invoice['id']})")).json["number"]
    return await client.one("salesCreditMemos", "invoiceNumber", number)


async def owed(client: Client) -> tuple[Any, Any]:
    """What customer 10000 owes, by their page and by their financial details."""
    customer = await client.one("customers", "number", "10000")
    details = (await client.get(f"customers({customer['id']})/customerFinancialDetail")).json
    return customer["balanceDue"], details["balance"]


async def test_a_cancellation_is_booked_under_the_number_of_the_credit_memo(client: Client) -> None:
    before = await owed(client)
    invoice = {"id": await posted(client)}
    assert await owed(client) == (before[0] + 240, before[1] + 240)
    await act(client, "salesInvoices", invoice, "cancel")
    assert await owed(client) == before
    memo = await memo_of(client, invoice)
    assert await entries(client, memo["number"]) == {"10900": -240, "40100": 200, "20700": 40}
    again = await act(client, "salesInvoices", invoice, "cancel")
    assert again.message.startswith(
        "The invoice cannot be canceled because it has already been canceled."
    )


async def test_a_canceled_credit_memo_is_taken_back_by_an_invoice(client: Client) -> None:
    before, invoice = await stock(client, DESK), {"id": await posted(client)}
    await act(client, "salesInvoices", invoice, "cancel")
    memo = await memo_of(client, invoice)
    numbers = {one["number"] for one in await client.state("salesInvoices")}
    assert (await act(client, "salesCreditMemos", memo, "cancel")).status == 204
    canceled = (await client.get(f"salesCreditMemos({memo['id']})")).json
    assert canceled["status"] == "Canceled"
    reopened = (await client.get(f"salesInvoices({invoice['id']})")).json
    assert (reopened["status"], reopened["remainingAmount"]) == ("Open", 240)
    (made,) = [one for one in await client.state("salesInvoices") if one["number"] not in numbers]
    assert (made["status"], made["totalAmountIncludingTax"]) == ("Corrective", 240)
    assert await stock(client, DESK) == before - 2
    assert sum((await entries(client, made["number"])).values()) == 0
    again = await act(client, "salesCreditMemos", memo, "cancel")
    assert "cannot be cancelled because it has already been canceled" in again.message
    refused = await act(client, "salesInvoices", made, "cancel")
    assert "because it represents a correction of a credit memo." in refused.message


async def test_a_credit_memo_that_corrects_nothing_is_not_canceled(client: Client) -> None:
    for name, kind in (("salesCreditMemos", "sales"), ("purchaseCreditMemos", "purchase")):
        memo = await drafted(
            client, name, {"lineType": "Item", "lineObjectNumber": DESK, "quantity": 1}
        )
        draft = await act(client, name, memo, "cancel")
        assert draft.message.startswith("The action can be applied to a posted credit memo only.")
        assert (await act(client, name, memo, "post")).status == 204
        refused = await act(client, name, memo, "cancel")
        assert refused.message.startswith(
            f"You cannot cancel this posted {kind} credit memo because it is not a corrective"
        )


async def test_a_corrective_purchase_credit_memo_is_canceled(client: Client) -> None:
    row = {"number": "109999", "vendorNumber": "V00010", "status": "Corrective"}
    body = {"company": LTD, "entity": "purchaseCreditMemos", "rows": [row]}
    assert (await client.post("/_simulator/records", body)).status == 201
    memo = await client.one("purchaseCreditMemos", "number", "109999")
    assert (await act(client, "purchaseCreditMemos", memo, "cancel")).status == 204
    states = [one["status"] for one in await client.state("purchaseInvoices")]
    assert states == ["Corrective"]


async def test_a_cancellation_that_stops_half_way_leaves_the_credit_memo(client: Client) -> None:
    invoice = {"id": await posted(client)}
    await client.arm("cancel_half_done")
    reply = await act(client, "salesInvoices", invoice, "cancel")
    assert "Canceling the invoice failed because of the following error:" in reply.message
    assert "A credit memo is posted." in reply.message
    assert (await client.get(f"salesInvoices({invoice['id']})")).json["status"] == "Open"
    memo = await memo_of(client, invoice)
    assert memo["status"] == "Open"


async def test_a_credit_memo_for_an_invoice_pays_it(client: Client) -> None:
    before, invoice = await owed(client), {"id": await posted(client)}
    reply = await act(client, "salesInvoices", invoice, "makeCorrectiveCreditMemo")
    memo = (await client.get(reply.headers["Location"])).json
    assert memo["status"] == "Draft"
    (one,) = (await client.get(f"salesCreditMemos({memo['id']})/salesCreditMemoLines")).json[
        "value"
    ]
    path = f"salesCreditMemos({memo['id']})/salesCreditMemoLines({one['id']})"
    await client.patch(path, {"quantity": 1, "unitPrice": 100})
    assert (await act(client, "salesCreditMemos", memo, "post")).status == 204
    left = (await client.get(f"salesInvoices({invoice['id']})")).json
    assert (left["status"], left["remainingAmount"]) == ("Open", 120)
    assert (await client.get(f"salesCreditMemos({memo['id']})")).json["status"] == "Paid"
    assert await owed(client) == (before[0] + 120, before[1] + 120)
    for action in ("cancel", "makeCorrectiveCreditMemo"):
        refused = await act(client, "salesInvoices", invoice, action)
        assert "partially paid" in refused.message
    rest = await drafted(client, "salesCreditMemos", line(DESK), invoiceId=invoice["id"])
    assert rest["invoiceNumber"] == left["number"]
    await act(client, "salesCreditMemos", rest, "post")
    paid = (await client.get(f"salesInvoices({invoice['id']})")).json
    assert (paid["status"], paid["remainingAmount"]) == ("Paid", 0)
    closed = await act(client, "salesInvoices", invoice, "makeCorrectiveCreditMemo")
    assert closed.message.startswith("The invoice is closed.")


async def test_a_credit_memo_names_a_posted_invoice(client: Client) -> None:
    invoice, draft = await posted(client), await client.one("salesInvoices", "status", "Draft")
    party = {"customerNumber": "10000"}
    unposted = await client.post("salesCreditMemos", {**party, "invoiceId": draft["id"]})
    assert unposted.message.startswith('The "invoiceId" does not match to an Invoice.')
    both = {"invoiceId": invoice, "invoiceNumber": "103001"}
    disagreeing = await client.post("salesCreditMemos", {**party, **both})
    assert '"invoiceId" and "invoiceNumber" do not match' in disagreeing.message


async def typed(client: Client, entity: str, record_id: str, **fields: object) -> None:
    named = {"company": LTD, "entity": entity, "id": record_id, "fields": fields}
    assert (await client.send("PATCH", "/_simulator/records", named)).status == 200


async def test_nothing_is_canceled_of_a_period_that_is_closed(client: Client) -> None:
    invoice = await posted(client)
    (setup,) = await client.state("generalLedgerSetup")
    await typed(client, "generalLedgerSetup", setup["id"], allowPostingFrom="2027-06-01")
    refused = await act(client, "salesInvoices", {"id": invoice}, "cancel")
    assert "it was posted in a posting period that is closed." in refused.message


async def test_nothing_is_canceled_for_who_is_blocked_or_of_what_is(client: Client) -> None:
    invoice = await posted(client)
    item, customer = (
        await client.one("items", "number", DESK),
        await client.one("customers", "number", "10000"),
    )
    for entity, record, blocked, text in (
        ("items", item, True, f"because item {DESK} {item['displayName']} is blocked."),
        ("customers", customer, "Invoice", f"customer {customer['displayName']} is blocked."),
    ):
        await typed(client, entity, record["id"], blocked=blocked)
        refused = await act(client, "salesInvoices", {"id": invoice}, "cancel")
        assert (refused.status, text in refused.message) == (400, True), refused.text


@pytest.mark.parametrize(
    ("name", "action"), [("salesInvoices", "post"), ("salesOrders", "shipAndInvoice")]
)
async def test_an_item_that_was_blocked_meanwhile_is_not_posted(
    client: Client, name: str, action: str
) -> None:
    draft = await drafted(client, name, line(DESK))
    item = await client.one("items", "number", DESK)
    await typed(client, "items", item["id"], blocked=True)
    refused = await act(client, name, draft, action)
    assert f"Blocked must be equal to 'No'  in Item: No.={DESK}." in refused.message


async def test_nobody_is_credited_less_than_nothing(client: Client) -> None:
    memo = await drafted(client, "salesCreditMemos", line(DESK, -1))
    refused = await act(client, "salesCreditMemos", memo, "post")
    assert "The total amount for the credit memo must be 0 or greater." in refused.message
