"""Addresses and methods: each path takes what `/openapi.json` says, however it is spelled."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from aiohttp import ClientSession
from yarl import URL

from gateway.api.access import new_key
from gateway.api.openapi import describe
from gateway.app import Gateway
from gateway.clock import Clock
from gateway.snapshot import Snapshot
from gateway.storage import ApiKey, new_id


@pytest.fixture
async def asker(gateway: Gateway) -> AsyncIterator[ClientSession]:
    """A session whose addresses are sent exactly as they are given."""
    text, hashed = new_key()
    await gateway.store.add_key(ApiKey(new_id("key"), hashed, "admin", None, Clock().now()))
    async with ClientSession(headers={"Authorization": f"Bearer {text}"}) as session:
        yield session


async def ask(
    session: ClientSession, gateway: Gateway, method: str, path: str
) -> tuple[int, str, set[str]]:
    """Status, code and the methods in `Allow`."""
    url = URL(f"{gateway.config.public.url}{path}", encoded=True)
    async with session.request(method, url) as response:
        body = await response.read()
        problem = json.loads(body) if "problem" in response.content_type and body else {}
        allowed = {one for one in response.headers.get("Allow", "").split(", ") if one}
        return response.status, problem.get("code", ""), allowed


async def test_other_methods_are_told_what_there_is(
    asker: ClientSession, gateway: Gateway, snapshot: Snapshot
) -> None:
    wrong = {}
    for path, calls in describe(snapshot, gateway.config.public.url)["paths"].items():  # type: ignore[attr-defined]  # a JSON object
        expected = {method.upper() for method in calls} | ({"HEAD"} if "get" in calls else set())
        address = path.replace("{", "").replace("}", "")
        for method in ("OPTIONS", "TRACE"):
            found = await ask(asker, gateway, method, address)
            if found != (405, "method_not_allowed", expected):
                wrong[method, path] = found
        found = await ask(asker, gateway, "GET", f"{address}/")
        if found[:2] != (404, "not_found"):
            wrong["slash", path] = found
    assert wrong == {}


async def test_head_is_get_without_a_body(asker: ClientSession, gateway: Gateway) -> None:
    for path in ("/health/live", "/openapi.json", "/docs", "/v1/resources", "/v1/connections"):
        assert (await ask(asker, gateway, "HEAD", path))[0] == 200
    for path in ("/v1/connections/con_0", "/v1/connections/con_0/customers/1", "/v1/operations/0"):
        assert (await ask(asker, gateway, "HEAD", path))[0] == 404


@pytest.mark.parametrize(
    "segment", ["%2F", "..", "%2e%2e", "%2e%2e%2fconnections", "%00", "a%00b", "%ff", "%zz", "%"]
)
async def test_strange_segments_lead_nowhere(
    asker: ClientSession, gateway: Gateway, segment: str
) -> None:
    known = {"not_found", "unknown_connection", "unknown_resource"}
    for path in ("connections/{}", "connections/{}/customers", "operations/{}", "{}"):
        status, code, _ = await ask(asker, gateway, "GET", f"/v1/{path.format(segment)}")
        assert (status, code in known) == (404, True), path


async def test_a_segment_is_one_value_however_it_is_written(
    asker: ClientSession, gateway: Gateway
) -> None:
    name = "".join(f"%{ord(letter):02x}" for letter in "resources")
    assert (await ask(asker, gateway, "GET", f"/v1/{name}"))[0] == 200
    slash = quote("con_0/customers", safe="")
    assert (await ask(asker, gateway, "GET", f"/v1/connections/{slash}"))[:2] == (
        404,
        "unknown_connection",
    )
