"""A clock that tests move. Nobody waits for real."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gateway.clock import Clock, Timer

START = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


class MovingClock(Clock):
    """Stands still until `advance`; a sleeper wakes when its time has come."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def time(self) -> float:
        return (self._now - START).total_seconds()

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + timedelta(seconds=seconds), wake))
        await wake

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        loop = asyncio.get_running_loop()
        if seconds <= 0:
            return loop.call_soon(callback)
        wake: asyncio.Future[None] = loop.create_future()
        wake.add_done_callback(lambda done: None if done.cancelled() else callback())
        self._sleepers.append((self._now + timedelta(seconds=seconds), wake))
        return wake

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass: whoever sleeps until a time on the way wakes at that time, in order.

        A sleeper who sleeps again on the way is woken again, if that is still on the way.
        """
        end = self._now + timedelta(seconds=seconds)
        while True:
            self._sleepers = [entry for entry in self._sleepers if not entry[1].done()]
            due = [entry for entry in self._sleepers if entry[0] <= end]
            if not due:
                break
            time, wake = min(due, key=lambda entry: entry[0])
            self._now = max(self._now, time)
            wake.set_result(None)
            for _ in range(5):
                await asyncio.sleep(0)
        self._now = end

    @property
    def sleepers(self) -> int:
        """How many sleep now."""
        return sum(not wake.done() for _, wake in self._sleepers)
