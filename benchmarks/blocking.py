"""(h): for how long an order of a thousand lines holds the event loop, beside one by hand.

By hand an order is parsed, validated, mapped, validated and encoded in one go, as `pipeline.py`
does it, and the loop stands still for as long. The gateway does that and everything else: what is
compared is the longest single hold of the loop from the request to the answer.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from benchmarks.load import connected, request
from benchmarks.order import CUSTOMER, encoded, items, order
from benchmarks.pipeline import pipelines
from benchmarks.processes import OTHERS, configured, furnished, stub
from gateway import logs
from gateway.app import bind, listening, open_gateway
from gateway.config import load_config

LIMIT: Final = 2.5
LINES: Final = 1_000
WARM_UP: Final = 2


@dataclass(frozen=True, slots=True)
class Held:
    """Seconds, medians: the whole pipeline by hand, and the gateway's longest hold of the loop."""

    by_hand: float
    gateway: float

    @property
    def ratio(self) -> float:
        return self.gateway / self.by_hand


async def held(folder: Path, port: int, *, orders: int) -> Held:
    """So many orders, one after the other, each by hand and through the gateway."""
    logs.configure(io.StringIO())
    by_hand, gateway = [], []
    written, _ = pipelines()
    names = {
        "raw": encoded(order("D-0", LINES)),
        "lookups": {
            "customer": {"id": CUSTOMER, "blocked": None},
            "items": {item["number"]: item for item in items(LINES)},
        },
        "params": {},
    }
    async with stub("upstream", str(LINES), core=OTHERS) as upstream:
        database = configured(folder, port, f"http://127.0.0.1:{upstream.port}")
        key, (connection, *_) = await furnished(database)
        config = load_config(folder / "bc-gateway.yaml")
        with bind("127.0.0.1", port) as socket:
            async with open_gateway(config) as opened, listening(opened, socket):
                caller = await connected(port)
                for at in range(1, WARM_UP + orders + 1):
                    began = perf_counter()
                    written(names)
                    by_hand.append(perf_counter() - began)
                    asked = request(
                        "POST",
                        f"/v1/connections/{connection}/sales-orders",
                        encoded(order(f"D-{at}", LINES)),
                        Authorization=f"Bearer {key}",
                        Content_Type="application/json",
                    )
                    watch = asyncio.create_task(_longest())
                    await asyncio.sleep(0)
                    status, body = await caller.ask(asked)
                    watch.cancel()
                    assert status == 201, body
                    gateway.append(await watch)
                caller.transport.close()
    return Held(median(by_hand[WARM_UP:]), median(gateway[WARM_UP:]))


async def _longest() -> float:
    """The longest time in which nothing else came to run, until it is cancelled."""
    longest = 0.0
    try:
        while True:
            began = perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, perf_counter() - began)
    except asyncio.CancelledError:
        return longest
