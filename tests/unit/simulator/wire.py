"""Bytes over a socket, for what no client of HTTP would send."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


async def exchange(url: str, *pieces: bytes, patience: float = 2.0) -> bytes:
    """What comes back for bytes that arrive in pieces: until the other side closes or has
    answered once in full, or for as long as ``patience``.
    """
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    received = b""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(patience):
            for at, piece in enumerate(pieces):
                if at:
                    await asyncio.sleep(0.02)  # it is a packet of its own
                writer.write(piece)
                await writer.drain()
            while not _whole(received) and (more := await reader.read(65536)):
                received += more
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return received


def status(received: bytes) -> int:
    """The status of the first answer; 0 for none."""
    line = received.partition(b"\r\n")[0].split(b" ")
    return int(line[1]) if len(line) > 1 else 0


def body(received: bytes) -> bytes:
    """The body of the first answer."""
    return received.partition(b"\r\n\r\n")[2]


def _whole(received: bytes) -> bool:
    received = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    head, blank, rest = received.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return bool(blank) and length is not None and len(rest) >= int(length[1])
