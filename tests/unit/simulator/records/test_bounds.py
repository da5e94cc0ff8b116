from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.simulator.client import Client, Reply
from tests.unit.simulator.documents.acting import DESK, drafted, line


@pytest.mark.parametrize("field", ["unitPrice", "unitCost"])
async def test_an_item_costs_nothing_or_more(client: Client, field: str) -> None:
    item = await client.one("items", "number", DESK)
    refused = await client.patch(f"items({item['id']})", {field: -1})
    assert refused.code == "Application_DialogException"
    assert refused.message.startswith(f"The value of {field} must be greater than or equal to 0.")
    assert (await client.patch(f"items({item['id']})", {field: 0})).status == 200


async def test_a_line_is_discounted_by_up_to_all_of_it(client: Client) -> None:
    order = await drafted(client, "salesOrders")
    lines = f"salesOrders({order['id']})/salesOrderLines"
    for percent in (150, -1):
        refused = await client.post(lines, {**line(DESK), "discountPercent": percent})
        assert refused.message.startswith("The value of discountPercent must be between 0 and 100.")
    given = await client.post(lines, {**line(DESK), "discountPercent": 100})
    assert given.json["amountIncludingTax"] == 0


@pytest.mark.parametrize("formula", ["zzz", "30", "D", "1M+", "1M 2D", "99999D"])
async def test_what_is_no_date_formula_is_refused(client: Client, formula: str) -> None:
    body = {"code": "ODD", "dueDateCalculation": formula}
    refused = await client.post("paymentTerms", body)
    assert (refused.status, refused.code) == (400, "Application_EvaluateException")
    assert f"'{formula}' can't be evaluated into type DateFormula" in refused.message


@pytest.mark.parametrize(
    ("sent", "shown"), [("", ""), ("30d", "30D"), ("<CM + 14D>", "CM+14D"), ("D15", "D15")]
)
async def test_date_formulas_are_shown_in_capitals(client: Client, sent: str, shown: str) -> None:
    made = await client.post("paymentTerms", {"code": "ODD", "dueDateCalculation": sent})
    assert made.json["dueDateCalculation"] == shown


async def test_a_formula_that_leads_out_of_the_calendar_is_refused(client: Client) -> None:
    terms = (
        await client.post("paymentTerms", {"code": "AGES", "dueDateCalculation": "9999Y"})
    ).json
    body = {"customerNumber": "10000", "paymentTermsId": terms["id"]}
    assert "leads to a date" in (await client.post("salesInvoices", body)).message


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("salesInvoices", "invoiceDate"),
        ("salesQuotes", "documentDate"),
        ("salesCreditMemos", "creditMemoDate"),
    ],
)
async def test_a_document_at_the_end_of_the_calendar_can_not_fall_due(
    client: Client, name: str, field: str
) -> None:
    refused = await client.post(name, {"customerNumber": "20000", field: "9999-12-31"})
    assert refused.code == "Application_DialogException"
    assert refused.message.startswith("The date formula 14D leads to a date that is not valid.")
    line = {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 1}
    ordered = {"customerNumber": "20000", "postingDate": "9999-12-31", "salesOrderLines": [line]}
    order = (await client.post("salesOrders", ordered)).json
    action = f"salesOrders({order['id']})/Microsoft.NAV.shipAndInvoice"
    refused = await client.send("POST", action)
    assert refused.message.startswith("The date formula 14D leads to a date that is not valid.")
    at_once = {"customerNumber": "20000", "dueDate": "9999-12-31"}
    assert (await client.post("salesInvoices", at_once)).json["dueDate"] == "9999-12-31"


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
async def test_a_moment_outside_of_the_calendar_is_refused(client: Client, moment: str) -> None:
    body = {"code": "LATE", "lastModifiedDateTime": moment}
    assert (await client.post("customerPaymentJournals", body)).code == "BadRequest"
    for name in ("items", "salesInvoices"):
        reply = await client.get(name, _filter=f"lastModifiedDateTime gt {moment}")
        assert (reply.status, reply.code) == (400, "BadRequest")


async def test_a_journal_has_whole_cents(client: Client) -> None:
    (journal,) = (await client.get("journals")).json["value"][:1]
    body = {"accountNumber": "60400", "amount": Decimal("-100.005"), "documentNumber": "G1"}
    made = await client.post(f"journals({journal['id']})/journalLines", body)
    assert (made.status, made.json["amount"]) == (201, Decimal("-100.01"))


@pytest.mark.parametrize("name", ["customers", "vendors", "contacts"])
async def test_an_email_address_is_one(client: Client, name: str) -> None:
    async def made(email: str) -> Reply:
        return await client.post(name, {"displayName": "Juniper Hall", "email": email})

    for email in (
        "",
        "a@b.example",
        "a@b.example; c+d@e.example",
        "a@b.example;",
        "jürgen@büro.example",
    ):
        assert (await made(email)).json["email"] == email
    for email, told in (
        ("x", "x"),
        ("a@b.example;x", "x"),
        ("a@@b.example", "a@@b.example"),
        ("Juniper <a@b.example>", "Juniper <a@b.example>"),
        ("a@b.example, c@d.example", "a@b.example, c@d.example"),
        ("@b.example", "@b.example"),
    ):
        refused = await made(email)
        assert (refused.status, refused.code) == (400, "Application_DialogException")
        assert refused.message.startswith(f'The email address "{told}" is not valid.')
