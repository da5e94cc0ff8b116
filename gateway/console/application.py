"""The operators' listener as one application: its routes, and its boundary around them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from gateway import __version__
from gateway.clock import timestamp
from gateway.config import Listener
from gateway.console.figures import figures, reload_figures
from gateway.console.hosts import is_believed
from gateway.console.keys import CONSOLE, RELOAD, STORE
from gateway.console.pages import MOST_BYTES, add_pages
from gateway.documents import decode_json, encode_json, format_findings
from gateway.errors import Forbidden, GatewayError, MethodNotAllowed, NotFound, TooLarge
from gateway.reload import Reload
from gateway.storage import Store
from gateway.telemetry import CONTENT_TYPE, exposition

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_ELSEWHERE: Final = (
    "The operators' listener does not answer to the name it was called by: use its IP address, "
    "or the name under console.listen."
)


def operators_application(console: Listener, store: Store, reload: Reload) -> web.Application:
    """The application for the listener at `console`."""
    app = web.Application(middlewares=[boundary], client_max_size=MOST_BYTES)
    app[CONSOLE], app[STORE], app[RELOAD] = console, store, reload
    app.add_routes(
        [
            web.get("/metrics", metrics),
            web.get("/health/live", live),
            web.get("/health/ready", ready),
            web.get("/mappings", mappings),
        ]
    )
    add_pages(app)
    return app


@web.middleware
async def boundary(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer to no name that a page on the internet could have given this address, and turn what
    is raised into a problem.
    """
    try:
        if not is_believed(request.headers.get("Host", ""), request.app[CONSOLE]):
            raise Forbidden(_ELSEWHERE)
        return await handler(request)
    except GatewayError as error:
        return _problem(error)
    except web.HTTPMethodNotAllowed as error:
        methods = ", ".join(sorted(error.allowed_methods))
        answer = _problem(MethodNotAllowed(f"This address takes {methods}."))
        answer.headers["Allow"] = methods
        return answer
    except web.HTTPRequestEntityTooLarge:
        return _problem(TooLarge(f"The texts are larger than {MOST_BYTES:,} bytes."))
    except web.HTTPNotFound:
        return _problem(
            NotFound(
                "There is nothing at this address. /metrics has the figures, /try tries mappings."
            )
        )


def _problem(error: GatewayError) -> web.Response:
    body = {name: getattr(error, name) for name in ("title", "status", "detail", "code")}
    return web.Response(
        status=error.status,
        body=encode_json(body),
        content_type="application/problem+json",
        charset=None,
    )


async def metrics(request: web.Request) -> web.Response:
    """Everything that was counted, and how things stand in the database, for Prometheus."""
    read = [*await figures(request.app[STORE]), *reload_figures(request.app[RELOAD])]
    return web.Response(body=exposition(read), headers={"Content-Type": CONTENT_TYPE})


async def live(_request: web.Request) -> web.Response:
    """The process answers."""
    return _answer({"status": "live", "version": __version__})


async def ready(request: web.Request) -> web.Response:
    """The database answers too, and how the mappings stand. Raises `StorageUnavailable`."""
    await request.app[STORE].ping()
    reload = request.app[RELOAD]
    counts = {"snapshot": reload.current.snapshot.hash, "findings": len(reload.findings)}
    return _answer({"status": "ready", **counts})


async def mappings(request: web.Request) -> web.Response:
    """Which snapshot counts, and what keeps the files as they are now from counting."""
    reload = request.app[RELOAD]
    return _answer(
        {
            "snapshot": reload.current.snapshot.hash,
            "since": timestamp(reload.since),
            "refused": None if reload.refused is None else timestamp(reload.refused),
            "findings": decode_json(format_findings(reload.findings, "json").encode()),
        }
    )


def _answer(value: object) -> web.Response:
    return web.Response(body=encode_json(value), content_type="application/json", charset=None)
