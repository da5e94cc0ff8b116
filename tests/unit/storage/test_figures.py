from __future__ import annotations

from datetime import timedelta

from gateway.storage import Connection, Store
from tests.clock import MovingClock
from tests.unit.storage.test_journal_rows import new


async def test_an_empty_database_has_every_state_at_nought(store: Store) -> None:
    found = await store.figures()
    assert set(found.operations) == {"queued", "running", "sending", "uncertain", "parked"}
    assert "needs_consent" in found.connections
    assert {*found.operations.values(), *found.connections.values()} == {0}
    assert (found.due, found.oldest_due) == (0, 0.0)


async def test_what_has_ended_is_not_counted(store: Store, clock: MovingClock) -> None:
    for name, state in (("op_1", "succeeded"), ("op_2", "parked"), ("op_3", "failed")):
        began = await store.begin(new(clock, name, key=name))
        await store.advance(began.operation, state=state, owner=None, lease_until=None)
    await store.begin(new(clock, "op_4", key="op_4"))
    found = await store.figures()
    assert {state: count for state, count in found.operations.items() if count} == {
        "parked": 1,
        "running": 1,
    }


async def test_due_is_what_nobody_is_at_and_whose_time_has_come(
    store: Store, clock: MovingClock
) -> None:
    later = clock.now() + timedelta(seconds=40)
    for name, not_before in (("op_1", None), ("op_2", later)):
        began = await store.begin(new(clock, name, key=name))
        changes = {"owner": None, "lease_until": None, "not_before": not_before}
        await store.advance(began.operation, state="queued", **changes)
    await store.begin(new(clock, "op_3", key="op_3"))
    await clock.advance(30)
    found = await store.figures()
    assert (found.due, found.oldest_due) == (1, 30)
    await clock.advance(70)  # the time of the second has come, and the lease of the third is over
    found = await store.figures()
    assert (found.due, found.oldest_due) == (3, 100)


async def test_connections_by_status(store: Store, clock: MovingClock) -> None:
    for name, status in (("con_1", "active"), ("con_2", "active"), ("con_3", "needs_consent")):
        await store.add_connection(
            Connection(name, "harwick", clock.now(), clock.now(), status=status)  # type: ignore[arg-type]  # one of its literals
        )
    found = await store.figures()
    assert {status: count for status, count in found.connections.items() if count} == {
        "active": 2,
        "needs_consent": 1,
    }
