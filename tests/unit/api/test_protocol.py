"""What cannot be read as a request, byte by byte: a problem, no echo, and the connection closes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from gateway.api import bodies, protocol
from gateway.api.keys import CONFIG
from gateway.api.problems import boundary
from gateway.api.protocol import Protocol
from gateway.app import bind
from gateway.config import Config, Entra, Public

CANARY = b"Philomena"
DOCS = "https://gateway.example/docs"
POST = b"POST /thing/a HTTP/1.1\r\nHost: gateway\r\n"
GET = b"GET /thing/a HTTP/1.1\r\nHost: gateway\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: Any


Talk = Callable[..., Awaitable[list[Reply]]]


@pytest.fixture
async def talk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Talk]:
    """Sends bytes, in several packets if wanted, and gives the answers once it is hung up on."""
    monkeypatch.setattr(protocol, "HEAD_WITHIN", 0.3)
    monkeypatch.setattr(protocol, "LINGER", 0)

    async def handler(request: web.Request) -> web.Response:
        body = await bodies.received(request.read())
        return web.json_response({"name": request.match_info["name"], "bytes": len(body)})

    app = web.Application(middlewares=[boundary], client_max_size=100)
    app[CONFIG] = Config(
        Entra("client", ("secret",)),
        (b"k" * 32,),
        Public("127.0.0.1", 8080, "https://gateway.example"),
        most_body_bytes=100,
    )
    app.router.add_get("/thing/{name}", handler)
    app.router.add_post("/thing/{name}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    server = runner.server
    assert server is not None
    with bind("127.0.0.1", 0) as socket:
        listener = await asyncio.get_running_loop().create_server(
            lambda: Protocol(server, docs=DOCS, logger=logging.getLogger("test")), sock=socket
        )

        async def send(*packets: bytes, pause: float = 0.02) -> list[Reply]:
            reader, writer = await asyncio.open_connection(*socket.getsockname())
            for packet in packets:
                if not reader.at_eof():
                    writer.write(packet)
                    await asyncio.sleep(pause)
            received = await reader.read()
            writer.close()
            assert CANARY not in received
            return list(replies(received))

        yield send
        listener.close()
        await runner.cleanup()


def replies(received: bytes) -> list[Reply]:
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = int(headers.get("Content-Length", "0"))
        found.append(Reply(int(first.split(" ")[1]), headers, json.loads(rest[:length] or b"null")))
        received = rest[length:]
    return found


REFUSED: dict[str, tuple[bytes, int, str]] = {
    "no request at all": (CANARY + b"\r\n\r\n", 400, "malformed_request"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "malformed_request"),
    "HTTP/0.9": (b"GET /thing/a\r\n\r\n", 400, "malformed_request"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "malformed_request"),
    "HTTP/9.9": (b"GET / HTTP/9.9\r\nHost: gateway\r\n\r\n", 400, "malformed_request"),
    "no CR": (b"GET / HTTP/1.1\nHost: gateway\n\n", 400, "malformed_request"),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400, "malformed_request"),
    "two hosts": (GET + b"Host: other\r\n\r\n", 400, "malformed_request"),
    "raw UTF-8": (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: gateway\r\n\r\n", 400, "malformed_request"),
    "long address": (b"GET /" + CANARY * 1000 + b" HTTP/1.1\r\n\r\n", 400, "malformed_request"),
    "long header": (GET + b"X: " + CANARY * 1000 + b"\r\n\r\n", 400, "malformed_request"),
    "many headers": (
        GET + b"".join(b"X%d: 1\r\n" % number for number in range(200)) + b"\r\n",
        400,
        "malformed_request",
    ),
    "header without colon": (GET + CANARY + b"\r\n\r\n", 400, "malformed_request"),
    "header over two lines": (GET + b"X: a\r\n " + CANARY + b"\r\n\r\n", 400, "malformed_request"),
    "NUL in a header": (GET + b"X: a\0" + CANARY + b"\r\n\r\n", 400, "malformed_request"),
    "bad chunk": (CHUNKED + CANARY + b"\r\n", 400, "malformed_request"),
    "chunk too long": (CHUNKED + b"3\r\nabc" + CANARY + b"\r\n", 400, "malformed_request"),
    "both lengths": (
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "malformed_request",
    ),
    "both lengths, the other way round": (
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        400,
        "malformed_request",
    ),
    "two lengths": (
        POST + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabc",
        400,
        "malformed_request",
    ),
    "no number": (POST + b"Content-Length: +3\r\n\r\nabc", 400, "malformed_request"),
    "unknown transfer encoding": (
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        400,
        "malformed_request",
    ),
    "chunks in HTTP/1.0": (
        POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "malformed_request",
    ),
    "brotli": (
        POST + b"Content-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
        415,
        "unsupported_media_type",
    ),
    "not gzip": (
        POST + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        400,
        "invalid_json",
    ),
    "Expect": (
        POST + b"Expect: " + CANARY + b"\r\nContent-Length: 3\r\n\r\nabc",
        400,
        "invalid_query",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_request_is_a_problem(talk: Talk, name: str) -> None:
    data, status, code = REFUSED[name]
    (reply,) = await talk(data)
    assert (reply.status, reply.body["code"], reply.body["status"]) == (status, code, status)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["Request-Id"] == reply.body["request_id"]
    assert reply.body["type"] == f"{DOCS}#{code}"


@pytest.mark.parametrize("name", ["Content-Type", "Host", "User-Agent"])
async def test_a_header_that_stands_twice_is_named(talk: Talk, name: str) -> None:
    header = name.lower().encode() + b": " + CANARY + b"\r\n"
    (reply,) = await talk(POST + header * 2 + b"Content-Length: 2\r\n\r\n{}")
    assert (reply.status, reply.body["code"]) == (400, "malformed_request")
    assert reply.body["detail"] == f"The header {name} stands there twice. Send it once."


async def test_only_a_header_that_may_stand_once_is_named(talk: Talk) -> None:
    (reply,) = await talk(POST + b"Duplicate '" + CANARY + b"' header found.\r\n\r\n")
    assert reply.body["detail"].startswith("The request cannot be read as HTTP")


async def test_what_the_log_tells_of_it(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await talk(b"\r\n")
        assert caplog.records == []
        await talk(CANARY + b"\r\n\r\n")
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.getMessage() == "A request cannot be read."


@pytest.mark.parametrize("good", [b"", b"3\r\nabc\r\n"])
async def test_a_body_that_goes_wrong_later_is_answered_at_once(talk: Talk, good: bytes) -> None:
    (reply,) = await talk(CHUNKED, good + CANARY + b"\r\n")
    assert (reply.status, reply.body["code"]) == (400, "invalid_json")
    assert reply.headers["Connection"] == "close"


async def test_garbage_after_a_request_does_not_undo_its_answer(talk: Talk) -> None:
    first, second = await talk(GET + b"\r\n", CANARY + b"\r\n\r\n")
    assert (first.status, first.body) == (200, {"name": "a", "bytes": 0})
    assert (second.status, second.body["code"]) == (400, "malformed_request")


async def test_a_head_that_does_not_end_is_not_waited_for(talk: Talk) -> None:
    async with asyncio.timeout(1.5):
        assert await talk(GET, *[b"X: 1\r\n"] * 20, pause=0.1) == []


async def test_nor_is_a_first_byte_that_never_comes(talk: Talk) -> None:
    async with asyncio.timeout(3):
        assert await talk() == []


async def test_nor_is_the_head_of_a_second_request(talk: Talk) -> None:
    async with asyncio.timeout(3):
        (reply,) = await talk(GET + b"\r\n", GET)
    assert reply.status == 200


async def test_a_body_that_does_not_end_is_not_waited_for(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_WITHIN", 0.1)
    async with asyncio.timeout(3):
        (reply,) = await talk(POST + b"Content-Length: 9\r\n\r\n", b"abc", b"abc")
    assert (reply.status, reply.body["code"]) == (408, "too_slow")
    assert reply.headers["Connection"] == "close"


async def test_requests_that_come_together_are_answered_in_order(talk: Talk) -> None:
    last = b"GET /thing/b HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"
    first, second, third = await talk(
        POST + b"Content-Length: 3\r\n\r\nabc" + POST + b"Content-Length: 0\r\n\r\n" + last
    )
    assert (first.body, second.body["bytes"]) == ({"name": "a", "bytes": 3}, 0)
    assert third.body["name"] == "b"


async def test_http_1_0(talk: Talk) -> None:
    (reply,) = await talk(b"GET /thing/a HTTP/1.0\r\n\r\n")
    assert (reply.status, reply.body) == (200, {"name": "a", "bytes": 0})


async def test_expect_100_continue(talk: Talk) -> None:
    go_on, reply = await talk(
        POST + b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: 3\r\n\r\n", b"abc"
    )
    assert (go_on.status, reply.status) == (100, 200)
    assert reply.body["bytes"] == 3
