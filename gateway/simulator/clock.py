"""The simulator's clock: real time that tests can move forward.

Everything that asks for the time asks here: token lifetimes, dates of documents, the journal.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta


def _wall() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Time in UTC. It follows ``source`` and keeps what ``advance`` added, or stands where it
    was set.

    ``source`` is any function that gives an aware datetime; a constant one makes the clock
    stand still between advances. ``watchers`` are called when it was moved.
    """

    def __init__(self, source: Callable[[], datetime] = _wall) -> None:
        self._source = source
        self._ahead = timedelta()
        self.watchers: list[Callable[[], None]] = []
        self._still: datetime | None = None

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return (self._still or self._source()) + self._ahead

    def today(self) -> date:
        """The work date, in UTC."""
        return self.now().date()

    def advance(self, seconds: float) -> None:
        """Move the clock forward by ``seconds``; ValueError below zero."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self._ahead += timedelta(seconds=seconds)
        self._moved()

    def set(self, moment: datetime, *, stands: bool = False) -> None:
        """Go on from an aware moment, also an earlier one; or stand there between advances."""
        self._still = moment.astimezone(UTC) if stands else None
        self._ahead = timedelta() if stands else moment - self._source()
        self._moved()

    @property
    def setting(self) -> tuple[float, datetime | None]:
        """Seconds ahead, and where it stands, for ``restore``."""
        return self._ahead.total_seconds(), self._still

    def restore(self, ahead: float, still: datetime | None) -> None:
        """Be as ``setting`` told."""
        self._ahead, self._still = timedelta(seconds=ahead), still
        self._moved()

    def reset(self) -> None:
        """Forget every advance and setting."""
        self._ahead, self._still = timedelta(), None

    def _moved(self) -> None:
        for watcher in self.watchers:
            watcher()


def timestamp(moment: datetime) -> str:
    """A moment as Business Central writes it: UTC, milliseconds, no trailing zeros.

    bc/api.md §10.
    """
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{moment.microsecond // 1000:03d}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"
