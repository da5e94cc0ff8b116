"""How a request becomes a call: its address, its host, its body. Called by ``listener``.

What is wrong with a request is kept in its call as a refusal, so that it goes the same way as any
other, and is answered in the words of whom it was sent to.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import HttpVersion11, web

from gateway.simulator.errors import BusinessCentralError, bad_request
from gateway.simulator.exchange import Call

LARGEST_BODY = 350 * 1024 * 1024  # bytes (bc/api.md §8)
_PIECE = 1024 * 1024
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[\w.~-]+)(?::\d{1,5})?", re.ASCII)
_ABSOLUTE = re.compile(r"https?://([^/?]*)(.*)", re.IGNORECASE | re.DOTALL)
_ZLIB = 8  # the method that the first byte of RFC 1950 names; raw deflate begins otherwise


async def received(request: web.BaseRequest) -> Call:
    """What a client sent. Raises ConnectionError where it hung up before the end."""
    target, host = request.raw_path, request.host
    if absolute := _ABSOLUTE.fullmatch(target):  # as to a proxy (RFC 9112 §3.2.2)
        host, target = absolute[1], absolute[2]
    path, _, query = target.partition("?")
    headers = {name.lower(): readable(value) for name, value in request.headers.items()}
    body, flaw = await _body(request, headers)
    if not target:
        flaw = bad_request("The request has no address.")
    if not is_host(host):
        host, flaw = "localhost", bad_request("The Host of the request is none.")
    return Call(
        method=request.method,
        path=path or "/",
        query=query,
        headers=headers,
        body=body,
        origin=f"{request.scheme}://{host}",
        flaw=flaw,
    )


def is_host(text: str) -> bool:
    """Whether it is a name or an address with or without a port, fit for being sent back."""
    if not _HOST.fullmatch(text):
        return False
    try:
        port = urlsplit(f"//{text}").port
    except ValueError:  # too high, or no address of IPv6
        return False
    return port != 0


def readable(value: str) -> str:
    """A header without the bytes that are no UTF-8, which no journal could keep."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def _body(
    request: web.BaseRequest, headers: Mapping[str, str]
) -> tuple[bytes, BusinessCentralError | None]:
    """The body, and why it can not be read, which leaves it as it was sent, or blank.

    A choice: gzip and deflate are unpacked, as nobody has written down what Business Central
    does with them.
    """
    try:
        await _invite(request, headers.get("expect", ""))
        body = await _bounded(request)
    except web.RequestPayloadError:
        return b"", bad_request("The request body is not framed as its headers say.")
    except BusinessCentralError as error:
        return b"", error
    encoding = headers.get("content-encoding", "").strip().lower()
    if not body or encoding in {"", "identity"}:
        return body, None
    try:
        return await unpacked(body, encoding), None
    except BusinessCentralError as error:
        return body, error


async def _invite(request: web.BaseRequest, expected: str) -> None:
    """Ask for the body where the client waits for that. Raises BusinessCentralError (417)."""
    if not expected or request.version < HttpVersion11:
        return
    if expected.lower() != "100-continue":
        raise BusinessCentralError(417, "BadRequest", "Expect can only be 100-continue.")
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # the answer has not begun


async def _bounded(request: web.BaseRequest) -> bytes:
    """The body as it was sent. Raises BusinessCentralError (413), RequestPayloadError."""
    body = bytearray()
    while piece := await request.content.readany():
        body += piece
        if len(body) > LARGEST_BODY:
            raise _too_large()
    return bytes(body)


async def unpacked(body: bytes, encoding: str) -> bytes:
    """What was packed by ``gzip`` or ``deflate``, piece by piece: others go on in between.

    Raises BusinessCentralError: 415 for another encoding, 413 for more than a body may have,
    400 for what is damaged or not whole.
    """
    unpacker = _unpacker(body, encoding)
    out, rest = bytearray(), body
    try:
        while rest and not unpacker.eof:
            out += unpacker.decompress(rest, _PIECE)
            rest = unpacker.unconsumed_tail
            if len(out) > LARGEST_BODY:
                raise _too_large()
            await asyncio.sleep(0)
    except zlib.error:
        raise _damaged(encoding) from None
    if not unpacker.eof or unpacker.unused_data:
        raise _damaged(encoding)
    return bytes(out)


def _unpacker(body: bytes, encoding: str) -> zlib._Decompress:
    if encoding in {"gzip", "x-gzip"}:
        return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    if encoding == "deflate":
        wrapped = body[0] & 0x0F == _ZLIB
        return zlib.decompressobj(wbits=zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
    text = f"The content encoding '{encoding}' is not supported; send gzip, deflate or none."
    raise BusinessCentralError(415, "BadRequest", text)


def _too_large() -> BusinessCentralError:
    return BusinessCentralError(413, "BadRequest", "The request body is too large.")


def _damaged(encoding: str) -> BusinessCentralError:
    return bad_request(f"The request body is not whole, or not encoded as '{encoding}'.")
