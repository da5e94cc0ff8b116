"""How the simulator speaks HTTP: one ``Protocol`` per connection.

What can not be read as a request is refused in Business Central's words; the framework would
quote it in plain text, and let a request wait for ever for a body that can not be read to its end.
"""

from __future__ import annotations

import asyncio
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from socket import socket
from typing import cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader
from yarl import URL

from gateway.simulator.businesscentral import error_answer
from gateway.simulator.delivery import whole
from gateway.simulator.errors import BusinessCentralError

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_SHUTDOWN_SECONDS = 1.0
_LONGEST_LINE = 64 * 1024  # more than Business Central takes, so that its own refusal is seen


class Protocol(web.RequestHandler):
    """One connection."""

    __slots__ = ("_newest",)

    def __init__(self, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # None is what turns it off
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            auto_decompress=False,  # ``receiving`` does it, within bounds
        )
        self._newest: StreamReader | None = None

    def data_received(self, data: bytes) -> None:
        """Take bytes. A request that follows one whose body has not ended is none: the parser has
        given up, and nobody may wait for the rest.
        """
        known = self._request_count
        super().data_received(data)
        if self._request_count == known:
            return
        if self._newest is not None and not self._newest.is_eof():
            self._newest.set_exception(web.RequestPayloadError())
            self._newest.feed_eof()
        self._newest = self._messages[-1][1]

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes the request
    ) -> web.StreamResponse:
        """The answer to what is no request. Raises ConnectionError where one has begun already."""
        if request.writer.output_size > 0:
            raise ConnectionError("An answer has begun.")
        if status >= 500 and not isinstance(exc, ConnectionError):
            self.log_exception("The simulator has failed.", exc_info=exc)
        return _refusal(status)


@asynccontextmanager
async def serving(
    handle: Handle, listening: socket, tls: ssl.SSLContext | None
) -> AsyncIterator[None]:
    """Have ``handle`` answer all that comes to a socket until the block ends; what runs then gets a
    second. No routes of the framework's stand before it: they have answers of their own.
    """
    server = web.Server(handle, request_factory=_request)
    runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    served = await asyncio.get_running_loop().create_server(
        lambda: Protocol(server), sock=listening, ssl=tls
    )
    try:
        yield
    finally:
        served.close()
        kept = [each.transport for each in server.connections]
        await runner.cleanup()
        # A TLS connection closes only when the client says good-bye too, and it may not.
        for transport in kept:
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0)


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    """A request as the framework makes it, which fails where CONNECT has nothing after it."""
    if cast("URL | None", message.url) is None:
        message = message._replace(url=URL(), path="")
    return web.BaseRequest(message, payload, protocol, writer, task, asyncio.get_running_loop())


def _refusal(status: int) -> web.Response:
    """Business Central's kind of refusal; the status is HTTP's. The connection ends with it."""
    code, text = "BadRequest", f"The request can not be read: {HTTPStatus(status).phrase}."
    if status >= 500:
        code, text = "Unknown", "The simulator has failed; its log says where."
    response = whole(error_answer(BusinessCentralError(status, code, text), str(uuid.uuid4())))
    response.force_close()
    return response
