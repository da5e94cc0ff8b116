"""Time, so that tests can move it.

Every room that reads the time or waits is given a `Clock`; nothing else calls `datetime.now`.
The pure rooms (`mapping/`, `wire/`) get a time as a value and never see a clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import coroutine
from typing import Final, Protocol

HELD_AT_MOST: Final = 0.0005  # seconds of the event loop before a `breath`
_OFFSET: Final = len("+00:00")


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> object:
        """Call nothing."""


class Clock:
    """The clock of the machine. Tests use a subclass that moves when told."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC)

    def time(self) -> float:
        """The same time in seconds, for whoever only counts them: `now` costs many times more."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` (not negative)."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` in `seconds`, on the running loop."""
        return asyncio.get_running_loop().call_later(seconds, callback)


class _Breath:
    """When somebody last let the others run, in seconds of `time.perf_counter`."""

    last = 0.0


@coroutine
def breath() -> Iterator[None]:
    """Let everybody else run who can, unless somebody has done so a moment ago.

    A document of a thousand lines takes milliseconds in each room, and who holds the loop for
    all of them keeps every other caller waiting. One of ten lines is through in less than a turn
    of the loop costs.
    """
    if time.perf_counter() - _Breath.last > HELD_AT_MOST:
        yield
        _Breath.last = time.perf_counter()


def timestamp(moment: datetime) -> str:
    """`moment` as ISO 8601 in UTC with milliseconds, for example `2026-11-23T09:30:00.000Z`."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{utc.isoformat(timespec='milliseconds')[:-_OFFSET]}Z"
