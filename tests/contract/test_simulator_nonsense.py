"""Requests that nobody should send: each is answered or refused, and the books stay right."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.simulator import Clock
from gateway.simulator.businesscentral import BusinessCentral
from gateway.simulator.documents.rules import LATER_SETS
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.exchange import Answer, Call
from gateway.simulator.records.store import Company
from gateway.simulator.records.values import encode_json
from gateway.simulator.state import State
from tests.unit.simulator.client import IRELAND, LTD

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STATE = State("http://simulator.test", 1, Clock(lambda: NOON))
SETS = sorted(set(STATE.catalogue.sets) - set(LATER_SETS) - {"companies"})
ROOT = "/v2.0/Production/api/v2.0"
API = BusinessCentral(
    STATE.environments["production"], STATE.catalogue, STATE.clock, f"http://simulator.test{ROOT}"
)

WORDS = st.sampled_from(
    [
        "eq",
        "and",
        "or",
        "number",
        "id",
        "'x'",
        "5",
        "null",
        "(",
        ")",
        "contains(",
        ",",
        "/any(",
        ":",
    ]
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(max_size=300),
    st.uuids().map(str),
    st.lists(st.dictionaries(st.text(max_size=5), st.integers(), max_size=2), max_size=2),
    st.sampled_from(["1896-S", "10115", "10000", "EUR", "Item", "2026-03-02", "STANDARD"]),
)


def company(company_id: str = LTD) -> Company:
    found = STATE.environments["production"].company(company_id)
    assert found is not None
    return found


def ask(method: str, path: str, query: str = "", body: object = None) -> Answer | None:
    """The answer, None for a refusal; anything else is a mistake of the simulator."""
    headers = {"content-type": "application/json", "if-match": "*"}
    data = b"" if body is None else encode_json(body)
    call = Call(method, f"{ROOT}/{path}", query, headers, data, "http://simulator.test")
    try:
        return API.answer(call, call.segments[4:])
    except BusinessCentralError as error:
        assert 400 <= error.status <= 501  # noqa: PT017 - what is refused is refused well
        return None


@settings(max_examples=60)
@given(
    st.sampled_from(SETS),
    st.lists(WORDS, max_size=8),
    st.sampled_from(["filter", "orderby", "expand", "select"]),
)
def test_queries(name: str, words: list[str], option: str) -> None:
    ask("GET", f"companies({LTD})/{name}", f"${option}={quote(' '.join(words))}")


@settings(max_examples=40)
@given(st.text(max_size=40))
def test_paths(path: str) -> None:
    ask("GET", quote(path, safe="/()'$.="))
    ask("POST", f"companies({LTD})/{quote(path, safe='/()')}", body={})


def bodies(name: str) -> st.SearchStrategy[dict[str, Any]]:
    fields = [f.name for f in STATE.catalogue.sets[name].fields if not f.read_only]
    return st.dictionaries(st.sampled_from([*fields, "unknown"]), VALUES, max_size=4)


@settings(max_examples=60)
@given(st.data())
def test_bodies(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(SETS))
    before = dict(company().table(name).records)
    answer = ask("POST", f"companies({LTD})/{name}", body=data.draw(bodies(name)))
    if answer is None:
        assert company().table(name).records == before
    for record in list(company().table(name).records.values())[:1]:
        ask("PATCH", f"companies({LTD})/{name}({record.id})", body=data.draw(bodies(name)))


@settings(max_examples=40)
@given(st.lists(bodies("salesOrderLines"), max_size=4), bodies("salesOrders"))
def test_orders_stay_consistent(lines: list[dict[str, Any]], header: dict[str, Any]) -> None:
    body = {"customerNumber": "10000", **header, "salesOrderLines": lines}
    ask("POST", f"companies({LTD})/salesOrders", body=body)
    check_books()


def order_line(
    number: str, quantity: Decimal, price: Decimal, discount: Decimal
) -> dict[str, object]:
    """A line with its properties in the order that keeps all of them."""
    return {
        "lineType": "Item",
        "lineObjectNumber": number,
        "quantity": quantity,
        "unitPrice": price,
        "discountPercent": discount,
    }


@settings(max_examples=25)
@given(
    st.lists(
        st.builds(
            order_line,
            st.sampled_from(["1896-S", "1928-S", "0X10"]),
            st.decimals(-99, 999, places=3),
            st.decimals(0, 9999, places=4),
            st.decimals(0, 100, places=2),
        ),
        min_size=1,
        max_size=4,
    ),
    st.decimals(0, 500, places=2),
    st.booleans(),
)
def test_the_books_of_sensible_orders(
    lines: list[dict[str, Any]], discount: Decimal, includes: bool
) -> None:
    body = {
        "customerNumber": "20000",
        "pricesIncludeTax": includes,
        "discountAmount": discount,
        "salesOrderLines": lines,
    }
    # The other company: nobody has blocked or renamed anything there.
    assert ask("POST", f"companies({IRELAND})/salesOrders", body=body) is not None
    check_books(IRELAND)


def check_books(company_id: str = LTD) -> None:
    """Totals add up, numbers are unique, every line has its document."""
    headers = company(company_id).table("salesOrders").records
    lines = company(company_id).table("salesOrderLines").records.values()
    assert {line.values["documentId"] for line in lines} <= set(headers)
    numbers = [header.values["number"] for header in headers.values()]
    assert len(numbers) == len(set(numbers))
    for header in list(headers.values())[-3:]:
        own = company(company_id).table("salesOrderLines").where("documentId", header.id)
        total = header.values["totalAmountIncludingTax"]
        assert total == sum(line.values["netAmountIncludingTax"] for line in own)
        excluding = header.values["totalAmountExcludingTax"]
        assert total == excluding + header.values["totalTaxAmount"]
        sequences = [line.values["sequence"] for line in own]
        assert len(sequences) == len(set(sequences))


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT", "HEAD"])
def test_methods_on_the_root(method: str) -> None:
    assert ask(method, "") is None
