"""The simulator's clock: real time that tests can move forward.

Everything that asks for the time asks here: token lifetimes, dates of documents, the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

_Result = TypeVar("_Result")
# Between these moments tests may set the clock: what follows from a day, terms of payment or the
# life of a token, stays inside of the calendar.
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
LAST = datetime(2100, 12, 31, 23, 59, 59, tzinfo=UTC)
_TOO_FAR = f"the clock does not go beyond {LAST:%Y-%m-%dT%H:%M:%SZ}"
_GRACE = 0.2  # real seconds for an answer that is on its way when the clock is moved


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
        """The present moment, in UTC; a clock that runs stops at ``LAST``."""
        return min((self._still or self._source()) + self._ahead, LAST)

    def today(self) -> date:
        """The work date, in UTC."""
        return self.now().date()

    def advance(self, seconds: float) -> None:
        """Move the clock forward by ``seconds``; ValueError below zero and beyond ``LAST``."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        if self._led_to(self._ahead, seconds, self._still) > LAST:
            raise ValueError(_TOO_FAR)
        self._ahead += timedelta(seconds=seconds)
        self._moved()

    def set(self, moment: datetime, *, stands: bool = False) -> None:
        """Go on from an aware moment, also an earlier one; or stand there between advances.

        Raises ValueError for one that is not between ``FIRST`` and ``LAST``.
        """
        if not FIRST <= moment <= LAST:
            raise ValueError(f"the clock is set to moments from {FIRST.year} to {LAST.year}")
        self._still = moment.astimezone(UTC) if stands else None
        self._ahead = timedelta() if stands else moment - self._source()
        self._moved()

    @property
    def setting(self) -> tuple[float, datetime | None]:
        """Seconds ahead, and where it stands, for ``restore``."""
        return self._ahead.total_seconds(), self._still

    def restore(self, ahead: float, still: datetime | None) -> None:
        """Be as ``setting`` told: one that ran may have come to its end since.

        Raises ValueError, and is as before, for what is no setting.
        """
        moment = self._led_to(timedelta(), ahead, still)
        if still is not None and moment > LAST:
            raise ValueError(_TOO_FAR)
        self._ahead = timedelta(seconds=ahead)
        self._still = None if still is None else still.astimezone(UTC)
        self._moved()

    def _led_to(self, ahead: timedelta, further: float, still: datetime | None) -> datetime:
        """Where a setting leads. Raises ValueError for one that leaves the calendar."""
        try:
            start = self._source() if still is None else still.astimezone(UTC)
            return start + ahead + timedelta(seconds=further)
        except OverflowError:
            raise ValueError(_TOO_FAR) from None

    async def within(self, seconds: float, work: Coroutine[Any, Any, _Result]) -> _Result:
        """What ``work`` gives within ``seconds`` of this clock. Raises TimeoutError.

        Moving the clock counts as much as real time does. Who answers just then is still heard.
        """
        end, moved = self.now() + timedelta(seconds=seconds), asyncio.Event()
        task = asyncio.ensure_future(work)
        task.add_done_callback(lambda _: moved.set())
        self.watchers.append(moved.set)
        try:
            async with asyncio.timeout(seconds):
                while not task.done() and self.now() < end:
                    moved.clear()
                    await moved.wait()
                await asyncio.wait({task}, timeout=_GRACE)
            if not task.done():
                raise TimeoutError
            return task.result()
        finally:
            self.watchers.remove(moved.set)
            task.cancel()

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
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"{text.rstrip('0').rstrip('.')}Z"
