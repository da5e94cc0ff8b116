"""A server of answers that the simulator does not give, over real sockets, byte by byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Reply = bytes | None
"""What is sent back. None: the connection is reset without an answer."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class OddServer:
    """Its address, what it has seen, and how many connections were made."""

    url: str
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0


def reply(status: int, body: object = b"", **headers: str) -> bytes:
    """An HTTP answer; a body that is not bytes is sent as JSON."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(sent)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + sent


@asynccontextmanager
async def odd_server(answer: Callable[[Seen], Reply]) -> AsyncIterator[OddServer]:
    """Serve what `answer` says for each request; connections are kept alive."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        odd.connections += 1
        writers.append(writer)
        try:
            while True:
                request = await _read(reader)
                odd.seen.append(request)
                said = answer(request)
                if said is None:
                    writer.transport.abort()
                    return
                writer.write(said)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    odd = OddServer(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield odd
    finally:
        server.close()
        for writer in writers:
            writer.close()
            try:
                await writer.wait_closed()
            except ConnectionError:
                continue
        await server.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    method, target, _ = first.split(" ")
    return Seen(method, target, headers, body)
