from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.simulator.clock import Clock, timestamp

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
