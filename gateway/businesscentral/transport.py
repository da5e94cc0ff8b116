"""One HTTP exchange, once: what was received, or whether anything can have been done.

What matters is the difference between a request that never left and one that may have arrived.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

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

from gateway import __version__

CONNECT_WITHIN: Final = 10.0  # seconds
MOST_BYTES: Final = 64 * 1024 * 1024
MOST_CONNECTIONS: Final = 1000

HEADERS: Final = {  # of every request that does not say otherwise
    "Accept": "application/json",
    "Accept-Language": "en-US",
    "User-Agent": f"bc-gateway/{__version__}",
}

_CHUNK: Final = 256 * 1024
_LONG: Final = 5  # seconds; what lasts longer aiohttp itself counts in whole ones
_REPEATED: Final = frozenset({"DELETE", "PUT"})  # writes that aiohttp itself would send again


class NotSent(Exception):
    """No connection was made, so nothing can have happened."""


class NoAnswer(Exception):
    """The request left, and no whole answer came back. What it asked for may have been done."""


class Received(NamedTuple):
    """An answer as it came: status, headers, the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Received(status={self.status})"


def open_session() -> ClientSession:
    """The client session of the whole gateway; whoever opens it closes it.

    It keeps no cookies: one that Microsoft sets for a customer would travel with the next one.
    """
    return ClientSession(
        connector=TCPConnector(limit=MOST_CONNECTIONS),
        cookie_jar=DummyCookieJar(),
        headers=HEADERS,
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
    try:
        response = await session.request(
            method,
            URL(url, encoded=True),
            data=data,
            headers=headers,
            timeout=_timeout(math.ceil(seconds) if seconds > _LONG else seconds),
            allow_redirects=False,
            middlewares=(_once,) if method in _REPEATED else (),
        )
        content = response.content
        if content.is_eof():  # small answers are here already, and their connection is free again
            body = content.read_nowait()
        else:
            body = await _rest(response)
        if len(body) > MOST_BYTES:
            raise NoAnswer
        return Received(response.status, response.headers, body)
    except (ClientConnectorError, ConnectionTimeoutError):
        raise NotSent from None
    except (ClientError, TimeoutError, OSError):
        raise NoAnswer from None


@lru_cache(maxsize=1024)
def _timeout(seconds: float) -> ClientTimeout:
    return ClientTimeout(total=seconds, connect=min(CONNECT_WITHIN, seconds))


async def _rest(response: ClientResponse) -> bytes:
    """The body, part of which is still to come. No more is read of one that is too large."""
    size = response.content_length
    if size is not None and size < _CHUNK and "Content-Encoding" not in response.headers:
        return await response.read()
    body = bytearray()
    try:
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > MOST_BYTES:
                break
    finally:
        response.close()  # of one that has come to its end the connection is kept
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
