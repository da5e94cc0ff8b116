"""Time, so that tests can move it.

Every room that reads the time or waits is given a `Clock`; nothing else calls `datetime.now`.
The pure rooms (`mapping/`, `wire/`) get a time as a value and never see a clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from types import coroutine
from typing import Final, Protocol

HELD_AT_MOST: Final = 0.0005  # seconds of the event loop before a `breath`


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
    utc = moment.astimezone(UTC)
    minute = _up_to_minute(utc.year, utc.month, utc.day, utc.hour, utc.minute)
    return f"{minute}:{utc.second:02}.{utc.microsecond // 1000:03}Z"


@lru_cache(16)
def _up_to_minute(year: int, month: int, day: int, hour: int, minute: int) -> str:
    """What most timestamps begin with again and again: writing numbers is what they cost."""
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}"
