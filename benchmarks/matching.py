"""What matching costs: 10,000 SKUs against a catalogue of 100,000 items, over real sockets.

The simulator runs in a process of its own, so that the memory told is the gateway's alone.
Prints a table and exits 1 when the memory of the gateway grows by more than 64 MiB meanwhile.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.parse import parse_qsl, urlsplit

from aiohttp import ClientSession

from gateway import logs
from gateway.app import Rooms, open_rooms
from gateway.config import Config, Entra, Public
from gateway.matching import Asked
from gateway.simulator import CLIENT_ID, CLIENT_SECRET, COMPANIES
from gateway.storage import Connection, upgrade

ITEMS = 100_000
SKUS = 10_000
AT_ONCE = 5_000  # rows in one call of the simulator's control
LIMIT = 64  # MiB
SIMULATE = "from gateway.cli import main; main(['simulate', '--port', '0'])"
COMPANY_ID, COMPANY, _ = COMPANIES[0]


@asynccontextmanager
async def simulating() -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SIMULATE, stdout=PIPE)
    try:
        yield await address(process)
    finally:
        process.terminate()
        await process.wait()


async def address(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().split()[-1]


def gtin(number: int) -> str:
    digits = f"20{number:010d}"
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


async def plant(url: str) -> None:
    async with ClientSession(url) as control:
        for start in range(0, ITEMS, AT_ONCE):
            rows = [
                {"number": f"BULK-{n:06d}", "displayName": f"Bulk article {n}", "gtin": gtin(n)}
                for n in range(start, start + AT_ONCE)
            ]
            body = {"company": COMPANY, "entity": "items", "rows": rows}
            async with control.post("/_simulator/records", json=body) as answer:
                assert answer.status < 300, await answer.text()


async def connect(rooms: Rooms) -> Connection:
    """Sign in as the simulator's administrator does, and choose the company."""
    _, connect_url = await rooms.connections.create(organization="harwick")
    ticket = connect_url.rpartition("/")[2]
    sign_ins = rooms.connections.sign_ins
    asked = urlsplit((await sign_ins.begin(ticket, "browser")).url)
    form = {**dict(parse_qsl(asked.query)), "username": "admin@harwick.example"}
    async with (
        ClientSession() as browser,
        browser.post(
            asked._replace(query="").geturl(),
            data={**form, "decision": "accept"},
            allow_redirects=False,
        ) as answer,
    ):
        back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    await sign_ins.callback(
        state=back["state"], session="browser", code=back["code"], error="", description=""
    )
    return await sign_ins.choose(ticket, "browser", "Production", COMPANY_ID)


def asked() -> list[Asked]:
    """A third each: other separators, a GTIN, nothing that is there."""
    third = SKUS // 3
    return [
        *(Asked(f"bulk {number:06d}") for number in range(third)),
        *(Asked(f"OWN-{number}", gtin=gtin(number * 7)) for number in range(third)),
        *(Asked(f"NONE-{number}") for number in range(SKUS - 2 * third)),
    ]


def peak() -> float:
    """The most memory this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def longest_silence(stop: asyncio.Event) -> float:
    """The longest time in which nothing else could run here, in milliseconds."""
    longest = 0.0
    while not stop.is_set():
        began = perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, perf_counter() - began - 0.001)
    return longest * 1000


async def measure(url: str, folder: str) -> float:
    config = Config(
        entra=Entra(CLIENT_ID, (CLIENT_SECRET,), url),
        encryption_keys=(b"k" * 32,),
        public=Public("127.0.0.1", 8080, "http://127.0.0.1:8080"),
        storage_url=f"sqlite:///{Path(folder) / 'gateway.db'}",
        business_central_url=url,
    )
    upgrade(config.storage_url)
    async with open_rooms(config) as rooms:
        connection = await connect(rooms)
        await rooms.matching.match(connection, [Asked("1896-S")], wait=60)
        skus = asked()
        before, began, stop = peak(), perf_counter(), asyncio.Event()
        silence = asyncio.create_task(longest_silence(stop))
        matched = await rooms.matching.match(connection, skus, wait=600)
        took = perf_counter() - began
        stop.set()
        progress = matched.progress
        print(f"items in the catalogue      {progress.items_read:>10,}")
        print(f"SKUs                        {progress.skus:>10,}")
        print(f"by status                   {dict(progress.counts or {})}")
        print(f"seconds                     {took:>10.1f}")
        print(f"items per second            {progress.items_read / took:>10,.0f}")
        print(f"peak memory before, MiB     {before:>10.1f}")
        print(f"peak memory after, MiB      {peak():>10.1f}")
        print(f"longest silence, ms         {await silence:>10.1f}")
        return peak() - before


async def main() -> int:
    logs.configure(level="error")
    with TemporaryDirectory() as folder:
        async with simulating() as url:
            began = perf_counter()
            await plant(url)
            print(f"seconds to fill the simulator {perf_counter() - began:>8.1f}")
            grown = await measure(url, folder)
    return 0 if grown <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
