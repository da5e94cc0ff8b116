"""The little browser: what it reads of a page, and what it sends."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.cli.browser import Browser

PAGE = """<!doctype html><title>Which company?</title><style>p{}</style>
<h1>Choose</h1><p>Pick &amp; go</p>
<form method="post" action="choose">
 <input type="hidden" name="token" value="t&quot;1">
 <label><input type="radio" name="company" value="1"> Harwick Distributors Ltd</label>
 <input type="radio" name="company" value="2" id="two"><label for="two">Harwick <b>Ireland</b></label>
 <button name="go" value="yes">Use this company</button>
 <button name="go" value="no">Cancel</button>
</form>"""


@pytest.fixture
async def browser() -> AsyncIterator[tuple[Browser, str, list[dict[str, str]]]]:
    posted: list[dict[str, str]] = []

    async def show(_request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def choose(request: web.Request) -> web.Response:
        posted.append({key: str(value) for key, value in (await request.post()).items()})
        raise web.HTTPSeeOther("/done")

    async def done(_request: web.Request) -> web.Response:
        return web.Response(text="<title>Done</title>ok", content_type="text/html")

    app = web.Application()
    app.add_routes(
        [web.get("/in/page", show), web.post("/in/choose", choose), web.get("/done", done)]
    )
    async with TestServer(app) as server, Browser() as opened:
        yield opened, str(server.make_url("/in/page")), posted


async def test_a_page_is_read(browser: tuple[Browser, str, list[dict[str, str]]]) -> None:
    page = await browser[0].open(browser[1])
    assert (page.status, page.title) == (200, "Which company?")
    assert page.text.startswith("Choose Pick & go")
    labels = [control.label for control in page.form().choices()]
    assert labels == ["Harwick Distributors Ltd", "Harwick Ireland"]
    buttons = [control.label for control in page.form().choices("submit")]
    assert buttons == ["Use this company", "Cancel"]


async def test_a_form_is_filled_and_sent(
    browser: tuple[Browser, str, list[dict[str, str]]],
) -> None:
    page = await browser[0].open(browser[1])
    after = await browser[0].submit(page, page.form(), press="Use this", choose="Ireland")
    assert after.title == "Done"
    assert browser[2] == [{"token": 't"1', "company": "2", "go": "yes"}]


async def test_what_is_not_there_cannot_be_pressed(
    browser: tuple[Browser, str, list[dict[str, str]]],
) -> None:
    page = await browser[0].open(browser[1])
    with pytest.raises(LookupError, match="Refuse"):
        await browser[0].submit(page, page.form(), press="Refuse")
    with pytest.raises(LookupError, match="Scotland"):
        await browser[0].submit(page, page.form(), press="Use", choose="Scotland")
    assert browser[2] == []
    done = await browser[0].open(browser[1].replace("in/page", "done"))
    with pytest.raises(LookupError, match="no form"):
        done.form()
