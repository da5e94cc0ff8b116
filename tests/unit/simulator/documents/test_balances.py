from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from functools import lru_cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.simulator.catalogue.entities import load_stored
from gateway.simulator.clock import Clock
from gateway.simulator.documents.balances import apply, begin, is_untouched, open_of
from gateway.simulator.documents.headers import rate_of
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.records.store import Company
from gateway.simulator.seed.companies import build_environments
from gateway.simulator.seed.seeding import Seeding
from tests.unit.simulator.client import LTD, Client
from tests.unit.simulator.documents.acting import DESK, act, drafted, line
from tests.unit.simulator.documents.test_journals import bank_journal, post

CENTS = st.integers(1, 100_000)
RATES = st.decimals("0.0001", "1000", places=4)


class _Undone(Exception):
    pass


@lru_cache(maxsize=1)
def company() -> Company:
    (environment, *_) = build_environments(load_stored(), Clock(), Seeding(1, 0, {})).values()
    return environment.companies[LTD]


def set_rate(units: Decimal) -> None:
    table = company().table("currencyExchangeRates")
    (record,) = (one for one in table.records.values() if one.values["currencyCode"] == "EUR")
    company().edit("currencyExchangeRates", record)
    record.values.update(exchangeRateAmount=units, relationalExchangeRateAmount=Decimal(1))


@given(CENTS, RATES, st.lists(CENTS, max_size=8))
@example(1266, Decimal("1.16"), [449, 315, 327])
@example(40, Decimal("0.0053"), [7599])
def test_payments_that_are_together_what_is_due_leave_nothing(
    cents: int, rate: Decimal, parts: list[int]
) -> None:
    own = company()
    blanks = own.catalogue.sets["salesInvoices"].blanks
    total = Decimal(cents) / 100
    with suppress(_Undone), own.transaction():
        set_rate(rate)
        told = {"currencyCode": "EUR", "totalAmountIncludingTax": total, "status": "Open"}
        invoice = own.insert("salesInvoices", {**blanks, **told}, own.new_id())
        begin(own, invoice)
        set_rate(rate * 2)  # what was posted keeps its own
        due = open_of(own, invoice)
        assert is_untouched(own, invoice)
        assert (invoice.values["status"] == "Paid") is not due
        for part in parts:
            amount = Decimal(part) / 100
            used = apply(own, "salesInvoices", invoice, amount)
            assert used == min(amount, due)
            due -= used
            left = invoice.values["remainingAmount"]
            assert open_of(own, invoice) == due
            assert (invoice.values["status"] == "Paid", not left) == (not due, not due)
            assert 0 <= left <= total
            assert left == left.quantize(Decimal("0.01"))
        assert apply(own, "salesInvoices", invoice, due) == due
        assert (invoice.values["status"], invoice.values["remainingAmount"]) == ("Paid", 0)
        raise _Undone


@pytest.mark.parametrize("rate", ["0", "-1"])
def test_a_rate_of_nothing_or_less_is_none(rate: str) -> None:
    with suppress(_Undone), company().transaction():
        set_rate(Decimal(rate))
        with pytest.raises(BusinessCentralError, match="must have a value"):
            rate_of(company(), "EUR")
        raise _Undone


async def test_an_exchange_rate_is_not_typed_in_below_nothing(client: Client) -> None:
    (rate,) = (
        one for one in await client.state("currencyExchangeRates") if one["currencyCode"] == "EUR"
    )
    named = {"company": LTD, "entity": "currencyExchangeRates", "id": rate["id"]}
    fields = {"exchangeRateAmount": -1}
    reply = await client.send("PATCH", "/_simulator/records", {**named, "fields": fields})
    assert reply.status == 400
    assert "greater than or equal to 0" in reply.text


async def test_an_invoice_is_canceled_by_its_own_rate(client: Client) -> None:
    (customer,) = (one for one in await client.state("customers") if one["number"] == "40000")
    draft = await drafted(client, "salesInvoices", line(DESK), customerNumber="40000")
    assert (await act(client, "salesInvoices", draft, "post")).status == 204
    (rate,) = (
        one for one in await client.state("currencyExchangeRates") if one["currencyCode"] == "EUR"
    )
    named = {"company": LTD, "entity": "currencyExchangeRates", "id": rate["id"]}
    changed = {"exchangeRateAmount": rate["exchangeRateAmount"] * 2}
    assert (
        await client.send("PATCH", "/_simulator/records", {**named, "fields": changed})
    ).status == 200
    assert (await act(client, "salesInvoices", draft, "cancel")).status == 204
    (after,) = (one for one in await client.state("customers") if one["number"] == "40000")
    assert after["balanceDue"] == customer["balanceDue"]


async def test_three_payments_of_an_invoice_in_another_currency_pay_it(client: Client) -> None:
    one = line(DESK, 1, "12.66")
    draft = await drafted(client, "salesInvoices", one, customerNumber="40000")
    assert (await act(client, "salesInvoices", draft, "post")).status == 204
    journal = await bank_journal(client, "customerPaymentJournals")
    due = Decimal(0)
    for entry in await client.state("generalLedgerEntries"):
        if entry["sourceId"] == draft["customerId"] and entry["accountNumber"] == "10900":
            due = entry["debitAmount"]
    for at, amount in enumerate((Decimal("4.49"), Decimal("3.15"), due - Decimal("7.64"))):
        named = {"appliesToInvoiceId": draft["id"], "documentNumber": f"P-{at}"}
        path = f"customerPaymentJournals({journal})/customerPayments"
        assert (await client.post(path, {**named, "amount": -amount})).status == 201
        assert (await post(client, journal)).status == 204
    paid = (await client.get(f"salesInvoices({draft['id']})")).json
    assert (paid["status"], paid["remainingAmount"]) == ("Paid", 0)
