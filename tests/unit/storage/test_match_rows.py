"""Item matches and the progress of a matching, on every engine."""

from __future__ import annotations

from datetime import timedelta

from gateway.storage import (
    Match,
    MatchFilter,
    MatchProgress,
    Store,
    changed,
    open_store,
    schema,
    upgrade,
)
from gateway.storage.addresses import address_of
from gateway.storage.migrating import migrate
from tests.clock import MovingClock
from tests.unit.storage.conftest import KEY, execute
from tests.unit.storage.test_store import connection

CANDIDATE = {"rule": "gtin", "number": "1896-S", "variant": None}


async def test_matches_are_kept_replaced_and_forgotten(store: Store, clock: MovingClock) -> None:
    await store.add_connection(connection(clock))
    desk = Match("con_harwick", "1e5", "matched", "gtin", clock.now(), "id-1", "1896-S")
    chair = Match(
        "con_harwick",
        "000",
        "ambiguous",
        None,
        clock.now(),
        reason="two",
        candidates=(CANDIDATE, CANDIDATE),
    )
    await store.save_matches([])
    await store.save_matches([desk, chair])
    assert await store.matches("con_harwick") == [chair, desk]
    assert await store.matches("con_harwick", ["1e5", "0x10"]) == [desk]
    assert await store.matches("con_harwick", []) == []

    other = changed(desk, item_number="1906-S")
    await store.save_matches([other])
    assert await store.matches("con_harwick", ["1e5"]) == [other]
    assert await store.delete_match("con_harwick", "1e5")
    assert not await store.delete_match("con_harwick", "1e5")


async def test_only_a_decision_replaces_a_decision(store: Store, clock: MovingClock) -> None:
    await store.add_connection(connection(clock))
    by_rule = Match("con_harwick", "A", "matched", "number", clock.now(), "id-1", "A")
    open_ = Match("con_harwick", "B", "unmatched", None, clock.now())
    decided = changed(by_rule, rule="decided", item_number="B", unit_of_measure="PCS")
    await store.save_matches([by_rule, open_])
    await store.save_matches([decided, changed(decided, sku="B")])
    await store.save_matches([by_rule, open_])
    assert await store.matches("con_harwick") == [decided, changed(decided, sku="B")]
    again = changed(decided, item_number="C")
    await store.save_matches([again])
    assert await store.matches("con_harwick", ["A"]) == [again]


async def test_lists_are_filtered_and_paged(store: Store, clock: MovingClock) -> None:
    await store.add_connection(connection(clock))
    rules = ["decided", "number", None]
    some = [
        Match(
            "con_harwick",
            f"sku-{number}",
            "matched" if rules[number % 3] else "unmatched",
            rules[number % 3],
            clock.now(),
        )
        for number in range(9)
    ]
    await store.save_matches(some)

    async def listed(wanted: MatchFilter, after: str | None = None, limit: int = 9) -> list[int]:
        found = await store.list_matches("con_harwick", wanted, after=after, limit=limit)
        return [int(match.sku[4:]) for match in found]

    assert await listed(MatchFilter()) == list(range(9))
    assert await listed(MatchFilter("unmatched")) == [2, 5, 8]
    assert await listed(MatchFilter(decided=True)) == [0, 3, 6]
    assert await listed(MatchFilter("matched", decided=False)) == [1, 4, 7]
    assert await listed(MatchFilter(decided=False), "sku-2", 3) == [4, 5, 7]


async def test_many_skus_are_asked_for_at_once(store: Store, clock: MovingClock) -> None:
    await store.add_connection(connection(clock))
    last = Match("con_harwick", "sku-1499", "matched", "number", clock.now(), "id", "1896-S")
    await store.save_matches([last])
    found = await store.matches("con_harwick", [f"sku-{n}" for n in range(1500)])
    assert found == [last]


async def test_one_matching_at_a_time(store: Store, clock: MovingClock) -> None:
    await store.add_connection(connection(clock))
    now = clock.now()
    first = MatchProgress("con_harwick", "one", "running", 5, now, now)
    second = changed(first, id="two")
    assert await store.match_progress("con_harwick") is None
    assert await store.begin_matching(first, now - timedelta(minutes=1))
    assert not await store.begin_matching(second, now - timedelta(minutes=1))
    further = changed(first, items_read=7, items_total=9)
    assert await store.advance_matching(further)
    assert await store.match_progress("con_harwick") == further

    ended = changed(further, state="finished", counts={"matched": 5})
    assert await store.advance_matching(ended)
    assert await store.match_progress("con_harwick") == ended
    assert await store.begin_matching(second, now - timedelta(minutes=1))
    assert not await store.advance_matching(ended), "another one has its place"
    third = changed(first, id="three")
    assert await store.begin_matching(third, now + timedelta(minutes=1)), "the second is silent"


async def test_what_people_decided_before_rules_came_stays(
    empty_url: str, clock: MovingClock
) -> None:
    with schema._connect(address_of(empty_url)) as database:
        migrate(database, "0002")
    execute(
        empty_url,
        'INSERT INTO connections (id, organization, status, "grant", params, created_at, '
        "updated_at) VALUES ('con_harwick', 'harwick', 'active', 'authorization_code', '{}', "
        "'2026-11-23 09:30:00', '2026-11-23 09:30:00')",
    )
    execute(
        empty_url,
        "INSERT INTO matches (connection_id, sku, item_id, item_number, decided_at) "
        "VALUES ('con_harwick', 'CHAIR', 'id-1', '1900-S', '2026-11-23 09:30:00')",
    )
    upgrade(empty_url)
    async with open_store(empty_url, [KEY], clock) as store:
        [match] = await store.matches("con_harwick")
        assert (match.sku, match.status, match.rule) == ("CHAIR", "matched", "decided")
        assert (match.item_id, match.item_number, match.candidates) == ("id-1", "1900-S", ())
        await store.save_matches([changed(match, sku="x" * 250)])
        assert await store.delete_connection("con_harwick")
        assert await store.matches("con_harwick") == []
