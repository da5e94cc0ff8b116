"""What a request brings: body, query, preferences and keys, each read strictly.

The handlers of this room read requests through these functions and never by themselves.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Collection
from dataclasses import dataclass
from typing import Final, TypeVar

from aiohttp import web

from gateway.api.keys import PAYLOAD
from gateway.documents import decode_json, suggest
from gateway.errors import InvalidInput, InvalidQuery, TooSlow, UnsupportedMediaType, Violation
from gateway.validation import Validator, json_pointer

MOST_WAIT: Final = 300.0  # seconds, as all of these
DEFAULT_WAIT: Final = 60.0
READ_WITHIN: Final = 60.0
BODY_WITHIN: Final = 60.0

_ENCODINGS: Final = ("identity", "gzip", "deflate")
_T = TypeVar("_T")

_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')

ETAGS: Final = rf"{_ETAG.pattern}(?:\s*,\s*{_ETAG.pattern})*"
IDEMPOTENCY_KEY: Final = r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?"


@dataclass(frozen=True, slots=True)
class Preferences:
    """`Prefer`: how long the caller waits, in seconds, and whether it would rather not."""

    wait: float = DEFAULT_WAIT
    respond_async: bool = False


_NO_PREFERENCES: Final = Preferences()


async def read_object(request: web.Request, also: Collection[str] = ()) -> dict[str, object]:
    """The JSON object in the body; `also` are media types beside `application/json`.

    Raises `UnsupportedMediaType`, `InvalidJson`, `InvalidInput` for what is not an object; the
    framework stops a body that is too large, also once it is unpacked.
    """
    if request.content_type not in {"application/json", *also}:
        raise UnsupportedMediaType
    if (request.charset or "utf-8").lower() not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType
    if request.headers.get("Content-Encoding", "identity").lower() not in _ENCODINGS:
        raise UnsupportedMediaType(
            "The body's Content-Encoding is not known here: send it plain, or as gzip or deflate."
        )
    whole = request.content.is_eof()  # nearly always, and then there is nothing to wait for
    raw = await (request.read() if whole else received(request.read()))
    value = request[PAYLOAD] = decode_json(raw)
    if raw.find(b"\\u0000") >= 0 and (path := _nul_in(value)) is not None:
        detail = "The character U+0000 cannot be kept."
        raise InvalidInput(detail, violations=[Violation("nul", detail, json_pointer(path))])
    if not isinstance(value, dict):
        raise InvalidInput(
            "The body must be a JSON object.",
            violations=[Violation("type", "This must be an object.", pointer="")],
        )
    return value


async def read_nothing(request: web.Request) -> None:
    """No body, or `{}`. Raises `InvalidInput`, and what `read_object` raises."""
    if request.body_exists and await read_object(request):
        detail = "This takes nothing: send {} or no body."
        raise InvalidInput(detail, violations=[Violation("maxProperties", detail, "")])


def _nul_in(value: object) -> list[str | int] | None:
    """The path to the first text with U+0000, or to the object that has it in a key."""
    if isinstance(value, str):
        return [] if "\0" in value else None
    parts: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        if any("\0" in key for key in value):
            return []
        parts = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    for step, part in parts:
        if (path := _nul_in(part)) is not None:
            return [step, *path]
    return None


async def received(reading: Awaitable[_T]) -> _T:
    """What reading a body gives. Raises `TooSlow` when the rest of it does not come."""
    try:
        async with asyncio.timeout(BODY_WITHIN):
            return await reading
    except TimeoutError:
        raise TooSlow from None


async def read_input(request: web.Request, validator: Validator) -> dict[str, object]:
    """The JSON object in the body, as `validator` wants it. Raises `InvalidInput` too."""
    value = await read_object(request)
    violations = validator.violations(value)
    if violations:
        raise InvalidInput("The body does not fit what this address takes.", violations=violations)
    return value


def read_query(request: web.Request, known: Collection[str]) -> dict[str, str]:
    """The query parameters by name. Raises `InvalidQuery` for unknown and repeated ones."""
    found: dict[str, str] = {}
    for name, value in request.query.items():
        if name not in known:
            near = suggest(name, known)
            more = f"Did you mean {near}?" if near else f"There are {', '.join(sorted(known))}."
            if not known:
                more = "It takes none."
            raise InvalidQuery(f'This address has no query parameter "{name[:80]}". {more}')
        if name in found:
            raise InvalidQuery(f"The query parameter {name} stands there twice.")
        found[name] = value
    return found


def read_number(text: str, name: str, low: int, high: int) -> int:
    """`text` as a whole number from `low` to `high`. Raises `InvalidQuery`."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise InvalidQuery(f"{name} must be a whole number from {low} to {high}.")
    return int(text)


def idempotency_key(request: web.Request) -> str | None:
    """The `Idempotency-Key` header. Raises `InvalidQuery` when it cannot be one."""
    keys = request.headers.getall("Idempotency-Key", [])
    if not keys:
        return None
    if len(keys) > 1 or not re.fullmatch(IDEMPOTENCY_KEY, keys[0]):
        raise InvalidQuery(
            "Idempotency-Key must be one text of 1 to 255 printable ASCII characters."
        )
    return keys[0]


def if_match(request: web.Request) -> tuple[str, ...]:
    """The ETags in `If-Match`, weak ones too, or `*`; none without it. Raises `InvalidQuery`."""
    given = request.headers.getall("If-Match", [])
    text = ",".join(given).strip()
    if not given or text == "*":
        return tuple(given)
    if not re.fullmatch(ETAGS, text):
        raise InvalidQuery('If-Match must be * or ETags in quotes, as in If-Match: "5f8c".')
    return tuple(_ETAG.findall(text))


def preferences(request: web.Request) -> Preferences:
    """The `Prefer` header (RFC 7240): `respond-async` and `wait=N`; others are not for us."""
    if "Prefer" not in request.headers:
        return _NO_PREFERENCES
    wait, respond_async = DEFAULT_WAIT, False
    for part in ",".join(request.headers.getall("Prefer", [])).split(","):
        name, _, value = part.partition(";")[0].partition("=")
        if name.strip().lower() == "respond-async":
            respond_async = True
        if name.strip().lower() == "wait":
            wait = float(read_number(value.strip().strip('"'), "wait", 0, int(MOST_WAIT)))
    return Preferences(wait, respond_async)
