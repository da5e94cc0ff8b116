from __future__ import annotations

from gateway.simulator.control.journal import KEPT, KEPT_BYTES, Journal
from gateway.simulator.exchange import Answer, Call


def call(body: bytes = b"") -> Call:
    return Call("GET", "/", "", {}, body, "http://simulator.test")


def test_the_last_exchanges_are_kept() -> None:
    journal = Journal()
    for _ in range(KEPT + 5):
        journal.end(journal.begin("", call(), None), Answer(200))
    assert [journal.entries[0].id, journal.entries[-1].id] == [6, KEPT + 5]


def test_large_answers_push_older_ones_out() -> None:
    journal, half = Journal(), b"x" * (KEPT_BYTES // 2 - 1)
    slow = journal.begin("", call(b"a question"), None)
    for _ in range(2):
        journal.end(journal.begin("", call(), None), Answer(200, half))
    assert [entry.id for entry in journal.entries] == [2, 3]
    journal.end(slow, Answer(200, half))  # it is gone already
    assert [entry.id for entry in journal.entries] == [2, 3]
    journal.end(journal.begin("", call(), None), Answer(200, half * 3))
    assert [entry.id for entry in journal.entries] == [4]
    journal.clear()
    journal.end(journal.begin("", call(), None), None)
    assert [(entry.id, entry.dropped, entry.ended) for entry in journal.entries] == [
        (5, True, True)
    ]


def test_addresses_and_headers_push_older_ones_out_as_well() -> None:
    journal = Journal()
    long = "x" * (KEPT_BYTES // 10)
    for _ in range(9):
        asked = Call("GET", f"/{long}", long, {"x-a": long}, b"", "http://simulator.test")
        journal.end(journal.begin("", asked, None), Answer(200, b"", {"X-B": long}))
    assert len(journal.entries) == 2
