"""What the journeys share: the simulator and the gateway over real sockets, and who calls them."""

from __future__ import annotations

import base64
import gc
import io
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from aiohttp import ClientSession
from hypothesis import settings

from gateway import logs
from gateway.api.access import new_key
from gateway.app import Gateway, bind, listening, open_gateway
from gateway.clock import Clock
from gateway.config import Config, Entra, Public, folders
from gateway.simulator import CLIENT_ID, CLIENT_SECRET, Simulator, run_simulator
from gateway.snapshot import Snapshot, load_snapshot
from gateway.storage import ApiKey, Role, new_id
from tests import forked, postgres
from tests.connecting import connected
from tests.remote import empty_database
from tests.soak import SOAK

COMPANY = "Harwick Distributors Ltd"

Caller = Callable[..., Awaitable[ClientSession]]
Connect = Callable[..., Awaitable[str]]
Writes = Callable[[], Awaitable[list[str]]]


_LOGGERS = (None, "aiohttp.access", "alembic")  # whose levels `gateway.logs` sets

# The same examples in every run, however busy the machine is; `make soak` looks for new ones.
settings.register_profile("seeded", max_examples=50, derandomize=True, deadline=None, database=None)
settings.register_profile("soaked", max_examples=1_000, deadline=None, database=None)
settings.load_profile("soaked" if SOAK else "seeded")

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where the system has one
ROOM = 2 * 1024**3  # bytes that must be free there; a run takes less than half of it


def pytest_configure(config: pytest.Config) -> None:
    """Choose where files and PostgreSQL will live, once for all processes of the run.

    In memory, if there is room: a third of a run on a disk is waiting for it.
    """
    if hasattr(config, "workerinput"):
        return
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # what was found before
    postgres.make_folder()


def pytest_collection() -> None:
    """Look for no garbage while modules are imported and tests collected: there is little."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave all that was imported and collected out of every garbage collection to come, and let
    these come less often: snapshots live long, and each look at them takes a fifth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 50, 20)
    gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End PostgreSQL, and the process that commands are forked from."""
    if not hasattr(config, "workerinput"):
        forked.end()
        postgres.end_server()


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what a command that configures the logs leaves behind: for every test, as many run
    commands, and what a later one sees in the log must not depend on that.
    """
    root = logging.getLogger()
    handlers, levels = root.handlers, {name: logging.getLogger(name).level for name in _LOGGERS}
    yield
    root.handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def log() -> io.StringIO:
    """Everything that is logged."""
    stream = io.StringIO()
    logs.configure(stream, level="debug")
    return stream


@pytest.fixture
def config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration file that `BC_GATEWAY_CONFIG` names, its secrets in the environment."""
    file = tmp_path / "bc-gateway.yaml"
    file.write_text(
        "console: {listen: null}\n"
        "storage: {url: 'sqlite:///gateway.db'}\n"
        "encryption: {keys: [{env: BC_GATEWAY_KEY}]}\n"
        "entra: {client_id: client, client_secret: {env: ENTRA_CLIENT_SECRET}}\n"
    )
    monkeypatch.setenv("BC_GATEWAY_CONFIG", str(file))
    monkeypatch.setenv("BC_GATEWAY_KEY", base64.b64encode(b"k" * 32).decode())
    monkeypatch.setenv("ENTRA_CLIENT_SECRET", "secret")
    return file


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Business Central and Microsoft's sign-in on loopback, freshly seeded."""
    async with run_simulator() as running:
        yield running


@pytest.fixture(scope="session")
def snapshot() -> Snapshot:
    """The shipped mappings and schemas: a value, so that all tests can share it."""
    return load_snapshot(mappings=folders("mappings", None), schemas=folders("schemas", None))


@pytest.fixture
def config(simulator: Simulator, tmp_path: Path) -> Config:
    """A configuration whose Microsoft is the simulator; the port is chosen by `gateway`."""
    (tmp_path / "gateway.db").write_bytes(empty_database())
    return Config(
        entra=Entra(CLIENT_ID, (CLIENT_SECRET,), simulator.url),
        encryption_keys=(b"k" * 32,),
        public=Public("127.0.0.1", 0, "http://127.0.0.1:0"),
        storage_url=f"sqlite:///{tmp_path / 'gateway.db'}",
        business_central_url=simulator.url,
    )


@pytest.fixture
async def gateway(config: Config, snapshot: Snapshot) -> AsyncIterator[Gateway]:
    """The gateway, serving on a free port of loopback."""
    with bind("127.0.0.1", 0) as socket:
        port = socket.getsockname()[1]
        public = Public("127.0.0.1", port, f"http://127.0.0.1:{port}")
        async with (
            open_gateway(replace(config, public=public), snapshot=snapshot) as opened,
            listening(opened, socket),
        ):
            yield opened


@pytest.fixture
async def caller(gateway: Gateway) -> AsyncIterator[Caller]:
    """Makes sessions that carry a key of their own."""
    async with AsyncExitStack() as stack:

        async def make(role: Role, organization: str | None = None) -> ClientSession:
            text, hashed = new_key()
            key = ApiKey(new_id("key"), hashed, role, organization, Clock().now())
            await gateway.store.add_key(key)
            return await stack.enter_async_context(
                ClientSession(
                    gateway.config.public.url, headers={"Authorization": f"Bearer {text}"}
                )
            )

        yield make


@pytest.fixture
async def product(caller: Caller) -> ClientSession:
    """The product: a session with a key of its role."""
    return await caller("product")


@pytest.fixture
def connect(product: ClientSession, gateway: Gateway, simulator: Simulator) -> Connect:
    """Creates a connection and makes it an active one; gives the connection's id."""

    async def made(company: str = COMPANY, **given: object) -> str:
        body = {"organization": "harwick", "environment": "Production", **given}
        async with product.post("/v1/connections", json=body) as response:
            identity = str((await response.json())["id"])
        connection = await gateway.store.connection(identity)
        assert connection is not None
        async with ClientSession(simulator.url) as microsoft:
            await connected(gateway.connections, microsoft, connection, company)
        return identity

    return made


@pytest.fixture
def writes(simulator: Simulator) -> Writes:
    """Tells what reached Business Central and could have changed something."""

    async def seen() -> list[str]:
        async with (
            ClientSession() as session,
            session.get(f"{simulator.url}/_simulator/journal") as response,
        ):
            entries = (await response.json())["value"]
        return [
            entry["path"]
            for entry in entries
            if entry["method"] != "GET" and "/api/v2.0/" in entry["path"]
        ]

    return seen
