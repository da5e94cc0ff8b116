"""Structured logs: one JSON object a line, without secrets and without personal values.

The rooms log events with ids, sizes, codes and times, never with payloads. What slips through is
caught here: keys that name a secret or a person are masked, and so is anything that looks like a
bearer token, wherever it stands. `app.py` and the commands call `configure`.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache
from typing import Final, TextIO, cast

import msgspec
import structlog

from gateway.clock import Clock, timestamp

REDACTED: Final = "[redacted]"

_SECRET_KEYS = re.compile(
    r"authorization|token|secret|password|cookie|api_?key|assertion|verifier|code_challenge"
    r"|body|payload|document|input|email|phone|address|display_?name|preferred_username",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(  # `_may_hold_a_secret` knows how each of these begins
    r"(?i:bearer)\s+[A-Za-z0-9._~+/=-]{8,}"  # an Authorization header
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+"  # a JSON web token
    r"|bcg_[A-Za-z0-9_-]{16,}"  # a key of ours
    r"|[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"  # a mail address
)
_SAFE_KEYS = frozenset({"event", "level", "timestamp", "logger"})
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_CLOCK = Clock()
_ABOUT: ContextVar[dict[str, str]] = ContextVar("about", default={})  # noqa: B039 - never changed
_encode = msgspec.json.Encoder().encode


def configure(stream: TextIO | None = None, *, level: str = "info") -> None:
    """Send every log line, ours and the libraries', to `stream` (standard error) as JSON."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.types.Processor] = [_complete]
    to = cast("TextIO", _Lossy(stream or sys.stderr))
    ours = structlog.WriteLogger(to)  # ours need not go through `logging`
    structlog.configure(
        processors=[*shared, _render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: ours,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(to)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(number)
    for chatty in ("aiohttp.access", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class _Lossy:
    """A stream on which a line is lost that cannot be written, to a full disk or to a pipe that
    nobody reads any more: no request, no write and no task of the gateway may end for its log.
    There is no stream at all where standard error is closed.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if self._stream is not None:
            with suppress(OSError, ValueError):  # a ValueError says that it is closed
                self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        if self._stream is not None:
            with suppress(OSError, ValueError):
                self._stream.flush()


class about:  # noqa: N801 - it reads as a verb of the language: `with about(operation=…):`
    """While inside, these facts stand in every line that is logged."""

    __slots__ = ("_before", "_facts")

    def __init__(self, **facts: str) -> None:
        self._facts = facts

    def __enter__(self) -> None:
        self._before = _ABOUT.set(_ABOUT.get() | self._facts)

    def __exit__(self, *_: object) -> None:
        _ABOUT.reset(self._before)


def _complete(
    logger: object, method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Say what it is about, how bad it is, and when it was. A processor of structlog."""
    event = {
        **_ABOUT.get(),
        **event,
        "level": "error" if method == "exception" else method,
        "timestamp": timestamp(_CLOCK.now()),
    }
    return (
        structlog.processors.format_exc_info(logger, method, event)
        if "exc_info" in event
        else event
    )


def _render(_logger: object, _method: str, event: structlog.types.EventDict) -> str:
    """One line of JSON, and in it nothing that must not be logged. A processor of structlog."""
    if _are_harmless(*event) and _PLAIN.issuperset({*map(type, event.values())}):
        line = _written(event)
        if not _may_hold_a_secret(line):
            return line
    return _written({key: _masked(key, value) for key, value in event.items()})


def _written(event: Mapping[str, object]) -> str:
    try:
        return _encode(event).decode()
    except (UnicodeError, OverflowError):  # half a surrogate pair, or a number beyond 64 bits
        return json.dumps(event)


def _masked(key: str, value: object) -> object:
    if value is not None and _is_secret(key):
        return REDACTED
    if type(value) in _PLAIN and not isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {str(inner): _masked(str(inner), child) for inner, child in value.items()}
    if isinstance(value, list | tuple):
        return [_masked("", child) for child in value]
    text = str.__str__(value) if isinstance(value, str) else repr(value)
    return _SECRET_TEXT.sub(REDACTED, text)


def _may_hold_a_secret(text: str) -> bool:
    """Whether there is any need to look more closely, which costs a hundred times as much."""
    return "@" in text or "eyJ" in text or "bcg_" in text or "bearer" in text.lower()


@lru_cache(1000)
def _are_harmless(*keys: str) -> bool:
    """Whether nothing is secret for the key it stands under."""
    return not any(map(_is_secret, keys))


def _is_secret(key: str) -> bool:
    """Whether what stands under such a key is never logged."""
    return key not in _SAFE_KEYS and _SECRET_KEYS.search(key) is not None
