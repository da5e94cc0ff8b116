"""How a listener speaks HTTP: what cannot be read as a request is refused like everything else.

`gateway.app` makes one `Protocol` per connection. The framework would answer such bytes in plain
text that quotes them, and would wait for the rest of a request for ever.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import ContentEncodingError, LineTooLong

from gateway.api.problems import problem_answer, request_id_of
from gateway.errors import GatewayError, InvalidQuery, MalformedRequest, UnsupportedMediaType
from gateway.logs import about
from gateway.telemetry import request_answered

HEAD_WITHIN: Final = 30.0  # seconds from the first byte of a request to the end of its headers
IDLE: Final = 660.0  # seconds between two requests; balancers keep connections for up to 600
LINGER: Final = 10.0  # seconds for the rest of a body that nobody reads

_TWICE: Final = re.compile(r"Duplicate '([A-Za-z-]+)' header found\.")  # of few names
_QUIET: Final[dict[str, Any]] = {"access_log": None}  # the boundary logs requests


class Protocol(web.RequestHandler):
    """One connection of a listener. `docs` is the address that explains the codes of problems."""

    __slots__ = ("_docs", "_head_due")

    def __init__(self, server: web.Server, *, docs: str, logger: logging.Logger) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            logger=logger,
            keepalive_timeout=IDLE,
            lingering_time=LINGER,
            **_QUIET,
        )
        self._docs = docs
        self._head_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait for nothing any more."""
        self._forget_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; those that begin a request are to be followed by the rest of its head."""
        known = self._request_count
        super().data_received(data)
        if self._request_count > known:
            self._forget_head()
            self._break_off()
        elif self._waiter is not None and self._head_due is None:
            self._await_head()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes the request
    ) -> web.StreamResponse:
        """The answer to what is no request. Raises `ConnectionError` when one is begun already."""
        if request.writer.output_size > 0:
            raise ConnectionError("An answer has begun.")
        refusal = self._refusal(request, GatewayError() if status >= 500 else _refused(exc))
        with about(request_id=refusal.headers["Request-Id"]):
            self.logger.warning("A request cannot be read.", exc_info=exc)
        return refusal

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer. What the framework refuses ahead of the boundary is a problem too."""
        if isinstance(resp, web.HTTPExpectationFailed):
            resp = self._refusal(request, InvalidQuery("Expect can only be 100-continue."))
        return await super().finish_response(request, resp, start_time)

    def _refusal(self, request: web.BaseRequest, error: GatewayError) -> web.Response:
        response = problem_answer(error, docs=self._docs, request_id=request_id_of(request))
        response.force_close()
        request_answered(None, request.method, response.status, 0.0)
        return response

    def _await_head(self) -> None:
        self._head_due = asyncio.get_running_loop().call_later(HEAD_WITHIN, self._head_late)

    def _break_off(self) -> None:
        """Let nobody wait for the rest of a body after which the parser has already given up."""
        reading = self._current_request
        if reading is not None and not reading.content.is_eof():
            reading.content.set_exception(web.RequestPayloadError())
            reading.content.feed_eof()

    def _forget_head(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _head_late(self) -> None:
        self._head_due = None
        if self._waiter is not None and not self._waiter.done():
            self.force_close()


def _refused(error: BaseException | None) -> GatewayError:
    """What the framework's parser raised, as an error of ours."""
    if isinstance(error, ContentEncodingError):
        return UnsupportedMediaType(
            "The body's Content-Encoding is not known here: send it plain, or as gzip or deflate."
        )
    if isinstance(error, LineTooLong):
        return MalformedRequest("The address or a header is longer than 8,190 bytes.")
    twice = _TWICE.fullmatch(str(getattr(error, "message", "")))
    if twice is not None:
        return MalformedRequest(f"The header {twice[1]} stands there twice. Send it once.")
    return MalformedRequest()
