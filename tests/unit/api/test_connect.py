from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import aiohttp_jinja2
import pytest
from aiohttp import ClientSession, web
from yarl import URL

from gateway.api import keys
from gateway.api.application import templates
from gateway.api.connect import connect_routes
from gateway.cli.browser import Browser, Page
from gateway.snapshot import Current
from tests.remote import COMPANY_NAME, Remote, open_remote, snapshot


@dataclass(slots=True)
class Pages:
    """The connect pages, served, and what stands behind them."""

    remote: Remote
    url: str

    async def address(
        self,
        environment: str | None = None,
        expected_tenant: str | None = None,
        label: str | None = None,
        return_url: str | None = None,
    ) -> str:
        _, address = await self.remote.connections.create(
            organization="harwick",
            environment=environment,
            expected_tenant=expected_tenant,
            label=label,
            return_url=return_url,
        )
        return address


@dataclass(slots=True)
class Administrator:
    """Somebody with a browser of their own."""

    browser: Browser

    @property
    def session(self) -> ClientSession:
        return self.browser._session

    async def sign_in(self, address: str, press: str = "Accept", user: str | None = None) -> Page:
        page = await self.browser.open(address)
        microsoft = await self.browser.submit(page, page.form(), press="Sign in at Microsoft")
        assert "Permissions requested" in microsoft.title, microsoft.text
        return await self.browser.submit(microsoft, microsoft.form(), press=press, choose=user)


@pytest.fixture
def product_name() -> str | None:
    """What the pages call the product; a test may say otherwise."""
    return None


@pytest.fixture
async def pages(tmp_path: Path, product_name: str | None) -> AsyncIterator[Pages]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with open_remote(tmp_path, url) as remote:
            app = web.Application()
            public = replace(remote.config.public, product_name=product_name)
            app[keys.CONFIG] = replace(remote.config, public=public)
            app[keys.CONNECTIONS] = remote.connections
            app[keys.CURRENT] = Current(snapshot())
            app[aiohttp_jinja2.APP_KEY] = templates()
            app.add_routes(connect_routes())
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.SockSite(runner, listening).start()
            try:
                yield Pages(remote, url)
            finally:
                await runner.cleanup()


@pytest.fixture
async def administrator() -> AsyncIterator[Administrator]:
    async with Browser() as browser:
        yield Administrator(browser)


@pytest.fixture
async def stranger() -> AsyncIterator[Administrator]:
    async with Browser() as browser:
        yield Administrator(browser)


async def test_an_administrator_connects_in_four_pages(
    pages: Pages, administrator: Administrator
) -> None:
    address = await pages.address(label="Harwick <b>Sales</b>", return_url="https://shop.example/")
    start = await administrator.browser.open(address)
    assert start.status == 200
    assert "Harwick <b>Sales</b>" in start.text
    assert "A software product that your company uses asks to connect" in start.text
    for does, verbs in (("Read", {"list", "read"}), ("Create", {"create", "upsert"})):
        plans = [plans for _, plans in sorted(snapshot().resources.items())]
        titles = [each.title for each in plans if not verbs.isdisjoint(each.verbs)]
        assert f"{does}: {', '.join(titles)}." in start.text
    assert "never sees your password" in start.text

    page = await administrator.sign_in(address)
    assert page.title == "Choose an environment"
    choices = page.form().choices()
    assert [control.value for control in choices] == ["Production", "Sandbox"]
    assert not any(control.checked for control in choices)

    page = await administrator.browser.submit(
        page, page.form(), press="Show its companies", choose="Production"
    )
    assert page.title == "Choose a company"
    choices = page.form().choices()
    assert [control.label for control in choices] == [COMPANY_NAME, "Harwick Ireland"]
    assert not any(control.checked for control in choices)

    page = await administrator.browser.submit(
        page, page.form(), press="Connect this company", choose=COMPANY_NAME
    )
    assert (page.status, page.title) == (200, "Business Central is connected")
    assert COMPANY_NAME in page.text
    assert "Back to the product" in page.text
    [connection] = await pages.remote.store.connections()
    assert (connection.status, connection.company_name) == ("active", COMPANY_NAME)
    assert (await administrator.browser.open(address)).title == "Business Central is connected"


async def test_a_named_environment_leads_straight_to_its_companies(
    pages: Pages, administrator: Administrator
) -> None:
    page = await administrator.sign_in(await pages.address(environment="Production"))
    assert page.title == "Choose a company"
    assert "Choose another environment" not in page.text


async def test_nothing_chosen_is_said_on_the_same_page(
    pages: Pages, administrator: Administrator
) -> None:
    page = await administrator.sign_in(await pages.address())
    again = await administrator.browser.submit(page, page.form(), press="Show its companies")
    assert (again.status, again.title) == (422, "Error: Choose an environment")
    assert "Choose one of the environments first." in again.text
    company = await administrator.browser.submit(
        again, again.form(), press="Show its companies", choose="Sandbox"
    )
    again = await administrator.browser.submit(
        company, company.form(), press="Connect this company"
    )
    assert (again.status, again.title) == (422, "Error: Choose a company")
    assert "Choose one of the companies first." in again.text
    assert "Sandbox" in again.text


async def test_a_declined_consent_leads_back_to_microsoft(
    pages: Pages, administrator: Administrator
) -> None:
    page = await administrator.sign_in(await pages.address(), press="Cancel")
    assert (page.status, page.title) == (400, "Not connected yet")
    assert "declined" in page.text
    microsoft = await administrator.browser.submit(page, page.form(), press="Try again")
    page = await administrator.browser.submit(microsoft, microsoft.form(), press="Accept")
    assert page.title == "Choose an environment"


async def test_a_user_without_a_licence_can_take_another_account(
    pages: Pages, administrator: Administrator
) -> None:
    page = await administrator.sign_in(await pages.address(), user="visitor@harwick.example")
    assert page.status == 409
    assert page.title == "This account cannot use Business Central"
    assert "assign a Business Central licence" in page.text
    microsoft = await administrator.browser.submit(
        page, page.form(), press="Sign in with another account"
    )
    assert "Pick an account" in microsoft.title
    microsoft = await administrator.browser.submit(
        microsoft, microsoft.form(), press="Continue", choose="admin@harwick.example"
    )
    page = await administrator.browser.submit(microsoft, microsoft.form(), press="Accept")
    assert page.title == "Choose an environment"


async def test_a_wrong_tenant_is_named_and_can_be_mended(
    pages: Pages, administrator: Administrator
) -> None:
    tenant = "0d9a2c34-9d4f-4b6a-8a8e-6f1f0a7c1111"
    page = await administrator.sign_in(await pages.address(expected_tenant=tenant))
    assert page.status == 400
    assert tenant in page.text
    assert page.form().choices("submit")[0].label == "Try again"


async def test_trouble_at_business_central_can_be_waited_out(
    pages: Pages, administrator: Administrator
) -> None:
    await pages.remote.arm(
        "status", status=503, headers={"Retry-After": "3000"}, match={"path": "environments"}
    )
    page = await administrator.sign_in(await pages.address())
    assert page.status == 503
    assert page.form().method == "GET"
    await pages.remote.clock.advance(0)
    again = await administrator.browser.submit(page, page.form(), press="Try again")
    assert again.status == 503, "the pause that was asked for is kept"


async def test_a_used_an_old_and_an_unknown_address_say_so(
    pages: Pages, administrator: Administrator, stranger: Administrator
) -> None:
    address = await pages.address(environment="Production")
    page = await administrator.sign_in(address)
    await administrator.browser.submit(
        page, page.form(), press="Connect this company", choose=COMPANY_NAME
    )
    used = await stranger.browser.open(address)
    assert (used.status, used.title, used.forms) == (409, "This address was used already", [])

    late = await pages.address()
    await pages.remote.clock.advance(3600)
    old = await administrator.browser.open(late)
    assert (old.status, old.title, old.forms) == (404, "This address has expired", [])
    assert "Ask whoever gave it to you" in old.text
    unknown = await administrator.browser.open(f"{pages.url}/connect/nothing")
    assert (unknown.status, unknown.title) == (404, "This address does not work")
    assert unknown.forms == []


async def test_an_answer_of_microsoft_works_in_the_browser_that_asked_and_once(
    pages: Pages, administrator: Administrator, stranger: Administrator
) -> None:
    page = await administrator.browser.open(await pages.address())
    fields = {control.name: control.value for control in page.form().controls if control.name}
    async with administrator.session.post(page.url, data=fields, allow_redirects=False) as leaving:
        microsoft = leaving.headers["Location"]
        cookie = leaving.headers["Set-Cookie"]
    assert leaving.status == 303
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/oauth/callback" in cookie
    back = await pages.remote.microsoft(microsoft)
    url = f"{pages.url}/oauth/callback?code={back['code']}&state={back['state']}"

    foreign = await stranger.browser.open(url)
    assert foreign.status == 400
    assert "another browser" in foreign.text
    mine = await administrator.browser.open(url)
    assert mine.title == "Choose an environment"
    calls = await pages.remote.token_calls()
    again = await administrator.browser.open(url)
    assert (again.url, again.title) == (mine.url, "Choose an environment")
    assert await pages.remote.token_calls() == calls
    nothing = await administrator.browser.open(f"{pages.url}/oauth/callback")
    assert nothing.status == 400


async def test_a_button_pressed_twice_does_what_it_does_once(
    pages: Pages, administrator: Administrator
) -> None:
    page = await administrator.sign_in(await pages.address(environment="Production"))
    for _ in range(2):
        done = await administrator.browser.submit(
            page, page.form(), press="Connect this company", choose=COMPANY_NAME
        )
        assert (done.status, done.title) == (200, "Business Central is connected")
    again = page.forms[-1]
    done = await administrator.browser.submit(page, again, press="Sign in with another account")
    assert done.title == "Business Central is connected"


async def test_a_company_that_is_not_there_is_asked_for_again(
    pages: Pages, administrator: Administrator
) -> None:
    page = await administrator.sign_in(await pages.address(environment="Production"))
    page.form().choices()[0].value = "0d9a2c34-9d4f-4b6a-8a8e-6f1f0a7c1111"
    again = await administrator.browser.submit(
        page, page.form(), press="Connect this company", choose=COMPANY_NAME
    )
    assert (again.status, again.title) == (422, "Error: Choose a company")


@pytest.mark.parametrize("product_name", ["Tidewater & Sons"])
async def test_the_product_is_called_by_its_name(
    pages: Pages, administrator: Administrator
) -> None:
    start = await administrator.browser.open(await pages.address())
    assert "Tidewater & Sons asks to connect" in start.text
    unknown = await administrator.browser.open(f"{pages.url}/connect/nothing")
    assert "The address came from Tidewater & Sons" in unknown.text


async def test_control_characters_in_a_form_are_refused(
    pages: Pages, administrator: Administrator
) -> None:
    address = await pages.address()
    page = await administrator.browser.open(address)
    fields = {control.name: control.value for control in page.form().controls if control.name}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for extra in (
        {"step": "be\0gin"},
        {"environment": "a\nb"},
        {"company": "\x1b[0m"},
        {"proof": "\x85"},
        {"a\x7fb": "c"},
    ):
        sent = urlencode(fields | extra)
        async with administrator.session.post(address, data=sent, headers=kind) as refused:
            assert refused.status == 400, extra
            assert "The form cannot be read" in await refused.text()


async def test_an_address_with_anything_in_it_leads_to_no_other_place(
    pages: Pages, administrator: Administrator
) -> None:
    page = await administrator.browser.open(await pages.address())
    proof = {"proof": page.form().choices("hidden")[0].value, "step": "environment"}
    address = f"{pages.url}/connect/x%0d%0aSet-Cookie:%20a=b%2f%3f"
    async with administrator.session.post(
        URL(address, encoded=True), data={**proof, "environment": "A&b=c"}, allow_redirects=False
    ) as answer:
        assert answer.status == 303
        assert "Set-Cookie" not in answer.headers
        location = answer.headers["Location"]
    assert location.startswith(f"{pages.url}/connect/x%0D%0ASet-Cookie")
    assert location.endswith("?environment=A%26b%3Dc")


@pytest.mark.parametrize("proof", ["", "0" * 64, "ü"])
async def test_a_form_from_elsewhere_is_refused(
    pages: Pages, administrator: Administrator, proof: str
) -> None:
    address = await pages.address()
    await administrator.browser.open(address)
    async with administrator.session.post(
        address, data={"step": "begin", "proof": proof}, allow_redirects=False
    ) as refused:
        assert refused.status == 403
        assert "cookies" in await refused.text()


@pytest.mark.parametrize(
    "request_line", [b"GET /connect/\xff", b"GET /oauth/callback?state=%ff", b"GET /connect/x?%ff"]
)
async def test_bytes_that_are_no_text_are_answered_with_a_page(
    pages: Pages, request_line: bytes
) -> None:
    host, _, port = pages.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request_line + b" HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n")
    writer.write(b"Cookie: bcg_session=\xff\xfe\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert int(answer.split(b" ")[1]) in {400, 404}


async def test_a_form_without_the_cookie_is_refused(
    pages: Pages, administrator: Administrator, stranger: Administrator
) -> None:
    page = await administrator.browser.open(await pages.address())
    refused = await stranger.browser.submit(page, page.form(), press="Sign in at Microsoft")
    assert refused.status == 403


async def test_pages_load_nothing_run_nothing_and_leave_no_trace(
    pages: Pages, administrator: Administrator
) -> None:
    address = await pages.address()
    for url in (address, f"{pages.url}/connect/nothing", f"{pages.url}/oauth/callback?state=x"):
        async with administrator.session.get(url) as answer:
            html = await answer.text()
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        style = html.partition("<style>")[2].partition("</style>")[0]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "<script" not in html
        assert not any(mark in html for mark in ("src=", "@import", "url("))


async def test_every_page_can_be_read_by_everybody(
    pages: Pages, administrator: Administrator
) -> None:
    address = await pages.address()
    await _check_page(administrator, address)
    await _check_page(administrator, f"{pages.url}/connect/nothing")
    await administrator.sign_in(address)
    await _check_page(administrator, address)


async def _check_page(administrator: Administrator, url: str) -> None:
    """One heading, a language, a viewport for phones, a label for each choice."""
    async with administrator.session.get(url) as answer:
        outline = _Outline()
        outline.feed(await answer.text())
    assert outline.language == "en"
    assert outline.viewport
    assert outline.headings == 1
    assert outline.main == 1
    assert outline.unlabelled == 0


class _Outline(HTMLParser):
    """What a screen reader needs of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.language: str | None = None
        self.viewport = False
        self.headings = self.main = self.unlabelled = 0
        self._label = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.language = given.get("lang") if tag == "html" else self.language
        self.viewport = self.viewport or given.get("name") == "viewport"
        self.headings += tag == "h1"
        self.main += tag == "main"
        self._label = tag == "label" or self._label
        if tag == "input" and given.get("type") != "hidden":
            self.unlabelled += not self._label

    def handle_endtag(self, tag: str) -> None:
        self._label = self._label and tag != "label"
