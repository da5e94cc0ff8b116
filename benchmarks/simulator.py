"""The simulator as people start it: how soon, how heavy, how fast, and how it pages.

    python -m benchmarks.simulator

Exits with 1 when it is slower or heavier than it may be.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import urlencode, urlsplit

import psutil

from benchmarks.load import Caller, connected, load, request
from benchmarks.processes import MEASURED, ROOT, Running, pin
from gateway.simulator import CLIENT_ID, CLIENT_SECRET, COMPANIES, TENANT_ID

SOONEST = 1.0  # seconds to the first good answer
HEAVIEST = 150  # megabytes resident with 10,000 items
FASTEST = 1_000  # simple requests a second on one core
FLATTEST = 12  # megabytes that paging a long list again and again may add; 8 of them the journal
CALLERS = 8
PAGE = 500
COMPANY = f"/v2.0/Production/api/v2.0/companies({COMPANIES[0][0]})"
SCOPE = "https://api.businesscentral.dynamics.com/.default"


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement beside what was asked."""

    what: str
    found: float
    asked: float
    unit: str
    at_most: bool = True

    @property
    def kept(self) -> bool:
        return self.found <= self.asked if self.at_most else self.found >= self.asked


async def rows(*, items: int, long_list: int, seconds: float) -> list[Row]:
    """All measurements: with ``items`` items, paging ``long_list``, load for ``seconds``."""
    async with simulating() as running:
        started = running.started_in
        rate = await _rate(running, seconds)
    async with simulating("--items", str(items)) as running:
        heavy = psutil.Process(running.pid).memory_info().rss / 1e6
        heavy_start = running.started_in
    async with simulating("--items", str(long_list)) as running:
        added, pages, paged_in = await _page_through(running)
    return [
        Row("start", started, SOONEST, "s"),
        Row(f"start with {items:,} items", heavy_start, SOONEST + items / 10_000, "s"),
        Row(f"resident with {items:,} items", heavy, HEAVIEST, "MB"),
        Row(f"requests a second, {CALLERS} callers", rate, FASTEST, "/s", at_most=False),
        Row(f"added by paging {long_list:,} items", added, FLATTEST, "MB"),
        Row(f"time of each of the {pages} pages of {PAGE}", paged_in / pages * 1e3, 100, "ms"),
    ]


def section(found: list[Row]) -> str:
    """The part of the report."""
    lines = ["## The simulator", "", "| what | found | asked |", "| --- | --- | --- |"]
    for row in found:
        sign = "≤" if row.at_most else "≥"
        lines.append(
            f"| {row.what} | {row.found:,.2f} {row.unit} | {sign} {row.asked:,.0f} {row.unit} |"
        )
    return "\n".join(lines) + "\n"


@asynccontextmanager
async def simulating(*words: str) -> AsyncIterator[Running]:
    """`bc-gateway simulate` on a free port, ready when it has answered."""
    started = perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from gateway.cli import main; main()"),
        *("simulate", "--port", "0", *words),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    pin(process.pid, MEASURED)
    try:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        found = re.search(r":(\d+)$", line.strip())
        assert found is not None, line
        port = int(found[1])
        caller = await connected(port)
        status, _ = await caller.ask(request("GET", "/_simulator/clock"))
        caller.transport.close()
        assert status == 200
        yield Running(port, process.pid, perf_counter() - started)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _token(caller: Caller) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scope": SCOPE,
    }
    kind = "application/x-www-form-urlencoded"
    path, body = f"/{TENANT_ID}/oauth2/v2.0/token", urlencode(form).encode()
    _, answer = await caller.ask(request("POST", path, body, Content_Type=kind))
    return str(json.loads(answer)["access_token"])


async def _rate(running: Running, seconds: float) -> float:
    """Requests a second for one customer by its id."""
    caller = await connected(running.port)
    bearer = f"Bearer {await _token(caller)}"
    path = f"{COMPANY}/customers"
    _, answer = await caller.ask(request("GET", path, Authorization=bearer))
    one = json.loads(answer)["value"][0]["id"]
    no_line = json.dumps({"per_five_minutes": 10**6}).encode()  # that a second comes to
    status, _ = await caller.ask(request("POST", "/_simulator/limits", no_line))
    assert status == 200
    caller.transport.close()
    asked = request("GET", f"{path}({one})", Authorization=bearer)
    measured = await load(
        running.port,
        lambda _: asked,
        expected=200,
        callers=CALLERS,
        seconds=seconds,
        pid=running.pid,
    )
    return measured.rate


async def _page_through(running: Running) -> tuple[float, int, float]:
    """Follow every link of the list of items, five times: megabytes added, pages, seconds."""
    process, caller = psutil.Process(running.pid), await connected(running.port)
    bearer, prefer = f"Bearer {await _token(caller)}", f"odata.maxpagesize={PAGE}"
    first, pages, most = f"{COMPANY}/items", 0, 0
    before, started = 0, perf_counter()
    path, rounds = first, 5
    while path:
        status, answer = await caller.ask(request("GET", path, Authorization=bearer, Prefer=prefer))
        assert status == 200, answer
        pages += 1
        most = max(most, process.memory_info().rss)
        before = before or most  # the first page orders the list, once
        link = urlsplit(json.loads(answer).get("@odata.nextLink", ""))
        path = f"{link.path}?{link.query}" if link.path else ""
        if not path and rounds > 1:
            path, rounds = first, rounds - 1
    caller.transport.close()
    return (most - before) / 1e6, pages, perf_counter() - started


def main() -> int:
    found = asyncio.run(rows(items=10_000, long_list=20_000, seconds=3.0))
    print(section(found))
    return int(not all(row.kept for row in found))


if __name__ == "__main__":
    sys.exit(main())
