"""Whatever comes of a call, it is counted once, as what it is."""

from __future__ import annotations

import pytest

from gateway.businesscentral import open_session
from gateway.businesscentral.calls import Call
from gateway.businesscentral.transport import NoAnswer, NotSent
from gateway.businesscentral.watched import watched_exchange
from tests.odd_server import Reply, odd_server, reply
from tests.scraping import grown, shown

CALLS = "bc_gateway_business_central_calls_total"
BUSY = {"error": {"code": "Application_TooManyRequests", "message": "Philomena Quill"}}
LOCKED = {"error": {"code": "Internal_ServerError", "message": "locked"}}


async def send(url: str, method: str) -> object:
    async with open_session() as session:
        return await watched_exchange(session, Call(method, url, "customers(4f3a)", {}), {}, 5)


@pytest.mark.parametrize(
    ("method", "answer", "outcome", "status"),
    [
        ("GET", reply(200, {"value": []}), "ok", "200"),
        ("GET", reply(200, b"<html>"), "unreadable", "200"),
        ("GET", reply(404, {}), "gone", "404"),
        ("GET", reply(429, BUSY), "retry_later", "429"),
        ("POST", reply(201, {"id": "1"}), "ok", "201"),
        ("POST", reply(201, b"<html>"), "unknown_outcome", "201"),
        ("POST", reply(504), "unknown_outcome", "504"),
        ("PATCH", reply(409, LOCKED), "locked", "409"),
        ("PATCH", reply(401), "unauthorized", "401"),
    ],
)
async def test_an_answer_counts_as_its_class(
    method: str, answer: Reply, outcome: str, status: str
) -> None:
    before = shown()
    async with odd_server(lambda _: answer) as odd:
        await send(odd.url, method)
    labels = {"entity": "customers", "method": method}
    assert grown(before, CALLS, **labels, outcome=outcome, status=status) == 1
    assert grown(before, CALLS) == 1
    assert grown(before, "bc_gateway_business_central_call_seconds_count", **labels) == 1


@pytest.mark.parametrize(
    ("method", "outcome"), [("GET", "retry_later"), ("POST", "unknown_outcome")]
)
async def test_no_answer(method: str, outcome: str) -> None:
    before = shown()
    async with odd_server(lambda _: None) as odd:
        with pytest.raises(NoAnswer):
            await send(odd.url, method)
    assert grown(before, CALLS, method=method, outcome=outcome, status="none") == 1


async def test_no_connection() -> None:
    async with odd_server(lambda _: None) as gone:
        pass
    before = shown()
    with pytest.raises(NotSent):
        await send(gone.url, "POST")
    assert grown(before, CALLS, method="POST", outcome="retry_later", status="none") == 1
