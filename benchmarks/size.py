"""(d): what an idle gateway weighs, and what thousands of open connections cost it."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil

from benchmarks.load import connected, request
from benchmarks.processes import OTHERS, configured, furnished, serving, stub

CALLS = 200  # requests of one caller while all the others are idle


@dataclass(frozen=True, slots=True)
class Size:
    """With so many open connections: bytes resident, and the times of one caller in seconds."""

    connections: int
    resident: int
    median: float
    slowest: float


async def sizes(folder: Path, port: int, counts: tuple[int, ...]) -> tuple[float, list[Size]]:
    """Seconds until a cold process was ready, and the size at each number of connections."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    async with stub("upstream", core=OTHERS) as upstream:
        key, _ = await furnished(configured(folder, port, f"http://127.0.0.1:{upstream.port}"))
        async with serving(folder) as running:
            found = [await _size(running.pid, port, key, count) for count in counts]
            return running.started_in, found


async def _size(pid: int, port: int, key: str, count: int) -> Size:
    idle = []
    for start in range(0, count - 1, 100):
        some = await asyncio.gather(*(connected(port) for _ in range(min(100, count - 1 - start))))
        # Each asks once, as a connection that a product keeps has.
        await asyncio.gather(*(one.ask(request("GET", "/health/live")) for one in some))
        idle += some
    caller = await connected(port)
    times = []
    for _ in range(CALLS):
        started = perf_counter()
        status, _ = await caller.ask(request("GET", "/v1/resources", Authorization=f"Bearer {key}"))
        times.append(perf_counter() - started)
        assert status == 200
    resident = psutil.Process(pid).memory_info().rss
    for one in (*idle, caller):
        one.transport.close()
    await asyncio.sleep(0.2)
    times.sort()
    return Size(count, resident, times[len(times) // 2], times[-1])
