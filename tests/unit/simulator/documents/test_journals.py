from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.simulator.client import LTD, Client, Reply
from tests.unit.simulator.documents.acting import DESK, act, drafted, entries, line


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
    assert "are correct for each line." in refused.message
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


async def post(client: Client, journal: str) -> Reply:
    return await client.send("POST", f"journals({journal})/Microsoft.NAV.post")


async def bank_journal(client: Client, name: str) -> str:
    """A journal of payments through the checking account."""
    bank = await client.one("accounts", "number", "10100")
    reply = await client.post(name, {"code": "PAID", "balancingAccountId": bank["id"]})
    assert reply.status == 201, reply.text
    return str(reply.json["id"])


async def billed(client: Client, name: str, **header: object) -> dict[str, object]:
    """A posted invoice over 120."""
    price = "unitPrice" if name == "salesInvoices" else "unitCost"
    one = {"lineType": "Item", "lineObjectNumber": DESK, "quantity": 1, price: 100}
    draft = await drafted(client, name, one, **header)
    assert (await act(client, name, draft, "post")).status == 204
    invoice: dict[str, object] = (await client.get(f"{name}({draft['id']})")).json
    return invoice


async def test_a_payment_pays_an_invoice(client: Client) -> None:
    invoice = await billed(client, "salesInvoices")
    before = (await client.one("customers", "number", "10000"))["balanceDue"]
    journal = await bank_journal(client, "customerPaymentJournals")
    path = f"customerPaymentJournals({journal})/customerPayments"
    for document, amount in (("P-1", -50), ("P-2", -90)):
        named = {"appliesToInvoiceId": invoice["id"], "documentNumber": document}
        paid = await client.post(path, {**named, "amount": amount})
        assert (paid.json["customerNumber"], paid.json["journalDisplayName"]) == ("10000", "PAID")
        assert paid.json["appliesToInvoiceNumber"] == invoice["number"]
        assert (await post(client, journal)).status == 204
        left = (await client.get(f"salesInvoices({invoice['id']})")).json
        expected = ("Open", 70) if document == "P-1" else ("Paid", 0)
        assert (left["status"], left["remainingAmount"]) == expected
    assert await entries(client, "P-1") == {"10100": 50, "10900": -50}
    assert (await client.get(path)).json["value"] == []
    customer = await client.one("customers", "number", "10000")
    assert customer["balanceDue"] == before - 140
    details = (await client.get(f"customers({customer['id']})/customerFinancialDetail")).json
    assert details["balance"] == before - 140  # what was paid too much is theirs


async def test_a_payment_pays_a_vendor(client: Client) -> None:
    invoice = await billed(client, "purchaseInvoices", vendorInvoiceNumber="X-7")
    before = (await client.one("vendors", "number", "V00010"))["balance"]
    journal = await bank_journal(client, "vendorPaymentJournals")
    path = f"vendorPaymentJournals({journal})/vendorPayments"
    body = {"vendorNumber": "V00010", "documentNumber": "P-3", "amount": 120}
    named = {"appliesToInvoiceNumber": invoice["number"]}
    assert (await client.post(path, {**body, **named})).json["appliesToInvoiceId"] == invoice["id"]
    assert (await post(client, journal)).status == 204
    assert (await client.get(f"purchaseInvoices({invoice['id']})")).json["status"] == "Paid"
    assert (await client.one("vendors", "number", "V00010"))["balance"] == before - 120
    assert await entries(client, "P-3") == {"10100": -120, "20100": 120}


async def test_payments_that_make_no_sense_are_refused(client: Client) -> None:
    invoice = await billed(client, "salesInvoices")
    journal = await bank_journal(client, "customerPaymentJournals")
    path = f"customerPaymentJournals({journal})/customerPayments"
    unknown = await client.post(path, {"appliesToInvoiceId": journal})
    assert unknown.message.startswith('The "appliesToInvoiceId" should be the ID of an Open,')
    both = {"appliesToInvoiceId": invoice["id"], "appliesToInvoiceNumber": "103001"}
    assert "do not match to the same Invoice." in (await client.post(path, both)).message
    refusals = {
        "Document No. must have a value in Gen. Journal Line: Journal Template Name=CASHRCPT,": {},
        "Account No. must have a value": {"documentNumber": "P-4"},
        "Amount must be negative": {"customerNumber": "10000", "amount": 5},
        "There is no Cust. Ledger Entry within": {"amount": -5, "appliesToInvoiceNumber": "NONE"},
    }
    one = (await client.post(path, {"lineNumber": 7})).json
    for text, change in refusals.items():
        await client.patch(f"{path}({one['id']})", change)
        assert (await post(client, journal)).message.startswith(text)
    assert await entries(client, "P-4") == {}
    assert len((await client.get(path)).json["value"]) == 1


async def test_a_vendor_that_is_blocked_for_payments_gets_none(client: Client) -> None:
    journal = await bank_journal(client, "vendorPaymentJournals")
    body = {"vendorNumber": "V00030", "documentNumber": "P-5", "amount": 1}
    await client.post(f"vendorPaymentJournals({journal})/vendorPayments", body)
    refused = await post(client, journal)
    assert refused.message.startswith(
        "You cannot post this type of document when Vendor V00030 is blocked with type Payment"
    )


async def test_journals_of_other_templates_are_listed_when_asked_for(client: Client) -> None:
    journal = await bank_journal(client, "customerPaymentJournals")
    listed = (await client.get("journals")).json["value"]
    assert [one["templateDisplayName"] for one in listed] == ["GENERAL"]
    assert (await client.get("journals/$count")).text == "1"
    asked = await client.get("journals", _filter="templateDisplayName eq 'CASHRCPT'")
    assert [(one["id"], one["code"]) for one in asked.json["value"]] == [(journal, "PAID")]
    by_id = (await client.get(f"journals({journal})")).json
    assert (by_id["code"], by_id["templateDisplayName"]) == ("PAID", "CASHRCPT")
    assert (await client.patch(f"journals({journal})", {"displayName": "x"})).status == 501
    assert (await client.send("DELETE", f"journals({journal})")).status == 501
    assert (
        await client.post("journals", {"code": "X", "templateDisplayName": "PAYMENT"})
    ).status == 501


async def test_a_line_of_another_kind_of_account(client: Client) -> None:
    await client.post("bankAccounts", {"number": "GIRO", "displayName": "Giro"})
    journal = (await client.post("journals", {"code": "MIXED"})).json["id"]
    line_ = await journal_line(
        client, journal, accountType="Customer", accountNumber="10000", amount=Decimal("12.5")
    )
    customer = await client.one("customers", "number", "10000")
    assert line_.json["accountId"] == customer["id"]
    other = await client.post(
        f"journals({journal})/journalLines",
        {
            "accountType": "Bank_x0020_Account",
            "accountNumber": "GIRO",
            "documentNumber": "J-1",
            "postingDate": "2026-11-23",
            "amount": Decimal("-12.5"),
        },
    )
    assert other.json["accountNumber"] == "GIRO"
    changed = await client.patch(
        f"journals({journal})/journalLines({other.json['id']})", {"accountType": "Vendor"}
    )
    assert changed.json["accountNumber"] == ""
    assert (await post(client, journal)).message.startswith("Account No. must have a value")
    path = f"journals({journal})/journalLines({other.json['id']})"
    await client.patch(path, {"accountType": "Bank_x0020_Account", "accountNumber": "GIRO"})
    assert (await post(client, journal)).status == 204
    assert await entries(client, "J-1") == {"10900": Decimal("12.5"), "10100": Decimal("-12.5")}
    owing = (await client.one("customers", "number", "10000"))["balanceDue"]
    assert owing == customer["balanceDue"] + Decimal("12.5")
    employee = await journal_line(client, journal, accountType="Employee", accountNumber="E1")
    assert employee.status == 501


async def test_nothing_is_posted_outside_of_the_allowed_days(client: Client) -> None:
    (setup,) = (await client.get("generalLedgerSetup")).json["value"]
    days = {"allowPostingFrom": "2026-03-01", "allowPostingTo": "2026-03-31"}
    change = {"company": LTD, "entity": "generalLedgerSetup", "id": setup["id"], "fields": days}
    assert (await client.patch("/_simulator/records", change)).status == 200
    text = "Posting Date is not within your range of allowed posting dates."
    journal = (await client.post("journals", {"code": "LATE"})).json["id"]
    await journal_line(client, journal, accountNumber="10100", amount=0)
    assert (await post(client, journal)).message.startswith(text)
    for name in ("salesInvoices", "salesOrders"):
        for day, refused in (("2026-02-28", True), ("2026-04-01", True), ("2026-03-31", False)):
            document = await drafted(client, name, line(DESK), postingDate=day)
            action = "post" if name == "salesInvoices" else "shipAndInvoice"
            reply = await act(client, name, document, action)
            assert (reply.status == 400) is refused
            assert not refused or reply.message.startswith(text)


async def test_a_line_put_in_with_many_places_is_posted_in_whole_cents(client: Client) -> None:
    journal = await bank_journal(client, "customerPaymentJournals")
    before = (await client.one("customers", "number", "10000"))["balanceDue"]
    row = {
        "journalId": journal,
        "lineNumber": 10000,
        "customerNumber": "10000",
        "postingDate": "2026-03-02",
        "documentNumber": "P-9",
        "amount": Decimal("-10.005"),
    }
    put = {"company": LTD, "entity": "customerPayments", "rows": [row]}
    assert (await client.post("/_simulator/records", put)).status == 201
    assert (await post(client, journal)).status == 204
    assert await entries(client, "P-9") == {"10100": Decimal("10.01"), "10900": Decimal("-10.01")}
    customer = await client.one("customers", "number", "10000")
    assert customer["balanceDue"] == before - Decimal("10.01")


@pytest.mark.parametrize("name", ["customerPaymentJournals", "vendorPaymentJournals", "journals"])
async def test_a_balancing_account_is_shown_by_its_number(client: Client, name: str) -> None:
    made = (await client.post(name, {"code": "BANKED"})).json
    path = f"{name}({made['id']})"
    bank = await client.one("accounts", "number", "10100")
    changed = (await client.patch(path, {"balancingAccountId": bank["id"]})).json
    assert changed["balancingAccountNumber"] == "10100"
    unknown = await client.patch(path, {"balancingAccountId": made["id"]})
    assert unknown.message.startswith('The "balancingAccountId" does not match to a G/L Account.')
    none = {"balancingAccountId": "00000000-0000-0000-0000-000000000000"}
    assert (await client.patch(path, none)).json["balancingAccountNumber"] == ""


@pytest.mark.parametrize(
    ("name", "part", "line"),
    [
        ("journals", "journalLines", {"accountNumber": "10100", "amount": 5}),
        ("customerPaymentJournals", "customerPayments", {"customerNumber": "10000", "amount": -5}),
        ("vendorPaymentJournals", "vendorPayments", {"vendorNumber": "V00010", "amount": 5}),
    ],
)
async def test_a_journal_goes_with_its_lines_and_their_dimensions(
    client: Client, name: str, part: str, line: dict[str, object]
) -> None:
    journal = (await client.post(name, {"code": "GONE"})).json
    made = (await client.post(f"{name}({journal['id']})/{part}", line)).json
    value = await client.one("dimensionValues", "code", "SALES")
    dimension = {"id": value["dimensionId"], "valueId": value["id"]}
    reply = await client.post(f"{part}({made['id']})/dimensionSetLines", dimension)
    assert reply.status == 201, reply.text
    account = await client.one("accounts", "number", "10100")
    reply = await client.send("DELETE", f"{name}({journal['id']})", None, {"If-Match": "*"})
    assert reply.status == 204, reply.text
    assert await client.state(part) == []
    assert await client.state("dimensionSetLines") == []
    assert (await client.get(f"accounts({account['id']})")).status == 200
