"""`/connect/{ticket}` and `/oauth/callback`: what the customer's administrator sees.

Plain pages that need no script and load nothing from anywhere. The steps themselves are those of
`gateway.connections`; here they become pages, cookies and redirects, and every mistake becomes a
page that says what happened and how to go on.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from importlib import resources
from typing import Final

import aiohttp_jinja2
import structlog
from aiohttp import web
from markupsafe import Markup
from yarl import URL

from gateway.api.keys import CONFIG, CONNECTIONS, SNAPSHOT
from gateway.connections import ConnectPage
from gateway.errors import CallerError, Conflict, Forbidden, GatewayError, NotFound, SignInFailed
from gateway.snapshot import Snapshot

SESSION_COOKIE: Final = "bcg_session"
COOKIE_LIFE: Final = 2 * 60 * 60  # seconds; a ticket lives for one hour

_STYLE: Final = resources.files("gateway.api").joinpath("templates/connect.css").read_text("utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_LOG = structlog.get_logger("gateway.api")

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class _Way:
    """The way back into a sign-in: its ticket, and the session of the browser."""

    ticket: str
    session: str


def connect_routes() -> list[web.AbstractRouteDef]:
    """The routes of the pages."""
    return [
        web.get("/connect/{ticket}", _in_pages(show)),
        web.post("/connect/{ticket}", _in_pages(submit)),
        web.get("/oauth/callback", _in_pages(callback)),
    ]


async def show(request: web.Request) -> web.StreamResponse:
    """The page of where the sign-in stands."""
    way = _way(request)
    page = await request.app[CONNECTIONS].sign_ins.page(way.ticket, way.session)
    return _page_answer(request, page, way)


async def _form(request: web.Request) -> Mapping[str, object]:
    """The fields of a form of ours. Raises `CallerError` for what no browser sends."""
    if request.content_type == "application/x-www-form-urlencoded":
        with suppress(ValueError, LookupError):
            return await request.post()
    raise CallerError("The form cannot be read. Go back and try again.")


async def submit(request: web.Request) -> web.StreamResponse:
    """A form of a page: off to Microsoft, an environment, or a company."""
    way, form = _way(request), await _form(request)
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if not hmac.compare_digest(_bytes(fields.get("proof", "")), _bytes(_proof(way.session))):
        raise Forbidden(
            "The form did not come from this page, or your browser sends no cookies here. Allow "
            "cookies for this address, and try again."
        )
    sign_ins = request.app[CONNECTIONS].sign_ins
    environment, company = fields.get("environment", ""), fields.get("company", "")
    if fields.get("step") == "begin":
        begun = await sign_ins.begin(way.ticket, way.session)
        leaving = web.Response(status=303, headers={"Location": begun.url})
        _set_cookie(
            request,
            leaving,
            _state_cookie(begun.state),
            f"{way.session}.{way.ticket}",
            "/oauth/callback",
        )
        return leaving
    if fields.get("step") == "company" and environment and company:
        await sign_ins.choose(way.ticket, way.session, environment, company)
        return web.Response(status=303, headers={"Location": _address(request, way.ticket)})
    page = await sign_ins.page(way.ticket, way.session, environment or None)
    nothing_chosen = fields.get("step") == page.kind
    return _page_answer(request, page, way, nothing_chosen=nothing_chosen)


async def callback(request: web.Request) -> web.StreamResponse:
    """Microsoft sends the browser back here."""
    query = request.query
    way = _way(request)
    await request.app[CONNECTIONS].sign_ins.callback(
        state=query.get("state", ""),
        session=way.session,
        code=query.get("code", ""),
        error=query.get("error", ""),
        description=query.get("error_description", ""),
    )
    back = web.Response(status=303, headers={"Location": _address(request, way.ticket)})
    path = _cookie_path(request, "/oauth/callback")
    back.del_cookie(_state_cookie(query.get("state", "")), path=path)
    return back


def _in_pages(handler: _Handler) -> _Handler:
    """An error becomes a page of its own, with a button that leads on where there is a way."""

    @wraps(handler)
    async def shown(request: web.Request) -> web.StreamResponse:
        try:
            response = await handler(request)
        except GatewayError as error:
            _LOG.info("connect_page_stopped", code=error.code, error=type(error).__name__)
            response = _stopped(request, error, _way(request))
        response.headers.update(_page_headers(request))
        return response

    return shown


def _way(request: web.Request) -> _Way:
    """Ticket and session, from the path and its cookie or from the cookie of a callback."""
    if "ticket" in request.match_info:
        session = request.cookies.get(SESSION_COOKIE, "")
        return _Way(request.match_info["ticket"], session or secrets.token_urlsafe(32))
    kept = request.cookies.get(_state_cookie(request.query.get("state", "")), "")
    session, _, ticket = kept.partition(".")
    return _Way(ticket, session)


def _page_answer(
    request: web.Request, page: ConnectPage, way: _Way, *, nothing_chosen: bool = False
) -> web.Response:
    values = {
        "page": page,
        "connection": page.connection,
        "reads": _titles(request.app[SNAPSHOT], {"list", "read"}),
        "creates": _titles(request.app[SNAPSHOT], {"create"}),
        "nothing_chosen": nothing_chosen,
    }
    status = 422 if nothing_chosen else 200
    return _rendered(request, f"connect_{page.kind}.html", values, way, status)


def _stopped(request: web.Request, error: GatewayError, way: _Way) -> web.Response:
    """The page of an error. Proxies replace the bodies of some 5xx, so a refusal is a 400."""
    over = isinstance(error, NotFound | Conflict) or not way.ticket
    values = {
        "title": "Not connected yet" if isinstance(error, SignInFailed) else error.title,
        "detail": error.detail,
        "again": not over,
        "from_here": error.retryable,
    }
    status = 400 if isinstance(error, SignInFailed) else error.status
    return _rendered(request, "connect_stopped.html", values, way, status)


def _rendered(
    request: web.Request, template: str, values: dict[str, object], way: _Way, status: int
) -> web.Response:
    context = {
        **values,
        "action": _address(request, way.ticket),
        "proof": _proof(way.session),
        "style": Markup(_STYLE),  # noqa: S704 - a file of this package
    }
    response = aiohttp_jinja2.render_template(template, request, context, status=status)
    if way.session and "ticket" in request.match_info:
        _set_cookie(request, response, SESSION_COOKIE, way.session, "/connect")
    return response


def _titles(snapshot: Snapshot, verbs: set[str]) -> list[str]:
    """The resources that have one of these verbs, in the words of their mappings."""
    known = sorted(snapshot.resources.items())
    return [plans.title for _, plans in known if not verbs.isdisjoint(plans.verbs)]


def _page_headers(request: web.Request) -> dict[str, str]:
    """No script, nothing from elsewhere, no frame, no trace of the address in other places.

    A form may lead on to Microsoft, which sends people on to the sign-in of their own company.
    """
    authority = URL(request.app[CONFIG].entra.authority).origin()
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        f"base-uri 'none'; frame-ancestors 'none'; form-action 'self' https: {authority}",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def _address(request: web.Request, ticket: str) -> str:
    return f"{request.app[CONFIG].public.url}/connect/{ticket}"


def _proof(session: str) -> str:
    """What a form must bring beside the cookie: only a page of ours can know it."""
    return hashlib.sha256(_bytes(f"form {session}")).hexdigest()


def _state_cookie(state: str) -> str:
    """One cookie for each sign-in under way, so that two tabs do not disturb each other."""
    return f"bcg_{hashlib.sha256(_bytes(state)).hexdigest()[:16]}"


def _set_cookie(
    request: web.Request, response: web.Response, name: str, value: str, path: str
) -> None:
    """`Lax`: the cookie comes along when Microsoft sends the browser back, not with a foreign
    form.
    """
    response.set_cookie(
        name,
        value,
        max_age=COOKIE_LIFE,
        path=_cookie_path(request, path),
        secure=request.app[CONFIG].public.url.startswith("https:"),
        httponly=True,
        samesite="Lax",
    )


def _cookie_path(request: web.Request, path: str) -> str:
    return URL(request.app[CONFIG].public.url).path.rstrip("/") + path


def _bytes(text: str) -> bytes:
    """`text` as bytes, also where a browser sent a header or a form that is not UTF-8."""
    return text.encode("utf-8", "surrogatepass")
