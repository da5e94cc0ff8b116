"""The processes of a measurement, each on the core it is given, and a gateway ready for orders."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.load import connected, request
from benchmarks.order import COMPANY, TENANT
from gateway.api.access import new_key
from gateway.clock import Clock
from gateway.storage import ApiKey, Connection, new_id, open_store, upgrade

MEASURED, OTHERS = 0, 1  # cores; on a machine with one core everything shares it
KEY = b"measurements".ljust(32, b".")
CONNECTIONS = 32  # so that the pace and the lanes of one tenant do not stand in the way
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Running:
    """A process: where it listens, its id, and the seconds until it answered."""

    port: int
    pid: int
    started_in: float = 0.0


def pin(pid: int, core: int) -> None:
    """Keep a process to one core where the system can do that."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > core:
        os.sched_setaffinity(pid, {core})


@asynccontextmanager
async def stub(module: str, *words: str, core: int) -> AsyncIterator[Running]:
    """A module of this folder that prints the port it listens at."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"benchmarks.{module}", *words),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    pin(process.pid, core)
    try:
        assert process.stdout is not None
        yield Running(int(await process.stdout.readline()), process.pid)
    finally:
        await _end(process)


@asynccontextmanager
async def serving(folder: Path, *, core: int = MEASURED) -> AsyncIterator[Running]:
    """`bc-gateway serve` on the configuration in `folder`."""
    port = int((folder / "port").read_text())
    log = (folder / "serve.log").open("ab")
    started = perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from gateway.cli import main; main()", "serve"),
        env={**os.environ, "BC_GATEWAY_CONFIG": str(folder / "bc-gateway.yaml")},
        stdout=log,
        stderr=log,
    )
    log.close()
    pin(process.pid, core)
    try:
        await _ready(port, process, folder)
        yield Running(port, process.pid, perf_counter() - started)
    finally:
        await _end(process)


def configured(folder: Path, port: int, upstream: str) -> str:
    """Write a configuration with `upstream` as Microsoft; gives the address of the database."""
    (folder / "key").write_text(base64.b64encode(KEY).decode())
    (folder / "secret").write_text("secret")
    (folder / "port").write_text(str(port))
    (folder / "bc-gateway.yaml").write_text(
        f"public: {{listen: '127.0.0.1:{port}', url: 'http://127.0.0.1:{port}'}}\n"
        "console: {listen: null}\n"
        "storage: {url: 'sqlite:///gateway.db'}\n"
        "encryption: {keys: [{file: key}]}\n"
        "entra: {client_id: 11111111-1111-4111-8111-111111111111, "
        f"client_secret: {{file: secret}}, authority: '{upstream}'}}\n"
        f"business_central: {{url: '{upstream}'}}\n"
    )
    return f"sqlite:///{folder / 'gateway.db'}"


async def furnished(database: str) -> tuple[str, list[str]]:
    """A database with a key and active connections, each to a tenant of its own.

    Gives the key and the ids of the connections.
    """
    clock = Clock()
    upgrade(database)
    key, hashed = new_key()
    connections = [
        Connection(
            new_id("con"),
            "harwick",
            clock.now(),
            clock.now(),
            status="active",
            tenant=TENANT.format(at=at),
            environment="Production",
            environment_type="Production",
            company_id=COMPANY,
            company_name="Harwick",
            principal=f"5f8c0000-0000-4000-8000-{at:012d}",
        )
        for at in range(CONNECTIONS)
    ]
    async with open_store(database, [KEY], clock) as store:
        await store.add_key(ApiKey(new_id("key"), hashed, "product", None, clock.now()))
        for connection in connections:
            await store.add_connection(connection)
            await store.save_refresh_token(connection.id, "r" * 1000, None)
    return key, [connection.id for connection in connections]


async def _ready(port: int, process: asyncio.subprocess.Process, folder: Path) -> None:
    while True:
        try:
            caller = await connected(port)
        except OSError:
            if process.returncode is not None:
                raise AssertionError((folder / "serve.log").read_text()) from None
            await asyncio.sleep(0.005)
            continue
        status, _ = await caller.ask(request("GET", "/health/ready"))
        caller.transport.close()
        if status == 200:
            return


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()
