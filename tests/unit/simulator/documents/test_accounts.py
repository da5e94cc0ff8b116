"""What lines of journals take from whom they name."""

from __future__ import annotations

import pytest

from tests.unit.simulator.client import LTD, Client

LEDGER = "generalLedgerEntries"


async def lines_of(client: Client) -> str:
    journal = (await client.post("journals", {"code": "STOOLS"})).json["id"]
    return f"journals({journal})/journalLines"


async def test_a_line_is_called_by_its_account_until_it_is_called_otherwise(client: Client) -> None:
    lines = await lines_of(client)
    body = {"accountNumber": "10100", "amount": 50, "documentNumber": "J-1"}
    made = (await client.post(lines, body)).json
    assert made["description"] == "Checking account"
    path = f"{lines}({made['id']})"
    moved = await client.patch(path, {"accountNumber": "40100"})
    assert moved.json["description"] == "Sales, retail"
    assert (await client.patch(path, {"description": "Mine"})).json["description"] == "Mine"
    kept = await client.patch(path, {"accountNumber": "10100"})
    assert kept.json["description"] == "Mine"
    customer = {"accountType": "Customer", "accountNumber": "20000", "amount": 1}
    assert (await client.post(lines, customer)).json["description"] == "Brightwater Hotels"
    first = {"description": "First", **body}
    assert (await client.post(lines, first)).json["description"] == "First"


async def test_a_payment_is_called_by_who_pays(client: Client) -> None:
    journal = (await client.post("customerPaymentJournals", {"code": "PAY"})).json["id"]
    invoice = await client.one("salesInvoices", "number", "103001")
    path = f"customerPaymentJournals({journal})/customerPayments"
    for named in ({"customerNumber": "20000"}, {"appliesToInvoiceId": invoice["id"]}):
        made = (await client.post(path, {**named, "amount": -5})).json
        assert (made["customerNumber"], made["description"]) == ("20000", "Brightwater Hotels")


async def test_each_entry_has_the_text_of_its_line(client: Client) -> None:
    lines = await lines_of(client)
    for account, amount, more in (
        ("10100", 50, {}),
        ("40100", -20, {"description": "Half"}),
        ("60400", -30, {}),
    ):
        body = {"accountNumber": account, "amount": amount, "documentNumber": "J-1", **more}
        assert (await client.post(lines, body)).status == 201
    assert (
        await client.post(lines.replace("journalLines", "Microsoft.NAV.post"), {})
    ).status == 204
    reply = await client.get(LEDGER, _filter="documentNumber eq 'J-1'")
    texts = {one["accountNumber"]: one["description"] for one in reply.json["value"]}
    assert texts["10100"] == "Checking account"
    assert texts["40100"] == "Half"
    assert len(texts) == len(set(texts.values())) == 3


@pytest.mark.parametrize("field", ["accountNumber", "balancingAccountNumber"])
async def test_a_line_takes_no_account_that_is_not_posted_to(client: Client, field: str) -> None:
    lines = await lines_of(client)
    shut = [
        {"number": "10910", "displayName": "Shut", "blocked": True},
        {"number": "10920", "displayName": "Indirect", "directPosting": False},
    ]
    put_in = {"company": LTD, "entity": "accounts", "rows": shut}
    assert (await client.post("/_simulator/records", put_in)).status == 201
    for number, told in (
        ("40000", "Account Type must be equal to 'Posting'  in G/L Account: No.=40000. Current value is 'Heading'."),
        ("10910", "Blocked must be equal to 'No'  in G/L Account: No.=10910. Current value is 'Yes'."),
        ("10920", "Direct Posting must be equal to 'Yes'  in G/L Account: No.=10920. Current value is 'No'."),
    ):  # fmt: skip
        reply = await client.post(lines, {field: number, "amount": 5})
        assert reply.code == "Application_FieldValidationException"
        assert reply.message.startswith(told)
