from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from gateway.clock import Clock, timestamp


async def test_the_machines_clock_is_in_utc_and_waits() -> None:
    clock = Clock()
    before = clock.now()
    await clock.sleep(0.01)
    assert before.tzinfo is UTC
    assert clock.now() - before >= timedelta(milliseconds=9)


def test_its_seconds_are_those_of_the_same_time() -> None:
    clock = Clock()
    assert 0 <= clock.time() - clock.now().timestamp() + 1 <= 2


def test_a_timestamp_is_utc_with_milliseconds() -> None:
    moment = datetime(2026, 11, 23, 11, 30, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(moment) == "2026-11-23T09:30:00.000Z"
