"""Time, so that tests can move it.

Every room that reads the time or waits is given a `Clock`; nothing else calls `datetime.now`.
The pure rooms (`mapping/`, `wire/`) get a time as a value and never see a clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> object:
        """Call nothing."""


class Clock:
    """The clock of the machine. Tests use a subclass that moves when told."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` (not negative)."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` in `seconds`, on the running loop."""
        return asyncio.get_running_loop().call_later(seconds, callback)


async def breath() -> None:
    """Let everybody else run who can. A document of a thousand lines takes milliseconds in each
    room, and who holds the loop for all of them keeps every other caller waiting.
    """
    await asyncio.sleep(0)


def timestamp(moment: datetime) -> str:
    """`moment` as ISO 8601 in UTC with milliseconds, for example `2026-11-23T09:30:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
