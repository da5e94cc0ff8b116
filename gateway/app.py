"""`open_gateway`: the only place that opens and closes things; `listening` serves them.

The commands `serve` and `demo` call it, and the tests. Whatever is opened later is closed earlier.
"""

from __future__ import annotations

import errno
import logging
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from gateway.api import keys
from gateway.api.application import public_application
from gateway.businesscentral import BusinessCentral, open_session
from gateway.clock import Clock
from gateway.config import Config, folders
from gateway.connections import Connections
from gateway.entra import Tokens
from gateway.errors import StartError
from gateway.matching import Matching
from gateway.operations import Engine
from gateway.snapshot import Snapshot, load_snapshot
from gateway.storage import Store, open_store

FINISH_WITHIN: Final = 25.0  # seconds for requests under way; container platforms kill after 30


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that is open. `application` serves it and owns nothing."""

    config: Config
    snapshot: Snapshot
    store: Store
    connections: Connections
    engine: Engine
    application: web.Application


@asynccontextmanager
async def open_gateway(
    config: Config, *, clock: Clock = Clock(), snapshot: Snapshot | None = None
) -> AsyncIterator[Gateway]:
    """Open the gateway that `config` describes, and close it again.

    `snapshot` is that of the configuration where it is loaded already. Raises `StartError` with a sentence that says what to do, and `InvalidFiles` with every
    finding in the mappings and schemas.
    """
    if snapshot is None:
        snapshot = load_snapshot(
            mappings=folders("mappings", config.mappings),
            schemas=folders("schemas", config.schemas),
        )
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            open_store(config.storage_url, config.encryption_keys, clock, serving=True)
        )
        session = await stack.enter_async_context(open_session())
        tokens = Tokens(config.entra, store, session, clock)
        business_central = BusinessCentral(config.business_central_url, session, tokens, clock)
        connections = Connections(config, store, tokens, business_central, clock)
        matching = Matching(store, business_central, snapshot.schemas, clock)
        engine = await stack.enter_async_context(
            Engine(store, snapshot, business_central, connections, matching, clock=clock)
        )
        application = public_application(config, snapshot)
        application[keys.CLOCK] = clock
        application[keys.STORE] = store
        application[keys.BUSINESS_CENTRAL] = business_central
        application[keys.CONNECTIONS] = connections
        application[keys.MATCHING] = matching
        application[keys.ENGINE] = engine
        yield Gateway(config, snapshot, store, connections, engine, application)


def bind(host: str, port: int) -> sockets.socket:
    """A socket that listens at `host` and `port`; 0 takes any free port. Raises `StartError`."""
    family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    try:
        return sockets.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        reason = _BIND_REASONS.get(error.errno or 0, "it cannot be used")
        raise StartError(
            f"Cannot listen at {host}:{port}: {reason}. Choose another under public.listen, "
            "or stop what is using it."
        ) from None


@asynccontextmanager
async def listening(gateway: Gateway, socket: sockets.socket) -> AsyncIterator[None]:
    """Serve `gateway` on `socket`. At the end nothing new is accepted, and what runs may finish."""
    log = logging.getLogger("gateway.listener")
    log.addFilter(_without_values)
    runner = web.AppRunner(
        gateway.application,
        access_log=None,
        logger=log,
        shutdown_timeout=FINISH_WITHIN,
        handler_cancellation=False,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, socket).start()
        yield
    finally:
        await runner.cleanup()


_BIND_REASONS: Final = {
    errno.EADDRINUSE: "the port is taken",
    errno.EACCES: "this user may not use that port",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


def _without_values(record: logging.LogRecord) -> bool:
    """A filter for what the framework logs of requests it cannot even read.

    Its texts quote the request, and so may hold an address or a key; the kind of error stays.
    """
    kind = record.exc_info[0] if record.exc_info else None
    record.msg = f"listener_error {kind.__name__}" if kind else "listener_error"
    record.args, record.exc_info, record.exc_text = (), None, None
    return True
