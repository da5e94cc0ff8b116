"""What is no request of HTTP, or none that can be read: over bare sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import tracemalloc
import zlib

import pytest

from gateway.simulator import Simulator
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.receiving import is_host, unpacked
from tests.unit.simulator.client import LTD, Client
from tests.unit.simulator.wire import body, exchange, status

ROOT = "/v2.0/Production/api/v2.0"
CUSTOMERS = f"{ROOT}/companies({LTD})/customers"
NEW = b'{"displayName":"Ashby"}'
PACKED = gzip.compress(NEW, mtime=0)
TYPED = ("Content-Type: application/json",)


def request(
    client: Client,
    method: str,
    target: str,
    *headers: str,
    data: bytes = b"",
    host: str = "127.0.0.1",
) -> bytes:
    """A request of who is signed in."""
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {client.token}",
    ]
    framed = any(one.startswith(("Content-Length", "Transfer-Encoding")) for one in headers)
    lines += [*headers, *([f"Content-Length: {len(data)}"] if data and not framed else [])]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + data


async def digest(client: Client) -> str:
    return str((await client.get("/_simulator/hash")).json["sha256"])


def refused(received: bytes) -> str:
    """The text of Business Central's kind of 400."""
    assert status(received) == 400, received
    error = json.loads(body(received))["error"]
    assert error["code"] == "BadRequest"
    assert "CorrelationId:" in error["message"]
    return str(error["message"])


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /Philomena\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nPhilomena\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"CONNECT \r\nHost: x\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PHILOMENA / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nPhilomena: " + b"a" * 70_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_refused_as_business_central_would(
    simulator: Simulator, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    received = await exchange(simulator.url, data)
    assert "Philomena" not in refused(received)
    assert caplog.text == ""


@pytest.mark.parametrize(
    "rest", [b"zz\r\n", b"5\r\n12345zz", b"0\r\nno trailer\r\n\r\n", b"5;\x00\r\n12345\r\n"]
)
async def test_nobody_waits_for_a_body_that_is_badly_framed(client: Client, rest: bytes) -> None:
    before = await digest(client)
    head = request(client, "POST", CUSTOMERS, *TYPED, "Transfer-Encoding: chunked")
    good = b"%x\r\n%b\r\n" % (len(NEW), NEW)
    received = await exchange(client.simulator.url, head + good, rest)
    assert "framed" in refused(received)
    assert b"\r\nConnection: close\r\n" in received
    assert await digest(client) == before


async def test_a_body_that_ends_too_early_changes_nothing(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    before = await digest(client)
    data = request(client, "POST", CUSTOMERS, *TYPED, f"Content-Length: {len(NEW) + 1}", data=NEW)
    assert await exchange(client.simulator.url, data, patience=0.05) == b""
    await asyncio.sleep(0)
    assert await digest(client) == before
    assert caplog.text == ""


@pytest.mark.parametrize("target", ["*", "127.0.0.1:80"])
async def test_what_is_no_path(client: Client, target: str) -> None:
    method = "OPTIONS" if target == "*" else "CONNECT"
    received = await exchange(client.simulator.url, request(client, method, target))
    assert status(received) == 404
    assert json.loads(body(received))["error"] == f"There is nothing at {target}."


async def test_expectations_are_met_or_refused(client: Client) -> None:
    head = request(
        client, "POST", CUSTOMERS, *TYPED, "Expect: 100-continue", f"Content-Length: {len(NEW)}"
    )
    received = await exchange(client.simulator.url, head, NEW)
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    other = request(client, "POST", CUSTOMERS, *TYPED, "Expect: more", data=NEW)
    received = await exchange(client.simulator.url, other)
    assert (status(received), b"BadRequest" in received) == (417, True)


async def test_an_address_may_be_whole_as_to_a_proxy(client: Client) -> None:
    target = f"http://harwick.test:8090{ROOT}/companies?$top=1"
    received = await exchange(client.simulator.url, request(client, "GET", target))
    context = json.loads(body(received))["@odata.context"]
    assert context == f"http://harwick.test:8090{ROOT}/$metadata#companies"
    received = await exchange(client.simulator.url, request(client, "GET", f"http://a b{ROOT}"))
    assert status(received) == 400


@pytest.mark.parametrize(
    "host", ["[", "a b", "a/b", "x@y", "[::1", "[zz]", "x:99999", "x:0", "", "é"]
)
async def test_a_host_that_is_none(client: Client, host: str) -> None:
    url = client.simulator.url
    batch = b'{"requests":[{"method":"GET","url":"companies"}]}'
    for data in (
        request(client, "GET", f"{ROOT}/companies", host=host),
        request(client, "POST", f"{ROOT}/$batch", *TYPED, data=batch, host=host),
    ):
        assert "Host" in refused(await exchange(url, data))
    for target in (
        "/common/discovery/instance?authorization_endpoint=https://login.microsoftonline.com/common",
        "/common/v2.0/.well-known/openid-configuration",
    ):
        received = await exchange(url, request(client, "GET", target, host=host))
        assert (status(received), json.loads(body(received))["error_codes"]) == (400, [9002313])
    received = await exchange(
        url, request(client, "GET", "/common/oauth2/v2.0/authorize", host=host)
    )
    assert (status(received), b"AADSTS9002313" in received) == (400, True)
    for target in ("/_simulator/hash", "/nothing"):
        received = await exchange(url, request(client, "GET", target, host=host))
        assert (status(received), b"Host" in body(received)) == (400, True)


def test_hosts() -> None:
    for good in (
        "localhost",
        "127.0.0.1:80",
        "[::1]:8090",
        "my_host.test",
        "xn--bcher-kva.example",
    ):
        assert is_host(good), good


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", b"nonsense"),
        ("gzip", PACKED[:-9]),
        ("gzip", PACKED + b"more"),
        ("x-gzip", zlib.compress(NEW)),
        ("deflate", b"nonsense"),
        ("deflate", zlib.compress(NEW)[:-1]),
    ],
)
async def test_a_body_that_is_not_what_it_says(
    client: Client, encoding: str, packed: bytes
) -> None:
    before = await digest(client)
    data = request(client, "POST", CUSTOMERS, *TYPED, f"Content-Encoding: {encoding}", data=packed)
    assert encoding in refused(await exchange(client.simulator.url, data))
    assert await digest(client) == before
    (entry,) = (await client.get("/_simulator/journal?path=/customers$")).json["value"]
    assert entry["status"] == 400


async def test_packed_bodies_are_unpacked(client: Client) -> None:
    raw = zlib.compressobj(wbits=-15)
    for encoding, packed in (
        ("gzip", PACKED),
        ("GZIP", PACKED),
        ("deflate", zlib.compress(NEW)),
        ("deflate", raw.compress(NEW) + raw.flush()),
        ("identity", NEW),
    ):
        data = request(
            client, "POST", CUSTOMERS, *TYPED, f"Content-Encoding: {encoding}", data=packed
        )
        assert status(await exchange(client.simulator.url, data)) == 201, encoding
    for other in ("br", "gzip, gzip", "\udcff"):  # the last is a byte that is no UTF-8
        data = request(client, "POST", CUSTOMERS, *TYPED, f"Content-Encoding: {other}", data=NEW)
        assert status(await exchange(client.simulator.url, data)) == 415
    form = "Content-Type: application/x-www-form-urlencoded"
    token = request(
        client, "POST", "/common/oauth2/v2.0/token", form, "Content-Encoding: gzip", data=NEW
    )
    received = await exchange(client.simulator.url, token)
    assert (status(received), json.loads(body(received))["error_codes"]) == (400, [9002313])


async def test_a_bomb_is_not_unpacked_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.simulator.receiving.LARGEST_BODY", 3_000_000)
    bomb = gzip.compress(b"\0" * 60_000_000, 1)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    going = asyncio.create_task(others())
    tracemalloc.start()
    try:
        with pytest.raises(BusinessCentralError) as raised:
            await unpacked(bomb, "gzip")
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()
        going.cancel()
    assert (raised.value.status, turns > 1) == (413, True)


@pytest.mark.parametrize(
    "target",
    [
        f"/{ROOT}/companies",
        f"{ROOT}//companies",
        f"/v2.0//Production{ROOT[16:]}/companies",
        f"{CUSTOMERS.replace('/customers', '//customers')}",
        f"{CUSTOMERS}//",
        "/environments//v1.2",
        "/admin/v2.29//applications",
        "/common//v2.0/.well-known/openid-configuration",
        "/_simulator//hash",
        "/_simulatorXYZ",
        "/_simulatorXYZ/hash",
        "//_simulator/hash",
    ],
)
async def test_a_second_slash_and_a_longer_name_lead_nowhere(client: Client, target: str) -> None:
    received = await exchange(client.simulator.url, request(client, "GET", target))
    assert status(received) in {401, 404, 501}, received


async def test_a_slash_at_the_end_is_none(client: Client) -> None:
    for target in (f"{ROOT}/", f"{ROOT}/companies/", f"{CUSTOMERS}/", "/_simulator/"):
        received = await exchange(client.simulator.url, request(client, "GET", target))
        assert status(received) == 200, target
    batch = {"requests": [{"method": "GET", "url": "/companies"}, {"method": "GET", "url": "x//y"}]}
    answered = await client.send(
        "POST",
        f"{client.root}/$batch",
        batch,
        {"Prefer": "odata.continue-on-error", "Accept": "application/json"},
    )
    assert [one["status"] for one in answered.json["responses"]] == [404, 404]


async def test_head_is_a_get_without_its_body_but_at_business_central(client: Client) -> None:
    async with client.session.head(f"{client.simulator.url}/_simulator/hash") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    configuration = "/common/v2.0/.well-known/openid-configuration"
    async with client.session.head(client.simulator.url + configuration) as answer:
        assert (answer.status, await answer.read()) == (200, b"")
        assert answer.headers["Content-Type"].startswith("application/json")
    assert (await client.send("HEAD", "customers")).status == 405
    await client.arm("partial_body", {"path": "openid"})
    async with client.session.head(client.simulator.url + configuration) as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    entries = (await client.get("/_simulator/journal?method=HEAD&path=openid")).json["value"]
    assert [entry["status"] for entry in entries] == [200, 200]


async def test_a_mistake_of_its_own_is_told_and_logged(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("gateway.simulator.listener.control_answer", broken)
    reply = await client.get("/_simulator/hash")
    assert (reply.status, reply.code) == (500, "Unknown")
    (record,) = caplog.records
    assert (record.levelno, record.name) == (logging.ERROR, "aiohttp.server")
