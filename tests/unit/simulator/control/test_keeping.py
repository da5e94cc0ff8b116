from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.simulator import Clock
from gateway.simulator.control.keeping import digest, read, written
from gateway.simulator.documents.rules import DOCUMENTS
from gateway.simulator.records.writes import Writer
from gateway.simulator.state import State
from tests.unit.simulator.client import LTD, Client

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def fresh(seed: int = 1, moment: datetime = NOON) -> State:
    return State("http://simulator.test", seed, Clock(lambda: moment))


def make(state: State, name: str) -> dict[str, Any]:
    company = state.environments["production"].companies[LTD]
    writer = Writer(company, state.catalogue, state.clock)
    body = {"displayName": name, "creditLimit": Decimal("12.5")}
    record, _ = writer.create(state.catalogue.sets["customers"], body)
    return record.values


def test_what_is_written_is_read_and_goes_on_as_before() -> None:
    state, other = fresh(), fresh(seed=9)
    make(state, "Juniper Hall")
    state.clock.advance(90)
    read(other, written(state))
    assert written(other) == written(state)
    assert digest(other) == digest(state)
    assert make(other, "Kestrel House") == make(state, "Kestrel House")
    assert other.clock.now() == state.clock.now()


def test_a_file_without_a_key_keeps_the_one_there_is() -> None:
    state, other = fresh(), fresh()
    document = json.loads(written(state))
    assert document["parts"].pop("signing").startswith("-----BEGIN ")
    key = other.tokens.key
    read(other, json.dumps(document).encode())
    assert other.tokens.key == key


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_new_document_is_read_as_it_was(name: str) -> None:
    state, other = fresh(), fresh()
    company = state.environments["production"].companies[LTD]
    party = {"customerNumber": "10000"} if name.startswith("sales") else {"vendorNumber": "V00010"}
    writer = Writer(company, state.catalogue, state.clock)
    made, _ = writer.create(state.catalogue.sets[name], party)
    assert made.values.keys() == state.stored.sets[name].blanks.keys()
    read(other, written(state))
    assert written(other) == written(state)


def test_sums_beyond_what_is_taken_are_read_all_the_same() -> None:
    state, other = fresh(), fresh()
    company = state.environments["production"].companies[LTD]
    (customer,) = [company.table("customers").lookup("10000")]
    assert customer is not None
    customer.values["balanceDue"] = Decimal("1999999999999999.98")
    read(other, written(state))
    assert written(other) == written(state)


def test_the_hash_tells_states_apart_but_not_days() -> None:
    assert digest(fresh()) == digest(fresh(moment=NOON.replace(year=2031)))
    assert digest(fresh()) != digest(fresh(seed=2))
    state = fresh()
    make(state, "Juniper Hall")
    assert digest(state) != digest(fresh())
    again = fresh()
    make(again, "Juniper Hall")
    assert digest(state) == digest(again)
    make(again, "Kestrel House")
    company = again.environments["production"].companies[LTD]
    (made,) = [r for r in company.table("customers").records.values() if "Kestrel" in str(r.values)]
    with company.transaction():
        company.delete("customers", made)
    assert digest(state) != digest(again)  # a number and an id were used up


async def test_the_hash_is_the_same_after_the_same_calls(client: Client) -> None:
    hashes = []
    for _ in range(2):
        await client.post("/_simulator/reset", {})
        await client.post("salesOrders", {"customerNumber": "10000"})
        hashes.append((await client.get("/_simulator/hash")).json["sha256"])
        await client.post("salesOrders", {"customerNumber": "20000"})
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 64
    assert (await client.get("/_simulator/hash")).json["sha256"] != hashes[0]


def cut(document: bytes) -> bytes:
    return document[: len(document) // 2]


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def apply(document: bytes) -> bytes:
        state: dict[str, Any] = json.loads(document)
        change(state)
        return json.dumps(state).encode()

    return apply


def company_of(state: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = state["parts"]["environments"][0]["companies"][0]
    return found


def tables_of(state: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = company_of(state)["tables"]
    return found


SUBSCRIPTION = {
    "id": "s",
    "version": 1,
    "values": {},
    "company": LTD,
    "name": "customers",
    "pending": {},
    "first": "9999-12-31T23:59:59Z",
    "dated": True,
}
BROKEN = [
    (cut, "no state of a simulator"),
    (lambda _: b"", "no state of a simulator"),
    (lambda _: b"\xff\xfe", "no state of a simulator"),
    (lambda _: b"[" * 100_000, "no state of a simulator"),
    (lambda _: b"{}", "no state of a simulator"),
    (changed(lambda s: s.update(version=2)), "version 2, not 'bc-gateway simulator' version 1"),
    (changed(lambda s: s["parts"].pop("users")), "its parts are not"),
    (changed(lambda s: s["parts"].update(users=5)), "its users can not be read"),
    (
        changed(lambda s: s["parts"]["environments"][0].update(release="9")),
        r"environments\[0\].release: There is no release 9",
    ),
    (changed(lambda s: company_of(s).update(random=[3, [1], None])), "is broken"),
    (changed(lambda s: company_of(s).update(random=[3, [-1] * 625, None])), "is broken"),
    (changed(lambda s: company_of(s).update(created="x")), "'created' can not be 'x'"),
    (
        changed(lambda s: s["parts"]["environments"].append(s["parts"]["environments"][0])),
        r"environments\[2\]: the name 'Production' is there twice",
    ),
    (
        changed(lambda s: s["parts"]["environments"][0]["companies"].append(company_of(s))),
        r"environments\[0\].companies\[2\]: the id 'c0a1e5d2\S+' is there twice",
    ),
    (
        changed(lambda s: s["parts"]["environments"][1].update(companies=[])),
        r"environments\[1\].companies: there is none",
    ),
    (
        changed(lambda s: tables_of(s)["items"].append(tables_of(s)["items"][0])),
        r"tables.items\[9\]: the id '\S+' is there twice",
    ),
    (
        changed(lambda s: tables_of(s)["items"][1].pop()),
        r"tables.items\[1\] is no record: an id, a version and its fields",
    ),
    (
        changed(lambda s: tables_of(s)["salesInvoices"][2][2].update(dueDate="2026-02-30")),
        r"tables.salesInvoices\[2\]: 'dueDate' can not be '2026-02-30'",
    ),
    (
        lambda document: document.replace(b'"unitPrice":1000.80', b'"unitPrice":1e30', 1),
        r"'unitPrice' can not be Decimal\('1E\+30'\)",
    ),
    (
        changed(lambda s: tables_of(s)["items"][0][2].update(unitPrice=[1] * 99)),
        r"'unitPrice' can not be \[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, …",
    ),
    (
        changed(lambda s: s["parts"]["users"][1].update(tenant="t")),
        r"users\[1\]: there is no tenant 't'",
    ),
    (
        changed(lambda s: s["parts"]["clock"].update(ahead=1e300)),
        "clock: the clock does not go beyond 2100-12-31",
    ),
    (
        changed(lambda s: s["parts"]["clock"].update(still="2026-03-02T12:00:00")),
        "its clock can not be read: .* at `\\$.still`",
    ),
    (changed(lambda s: s["parts"].update(signing="PEM")), "signing: it is no private RSA key"),
    (
        changed(lambda s: s["parts"]["environments"][0].update(subscriptions=[SUBSCRIPTION])),
        r"environments\[0\].subscriptions\[0\].first: it is between 2000 and 2100",
    ),
    (changed(lambda s: company_of(s).update(streams=[["a", "b", "c", "%"]])), "is broken"),
    (changed(lambda s: company_of(s)["tables"].update(gadgets=[])), "no entity set 'gadgets'"),
    (
        changed(lambda s: company_of(s)["tables"]["items"][0][2].update(colour="red")),
        "items has no field 'colour'",
    ),
    (
        changed(lambda s: company_of(s)["tables"]["items"][0][2].update(unitPrice="dear")),
        r"\[0\].companies\[0\].tables.items\[0\]: 'unitPrice' can not be 'dear'",
    ),
    (
        changed(lambda s: company_of(s)["tables"]["items"][0][2].update(blocked=None)),
        r"tables.items\[0\]: 'blocked' can not be None",
    ),
]


@pytest.mark.parametrize(("breaking", "sentence"), BROKEN)
def test_what_is_broken_is_refused_and_changes_nothing(
    breaking: Callable[[bytes], bytes], sentence: str
) -> None:
    state, document = fresh(), written(fresh(seed=4))
    before = written(state)
    with pytest.raises(ValueError, match=sentence):
        read(state, breaking(document))
    assert written(state) == before


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.sampled_from(["", "9999-12-31", "9999-12-31T23:59:59-14:00", 0.005, [], {}, [1], "x" * 99]),
)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_whatever_people_change_is_read_or_refused_with_a_sentence(data: st.DataObject) -> None:
    """And what is read can be written, and nothing else than ValueError is ever raised."""
    document = json.loads(written(fresh(seed=4)))
    node: Any = document["parts"]
    while True:
        key = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else range(len(node))))
        if not isinstance(node[key], dict | list) or not node[key] or data.draw(st.booleans()):
            break
        node = node[key]
    node[key] = data.draw(ODD)
    state, other = fresh(), fresh()
    before = written(state)
    refusal = refusal_of(state, json.dumps(document).encode())
    assert refusal in {None, ValueError}
    if refusal is None:
        read(other, written(state))
    assert written(state) == (before if refusal else written(other))


def refusal_of(state: State, document: bytes) -> type[ValueError] | None:
    try:
        read(state, document)
    except ValueError as error:
        return type(error)
    return None
