"""One HTTP exchange, once: what was received, or whether anything can have been done.

What matters is the difference between a request that never left and one that may have arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHandlerType,
    ClientOSError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    ServerDisconnectedError,
    TCPConnector,
)
from yarl import URL

CONNECT_WITHIN: Final = 10  # seconds
MOST_BYTES: Final = 64 * 1024 * 1024
MOST_CONNECTIONS: Final = 1000

_CHUNK: Final = 256 * 1024
_REPEATED: Final = frozenset({"DELETE", "PUT"})  # writes that aiohttp itself would send again


class NotSent(Exception):
    """No connection was made, so nothing can have happened."""


class NoAnswer(Exception):
    """The request left, and no whole answer came back. What it asked for may have been done."""


@dataclass(frozen=True, slots=True)
class Received:
    """An answer as it came: status, headers, the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def open_session() -> ClientSession:
    """The client session of the whole gateway; whoever opens it closes it.

    It keeps no cookies: one that Microsoft sets for a customer would travel with the next one.
    """
    return ClientSession(
        connector=TCPConnector(limit=MOST_CONNECTIONS), cookie_jar=DummyCookieJar()
    )


async def exchange(
    session: ClientSession,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    data: bytes | None,
    seconds: float,
) -> Received:
    """Send once and read the whole answer within `seconds`; redirects are not followed.

    `url` is sent as it stands, byte for byte. Raises `NotSent` and `NoAnswer`.
    """
    timeout = ClientTimeout(total=seconds, connect=min(CONNECT_WITHIN, seconds))
    try:
        async with session.request(
            method,
            URL(url, encoded=True),
            data=data,
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
            middlewares=(_once,) if method in _REPEATED else (),
        ) as response:
            return Received(response.status, response.headers, await _body(response))
    except (ClientConnectorError, ConnectionTimeoutError):
        raise NotSent from None
    except (ClientError, TimeoutError, OSError):
        raise NoAnswer from None


async def _body(response: ClientResponse) -> bytes:
    """The whole body. Raises `NoAnswer` for one that is too large."""
    if (
        response.content_length or MOST_BYTES
    ) < _CHUNK and "Content-Encoding" not in response.headers:
        return await response.read()
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > MOST_BYTES:
            raise NoAnswer
    return bytes(body)


async def _once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Keep aiohttp from sending a DELETE again when a kept connection turns out to be dead.

    It does so after these errors, whether or not the request had arrived, and only after these.
    """
    try:
        return await handler(request)
    except ClientConnectorError:
        raise
    except (ClientOSError, ServerDisconnectedError):
        raise NoAnswer from None
