"""`open_gateway`: the only place that opens and closes things; `listening` serves them.

The commands `serve` and `demo` call it, and the tests. Whatever is opened later is closed earlier.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, cast

from aiohttp import web

from gateway.api import keys
from gateway.api.application import public_application
from gateway.api.protocol import Protocol
from gateway.businesscentral import BusinessCentral, open_session
from gateway.clock import Clock
from gateway.config import Config, folders
from gateway.connections import Connections
from gateway.console import operators_application
from gateway.entra import Tokens
from gateway.errors import StartError
from gateway.matching import Matching
from gateway.operations import Engine
from gateway.reload import Reload, files_seen, load_tested
from gateway.snapshot import Current, Snapshot
from gateway.storage import Store, open_store
from gateway.telemetry import tracing, watched_loop
from gateway.validation import Schemas, load_schemas

ANSWER_WITHIN: Final = 5.0  # seconds for writes under way; then their callers are told 202
FINISH_WITHIN: Final = 25.0  # seconds for requests under way; container platforms kill after 30


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that is open. `application` serves it to callers, `operators` to those who run
    it; they own nothing.
    """

    config: Config
    reload: Reload
    store: Store
    connections: Connections
    engine: Engine
    application: web.Application
    operators: web.Application | None

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that counts now."""
        return self.reload.current.snapshot


@dataclass(frozen=True, slots=True)
class Rooms:
    """What is open where no application and no engine is needed."""

    store: Store
    business_central: BusinessCentral
    connections: Connections
    matching: Matching


@asynccontextmanager
async def open_gateway(
    config: Config, *, clock: Clock = Clock(), snapshot: Snapshot | None = None
) -> AsyncIterator[Gateway]:
    """Open the gateway that `config` describes, and close it again.

    `snapshot` is that of the configuration where it is loaded already. Raises `StartError` with
    a sentence that says what to do, and `InvalidFiles` with every finding in the mappings, the
    schemas and what their tests find.
    """
    seen = files_seen(config)  # before they are read: what changes while they are is seen next
    if snapshot is None:
        snapshot = await asyncio.to_thread(load_tested, config)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(tracing())
        await stack.enter_async_context(watched_loop())
        rooms = await _open_rooms(stack, config, snapshot.schemas, clock, serving=True)
        store, connections, current = rooms.store, rooms.connections, Current(snapshot)
        engine = await stack.enter_async_context(
            Engine(store, current, rooms.business_central, connections, rooms.matching, clock=clock)
        )
        reload = await stack.enter_async_context(Reload(config, current, clock, seen))
        application = public_application(config, current)
        application[keys.CLOCK] = clock
        application[keys.STORE] = store
        application[keys.BUSINESS_CENTRAL] = rooms.business_central
        application[keys.CONNECTIONS] = connections
        application[keys.MATCHING] = rooms.matching
        application[keys.ENGINE] = engine
        operators = (
            None if config.console is None else operators_application(config.console, store, reload)
        )
        yield Gateway(config, reload, store, connections, engine, application, operators)


@asynccontextmanager
async def open_rooms(
    config: Config, *, clock: Clock = Clock(), schemas: Schemas | None = None
) -> AsyncIterator[Rooms]:
    """Open what a command needs that reads from Business Central beside a serving gateway.

    `schemas` are those of the configuration where they are loaded already. Raises `StartError`,
    and `InvalidFiles` with every finding in the schemas.
    """
    if schemas is None:
        schemas = load_schemas(folders("schemas", config.schemas))
    async with AsyncExitStack() as stack:
        yield await _open_rooms(stack, config, schemas, clock, serving=False)


async def _open_rooms(
    stack: AsyncExitStack, config: Config, schemas: Schemas, clock: Clock, *, serving: bool
) -> Rooms:
    store = await stack.enter_async_context(
        open_store(
            config.storage_url, config.encryption_keys, clock, create=serving, serving=serving
        )
    )
    session = await stack.enter_async_context(open_session())
    tokens = Tokens(config.entra, store, session, clock)
    business_central = BusinessCentral(
        config.business_central_url, session, tokens, clock, config.on_premises
    )
    connections = Connections(config, store, tokens, business_central, clock)
    matching = await stack.enter_async_context(Matching(store, business_central, schemas, clock))
    return Rooms(store, business_central, connections, matching)


def bind(host: str, port: int, key: str = "public.listen") -> sockets.socket:
    """A socket that listens at `host` and `port`; 0 takes any free port. Raises `StartError`,
    which names the `key` of the configuration that says so.
    """
    family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    try:
        return sockets.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        reason = _BIND_REASONS.get(error.errno or 0, "it cannot be used")
        raise StartError(
            f"Cannot listen at {host}:{port}: {reason}. Choose another under {key}, "
            "or stop what is using it."
        ) from None


@asynccontextmanager
async def listening(
    gateway: Gateway, socket: sockets.socket, console: sockets.socket | None = None
) -> AsyncIterator[None]:
    """Serve `gateway` on `socket`, and its operators on `console`, where there are such.

    At the end nothing new is accepted, and what runs may finish; operators can watch that.
    """
    docs = f"{gateway.config.public.url}/docs"
    async with AsyncExitStack() as stack:
        if console is not None and gateway.operators is not None:
            await stack.enter_async_context(_serving(gateway.operators, console, docs))
        await stack.enter_async_context(_serving(gateway.application, socket, docs))
        try:
            yield
        finally:
            # Whoever waits for Business Central gets its operation before the process has to go.
            loop = asyncio.get_running_loop()
            stack.callback(loop.call_later(ANSWER_WITHIN, gateway.engine.let_go).cancel)


@asynccontextmanager
async def _serving(
    application: web.Application, socket: sockets.socket, docs: str
) -> AsyncIterator[None]:
    log = logging.getLogger("gateway.listener")
    log.addFilter(_without_values)
    runner = web.AppRunner(application, shutdown_timeout=FINISH_WITHIN, handler_cancellation=False)
    await runner.setup()
    server = cast("web.Server", runner.server)
    listener = await asyncio.get_running_loop().create_server(
        lambda: Protocol(server, docs=docs, logger=log), sock=socket, backlog=128
    )
    try:
        yield
    finally:
        listener.close()
        await runner.cleanup()


_BIND_REASONS: Final = {
    errno.EADDRINUSE: "the port is taken",
    errno.EACCES: "this user may not use that port",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


def _without_values(record: logging.LogRecord) -> bool:
    """A filter for what the framework logs of requests it cannot even read.

    Its texts quote the request, and so may hold an address or a key; the kind of error stays.
    A body that cannot be unpacked is its caller's mistake, and no alarm for the operator.
    """
    kind = record.exc_info[0] if record.exc_info else None
    if kind is web.RequestPayloadError:
        record.levelno, record.levelname = logging.INFO, "INFO"
    record.msg = f"listener_error {kind.__name__}" if kind else "listener_error"
    record.args, record.exc_info, record.exc_text = (), None, None
    return True
