"""Bytes that are nearly requests, over a socket: whatever comes, the simulator answers as Business
Central could, or not at all, and its state is as before.

`make test` sends a few hundred, always the same; `make soak` new ones for SOAK_SECONDS.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from time import monotonic
from typing import Final

import pytest

from gateway.simulator import Clock, run_simulator
from gateway.simulator.control.planting import fixed_id
from tests.soak import SECONDS, SEED, SOAK
from tests.unit.simulator.client import LTD, Client, signed_in
from tests.unit.simulator.wire import exchange, status

NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FEW: Final = 400
AT_ONCE: Final = 40
PATIENCE: Final = 0.1  # seconds; many wait for the rest of what is never sent
ROOT: Final = b"/v2.0/Production/api/v2.0"
COMPANY: Final = ROOT + b"/companies(%s)" % LTD.encode()
CUSTOMER: Final = COMPANY + b"/customers(%s)" % fixed_id(1, LTD, "customers", "10000").encode()
REFUSED: Final = frozenset(
    {501}
)  # what Business Central does not do either, or is told not to be simulated

# Good requests that change nothing, to be spoiled: method, target, further headers, body.
TYPED: Final = b"Content-Type: application/json"
MIXED: Final = b"Content-Type: multipart/mixed; boundary=x"
PART: Final = (
    b"--x\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\n"
    b"GET companies HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}\r\n--x--\r\n"
)
BATCH: Final = b'{"requests":[{"id":"1","method":"GET","url":"companies","headers":{"a":"b"}}]}'
GOOD: Final[tuple[tuple[bytes, bytes, tuple[bytes, ...], bytes], ...]] = (
    (b"GET", COMPANY + b"/customers?$top=2&$select=number&$filter=number%20eq%20'10000'", (), b""),
    (b"GET", COMPANY + b"/items?$expand=itemVariants($top=1)&$orderby=number%20desc", (), b""),
    (b"GET", ROOT + b"/$metadata", (b"Accept: application/xml",), b""),
    (b"POST", COMPANY + b"/customers", (TYPED,), b'{"displayName": 1'),
    (b"PATCH", CUSTOMER, (TYPED, b"If-Match: *"), b'{"blocked": 1'),
    (b"POST", ROOT + b"/$batch", (TYPED, b"Accept: application/json"), BATCH),
    (b"POST", ROOT + b"/$batch", (MIXED,), PART),
    (b"GET", b"/environments/v1.2", (), b""),
    (b"GET", b"/admin/v2.29/applications/environments", (), b""),
    (b"GET", b"/common/v2.0/.well-known/openid-configuration", (), b""),
    (b"GET", b"/common/discovery/instance?authorization_endpoint=https://a/b", (), b""),
    (b"POST", b"/common/oauth2/v2.0/token", (), b"grant_type=password&client_id=x"),
    (b"GET", b"/_simulator/hash", (), b""),
    (b"GET", b"/_simulator/state?company=x&entity=y", (), b""),
)
SPOILS: Final = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b"\0",
        b"\xff\xfe",
        b"\xc3",
        b"\xed\xa0\x80",
        b" ",
        b"\t",
    ),
    *(
        b"//",
        b"/../",
        b"/%2e%2e/",
        b"%",
        b"%zz",
        b"%ff",
        b"%00",
        b"%0d%0a",
        b"?",
        b"#",
        b"\\",
        b"*",
    ),
    *(b"http://[", b"http://x@y:z/", b"[", b"]", b"(", b")", b"'", b'"', b";", b":", b",", b"="),
    *(
        b"\r\nHost: [",
        b"\r\nHost: y",
        b"\r\nHost:",
        b"\r\n folded",
        b"\r\nno colon",
        b"\r\n: no name",
    ),
    *(b"\r\nContent-Length: 5", b"\r\nContent-Length: -1", b"\r\nContent-Length: " + b"9" * 5000),
    *(b"\r\nTransfer-Encoding: chunked", b"\r\nTransfer-Encoding: gzip, chunked", b"\r\nTE: x"),
    *(b"\r\nContent-Encoding: gzip", b"\r\nContent-Encoding: deflate", b"\r\nContent-Encoding: br"),
    *(b"\r\nExpect: 100-continue", b"\r\nExpect: \xff", b"\r\nUpgrade: h2c\r\nConnection: upgrade"),
    *(
        b"\r\nContent-Type: multipart/mixed",
        b"\r\nContent-Type: \xff; charset=\0",
        b"\r\nCookie: \xff",
    ),
    *(
        b"\r\nPrefer: odata.maxpagesize=" + b"9" * 5000,
        b"\r\nAuthorization: Basic \xff",
        b"\r\nRange: x",
    ),
    *(b"\r\nConnection: close, keep-alive", b"\r\nIf-Match: \xff", b"\r\nAccept-Language: \xff"),
    *(
        b"zz\r\n",
        b"0\r\n\r\n",
        b"-1\r\n",
        b"ffffffffffffffffff\r\n",
        b"5;\xff\r\nabcde\r\n",
        b"a" * 70_000,
    ),
)
METHODS: Final = (
    *(
        b"HEAD",
        b"OPTIONS",
        b"TRACE",
        b"CONNECT",
        b"PUT",
        b"DELETE",
        b"get",
        b"PHILOMENA",
        b"",
        b"G\0T",
    ),
    *(b"GET ", b"\xff", b"M-SEARCH", b"PRI", b"A" * 300),
)
VERSIONS: Final = (
    b"HTTP/1.0",
    b"HTTP/9.9",
    b"HTTP/2.0",
    b"HTTP/0.9",
    b"",
    b"http/1.1",
    b"HTTP/1.1.1",
)


class Spoiler:
    """Makes bytes that are nearly a request."""

    def __init__(self, seed: int, token: str) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - the same seed must make the same bytes
        self._token = token.encode()

    def pieces(self) -> list[bytes]:
        """What is sent, in one packet or in two."""
        dice = self._dice
        method, target, headers, body = dice.choice(GOOD)
        version = b"HTTP/1.1"
        if not dice.randrange(6):
            method = dice.choice(METHODS)
        if not dice.randrange(12):
            version = dice.choice(VERSIONS)
        lines = [b" ".join((method, target, version)), b"Host: 127.0.0.1"]
        if dice.randrange(8):
            lines.append(b"Authorization: Bearer " + self._token)
        lines += headers
        if body and not dice.randrange(3):
            lines.append(b"Transfer-Encoding: chunked")
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        elif body:
            lines.append(b"Content-Length: %d" % len(body))
        head, rest = b"\r\n".join([*lines, b"", b""]), body
        for _ in range(dice.randrange(4)):
            if rest and dice.randrange(2):
                rest = self._spoiled(rest)
            else:
                head = self._spoiled(head)
        if dice.randrange(2):
            return [head + rest]
        at = dice.randrange(len(head) + 1)
        return [head[:at], head[at:] + rest] if dice.randrange(2) else [head, rest or b"\r\n"]

    def _spoiled(self, data: bytes) -> bytes:
        dice = self._dice
        at = dice.randrange(len(data) + 1)
        if dice.randrange(2):  # within the first line, which says the most
            at = min(at, dice.randrange(120))
        further = at + dice.randrange(1, 20)
        match dice.randrange(4):
            case 0:
                return data[:at] + data[further:]
            case 1:
                return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
            case 2:
                return data[:at] + dice.choice(SPOILS) + data[further:]
            case _:
                return data[:at] + dice.choice(SPOILS) + data[at:]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with run_simulator(clock=Clock(lambda: NOON)) as running, signed_in(running) as signed:
        limits = {"in_flight": 1000, "queued": 1000, "per_five_minutes": 1_000_000}
        assert (await signed.post("/_simulator/limits", limits)).status == 200
        yield signed


async def digest(client: Client) -> str:
    return str((await client.get("/_simulator/hash")).json["sha256"])


async def send_all(client: Client, many: list[list[bytes]]) -> int:
    """Send them, some at once; how many were answered."""

    async def sent(pieces: list[bytes]) -> int:
        received = await exchange(client.simulator.url, *pieces, patience=PATIENCE)
        code = status(received)
        assert code < 500 or code in REFUSED, (pieces, received)
        return code

    answered = 0
    for start in range(0, len(many), AT_ONCE):
        codes = await asyncio.gather(*map(sent, many[start : start + AT_ONCE]))
        answered += sum(code > 0 for code in codes)
    return answered


async def test_what_is_nearly_a_request_fails_nobody(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    before, spoiler = await digest(client), Spoiler(1, client.token)
    answered = await send_all(client, [spoiler.pieces() for _ in range(FEW)])
    assert answered > FEW / 4  # the others wait for the rest of what never comes
    assert await digest(client) == before
    assert caplog.text == ""


async def test_good_requests_are_good_before_they_are_spoiled(client: Client) -> None:
    codes = []
    for method, target, headers, body in GOOD:
        lines = [b" ".join((method, target, b"HTTP/1.1")), b"Host: a", *headers]
        lines += [b"Authorization: Bearer " + client.token.encode()]
        lines += [b"Content-Length: %d" % len(body), b"", b""]
        received = await exchange(client.simulator.url, b"\r\n".join(lines) + body)
        codes.append(status(received))
    assert codes == [200, 200, 200, 400, 400, 200, 200, 200, 200, 200, 400, 400, 200, 404]


if SOAK:

    @pytest.mark.timeout(SECONDS + 60)
    async def test_what_is_nearly_a_request_for_a_while(
        client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        before, spoiler, until = (
            await digest(client),
            Spoiler(SEED, client.token),
            monotonic() + SECONDS,
        )
        while monotonic() < until:
            await send_all(client, [spoiler.pieces() for _ in range(FEW)])
            assert await digest(client) == before
            assert caplog.text == ""
