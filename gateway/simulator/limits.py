"""Limits of one principal: calls at once, calls that wait, calls in five minutes (bc/api.md §8).

Both the window and the eight minutes follow the simulator's clock. A choice: a batch is one call,
whatever it holds, as nobody has measured its requests (bc/api.md §6). What a 429 looks like is not
known; a choice: an error as others are, and ``Retry-After`` only where a test asked for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.simulator.clock import Clock
from gateway.simulator.errors import BusinessCentralError

WINDOW = timedelta(minutes=5)
LONGEST_WAIT = 8 * 60  # seconds in the queue


@dataclass(slots=True)
class Limits:
    """How much a principal may ask for. ``retry_after`` is in seconds."""

    in_flight: int = 5
    queued: int = 95
    per_five_minutes: int = 6000
    retry_after: int | None = None


@dataclass(slots=True)
class _Load:
    """What one principal does now, and when it asked."""

    running: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    asked: deque[datetime] = field(default_factory=deque)


class Turns:
    """Gives each principal its turns."""

    def __init__(self, clock: Clock) -> None:
        self.limits = Limits()
        self._clock = clock
        self._loads: dict[str, _Load] = {}

    def clear(self) -> None:
        """Business Central's own limits, and nobody has asked for anything yet."""
        self.limits = Limits()
        for load in self._loads.values():
            load.asked.clear()

    @asynccontextmanager
    async def turn(self, principal: str | None) -> AsyncIterator[None]:
        """A call of ``principal``, who has to wait for its turn; None does not count.

        Raises BusinessCentralError: 429 for too many, 503 after eight minutes of waiting.
        """
        if principal is None:
            yield
            return
        load = self._loads.setdefault(principal, _Load())
        self._count(load)
        await self._enter(load)
        try:
            yield
        finally:
            self._leave(load)

    def _count(self, load: _Load) -> None:
        now = self._clock.now()
        if load.asked and load.asked[-1] > now:  # the clock was set back: what was then is not yet
            load.asked = deque(moment for moment in load.asked if moment <= now)
        while load.asked and load.asked[0] <= now - WINDOW:
            load.asked.popleft()
        if len(load.asked) >= self.limits.per_five_minutes:
            raise self._too_many("Too many requests reached. Please slow down.")
        load.asked.append(now)

    async def _enter(self, load: _Load) -> None:
        if load.running < self.limits.in_flight:
            load.running += 1
            return
        if len(load.waiting) >= self.limits.queued:
            raise self._too_many("Too many requests are waiting already.")
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        load.waiting.append(mine)
        try:
            await self._clock.within(LONGEST_WAIT, _done(mine))
        except BaseException as error:  # whatever ended the wait, somebody else goes on
            if mine in load.waiting:
                load.waiting.remove(mine)
            elif mine.done() and not mine.cancelled():  # it had its turn, and was not there
                self._leave(load)
            if isinstance(error, TimeoutError):
                text = "The request has waited for too long."
                raise BusinessCentralError(503, "Internal_TenantUnavailable", text) from None
            raise

    def _leave(self, load: _Load) -> None:
        """Hand the turn on to whoever has waited longest."""
        load.running -= 1
        while load.waiting and load.running < self.limits.in_flight:
            first = load.waiting.popleft()
            if not first.done():  # it may have been cancelled a moment ago
                load.running += 1
                first.set_result(None)

    def _too_many(self, text: str) -> BusinessCentralError:
        return BusinessCentralError(429, "Unknown", text, retry_after=self.limits.retry_after)


async def _done(future: asyncio.Future[None]) -> None:
    await future
