"""The page for people: complete, and without a script or a stranger."""

from __future__ import annotations

import re

from aiohttp import ClientSession

from gateway.api.calls import own_codes
from gateway.app import Gateway


async def test_the_page(gateway: Gateway) -> None:
    async with (
        ClientSession(gateway.config.public.url) as session,
        session.get("/") as response,
    ):
        html = await response.text()
    assert (response.status, response.url.path) == (200, "/docs")
    assert response.content_type == "text/html"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "<script" not in html
    assert re.findall(r"""(?:src|href)=["'](?:https?:)?//""", html) == []
    assert html.count("/v1/connections/{connection}/sales-orders") >= 2

    anchors = set(re.findall(r'id="([^"]+)"', html))
    assert {code.code for code in own_codes()} <= anchors
    assert {"unmatched_item", "customer_blocked"} <= anchors
    assert set(re.findall(r'href="#([^"]+)"', html)) <= anchors


async def test_the_document(gateway: Gateway) -> None:
    async with (
        ClientSession(gateway.config.public.url) as session,
        session.get("/openapi.json") as response,
    ):
        body = await response.json()
    assert body["openapi"] == "3.1.0"
    assert body["servers"] == [{"url": gateway.config.public.url}]
