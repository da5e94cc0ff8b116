"""The moment by which a call must be answered, shared by all that is sent for one request."""

from __future__ import annotations

from typing import NamedTuple

from gateway.clock import Clock


class Deadline(NamedTuple):
    """A moment, in seconds of the clock. Retries, waiting for a turn and the calls themselves all
    end there.
    """

    end: float

    @classmethod
    def within(cls, clock: Clock, seconds: float) -> Deadline:
        """`seconds` from now."""
        return cls(clock.time() + seconds)

    def left(self, clock: Clock) -> float:
        """Seconds until then, never negative."""
        return max(0.0, self.end - clock.time())
