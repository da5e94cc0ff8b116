"""Answers that are not problems: JSON with exact decimals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiohttp import web

from gateway.documents import encode_json


def answer(
    value: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """`value` as `application/json`."""
    return web.Response(
        status=status, body=encode_json(value), content_type="application/json", headers=headers
    )


def page(data: Sequence[object], next_cursor: str | None = None) -> web.Response:
    """A list as callers see it."""
    return answer({"data": data, "next_cursor": next_cursor})
