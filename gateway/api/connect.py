"""`/connect/{ticket}` and `/oauth/callback`: what the customer's administrator sees.

Plain pages that need no script and load nothing from anywhere. The steps themselves are those of
`gateway.connections`; here they become pages, cookies and redirects, and every mistake becomes a
page that says what happened and how to go on.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import Final
from urllib.parse import quote

import aiohttp_jinja2
import structlog
from aiohttp import web
from yarl import URL

from gateway.api.bodies import received
from gateway.api.keys import CONFIG, CONNECTIONS, snapshot_of
from gateway.api.looks import look, page_headers
from gateway.api.stops import status_of, stop_of
from gateway.connections import ConnectPage
from gateway.errors import (
    CallerError,
    Conflict,
    Forbidden,
    GatewayError,
    InvalidInput,
    SignInFailed,
)
from gateway.snapshot import ResourcePlans

SESSION_COOKIE: Final = "bcg_session"
COOKIE_LIFE: Final = 2 * 60 * 60  # seconds; a ticket lives for one hour
USED_COOKIE_LIFE: Final = 10 * 60  # seconds in which the back button can lead to Microsoft again

_ABILITIES: Final = (
    ("Read", {"list", "read"}),
    ("Create", {"create", "upsert"}),
    ("Change", {"update", "upsert"}),
    ("Delete", {"delete"}),
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
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
    """The page of where the sign-in stands; `environment` is what was chosen on the one before."""
    way = _way(request)
    chosen = request.query.get("environment")
    page = await request.app[CONNECTIONS].sign_ins.page(way.ticket, way.session, chosen)
    return _page_answer(request, page, way)


async def submit(request: web.Request) -> web.StreamResponse:
    """A form of a page: off to Microsoft, an environment, or a company.

    What succeeds answers with a redirect, so that going back and reloading send nothing again.
    """
    way, fields = _way(request), await _form(request)
    if not hmac.compare_digest(_bytes(fields.get("proof", "")), _bytes(_proof(way.session))):
        raise Forbidden(
            "The form did not come from this page, or your browser sends no cookies here. Allow "
            "cookies for this address, and try again."
        )
    sign_ins = request.app[CONNECTIONS].sign_ins
    step, environment = fields.get("step"), fields.get("environment", "")
    try:
        if step == "begin":
            return await _leave(request, way)
        if step == "environment" and environment:
            return _to_page(request, way, environment)
        company = fields.get("company") if step == "company" and environment else None
        with suppress(InvalidInput):  # a company that is not there is like none
            if company:
                await sign_ins.choose(way.ticket, way.session, environment, company)
                return _to_page(request, way)
    except Conflict:
        # The button was pressed twice, or on a page that the browser went back to.
        if not await _is_signed_in(request, way):
            raise
        return _to_page(request, way)
    page = await sign_ins.page(way.ticket, way.session, environment or None)
    return _page_answer(request, page, way, nothing_chosen=step == page.kind)


async def callback(request: web.Request) -> web.StreamResponse:
    """Microsoft sends the browser back here, also when it went back to Microsoft's page itself."""
    query = request.query
    way = _way(request)
    try:
        await request.app[CONNECTIONS].sign_ins.callback(
            state=query.get("state", ""),
            session=way.session,
            code=query.get("code", ""),
            error=query.get("error", ""),
            description=query.get("error_description", ""),
        )
    except SignInFailed:
        if not await _is_signed_in(request, way):
            raise
    back = _to_page(request, way)
    _set_state_cookie(request, back, query.get("state", ""), way, USED_COOKIE_LIFE)
    return back


async def _form(request: web.Request) -> Mapping[str, str]:
    """The fields of a form of ours. Raises `CallerError` for what no browser sends."""
    if request.content_type == "application/x-www-form-urlencoded":
        with suppress(ValueError, LookupError):
            sent = await received(request.post())
            fields = {name: value for name, value in sent.items() if isinstance(value, str)}
            if not any(_CONTROL.search(text) for field in fields.items() for text in field):
                return fields
    raise CallerError("The form cannot be read. Go back and try again.")


async def _leave(request: web.Request, way: _Way) -> web.StreamResponse:
    """Off to Microsoft, with a cookie that leads back here."""
    begun = await request.app[CONNECTIONS].sign_ins.begin(way.ticket, way.session)
    leaving = web.Response(status=303, headers={"Location": begun.url})
    _set_state_cookie(request, leaving, begun.state, way, COOKIE_LIFE)
    return leaving


async def _is_signed_in(request: web.Request, way: _Way) -> bool:
    """Whether this browser is past Microsoft already: in another tab, or before it went back."""
    try:
        page = await request.app[CONNECTIONS].sign_ins.page(way.ticket, way.session)
    except GatewayError:
        return False
    return page.kind != "start"


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
    owners = page.connection.id, page.connection.organization
    resources = snapshot_of(request).of(*owners)
    values = {
        "page": page,
        "connection": page.connection,
        "abilities": [
            (does, titles) for does, verbs in _ABILITIES if (titles := _titles(resources, verbs))
        ],
        "nothing_chosen": nothing_chosen,
    }
    status = 422 if nothing_chosen else 200
    return _rendered(request, f"connect_{page.kind}.html", values, way, status)


def _stopped(request: web.Request, error: GatewayError, way: _Way) -> web.Response:
    """The page of an error. A browser that is not known here has no button to go on with."""
    values = {"stop": stop_of(error), "has_way": bool(way.ticket)}
    return _rendered(request, "connect_stopped.html", values, way, status_of(error))


def _rendered(
    request: web.Request, template: str, values: dict[str, object], way: _Way, status: int
) -> web.Response:
    context = {
        **values,
        "product": request.app[CONFIG].public.product_name,
        "action": _address(request, way.ticket),
        "proof": _proof(way.session),
        "style": look("connect").style,
    }
    response = aiohttp_jinja2.render_template(template, request, context, status=status)
    if way.session and "ticket" in request.match_info:
        _set_cookie(request, response, SESSION_COOKIE, way.session, "/connect", life=COOKIE_LIFE)
    return response


def _titles(resources: Mapping[str, ResourcePlans], verbs: set[str]) -> list[str]:
    """The resources that have one of these verbs, in the words of their mappings."""
    return [
        plans.title for _, plans in sorted(resources.items()) if not verbs.isdisjoint(plans.verbs)
    ]


def _page_headers(request: web.Request) -> dict[str, str]:
    """A form may lead on to Microsoft, which sends people on to the sign-in of their company."""
    authority = URL(request.app[CONFIG].entra.authority).origin()
    headers = page_headers(look("connect"), f"'self' https: {authority}")
    return {**headers, "Cache-Control": "no-store"}


def _to_page(request: web.Request, way: _Way, environment: str | None = None) -> web.Response:
    """Off to the page of where the sign-in stands now."""
    query = "" if environment is None else f"?environment={_quoted(environment)}"
    return web.Response(status=303, headers={"Location": f"{_address(request, way.ticket)}{query}"})


def _address(request: web.Request, ticket: str) -> str:
    return f"{request.app[CONFIG].public.url}/connect/{_quoted(ticket)}"


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _proof(session: str) -> str:
    """What a form must bring beside the cookie: only a page of ours can know it."""
    return hashlib.sha256(_bytes(f"form {session}")).hexdigest()


def _state_cookie(state: str) -> str:
    """One cookie for each sign-in under way, so that two tabs do not disturb each other."""
    return f"bcg_{hashlib.sha256(_bytes(state)).hexdigest()[:16]}"


def _set_state_cookie(
    request: web.Request, response: web.Response, state: str, way: _Way, life: int
) -> None:
    value = f"{way.session}.{way.ticket}"
    _set_cookie(request, response, _state_cookie(state), value, "/oauth/callback", life=life)


def _set_cookie(
    request: web.Request, response: web.Response, name: str, value: str, path: str, *, life: int
) -> None:
    """`Lax`: the cookie comes along when Microsoft sends the browser back, not with a foreign
    form.
    """
    response.set_cookie(
        name,
        value,
        max_age=life,
        path=URL(request.app[CONFIG].public.url).path.rstrip("/") + path,
        secure=request.app[CONFIG].public.url.startswith("https:"),
        httponly=True,
        samesite="Lax",
    )


def _bytes(text: str) -> bytes:
    """`text` as bytes, also where a browser sent a header or a form that is not UTF-8."""
    return text.encode("utf-8", "surrogatepass")
