from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.unit.simulator.client import Client


async def posted(client: Client, customer: str, price: int) -> dict[str, Any]:
    line = {"lineType": "Item", "lineObjectNumber": "1928-S", "quantity": 1, "unitPrice": price}
    body = {"customerNumber": customer, "salesInvoiceLines": [line]}
    made: dict[str, Any] = (await client.post("salesInvoices", body)).json
    await client.send("POST", f"salesInvoices({made['id']})/Microsoft.NAV.post")
    return made


async def test_what_a_customer_owes(client: Client) -> None:
    customer = await client.one("customers", "number", "10000")
    path = f"customers({customer['id']})"
    invoice = await posted(client, "10000", 80)
    detail = (await client.get(f"{path}/customerFinancialDetail")).json
    assert (detail["balance"], detail["overdueAmount"]) == (80, 0)
    assert detail["totalSalesExcludingTax"] >= 80
    await client.patch(f"salesInvoices({invoice['id']})", {"dueDate": "2020-01-01"})
    detail = (await client.get(f"{path}/customerFinancialDetail")).json
    assert detail["overdueAmount"] == 80
    aged = (await client.get(f"{path}/agedAccountsReceivable")).json
    assert (aged["balanceDue"], aged["currentAmount"], aged["period3Amount"]) == (80, 0, 80)
    expanded = (await client.get(f"{path}?$expand=agedAccountsReceivable")).json
    assert expanded["agedAccountsReceivable"]["customerNumber"] == "10000"
    sales = await client.get("customerSales")
    assert {one["customerNumber"] for one in sales.json["value"]} >= {"10000", "20000"}


async def test_statements_follow_the_ledger(client: Client) -> None:
    async def total(name: str, field: str) -> Decimal:
        return Decimal((await client.get(name)).json["value"][-1][field])

    before = await total("incomeStatements", "netChange")
    await posted(client, "10000", 80)
    assert await total("incomeStatements", "netChange") == before + 80
    assert await total("retainedEarningsStatements", "netChange") == before + 80
    accounts = (await client.get("trialBalances")).json["value"]
    debit = sum(amount(one["balanceAtDateDebit"]) for one in accounts)
    assert debit == sum(amount(one["balanceAtDateCredit"]) for one in accounts) > 0
    assert await total("cashFlowStatements", "netChange") > 0
    assert (await client.get("balanceSheets")).json["value"][0]["lineType"] == "header"


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", "") or 0)


async def test_an_etag_of_what_is_worked_out_follows_its_values(client: Client) -> None:
    customer = await client.one("customers", "number", "10000")
    path = f"customers({customer['id']})/customerFinancialDetail"
    first = (await client.get(path)).json["@odata.etag"]
    assert (await client.get(path)).json["@odata.etag"] == first
    await posted(client, "10000", 80)
    assert (await client.get(path)).json["@odata.etag"] != first


async def test_a_payment_is_applied_to_an_invoice(client: Client) -> None:
    line = {"lineType": "Item", "lineObjectNumber": "1928-S", "quantity": 1, "unitCost": 30}
    bill = {"vendorNumber": "V00010", "vendorInvoiceNumber": "F-1", "purchaseInvoiceLines": [line]}
    made = (await client.post("purchaseInvoices", bill)).json
    await client.send("POST", f"purchaseInvoices({made['id']})/Microsoft.NAV.post")
    journal = (await client.post("vendorPaymentJournals", {"code": "PAY"})).json["id"]
    body = {"vendorNumber": "V00010", "amount": 30, "documentNumber": "P-1"}
    payment = (await client.post(f"vendorPaymentJournals({journal})/vendorPayments", body)).json
    path = f"vendorPaymentJournals({journal})/vendorPayments({payment['id']})"
    (entry,) = (await client.get(f"{path}/applyVendorEntries")).json["value"]
    assert (entry["applied"], entry["externalDocumentNumber"]) == (False, "F-1")
    applied = await client.patch(f"{path}/applyVendorEntries({entry['id']})", {"applied": True})
    assert applied.json["applied"] is True
    assert (await client.get(path)).json["appliesToInvoiceId"] == made["id"]
