"""Business Central and the token endpoint as a stub: right bodies, no state, as fast as it gets.

`python -m benchmarks.upstream LINES` prints its port and serves until it is ended; orders have so
many lines, 10 when it is not said. An order's number stands in its reference (`D-42`), so that
what is read back needs no memory.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from typing import cast
from urllib.parse import unquote

import uvloop

from benchmarks.order import (
    COMPANY,
    LINES,
    customer,
    encoded,
    header,
    items,
    stored_lines,
)

REFERENCE = re.compile(rb'"externalDocumentNumber":"D-(\d+)"')
RECORD = re.compile(r"salesOrders\([0-9a-f-]{24}(\d{12})\)")
TENANT = re.compile(r"/v2.0/([0-9a-f-]{36})/")


def answer(status: int, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status} OK\r\nContent-Type: application/json; odata.metadata=minimal\r\n"
        f"OData-Version: 4.0\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def listed(rows: object) -> bytes:
    return answer(200, encoded({"value": rows}))


TOKEN = answer(
    200, encoded({"access_token": "a" * 1200, "expires_in": 3600, "token_type": "Bearer"})
)
CUSTOMERS = listed([customer()])
MANY = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
ITEMS = {item["number"]: item for item in items(MANY)}
ALL_ITEMS = listed(list(ITEMS.values()))
ENVIRONMENTS = listed([{"name": "Production", "type": "Production"}])
COMPANIES = listed([{"id": COMPANY, "name": "Harwick", "displayName": "Harwick"}])
STORED = encoded(stored_lines(MANY))
CREATED = encoded(header(0, "D-0"))
NUMBER, REFERS = b"S-ORD0", b'"D-0"'
RECORD_ID = header(0, "D-0")["id"].encode()


def created(at: int) -> bytes:
    number = str(at).encode()
    body = CREATED.replace(NUMBER, b"S-ORD" + number).replace(REFERS, b'"D-' + number + b'"')
    return body.replace(RECORD_ID, RECORD_ID[:24] + number.zfill(12))


def found_items(target: str) -> bytes:
    """The items whose numbers the filter names: of many not all are asked for at once."""
    names = re.findall(r"'([^']*)'", unquote(target))
    return listed([ITEMS[name] for name in names])


def reply(method: str, target: str, body: bytes) -> bytes:
    """What is answered. A request that nobody expects ends the measurement."""
    if method == "POST" and target.endswith("/salesOrders"):
        found = REFERENCE.search(body)
        # The pass-through sends the canonical order on as it came.
        at = found or re.search(rb'"external_reference":"D-(\d+)"', body)
        assert at is not None, body
        return answer(201, created(int(at[1])))
    if method == "GET":
        record = RECORD.search(unquote(target))
        if record is not None:
            whole = created(int(record[1]))
            return answer(200, whole[:-1] + b',"salesOrderLines":' + STORED + b"}")
        if "/customers" in target:
            return CUSTOMERS
        if "/items" in target:
            return found_items(target) if MANY > LINES else ALL_ITEMS
        if target.startswith("/environments"):
            return ENVIRONMENTS
        if target.endswith("/companies"):
            return COMPANIES
    assert target.endswith("/oauth2/v2.0/token"), f"{method} {target}"
    return TOKEN


class Wire(asyncio.Protocol):
    """HTTP/1.1 with kept connections and a Content-Length; nothing else is ever sent here."""

    def __init__(self, answering: Callable[[str, str, bytes], bytes]) -> None:
        self._answering = answering
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end]
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            whole = end + 4 + length
            if len(self._received) < whole:
                return
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
            body, self._received = self._received[end + 4 : whole], self._received[whole:]
            self._transport.write(self._answering(method, target, body))


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Wire(reply), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
