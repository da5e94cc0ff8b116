"""What the handlers of the public listener use, each under one key of the application.

`gateway.app` puts the objects there; the application owns none of them and closes none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from gateway.businesscentral import BusinessCentral
    from gateway.clock import Clock
    from gateway.config import Config
    from gateway.connections import Connections
    from gateway.matching import Matching
    from gateway.operations import Engine
    from gateway.snapshot import Current, Snapshot
    from gateway.storage import Store

CONFIG: web.AppKey[Config] = web.AppKey("config")
CLOCK: web.AppKey[Clock] = web.AppKey("clock")
CURRENT: web.AppKey[Current] = web.AppKey("current")
STORE: web.AppKey[Store] = web.AppKey("store")
BUSINESS_CENTRAL: web.AppKey[BusinessCentral] = web.AppKey("business_central")
CONNECTIONS: web.AppKey[Connections] = web.AppKey("connections")
MATCHING: web.AppKey[Matching] = web.AppKey("matching")
ENGINE: web.AppKey[Engine] = web.AppKey("engine")

OWNERS: web.RequestKey[tuple[str, str]] = web.RequestKey("owners")
"""Of a request about a connection: its id and its organization, as overrides go."""

PAYLOAD: web.RequestKey[object] = web.RequestKey("payload")
"""The body of a request once it was read: nothing of it may stand in a problem."""

_SNAPSHOT: web.RequestKey[Snapshot] = web.RequestKey("snapshot")


def snapshot_of(request: web.Request) -> Snapshot:
    """The snapshot of a request, to its end: the one that counted when it was first needed."""
    try:
        return request[_SNAPSHOT]
    except KeyError:
        snapshot = request[_SNAPSHOT] = request.app[CURRENT].snapshot
        return snapshot
