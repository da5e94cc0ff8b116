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
    from gateway.snapshot import Snapshot
    from gateway.storage import Store

CONFIG: web.AppKey[Config] = web.AppKey("config")
CLOCK: web.AppKey[Clock] = web.AppKey("clock")
SNAPSHOT: web.AppKey[Snapshot] = web.AppKey("snapshot")
STORE: web.AppKey[Store] = web.AppKey("store")
BUSINESS_CENTRAL: web.AppKey[BusinessCentral] = web.AppKey("business_central")
CONNECTIONS: web.AppKey[Connections] = web.AppKey("connections")
MATCHING: web.AppKey[Matching] = web.AppKey("matching")
ENGINE: web.AppKey[Engine] = web.AppKey("engine")
