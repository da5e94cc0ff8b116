"""Pace: what Business Central takes from one principal, and what must not run in parallel.

Microsoft counts per user or application: five requests in work, 6,000 in five minutes (bc/api.md
§8). Both are counted here first, so that a burst waits in the gateway and not in a 429.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Literal

from gateway.businesscentral.deadline import Deadline
from gateway.clock import Clock
from gateway.errors import RateLimited
from gateway.telemetry import waiting

MOST_IN_FLIGHT: Final = 5
MOST_IN_WINDOW: Final = 5700  # 5 % below the line: other software may share the user
WINDOW: Final = 300.0  # seconds
WIDEN_AFTER: Final = 20  # good answers until one more may be in flight again


@dataclass(slots=True)
class Gate:
    """Lets `width` in at a time, in the order in which they came. Who is in holds a place until
    the end of a `with` statement.
    """

    width: int
    in_flight: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

    def enter_now(self) -> bool:
        """Take a place if one is free and nobody waits for it."""
        if self.in_flight >= self.width or self.waiting:
            return False
        self.in_flight += 1
        return True

    async def enter(self) -> None:
        """Wait for a place; whoever waits longest is given the next one that is free."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # the place was given in the very moment the caller gave up
            raise

    def leave(self) -> None:
        """Give a place back, and on to those who wait."""
        self.in_flight -= 1
        while self.waiting and self.in_flight < self.width:
            turn = self.waiting.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.leave()


@dataclass(slots=True)
class _Lane(Gate):
    """A gate for one, which is dropped from `lanes` when nobody is in, nor wants to be."""

    width: int = 1
    name: str = ""
    lanes: dict[str, _Lane] = field(default_factory=dict)

    def leave(self) -> None:
        """Give the place back."""
        Gate.leave(self)
        if not self.in_flight and not self.waiting:
            self.lanes.pop(self.name, None)


@dataclass(slots=True)
class _Moment:
    """How many requests were sent within a second, from `first` to `last`."""

    first: float
    last: float
    count: int = 0


@dataclass(slots=True)
class _Principal(Gate):
    """The pace of one principal. `width` is how many may be in flight now, `sent` how many were
    sent in the window: by the second, so that a principal holds at most 300 moments.
    """

    width: int = MOST_IN_FLIGHT
    good: int = 0
    sent: int = 0
    moments: deque[_Moment] = field(default_factory=deque)
    paused_until: float | None = None

    def send(self, now: float) -> None:
        """Count a request."""
        if not self.moments or now - self.moments[-1].first >= 1:
            self.moments.append(_Moment(now, now))
        moment = self.moments[-1]
        moment.last = now
        moment.count += 1
        self.sent += 1

    def wait(self, now: float) -> float:
        """How many seconds the next request has to wait."""
        while self.moments and now - self.moments[0].last >= WINDOW:
            self.sent -= self.moments.popleft().count
        wait = 0.0
        if self.sent >= MOST_IN_WINDOW:
            wait = WINDOW - (now - self.moments[0].last)
        if self.paused_until is not None:
            wait = max(wait, self.paused_until - now)
        return wait


class Pacing:
    """Turns of principals and lanes: `with await pacing.turn(…):`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._principals: dict[str, _Principal] = {}
        self._lanes: dict[str, _Lane] = {}

    async def turn(
        self, principal: str, deadline: Deadline, patience: Deadline | None = None
    ) -> Gate:
        """One of the places of `principal`, to be held while sending one request.

        A pause that Business Central asked for is kept if it ends within `patience`. Raises
        `RateLimited` when there is no place before the deadline; then nothing was sent.
        """
        pace = self._principals.get(principal)
        if pace is None:
            pace = self._principals[principal] = _Principal()
        if not (pace.enter_now() or await self._entered(pace, "turn", deadline)):
            raise RateLimited(retry_after=1)
        try:
            while (wait := pace.wait(now := self._clock.time())) > 0:
                await self._hold_back(wait, patience or deadline)
        except BaseException:  # cancelled or refused: nobody is in then; it is raised again
            pace.leave()
            raise
        pace.send(now)
        return pace

    async def lane(self, name: str, deadline: Deadline) -> Gate:
        """A lane, to be held alone. Raises `RateLimited` when it is not free before the deadline."""
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane(name=name, lanes=self._lanes)
        if not (lane.enter_now() or await self._entered(lane, "lane", deadline)):
            raise RateLimited(
                "Another write to the same record takes too long. Nothing was sent.", retry_after=5
            )
        return lane

    async def _entered(
        self, gate: Gate, reason: Literal["turn", "lane"], deadline: Deadline
    ) -> bool:
        """Wait for a place; False when there is none before the deadline."""
        try:
            with waiting(reason):
                async with asyncio.timeout(deadline.left(self._clock)):
                    await gate.enter()
        except TimeoutError:
            return False
        return True

    def slow_down(self, principal: str, seconds: float | None) -> None:
        """Business Central has too much: half as many in flight, and none for `seconds`."""
        pace = self._principals[principal]
        pace.width, pace.good = max(1, pace.width // 2), 0
        if seconds is not None:
            until = self._clock.time() + seconds
            pace.paused_until = max(until, pace.paused_until or until)

    def went_well(self, principal: str) -> None:
        """Business Central answered: after enough of these one more may be in flight."""
        pace = self._principals[principal]
        pace.good += 1
        if pace.good >= WIDEN_AFTER and pace.width < MOST_IN_FLIGHT:
            pace.width, pace.good = pace.width + 1, 0

    async def _hold_back(self, wait: float, deadline: Deadline) -> None:
        """Wait for room in the window, or for the end of a pause that was asked for."""
        if wait >= deadline.left(self._clock):
            raise RateLimited(retry_after=wait)
        with waiting("window"):
            await self._clock.sleep(wait)
