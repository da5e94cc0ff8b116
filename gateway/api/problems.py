"""The one boundary of the public listener: an error becomes an answer here and nowhere else.

`application.py` puts `boundary` around every handler. Each answer carries a `Request-Id`; each
error is an `application/problem+json` body (RFC 9457) without a value of the payload.
"""

from __future__ import annotations

import math
import re
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from uuid import uuid4

import structlog
from aiohttp import web

from gateway.api.keys import CONFIG
from gateway.documents import encode_json
from gateway.errors import (
    CallerError,
    GatewayError,
    InvalidJson,
    MethodNotAllowed,
    NotFound,
    TooLarge,
)
from gateway.operations import failures

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
PROBLEM_TYPE = "application/problem+json"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_WAIT = 5  # seconds, where waiting helps and nobody said how long
_LOG = structlog.get_logger("gateway.api")


@web.middleware
async def boundary(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id, turn what is raised into a problem, and log one line."""
    given = request.headers.get("Request-Id", "")
    request_id = given if _REQUEST_ID.fullmatch(given) else f"req_{uuid4().hex}"
    request[REQUEST_ID] = request_id
    started = time.perf_counter()
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        response = await _answer(request, handler)
        if not response.prepared:
            response.headers["Request-Id"] = request_id
            response.headers.setdefault("X-Content-Type-Options", "nosniff")
        resource = request.match_info.route.resource
        _LOG.info(
            "request",
            method=request.method,
            route=resource.canonical if resource is not None else None,
            status=response.status,
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
        )
    return response


def problem(
    facts: Mapping[str, object],
    *,
    docs: str,
    request_id: str | None = None,
    operation: str | None = None,
) -> dict[str, object]:
    """The body of a problem from the facts of an error, as `failures.written` gives them.

    `docs` is the address of the page that explains the codes. A problem that is told later, with
    its operation, has no request id of its own.
    """
    body: dict[str, object] = {"type": f"{docs}#{facts['code']}"}
    body |= {member: facts[member] for member in ("title", "status", "detail", "code")}
    body |= {"request_id": request_id, "operation": operation, "retryable": facts["retryable"]}
    body |= {member: facts[member] for member in ("errors", "business_central")}
    return {member: value for member, value in body.items() if value is not None}


def docs_url(request: web.Request) -> str:
    """The address of the page that explains the codes of problems."""
    return f"{request.app[CONFIG].public.url}/docs"


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except GatewayError as error:
        return _problem_answer(request, error)
    except web.RequestPayloadError:
        return _problem_answer(
            request,
            InvalidJson("The body broke off, or it is not in the Content-Encoding it names."),
        )
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _problem_answer(request, _translated(request, error), allow=_allowed(error))
    except Exception as error:  # noqa: BLE001 - nothing may pass the boundary
        _LOG.exception(
            "unexpected_error", exc_info=False, error=type(error).__name__, at=_at(error)
        )
        return _problem_answer(request, GatewayError())


def _problem_answer(
    request: web.Request, error: GatewayError, *, allow: str | None = None
) -> web.Response:
    if error.status >= 500 or error.fault is not None:
        _LOG.warning("problem", code=error.code, error=type(error).__name__)
    body = problem(
        failures.written(error),
        docs=docs_url(request),
        request_id=request[REQUEST_ID],
        operation=error.operation,
    )
    response = web.Response(
        status=error.status, body=encode_json(body), content_type=PROBLEM_TYPE, charset=None
    )
    wait = _WAIT if error.retry_after is None and error.retryable else error.retry_after
    if wait is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(wait)))
    if error.operation is not None:
        response.headers["Operation-Id"] = error.operation
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if allow is not None:
        response.headers["Allow"] = allow
    return response


def _translated(request: web.Request, error: web.HTTPException) -> GatewayError:
    """What the framework refused before a handler saw it, as an error of ours."""
    if error.status == 404:
        return NotFound(f"There is nothing at this address. {docs_url(request)} shows what is.")
    if error.status == 405:
        return MethodNotAllowed(
            f"This address does not take {request.method}. It takes {_allowed(error)}."
        )
    if error.status == 413:
        most = request.app[CONFIG].most_body_bytes
        return TooLarge(f"The body is larger than the {most:,} bytes this gateway takes.")
    return CallerError()


def _allowed(error: web.HTTPException) -> str | None:
    return (
        ", ".join(sorted(error.allowed_methods))
        if isinstance(error, web.HTTPMethodNotAllowed)
        else None
    )


def _at(error: Exception) -> list[str]:
    """Where it was raised: files, lines and functions, and no text that could hold a value."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
