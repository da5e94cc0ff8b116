"""(a) and (b): a bare pass-through and the whole way of an order of ten lines, in turns."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.load import Measured, load, request, together
from benchmarks.order import encoded, order
from benchmarks.processes import (
    MEASURED,
    OTHERS,
    Running,
    configured,
    furnished,
    pin,
    serving,
    stub,
)

CALLERS = (1, 8, 32)


@dataclass(frozen=True, slots=True)
class Row:
    """One number of callers: the pass-through, the gateway, and the ratio of each slice."""

    callers: int
    bare: Measured
    whole: Measured
    ratios: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Through:
    """What the run came to; memory in bytes, resident, of the gateway's process."""

    rows: tuple[Row, ...]
    started_in: float
    at_start: int
    after_load: int

    @property
    def carried(self) -> tuple[float, float]:
        """What one process of each carries, in calls a second: the pass-through, the gateway.

        It is the most of any row: how many callers that takes is not the same for both, since an
        order waits for the disk and the pass-through never does.
        """
        return max(row.bare.rate for row in self.rows), max(row.whole.rate for row in self.rows)


class Orders:
    """Requests, each with a reference of its own, so that nothing is answered from the journal."""

    def __init__(self, key: str, connections: list[str]) -> None:
        self._key = key
        self._connections = connections
        self._next = itertools.count(1)
        self._body = encoded(order("D-0"))

    def asking(self, _caller: int) -> bytes:
        """The next order: of each connection in turn, so that none comes near Microsoft's line."""
        at = next(self._next)
        connection = self._connections[at % len(self._connections)]
        body = self._body.replace(b'"D-0"', b'"D-%d"' % at)
        return request(
            "POST",
            f"/v1/connections/{connection}/sales-orders",
            body,
            Authorization=f"Bearer {self._key}",
            Content_Type="application/json",
        )


async def through(folder: Path, port: int, *, seconds: float, slices: int) -> Through:
    """Measure both, `slices` times in turns of `seconds` for each number of callers."""
    pin(psutil.Process().pid, OTHERS)
    async with stub("upstream", core=OTHERS) as upstream:
        url = f"http://127.0.0.1:{upstream.port}"
        orders = Orders(*await furnished(configured(folder, port, url)))
        async with stub("passthrough", url, core=MEASURED) as bare, serving(folder) as whole:
            at_start = psutil.Process(whole.pid).memory_info().rss
            for running in (bare, whole):  # tokens, lookups and code are warm before it counts
                await _load(running, orders, callers=32, seconds=max(0.5, seconds / 2))
            rows = [await _row(bare, whole, orders, one, seconds, slices) for one in CALLERS]
            after_load = psutil.Process(whole.pid).memory_info().rss
    return Through(tuple(rows), whole.started_in, at_start, after_load)


async def _row(
    bare: Running, whole: Running, orders: Orders, callers: int, seconds: float, slices: int
) -> Row:
    pairs = []
    for _ in range(slices):
        first = await _load(bare, orders, callers=callers, seconds=seconds)
        second = await _load(whole, orders, callers=callers, seconds=seconds)
        pairs.append((first, second))
        await asyncio.sleep(0.1)
    ratios = tuple(second.rate / first.rate for first, second in pairs)
    return Row(
        callers,
        together([first for first, _ in pairs]),
        together([second for _, second in pairs]),
        ratios,
    )


async def _load(running: Running, orders: Orders, *, callers: int, seconds: float) -> Measured:
    return await load(
        running.port,
        orders.asking,
        expected=201,
        callers=callers,
        seconds=seconds,
        pid=running.pid,
    )
