"""Whatever is posted, canceled, corrected and paid: the books stay right."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import NoReturn

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.simulator import Clock
from gateway.simulator.businesscentral import BusinessCentral
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.exchange import Answer, Call
from gateway.simulator.records.declared import next_entry
from gateway.simulator.records.store import Company, Record
from gateway.simulator.records.values import decode_json, encode_json
from gateway.simulator.reports.asked import Asked
from gateway.simulator.reports.parties import financial_details
from gateway.simulator.state import State
from tests.unit.simulator.client import LTD, Client
from tests.unit.simulator.documents.acting import DESK, ENTRIES, FREE, STOOL, act, drafted, line

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


NAMES = (
    "salesInvoices",
    "salesOrders",
    "salesCreditMemos",
    "purchaseInvoices",
    "purchaseOrders",
    "purchaseCreditMemos",
)
LINES = st.lists(
    st.builds(
        line,
        st.sampled_from([DESK, STOOL, FREE, "0X10"]),
        st.decimals(-5, 20, places=2).map(str),
        st.decimals(0, 999, places=3).map(str),
    ),
    max_size=3,
)
ORDERED = {"salesOrders": "shipAndInvoice", "purchaseOrders": "receiveAndInvoice"}
THEN = st.sampled_from(["", "cancel", "makeCorrectiveCreditMemo", "pay"])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), LINES, st.sampled_from(["GBP", "EUR"]), THEN), max_size=6
    )
)
def test_the_books_stay_right_whatever_is_posted(
    documents: list[tuple[str, list[dict[str, object]], str, str]],
) -> None:
    state = State("http://bc.test", 1, Clock(lambda: NOON))
    environment = state.environments["production"]
    api = BusinessCentral(environment, state.catalogue, state.clock, f"http://bc.test{ROOT}")
    company = environment.companies[LTD]
    for at, (name, lines, currency, then) in enumerate(documents):
        made = create(api, name, {"currencyCode": currency}, lines, f"B-{at}")
        asked(api, "POST", f"{name}({made})/Microsoft.NAV.{ORDERED.get(name, 'post')}")
        if then == "pay":
            pay(api, name, made, f"P-{at}")
        elif then:
            asked(api, "POST", f"{name}({made})/Microsoft.NAV.{then}")
    for memo in list(company.table("salesCreditMemos").records):
        asked(api, "POST", f"salesCreditMemos({memo})/Microsoft.NAV.post")
        asked(api, "POST", f"salesCreditMemos({memo})/Microsoft.NAV.cancel")
    check(company)
    if all(currency == "GBP" for _, _, currency, _ in documents):
        check_balances(company)
    assert set(moved(company).values()) == {Decimal(0)}


def made_by(answer: Answer | None) -> str:
    assert answer is not None
    body = decode_json(answer.body)
    assert isinstance(body, dict)
    return str(body["id"])


def create(
    api: BusinessCentral,
    name: str,
    header: dict[str, object],
    lines: list[dict[str, object]],
    number: str,
) -> str:
    """The id of a draft; a bill under the ``number`` that the vendor gave it."""
    sale = name.startswith("sales")
    party = {"customerNumber": "10000"} if sale else {"vendorNumber": "V00010"}
    if name == "purchaseInvoices":
        party["vendorInvoiceNumber"] = number
    price = "unitPrice" if sale else "directUnitCost" if name in ORDERED else "unitCost"
    priced = [{price if key == "unitPrice" else key: one[key] for key in one} for one in lines]
    parts = {name.removesuffix("s") + "Lines": priced}
    return made_by(asked(api, "POST", name, {**party, **header, **parts}))


def pay(api: BusinessCentral, name: str, invoice: str, number: str) -> None:
    """A payment of 100 for an invoice, through a journal of its own."""
    kind = {"salesInvoices": "customer", "purchaseInvoices": "vendor"}.get(name)
    bank = api.environment.companies[LTD].table("accounts").lookup("10100")
    if kind is None or bank is None:
        return
    body = {"code": number, "balancingAccountId": bank.id}
    journal = made_by(asked(api, "POST", f"{kind}PaymentJournals", body))
    payment = {
        "documentNumber": number,
        "amount": -100 if kind == "customer" else 100,
        "appliesToInvoiceId": invoice,
    }
    asked(api, "POST", f"{kind}PaymentJournals({journal})/{kind}Payments", payment)
    asked(api, "POST", f"journals({journal})/Microsoft.NAV.post")


def check_balances(company: Company) -> None:
    """What the cards say is owed is what the open documents come to, less what was not applied,
    and what was put into the accounts since the beginning.
    """
    for details in financial_details(company, Asked(NOON.date())):
        customer = company.table("customers").lookup(details["number"])
        assert customer is not None
        assert Decimal(customer.values["balanceDue"]) == details["balance"]
    open_bills = sum(
        (-1 if "Memo" in name else 1) * Decimal(one.values["remainingAmount"])
        for name in ("purchaseInvoices", "purchaseCreditMemos")
        for one in company.table(name).where("vendorNumber", "V00010")
        if one.values["status"] == "Open"
    )
    vendor = company.table("vendors").lookup("V00010")
    assert vendor is not None
    unapplied = Decimal(vendor.values["unappliedAmount"])
    assert Decimal(vendor.values["balance"]) == open_bills - unapplied


def moved(company: Company) -> dict[str, Decimal]:
    """Of each item what is in stock, less what its entries come to: nothing."""
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
    for account in company.table("accounts").records.values():
        entered = company.table(ENTRIES).where("accountNumber", account.values["number"])
        amounts = (Decimal(e.values["debitAmount"]) - e.values["creditAmount"] for e in entered)
        assert Decimal(account.values["netChange"]) == sum(amounts, Decimal(0))
    for kind in ("salesInvoices", "salesCreditMemos", "purchaseInvoices", "purchaseCreditMemos"):
        for document in company.table(kind).records.values():
            check_totals(company, kind, document)
    for name in NAMES:
        numbers = [one.values["number"] for one in company.table(name).records.values()]
        assert len(numbers) == len(set(numbers))
        lines = company.table(name.removesuffix("s") + "Lines").records.values()
        assert {one.values["documentId"] for one in lines} <= set(company.table(name).records)


def check_totals(company: Company, name: str, document: Record) -> None:
    """The totals are the sums of the lines; nothing more is open than that, and only while it is."""
    lines = company.table(name.removesuffix("s") + "Lines").where("documentId", document.id)
    for total, part in (
        ("totalAmountExcludingTax", "netAmount"),
        ("totalTaxAmount", "netTaxAmount"),
        ("totalAmountIncludingTax", "netAmountIncludingTax"),
    ):
        assert Decimal(document.values[total]) == sum(
            (Decimal(one.values[part]) for one in lines if part in one.values), Decimal(0)
        )
    if document.values["status"] in {"Paid", "Canceled", "Corrective"}:
        assert not document.values["remainingAmount"]


AMOUNTS = (
    *("discountAmount", "totalAmountExcludingTax", "totalTaxAmount", "totalAmountIncludingTax"),
    *("amountExcludingTax", "amountIncludingTax", "invoiceDiscountAllocation", "netAmount"),
    *("netTaxAmount", "netAmountIncludingTax", "debitAmount", "creditAmount", "remainingAmount"),
)
INVOICES = {"salesOrders": "salesInvoices", "purchaseOrders": "purchaseInvoices"}
ORDERED_LINES = st.lists(
    st.tuples(
        st.sampled_from([DESK, STOOL, FREE]),
        st.integers(1, 7),
        st.decimals(10, 99, places=2),
        st.decimals(0, 30, places=2),
    ),
    min_size=1,
    max_size=3,
)
PARTS = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(ORDERED)), ORDERED_LINES, PARTS, st.decimals(0, 3, places=3))
def test_partial_invoices_come_to_the_order(
    name: str,
    wanted: list[tuple[str, int, Decimal, Decimal]],
    parts: list[int],
    discount: Decimal,
) -> None:
    state = State("http://bc.test", 1, Clock(lambda: NOON))
    environment = state.environments["production"]
    api = BusinessCentral(environment, state.catalogue, state.clock, f"http://bc.test{ROOT}")
    company = environment.companies[LTD]
    bodies = [
        {**line(number, quantity, str(price)), "discountPercent": percent}
        for number, quantity, price, percent in wanted
    ]
    order = made(company, name, create(api, name, {"discountAmount": discount}, bodies, ""))
    whole = dict(order.values)
    for part in [*parts, 7]:
        lines = company.table(name.removesuffix("s") + "Lines").where("documentId", order.id)
        for one in lines:
            left = one.values["quantity"] - one.values["invoicedQuantity"]
            path = f"{name.removesuffix('s')}Lines({one.id})"
            asked(api, "PATCH", path, {"invoiceQuantity": min(left, part)})
        asked(api, "POST", f"{name}({order.id})/Microsoft.NAV.{ORDERED[name]}")
    assert company.get(name, order.id) is None
    invoices = company.table(INVOICES[name]).where("orderNumber", whole["number"])
    for total in ("discountAmount", "totalAmountExcludingTax"):
        assert sum(one.values[total] for one in invoices) == whole[total]
    check_cents(company)


def made(company: Company, name: str, record_id: str) -> Record:
    record = company.get(name, record_id)
    assert record is not None
    return record


def check_cents(company: Company) -> None:
    for table in company.tables.values():
        for record in table.records.values():
            for field in AMOUNTS:
                amount = Decimal(record.values.get(field, 0))
                assert amount == round(amount, 2), (table.entity_set.name, field)


async def test_an_adjustment_is_numbered_after_the_last_entry(client: Client) -> None:
    last = max(one["entryNumber"] for one in await client.state("itemLedgerEntries"))
    named = {"company": LTD, "entity": "itemLedgerEntries"}
    row = {"entryNumber": last + 2, "itemNumber": DESK, "quantity": 1}
    assert (await client.post("/_simulator/records", {**named, "rows": [row]})).status == 201
    item = await client.one("items", "number", DESK)
    for inventory in (101, 102):
        path = f"items({item['id']})"
        assert (await client.patch(path, {"inventory": inventory})).status == 200
    numbers = [one["entryNumber"] for one in await client.state("itemLedgerEntries")]
    assert numbers[-3:] == [last + 2, last + 3, last + 4]


async def test_a_ledger_ends_with_the_last_number(client: Client) -> None:
    named = {"company": LTD, "entity": ENTRIES, "rows": [{"entryNumber": 2**31 - 1}]}
    assert (await client.post("/_simulator/records", named)).status == 201
    draft = await drafted(client, "salesInvoices", line(DESK))
    refused = await act(client, "salesInvoices", draft, "post")
    assert (refused.status, "no number left" in refused.message) == (400, True)


async def test_what_is_in_stock_is_exactly_what_came_and_went(client: Client) -> None:
    item = (await client.post("items", {"number": "TMP", "displayName": "Stool"})).json["id"]
    for inventory in ("999999999999999.99", "0.00000000000000000001"):
        body = {"inventory": Decimal(inventory)}
        assert (await client.patch(f"items({item})", body)).status == 200
    entries = await client.state("itemLedgerEntries")
    moved = [one["quantity"] for one in entries if one["itemNumber"] == "TMP"]
    with localcontext(prec=60):
        assert sum(moved) == Decimal("1E-20")
    shown = await client.get(f"items({item})", _select="inventory")
    assert '"inventory":0.00000000000000000001' in shown.text


class Unread(dict[str, Record]):
    """Entries that nobody goes through one by one."""

    def values(self) -> NoReturn:
        raise AssertionError("all entries were read")


def test_a_new_entry_is_numbered_without_reading_all_there_are() -> None:
    state = State("http://bc.test", 1, Clock(lambda: NOON))
    company = state.environments["production"].companies[LTD]
    table, last = company.table(ENTRIES), next_entry(company, ENTRIES) - 1
    table.records = Unread(table.records)
    for number in (last + 1, last + 2):
        assert next_entry(company, ENTRIES) == number
        company.insert(ENTRIES, {**table.entity_set.blanks, "entryNumber": number}, f"{number}")
