from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from gateway.simulator import Clock
from gateway.simulator.control.keeping import digest, read, written
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


BROKEN = [
    (cut, "no state of a simulator"),
    (lambda _: b"", "no state of a simulator"),
    (lambda _: b"\xff\xfe", "no state of a simulator"),
    (lambda _: b"[" * 100_000, "no state of a simulator"),
    (lambda _: b"{}", "no state of a simulator"),
    (changed(lambda s: s.update(version=2)), "version 2, not 'bc-gateway simulator' version 1"),
    (changed(lambda s: s["parts"].pop("users")), "its parts are not"),
    (changed(lambda s: s["parts"].update(users=5)), "its users can not be read"),
    (changed(lambda s: s["parts"]["environments"][0].update(release="9")), "no release 9"),
    (changed(lambda s: company_of(s).update(random=[3, [1], None])), "is broken"),
    (changed(lambda s: company_of(s).update(streams=[["a", "b", "c", "%"]])), "is broken"),
    (changed(lambda s: company_of(s)["tables"].update(gadgets=[])), "no entity set 'gadgets'"),
    (
        changed(lambda s: company_of(s)["tables"]["items"][0][2].update(colour="red")),
        "items has no field 'colour'",
    ),
    (
        changed(lambda s: company_of(s)["tables"]["items"][0][2].update(unitPrice="dear")),
        "'unitPrice' of items can not be 'dear'",
    ),
    (
        changed(lambda s: company_of(s)["tables"]["items"][0][2].update(blocked=None)),
        "'blocked' of items can not be None",
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
