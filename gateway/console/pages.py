"""`/try`: a mapping tried while it is typed, beside a document and the requests that come of it.

The page works with texts alone: it knows no connection, reads nothing of a tenant and can send
nothing. What is typed is kept nowhere and logged nowhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from importlib import resources
from typing import Final

import aiohttp_jinja2
import jinja2
from aiohttp import web
from yarl import URL

from gateway.console.attempt import ANSWERS, INPUT, MAPPING, Attempt, Texts, attempt, writing
from gateway.console.examples import Start, starts
from gateway.console.keys import RELOAD
from gateway.documents import NOTHING, shown
from gateway.errors import Forbidden, InvalidQuery, NotFound, TooSlow
from gateway.snapshot import Snapshot

MOST_BYTES: Final = 4 * 1024 * 1024  # of all texts together, as a form has them
WITHIN: Final = 60  # seconds for them to come

_ONE: Final[web.AppKey[asyncio.Lock]] = web.AppKey("one")
_TYPES: Final = {"try.css": "text/css", "try.js": "text/javascript"}
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    "Referrer-Policy": "same-origin",  # without it the form has no origin to be known by
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def add_pages(app: web.Application) -> None:
    """Put the page and what it loads into the operators' application."""
    app[_ONE] = asyncio.Lock()
    app[aiohttp_jinja2.APP_KEY] = _templates()
    app.add_routes(
        [
            web.get("/try", begin),
            web.post("/try", tried),
            web.get("/static/{name}", static),
        ]
    )


@cache
def _templates() -> jinja2.Environment:
    """The pages, each compiled once in a process."""
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("gateway.console"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["shown"] = shown
    return templates


async def begin(request: web.Request) -> web.Response:
    """The page with a mapping of the gateway, and what comes of it. Raises `InvalidQuery`."""
    snapshot = request.app[RELOAD].current.snapshot
    known = await asyncio.to_thread(starts, snapshot)
    wanted = request.query.get("start", "")
    key = next((one for one in known if one == wanted or one.startswith(f"{wanted}:")), None)
    key = next(iter(known), "") if key is None and not wanted else key
    if key is None:
        raise InvalidQuery("There is no such mapping that writes something.")
    if not key:
        return _page(request, Texts("", "", "", "", ""), Attempt(), {}, "")
    texts = await asyncio.to_thread(known[key].texts)
    return await _answer(request, snapshot, texts, known, key)


async def tried(request: web.Request) -> web.Response:
    """The page with what was typed, and what comes of it.

    Raises `Forbidden` for what another site's page sends, `InvalidQuery`, `TooSlow`.
    """
    _require_own(request)
    form = await _form(request)
    given = {name: str(form.get(name, "")) for name in ("mapping", "verb", "input", "answers")}
    texts = Texts(**given, target=str(form.get("target", "")).strip())
    snapshot = request.app[RELOAD].current.snapshot
    known = await asyncio.to_thread(starts, snapshot)
    return await _answer(request, snapshot, texts, known, str(form.get("start", "")))


async def static(request: web.Request) -> web.Response:
    """The style sheet and the script. Raises `NotFound`."""
    name = request.match_info["name"]
    if name not in _TYPES:
        raise NotFound("There is nothing at this address.")
    return web.Response(
        text=_file(name),
        content_type=_TYPES[name],
        charset="utf-8",
        headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"},
    )


async def _answer(
    request: web.Request, snapshot: Snapshot, texts: Texts, known: dict[str, Start], key: str
) -> web.Response:
    async with request.app[_ONE]:  # whoever types must not slow down who calls
        made = await asyncio.to_thread(attempt, texts, snapshot)
    return _page(request, texts, made, known, key)


def _page(
    request: web.Request, texts: Texts, made: Attempt, known: dict[str, Start], key: str
) -> web.Response:
    verbs = made.verbs or (writing(known[key].plans) if key in known else ())
    values = {
        **asdict(texts),
        "texts": {"mapping": MAPPING, "input": INPUT, "answers": ANSWERS},
        "made": made,
        "verbs": verbs if texts.verb in verbs else (texts.verb, *verbs),
        "starts": known,
        "start": key,
        "nothing": NOTHING,
    }
    response = aiohttp_jinja2.render_template("try.html", request, values)
    response.headers.update(_HEADERS)
    return response


async def _form(request: web.Request) -> Mapping[str, object]:
    """The fields of the form. Raises `InvalidQuery` for what no browser sends, `TooSlow`."""
    if request.content_type == "application/x-www-form-urlencoded":
        with suppress(ValueError, LookupError):
            try:
                async with asyncio.timeout(WITHIN):
                    return await request.post()
            except TimeoutError:
                raise TooSlow from None
    raise InvalidQuery("The form cannot be read.")


def _require_own(request: web.Request) -> None:
    """Raises `Forbidden` where a page of somebody else sends the form."""
    origin = request.headers.get("Origin")
    if origin is not None and URL(origin).authority != request.headers.get("Host"):
        raise Forbidden("Only the page of this listener may send that.")


@cache
def _file(name: str) -> str:
    return resources.files("gateway.console").joinpath("static", name).read_text("utf-8")
