"""How an answer leaves: at once, slowly, in part, or not at all. Called by ``listener``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from gateway.simulator.control.callfaults import CallFaults
from gateway.simulator.exchange import Answer

_PIECES = 8

Wait = Callable[[float], Awaitable[None]]


async def deliver(
    request: web.BaseRequest, answer: Answer, faults: CallFaults, wait: Wait
) -> web.StreamResponse:
    """Send the answer as the faults of the call want it."""
    if request.method == "HEAD":  # there is no body to be slow or in part
        return whole(answer)
    seconds = sum(details.number("seconds") for details in faults.details("slow_body"))
    if faults.has("partial_body"):
        response = await _announced(request, answer)
        await response.write(answer.body[: len(answer.body) // 2])
        drop(request)
        return response
    if not seconds:
        return whole(answer)
    response = await _announced(request, answer)
    size = len(answer.body) // _PIECES + 1
    for start in range(0, len(answer.body), size):
        await response.write(answer.body[start : start + size])
        await wait(seconds / _PIECES)
    return response


def whole(answer: Answer) -> web.Response:
    """The answer in one piece."""
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def drop(request: web.BaseRequest) -> web.Response:
    """Close the connection; what is returned has nowhere to go any more."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _announced(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """The head of the answer, which says how long the body is."""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    return response
