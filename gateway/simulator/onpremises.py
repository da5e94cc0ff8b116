"""A server outside Microsoft's cloud: basic authentication, no Entra (bc/api.md §13).

``listener`` serves it beside the online paths when the simulator was started so. Its companies
are those of the environment *Production*.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Collection

from gateway.simulator.errors import unknown_segment
from gateway.simulator.exchange import Call

ROOT = "/BC"  # the instance
ENVIRONMENT = "production"
TENANT = "default"
USER = "GATEWAY"
KEY = "c2ltdWxhdG9yLXdlYi1zZXJ2aWNlLWFjY2Vzcy1rZXk="  # the one published key of a simulator


def is_on_premises(call: Call) -> bool:
    """Whether the call is to the server."""
    return call.path.startswith(f"{ROOT}/")


def user_of(call: Call) -> str | None:
    """Who is let in by the Authorization header."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        given = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return USER if hmac.compare_digest(given, f"{USER}:{KEY}".encode()) else None


def below_root(call: Call, routes: Collection[str]) -> tuple[str, list[str]]:
    """The route, one of ``routes``, and the path below its root. Raises BusinessCentralError."""
    tenant, segments = dict(call.pairs).get("tenant", TENANT), call.segments
    for route in routes if segments[1:2] == ["api"] and tenant == TENANT else ():
        parts = route.split("/")
        if segments[2 : 2 + len(parts)] == parts:
            return route, segments[2 + len(parts) :]
    raise unknown_segment(segments[-1])
