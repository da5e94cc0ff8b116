"""The one boundary of the public listener: an error becomes an answer here and nowhere else.

`application.py` puts `boundary` around every handler; it also asks who calls. Each answer carries
a `Request-Id`; each error is an `application/problem+json` body (RFC 9457) without a value of the
payload.
"""

from __future__ import annotations

import math
import random
import re
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

import structlog
from aiohttp import HttpVersion10, web

from gateway.api.access import authenticate
from gateway.api.keys import CONFIG, OWNERS, PAYLOAD, snapshot_of
from gateway.documents import encode_json
from gateway.errors import (
    CallerError,
    GatewayError,
    InvalidJson,
    InvalidQuery,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    TooSlow,
)
from gateway.logs import about
from gateway.operations import failures
from gateway.telemetry import request_answered, span

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
PROBLEM_TYPE = "application/problem+json"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_METHODS_OF_ALL = {"list": ("GET", "HEAD"), "create": ("POST",)}
_METHODS_OF_ONE = {
    "read": ("GET", "HEAD"),
    "upsert": ("PUT",),
    "update": ("PATCH",),
    "delete": ("DELETE",),
}
_PARTS_OF_ONE = 6  # of the path of one record: / v1 connections {connection} {resource} {key}
_WAIT = 5  # seconds, where waiting helps and nobody said how long
_LOG = structlog.get_logger("gateway.api")


@web.middleware
async def boundary(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id, turn what is raised into a problem, count it, log one line."""
    request_id = request[REQUEST_ID] = request_id_of(request)
    started = time.perf_counter()
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else None
    with (
        about(request_id=request_id),
        span(
            f"{request.method} {route}" if route else "unmatched",
            kind="server",
            headers=request.headers,
            http__request__method=request.method,
            http__route=route,
            bc_gateway__request_id=request_id,
        ) as traced,
    ):
        response = await _answer(request, handler)
        if not response.prepared:
            response.headers["Request-Id"] = request_id
            response.headers.setdefault("X-Content-Type-Options", "nosniff")
        seconds = time.perf_counter() - started
        request_answered(route, request.method, response.status, seconds)
        traced.note(http__response__status_code=response.status)
        _LOG.info(
            "request",
            method=request.method,
            route=route,
            status=response.status,
            operation=response.headers.get("Operation-Id"),
            milliseconds=round(seconds * 1000, 1),
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


def problem_answer(
    error: GatewayError, *, docs: str, request_id: str, payload: Sequence[object] = ()
) -> web.Response:
    """The answer to a request that ended in `error`; `docs` as in `problem`. `payload` is what
    the caller sent: its values are taken out of Business Central's words.
    """
    if error.status >= 500 or error.fault is not None:
        _LOG.warning("problem", code=error.code, error=type(error).__name__)
    body = problem(
        failures.written(error, *payload),
        docs=docs,
        request_id=request_id,
        operation=error.operation,
    )
    response = web.Response(
        status=error.status, body=encode_json(body), content_type=PROBLEM_TYPE, charset=None
    )
    response.headers.update({"Request-Id": request_id, "X-Content-Type-Options": "nosniff"})
    wait = _WAIT if error.retry_after is None and error.retryable else error.retry_after
    if wait is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(wait)))
    if error.operation is not None:
        response.headers["Operation-Id"] = error.operation
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, MalformedRequest | TooSlow):
        response.force_close()  # what comes next may still be this request's body
    return response


def request_id_of(request: web.BaseRequest) -> str:
    """The id that the caller gave its request, or a new one."""
    given = request.headers.get("Request-Id", "")
    return given if _REQUEST_ID.fullmatch(given) else f"req_{random.getrandbits(128):032x}"


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        _require_framing(request)
        _require_readable(request)
        await authenticate(request)
        return await handler(request)
    except MethodNotAllowed as error:
        return _problem_answer(request, error, allow=_verbs_allowed(request))
    except GatewayError as error:
        return _problem_answer(request, error)
    except (web.RequestPayloadError, ConnectionResetError):
        response = _problem_answer(
            request,
            InvalidJson("The body broke off, or it is not in the Content-Encoding it names."),
        )
        response.force_close()
        return response
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _problem_answer(request, _translated(request, error), allow=_allowed(error))
    except Exception as error:  # noqa: BLE001 - nothing may pass the boundary
        _LOG.exception(
            "unexpected_error", exc_info=False, error=type(error).__name__, at=_at(error)
        )
        return _problem_answer(request, GatewayError())


def _require_framing(request: web.Request) -> None:
    """Raises `MalformedRequest` where two readers may disagree about where the body ends."""
    chunked = "Transfer-Encoding" in request.headers
    if request.version < HttpVersion10 or (request.version == HttpVersion10 and chunked):
        raise MalformedRequest


def _require_readable(request: web.Request) -> None:
    """Raises `NotFound` for a path with what no key can have in it, `InvalidQuery` for a query
    that says nothing.
    """
    url = request.rel_url
    if "%" in url.raw_path:
        path = _decoded(url.raw_path)
        if path is None:
            raise NotFound("The address holds bytes that are not UTF-8.")
        if _CONTROL.search(path):
            raise NotFound("The address holds a control character, which no key has.")
    if "%" in url.raw_query_string and _decoded(url.raw_query_string) is None:
        raise InvalidQuery("The query holds bytes that are not UTF-8.")


def _decoded(raw: str) -> str | None:
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        return None


def _problem_answer(
    request: web.Request, error: GatewayError, *, allow: str | None = None
) -> web.Response:
    named = [request.match_info.get(name) for name in ("id", "sku")]
    payload = request.get(PAYLOAD), named, [*request.query.values()]
    response = problem_answer(
        error, docs=docs_url(request), request_id=request[REQUEST_ID], payload=payload
    )
    if allow is not None:
        response.headers["Allow"] = allow
    return response


def _translated(request: web.Request, error: web.HTTPException) -> GatewayError:
    """What the framework refused before a handler saw it, as an error of ours."""
    if error.status == 404:
        slash = request.rel_url.raw_path.endswith("/")
        nothing = f"There is nothing at this address{', as it ends in a slash' if slash else ''}."
        return NotFound(f"{nothing} {docs_url(request)} shows what is.{_slash(request)}")
    if error.status == 405:
        return MethodNotAllowed(
            f"This address does not take {request.method}. It takes {_allowed(error)}."
            f"{_slash(request)}"
        )
    if error.status == 413:
        most = request.app[CONFIG].most_body_bytes
        return TooLarge(f"The body is larger than the {most:,} bytes this gateway takes.")
    return CallerError()


def _slash(request: web.Request) -> str:
    """A sentence more where a key stands that may have been parted by its own `/`."""
    behind_the_key = len(request.rel_url.raw_parts) > _PARTS_OF_ONE
    keyed = request.method == "PUT" and request.rel_url.raw_path.startswith("/v1/connections/")
    return " In a key `/` is written `%2F`." if keyed and behind_the_key else ""


def _allowed(error: web.HTTPException) -> str | None:
    return (
        ", ".join(sorted(error.allowed_methods))
        if isinstance(error, web.HTTPMethodNotAllowed)
        else None
    )


def _verbs_allowed(request: web.Request) -> str:
    """The methods that the mapping of the resource in the path takes there."""
    resource, owners = request.match_info.get("resource", ""), request.get(OWNERS, ())
    plans = snapshot_of(request).resource(resource, *owners)
    verbs = () if plans is None else plans.verbs
    methods = _METHODS_OF_ONE if "id" in request.match_info else _METHODS_OF_ALL
    return ", ".join(method for verb, names in methods.items() if verb in verbs for method in names)


def _at(error: Exception) -> list[str]:
    """Where it was raised: files, lines and functions, and no text that could hold a value."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
