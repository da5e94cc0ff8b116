"""What the handlers of the operators' listener use; `application.py` puts it there."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from gateway.config import Listener
from gateway.reload import Reload
from gateway.storage import Store

STORE: Final[web.AppKey[Store]] = web.AppKey("store")
RELOAD: Final[web.AppKey[Reload]] = web.AppKey("reload")
CONSOLE: Final[web.AppKey[Listener]] = web.AppKey("console")
