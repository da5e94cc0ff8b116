"""Answers that are not problems: JSON with exact decimals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import web

from gateway.documents import encode_json
from gateway.operations import etag_of

_JSON: Final = {"Content-Type": "application/json"}


def answer(
    value: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """`value` as `application/json`."""
    return _json(encode_json(value), status, headers)


def record_answer(
    record: Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A canonical record with its ETag."""
    body = encode_json(record)
    return _json(body, status, {**(headers or {}), "ETag": etag_of(body)})


def page(data: Sequence[object], next_cursor: str | None = None) -> web.Response:
    """A list as callers see it."""
    return answer({"data": data, "next_cursor": next_cursor})


def _json(body: bytes, status: int, headers: Mapping[str, str] | None) -> web.Response:
    return web.Response(status=status, body=body, headers={**_JSON, **(headers or {})})
