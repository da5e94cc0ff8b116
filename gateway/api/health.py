"""Health, honestly: alive is the process, ready is the process and its database."""

from __future__ import annotations

from aiohttp import web

from gateway import __version__
from gateway.api.answers import answer
from gateway.api.keys import STORE, snapshot_of


async def live(_request: web.Request) -> web.Response:
    """The process answers."""
    return answer({"status": "live", "version": __version__})


async def ready(request: web.Request) -> web.Response:
    """The database answers too. Raises `StorageUnavailable`."""
    await request.app[STORE].ping()
    return answer({"status": "ready", "snapshot": snapshot_of(request).hash})
