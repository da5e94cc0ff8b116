"""The page that tries mappings: who may ask, what it shows, and that it keeps nothing."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from html import unescape
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from gateway.clock import Clock
from gateway.config import Config, Listener, shipped
from gateway.console import operators_application
from gateway.console.pages import MOST_BYTES
from gateway.reload import Reload, files_seen
from gateway.snapshot import Current, Snapshot, load_snapshot
from gateway.storage import open_store
from gateway.validation import Schemas

Client = TestClient[web.Request, web.Application]
Open = Callable[[Snapshot], Awaitable[Client]]
CANARY = "Zebulon4711"


@pytest.fixture
async def opened(config: Config, aiohttp_client: AiohttpClient) -> AsyncIterator[Open]:
    """Opens the operators' listener on a snapshot."""
    async with open_store(config.storage_url, config.encryption_keys, Clock()) as store:

        async def open_(snapshot: Snapshot) -> Client:
            reload = Reload(config, Current(snapshot), Clock(), files_seen(config))
            application = operators_application(Listener("127.0.0.1", 0), store, reload)
            return await aiohttp_client(application)

        yield open_


@pytest.fixture
async def client(opened: Open, snapshot: Snapshot) -> Client:
    return await opened(snapshot)


async def text_of(client: Client, start: str = "sales-orders") -> str:
    answer = await client.get("/try", params={"start": start})
    assert answer.status == 200, await answer.text()
    return await answer.text()


def field(page: str, name: str) -> str:
    found = re.search(rf'<textarea id="{name}"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found is not None
    return unescape(found[1])


async def tried(client: Client, page: str, **changes: str) -> str:
    names = ("mapping", "input", "answers")
    form = {"verb": "create", "target": "", **{name: field(page, name) for name in names}}
    answer = await client.post("/try", data={**form, **changes})
    assert answer.status == 200, await answer.text()
    return await answer.text()


async def test_it_begins_with_a_mapping_and_its_first_test(client: Client) -> None:
    page = await text_of(client)
    assert field(page, "mapping") == (shipped("mappings") / "sales-orders.yaml").read_text()
    assert '"external_reference"' in field(page, "input")
    assert "Would send 1 request." in page
    assert (await client.get("/try")).status == 200
    assert (await client.get("/try", params={"start": "accounts"})).status == 400


async def test_nothing_of_a_stranger_runs_in_it(client: Client) -> None:
    page = await text_of(client)
    answer = await client.get("/try")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script[^>]*>", page) == ['<script src="/static/try.js" defer>']
    assert " on" + "click" not in page
    bad = "<img src=x onerror=alert(1)></textarea><script>alert(1)</script>"
    given = field(page, "input").replace("Adatum warehouse", bad)
    for changes in ({"input": given}, {"mapping": bad}, {"answers": bad}, {"verb": bad}):
        shown = await tried(client, page, **changes)
        assert "<img" not in shown
        assert "<script>" not in shown
    assert (await client.get("/static/try.js")).status == 200
    assert (await client.get("/static/try.css")).content_type == "text/css"
    for name in ("other.js", "..%2fpages.py", "%2fetc%2fpasswd"):
        assert (await client.get(f"/static/{name}")).status == 404


async def test_only_its_own_page_may_send(client: Client) -> None:
    port = client.port
    statuses = {
        origin: (await client.post("/try", data={"verb": "x"}, headers={"Origin": origin})).status
        for origin in (
            f"http://127.0.0.1:{port}",
            "http://evil.example",
            "null",
            f"http://x:{port}",
        )
    }
    assert list(statuses.values()) == [200, 403, 403, 403]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    texts = io.BytesIO(b"mapping=" + b"x" * MOST_BYTES)
    large = await client.post("/try", data=texts, headers=headers)
    assert (large.status, (await large.json(content_type=None))["code"]) == (413, "too_large")
    headers = {"Content-Type": "multipart/form-data; boundary=a"}
    broken = await client.post("/try", data=b"--a\r\nx", headers=headers)
    assert (broken.status, (await broken.json(content_type=None))["code"]) == (400, "invalid_query")
    assert (await client.put("/try")).headers["Allow"] == "GET, HEAD, POST"


async def test_a_gateway_that_writes_nothing_has_the_page_too(opened: Open) -> None:
    client = await opened(Snapshot("none", Schemas({}, {}), {}))
    answer = await client.get("/try")
    assert (answer.status, "Try a mapping" in await answer.text()) == (200, True)


async def test_overrides_are_begun_with_too(opened: Open, tmp_path: Path) -> None:
    own = tmp_path / "overrides" / "harwick"
    own.mkdir(parents=True)
    text = 'extends: sales-orders\ncreate: {body: {shipToName: "Ramp"}}\n'
    (own / "sales-orders.yaml").write_text(text)
    snapshot = load_snapshot(
        mappings=[shipped("mappings")], schemas=[shipped("schemas")], overrides=own.parent
    )
    client = await opened(snapshot)
    page = await text_of(client, "harwick/sales-orders")
    assert field(page, "mapping") == text
    assert "Sales orders for harwick: create" in page
    base = await text_of(client)
    shown = unescape(await tried(client, base, mapping=text))
    assert '"shipToName": "Ramp"' in shown
    assert "mappings/sales-orders.yaml:134:21" in shown


async def test_nothing_that_is_typed_is_logged(client: Client, log: io.StringIO) -> None:
    page = await text_of(client)
    for changes in (
        {"input": f'{{"external_reference": "{CANARY}"'},
        {"input": f'{{"external_reference": "{CANARY}", "lines": "{CANARY}"}}'},
        {"mapping": f"{CANARY}: {CANARY}"},
        {"mapping": f"{field(page, 'mapping')}\n{CANARY}: [}}"},
        {"answers": f"{CANARY}: 5"},
        {"answers": f"lookups: {{customer: {CANARY}, items: [{CANARY}]}}"},
        {"target": CANARY, "verb": CANARY},
    ):
        await tried(client, page, **changes)
    metrics = await (await client.get("/metrics")).text()
    assert CANARY not in log.getvalue() + metrics
