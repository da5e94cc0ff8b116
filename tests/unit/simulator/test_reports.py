from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator import run_simulator
from gateway.simulator.odata.parser import parse_filter
from gateway.simulator.reports.asked import Asked, ask, earlier
from tests.unit.simulator.client import LTD, Client, sign_in, signed_in


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


async def test_a_statement_is_of_the_days_that_are_asked_for(client: Client) -> None:
    async def total(days: str) -> Decimal:
        reply = await client.get("incomeStatements", _filter=days)
        return Decimal(reply.json["value"][-1]["netChange"])

    before = await total("dateFilter le 2026-03-31")
    await posted(client, "10000", 80)  # on 2 March
    assert await total("dateFilter le 2026-03-31") == before + 80
    assert await total("dateFilter eq 2026-03-02") == 80
    assert await total("dateFilter gt 2026-03-02 and dateFilter lt 2026-03-31") == 0
    assert await total("dateFilter ge 2026-03-02 and lineType eq 'total'") >= 80
    reply = await client.get("balanceSheets", _filter="dateFilter eq 2025-12-31")
    assert {line["dateFilter"] for line in reply.json["value"]} == {"2025-12-31"}
    assert {line["balance"] for line in reply.json["value"]} == {0}


async def test_net_changes_are_of_this_year(client: Client) -> None:
    await posted(client, "10000", 80)
    await client.post("/_simulator/clock", {"advance": 365 * 24 * 3600})
    client.token = (await sign_in(client))["access_token"]
    statement = (await client.get("incomeStatements")).json["value"]
    assert (statement[-1]["netChange"], statement[-1]["dateFilter"]) == (0, "2027-03-02")
    assert any(line["balance"] for line in (await client.get("balanceSheets")).json["value"])


async def test_a_trial_balance_is_of_one_day(client: Client) -> None:
    async def bank(**params: str) -> dict[str, Any]:
        rows = (await client.get("trialBalances", **params)).json["value"]
        row: dict[str, Any] = next(row for row in rows if row["number"] == "10100")
        return row

    today = await bank()
    assert (today["totalDebit"], today["dateFilter"]) == ("0.00", "2026-03-02")
    assert amount(today["balanceAtDateDebit"]) > 0
    opened = await bank(_filter="dateFilter eq 2026-01-01")
    assert opened["totalDebit"] == opened["balanceAtDateDebit"] != "0.00"
    headings = (await client.get("trialBalances", _filter="accountType eq 'Heading'")).json
    assert {row["totalDebit"] for row in headings["value"]} == {""}


async def test_periods_of_what_is_owed(client: Client) -> None:
    invoice = await posted(client, "10000", 80)
    await client.patch(f"salesInvoices({invoice['id']})", {"dueDate": "2026-02-10"})

    async def owed(query: str = "") -> dict[str, Any]:
        rows = (await client.get("agedAccountsReceivables", **query_of(query))).json["value"]
        assert rows[-1]["name"] == "Total"
        assert rows[-1]["balanceDue"] == sum(row["balanceDue"] for row in rows[:-1])
        row: dict[str, Any] = next(row for row in rows if row["customerNumber"] == "10000")
        return row

    row = await owed()
    assert (row["period1Amount"], row["periodLengthFilter"]) == (80, "30D")
    assert row["period1Label"] == "01/31/26-03/02/26"
    row = await owed("periodLengthFilter eq '1W'")
    assert (row["period1Amount"], row["period3Amount"], row["periodLengthFilter"]) == (0, 80, "1W")
    row = await owed("agedAsOfDate eq 2026-02-10")
    assert (row["currentAmount"], row["agedAsOfDate"]) == (80, "2026-02-10")
    wrong = await client.get("agedAccountsReceivables", _filter="periodLengthFilter eq 'soon'")
    assert wrong.code == "Application_EvaluateException"


def query_of(text: str) -> dict[str, str]:
    return {"_filter": text} if text else {}


async def test_sales_of_some_days_and_by_their_three_keys(client: Client) -> None:
    await posted(client, "10000", 80)

    async def sold(days: str) -> dict[str, Any]:
        rows = (await client.get("customerSales", _filter=days)).json["value"]
        row: dict[str, Any] = next(row for row in rows if row["customerNumber"] == "10000")
        return row

    row = await sold("dateFilter_FilterOnly eq 2026-03-02")
    assert row["totalSalesAmount"] == 80
    assert (await sold("dateFilter_FilterOnly eq 2026-03-03"))["totalSalesAmount"] == 0
    parts = f"customerId={row['customerId']},customerNumber='10000'"
    found = await client.get(f"customerSales({parts},name='{row['name']}')")
    assert found.json["customerNumber"] == "10000"
    assert (await client.get(f"customerSales({parts},name='Nobody')")).status == 404
    assert (await client.get(f"customerSales({parts})")).code == "BadRequest_NotFound"
    assert (await client.get(f"customerSales({row['customerId']})")).code == "BadRequest_NotFound"


async def test_contacts_of_a_customer(client: Client) -> None:
    customer = await client.one("customers", "number", "10000")
    person = {"displayName": "Ada Ashgrove", "companyName": customer["displayName"]}
    made = (await client.post("contacts", person)).json
    path = f"customers({customer['id']})/contactsInformation"
    (row,) = (await client.get(path)).json["value"]
    assert (row["contactId"], row["relatedType"]) == (made["id"], "Customer")
    contact = await client.get(f"{path}({made['id']})/contact")
    assert contact.json["displayName"] == "Ada Ashgrove"
    assert (await client.get("contactsInformation")).message.startswith("id type not specified.")
    flat = await client.get("contactsInformation", _filter=f"relatedId eq {customer['id']}")
    assert len(flat.json["value"]) == 1


@pytest.mark.parametrize(
    ("formula", "day"),
    [
        ("30D", "2026-01-30"),
        ("2W", "2026-02-15"),
        ("1M", "2026-02-01"),
        ("1Q", "2025-12-01"),
        ("<1Y>", "2025-03-01"),
    ],
)
def test_date_formulas(formula: str, day: str) -> None:
    assert earlier(date(2026, 3, 1), formula).isoformat() == day


@given(st.dates(), st.integers(0, 999), st.sampled_from("DWMQY"))
def test_an_earlier_day_is_no_later_one(day: date, count: int, unit: str) -> None:
    assert earlier(day, f"{count}{unit}") <= day


def test_the_end_of_a_shorter_month() -> None:
    assert earlier(date(2026, 3, 31), "1M") == date(2026, 2, 28)


DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 6))
PARTS = st.tuples(st.sampled_from(["eq", "gt", "ge", "lt", "le"]), DAYS)


@given(st.lists(PARTS, min_size=1, max_size=3), DAYS)
def test_days_are_those_that_pass_every_comparison(
    parts: list[tuple[str, date]], day: date
) -> None:
    compare = {"eq": date.__eq__, "gt": date.__gt__, "ge": date.__ge__}
    compare |= {"lt": date.__lt__, "le": date.__le__}
    text = " and ".join(f"dateFilter {operator} {limit}" for operator, limit in parts)
    asked, rest = ask(date(2026, 3, 2), parse_filter(text))
    assert rest is None
    passed = all(compare[operator](day, limit) for operator, limit in parts)
    assert asked.has(day.isoformat()) is passed


def test_what_is_no_day_stays_in_the_filter() -> None:
    for text in ("dateFilter ne 2026-03-02", "lineType eq 'total'", "dateFilter eq 'today'"):
        node = parse_filter(text)
        assert ask(date(2026, 3, 2), node) == (Asked(date(2026, 3, 2)), node)


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
    await client.post("/_simulator/clock", {"advance": 60})
    applied = await client.patch(f"{path}/applyVendorEntries({entry['id']})", {"applied": True})
    assert applied.json["applied"] is True
    changed = (await client.get(path)).json
    assert changed["appliesToInvoiceId"] == made["id"]
    assert changed["lastModifiedDateTime"] > payment["lastModifiedDateTime"]


async def test_a_part_that_was_many_is_filtered_as_well() -> None:
    async with run_simulator(release="17.0") as running, signed_in(running) as client:
        customer = await client.one("customers", "number", "10000")
        path = f"customers({customer['id']})/agedAccountsReceivables"
        (row,) = (await client.get(path, _filter="agedAsOfDate eq 2026-02-10")).json["value"]
        assert (row["customerNumber"], row["agedAsOfDate"]) == ("10000", "2026-02-10")


async def test_accounts_come_to_what_their_entries_say(client: Client) -> None:
    async def change(account: str) -> Decimal:
        found: Decimal = (await client.one("accounts", "number", account))["netChange"]
        return found

    balances = (await client.get("trialBalances", _filter="dateFilter le 2026-12-31")).json["value"]
    for row in balances:
        if row["balanceAtDateDebit"]:
            sides = (row[f"balanceAtDate{side}"].replace(",", "") for side in ("Debit", "Credit"))
            debit, credit = map(Decimal, sides)
            assert await change(row["number"]) == debit - credit, row
    customers = (await client.get("customers", _select="balanceDue")).json["value"]
    assert (
        await change("10900") == sum(one["balanceDue"] for one in customers) == Decimal("3448.24")
    )


async def test_an_entry_that_is_put_in_counts(client: Client) -> None:
    row = {"entryNumber": 9001, "accountNumber": "10100", "debitAmount": 7, "creditAmount": 0}
    body = {"company": LTD, "entity": "generalLedgerEntries", "rows": [row]}
    before = (await client.one("accounts", "number", "10100"))["netChange"]
    assert (await client.post("/_simulator/records", body)).status == 201
    assert (await client.one("accounts", "number", "10100"))["netChange"] == before + 7
