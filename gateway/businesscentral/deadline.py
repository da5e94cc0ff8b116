"""The moment by which a call must be answered, shared by all that is sent for one request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.clock import Clock


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment. Retries, waiting for a turn and the calls themselves all end there."""

    end: datetime

    @classmethod
    def within(cls, clock: Clock, seconds: float) -> Deadline:
        """`seconds` from now."""
        return cls(clock.now() + timedelta(seconds=seconds))

    def left(self, clock: Clock) -> float:
        """Seconds until then, never negative."""
        return max(0.0, (self.end - clock.now()).total_seconds())
