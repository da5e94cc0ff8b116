from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.simulator.clock import LAST, Clock, timestamp

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_it_moves_forward_only_and_can_be_reset() -> None:
    clock = Clock(lambda: NOON)
    clock.advance(3600)
    assert clock.now() == NOON + timedelta(hours=1)
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)
    clock.reset()
    assert clock.now() == NOON


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [(0, "12:00:00Z"), (120_000, "12:00:00.12Z"), (7_999, "12:00:00.007Z"), (999, "12:00:00Z")],
)
def test_moments_have_milliseconds_without_trailing_zeros(microseconds: int, text: str) -> None:
    assert timestamp(NOON.replace(microsecond=microseconds)) == f"2026-03-02T{text}"


def test_moments_are_written_in_utc() -> None:
    local = NOON.astimezone(timezone(timedelta(hours=2)))
    assert timestamp(local) == "2026-03-02T12:00:00Z"
    assert timestamp(datetime(5, 1, 2, tzinfo=UTC)) == "0005-01-02T00:00:00Z"


def test_it_stays_inside_of_the_calendar_however_small_the_steps() -> None:
    clock = Clock(lambda: NOON)
    clock.set(LAST - timedelta(seconds=1.5))
    clock.advance(1)
    for seconds in (1.0, 1e9, 1e300):
        with pytest.raises(ValueError, match="not go beyond 2100-12-31T23:59:59Z"):
            clock.advance(seconds)
    assert clock.now() == LAST - timedelta(seconds=0.5)
    for moment in (LAST + timedelta(seconds=1), NOON.replace(year=1999)):
        with pytest.raises(ValueError, match="from 2000 to 2100"):
            clock.set(moment)


@pytest.mark.parametrize(
    ("ahead", "still"),
    [
        (1e300, None),
        (1e12, NOON),
        (-1e12, None),
        (0.0, datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-14)))),
    ],
)
def test_a_setting_that_is_none_is_refused(ahead: float, still: datetime | None) -> None:
    clock = Clock(lambda: NOON)
    with pytest.raises(ValueError, match="not go beyond"):
        clock.restore(ahead, still)
    assert clock.now() == NOON


def test_one_that_runs_stops_at_the_end_and_what_it_was_set_to_can_be_read() -> None:
    wall = [NOON]
    clock, other = Clock(lambda: wall[0]), Clock(lambda: wall[0])
    clock.set(LAST - timedelta(seconds=1))
    wall[0] += timedelta(hours=1)
    assert clock.now() == LAST
    other.restore(*clock.setting)
    assert other.now() == LAST
    with pytest.raises(ValueError, match="not go beyond"):
        other.restore(1, LAST)
