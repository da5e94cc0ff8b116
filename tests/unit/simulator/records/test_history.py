from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.simulator import Clock
from gateway.simulator.catalogue.entities import load_stored
from gateway.simulator.records.history import History
from gateway.simulator.records.store import Company

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Snapshot = dict[str, tuple[str, int]]


def watched() -> tuple[Company, Clock, History]:
    clock = Clock(lambda: NOON)
    ids = random.Random(1)  # noqa: S311 - ids must be repeatable
    company = Company("c", "C", "C", "GBP", load_stored(), ids, "")
    history = History(clock)
    history.watch([company])
    return company, clock, history


def snapshot(company: Company) -> Snapshot:
    records = company.table("customers").records.values()
    return {record.id: (record.values["number"], record.version) for record in records}


def act(company: Company, verb: str, key: str) -> None:
    record = company.get("customers", key)
    with company.transaction():
        if record is None:
            company.insert("customers", {"number": key}, key)
        elif verb == "delete":
            company.delete("customers", record)
        else:
            company.edit("customers", record)
            record.values["number"] += "+"


ACTS = st.lists(st.tuples(st.sampled_from(["delete", "edit"]), st.sampled_from("abc")), max_size=20)


@settings(max_examples=60, deadline=None)
@given(ACTS)
def test_every_moment_looks_as_it_did(acts: list[tuple[str, str]]) -> None:
    company, clock, history = watched()
    seen = [(clock.now(), snapshot(company))]
    for verb, key in acts:
        clock.advance(1)
        act(company, verb, key)
        seen.append((clock.now(), snapshot(company)))
    for moment, wanted in seen:
        assert snapshot(history.view(company, moment)) == wanted
    assert snapshot(company) == seen[-1][1]


def test_a_late_commit_is_hidden_until_its_time() -> None:
    company, clock, history = watched()
    with history.late(10):
        act(company, "edit", "a")
    act(company, "edit", "b")
    assert history.hides(company, clock.now())
    assert set(snapshot(history.view(company, clock.now()))) == {"b"}
    clock.advance(10)
    assert not history.hides(company, clock.now())


def test_what_was_taken_back_never_was() -> None:
    company, clock, history = watched()
    try:
        with company.transaction():
            company.insert("customers", {"number": "a"}, "a")
            raise LookupError
    except LookupError:
        pass
    assert not history.hides(company, clock.now() - timedelta(seconds=5))
