"""The worker: takes up operations that wait for their time or that somebody left.

It also says, in every lease, that the operations of this process still live.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog

from gateway.clock import Clock
from gateway.errors import StorageUnavailable
from gateway.operations.course import WAITS_FOR_CONNECTION
from gateway.storage import HEARTBEAT, Store

TICK: Final = 1.0  # seconds between two looks at what is due
MOST_AT_ONCE: Final = 50  # operations that live here before the worker takes up more

_LOG = structlog.get_logger("gateway.operations")


class Worker:
    """Runs between `start` and `stop`. `resume` takes up one operation, `living` names those
    that have a task here.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        resume: Callable[[str], Awaitable[None]],
        living: Callable[[], list[str]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._resume = resume
        self._living = living
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin at once: what a dead process left is taken up first."""
        self._tasks = [
            asyncio.create_task(self._every(TICK, self._take_up), name="worker"),
            asyncio.create_task(self._every(HEARTBEAT, self._renew), name="heartbeat"),
        ]

    async def stop(self) -> None:
        """Take up nothing more."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except StorageUnavailable as error:
                _LOG.warning("worker_waits", code=error.code)
            except Exception as error:  # noqa: BLE001 - what waits must be taken up in spite of it
                _LOG.error("worker_stumbled", error=type(error).__name__)
            await self._clock.sleep(seconds)

    async def _take_up(self) -> None:
        await self._store.release_parked(WAITS_FOR_CONNECTION)
        for operation_id in await self._store.due():
            if len(self._living()) >= MOST_AT_ONCE:
                return
            await self._resume(operation_id)

    async def _renew(self) -> None:
        living = self._living()
        if living:
            await self._store.renew_leases(living)
