"""`/openapi.json`: what this gateway speaks, made from the snapshot for the first who asks, and anew
after a reload.

The resources bring their canonical schemas, filters and codes (`resource_paths.py`); the gateway's
own paths are described in `own_paths.py`. `docs.py` shows the same document to people.
"""

from __future__ import annotations

from aiohttp import web

from gateway import __version__
from gateway.api import own_paths, resource_paths
from gateway.api.answers import answer
from gateway.api.calls import HEADERS, Shape
from gateway.api.keys import snapshot_of
from gateway.snapshot import Snapshot

DESCRIPTION: web.AppKey[Description] = web.AppKey("description")


async def document(request: web.Request) -> web.Response:
    """The document as JSON."""
    return answer(request.app[DESCRIPTION].of(snapshot_of(request)))


class Description:
    """The document of the last snapshot that was asked about, for callers who know the gateway
    by `url`.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._made: tuple[str, Shape] = ("", {})

    def of(self, snapshot: Snapshot) -> Shape:
        """The OpenAPI document of `snapshot`."""
        if self._made[0] != snapshot.hash:
            self._made = (snapshot.hash, describe(snapshot, self._url))
        return self._made[1]


def describe(snapshot: Snapshot, url: str) -> Shape:
    """The OpenAPI 3.1 document of a gateway that callers know by `url`."""
    schemas, paths = dict(own_paths.SCHEMAS), own_paths.paths()
    for _, plans in sorted(snapshot.resources.items()):
        schemas |= resource_paths.schemas(snapshot.schemas, plans)
        paths |= resource_paths.paths(plans)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "bc-gateway",
            "version": __version__,
            "description": "Canonical JSON in, Business Central out, and the number back.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": HEADERS,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key made by `bc-gateway keys create`.",
                }
            },
        },
    }
