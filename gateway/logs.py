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
from functools import lru_cache
from typing import Final, TextIO

import structlog

from gateway.clock import Clock, timestamp

REDACTED: Final = "[redacted]"

_SECRET_KEYS = re.compile(
    r"authorization|token|secret|password|cookie|api_?key|assertion|verifier|code_challenge"
    r"|body|payload|document|input|email|phone|address|display_?name|preferred_username",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"(?i:bearer)\s+[A-Za-z0-9._~+/=-]{8,}"  # an Authorization header
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+"  # a JSON web token
    r"|bcg_[A-Za-z0-9_-]{16,}"  # a key of ours
    r"|[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"  # a mail address
)
_CLOCK = Clock()
_ENCODER = json.JSONEncoder(ensure_ascii=False, default=repr)
_SHORT = 100  # characters
_SAFE_KEYS = frozenset({"event", "level", "timestamp", "logger"})


def configure(stream: TextIO | None = None, *, level: str = "info") -> None:
    """Send every log line, ours and the libraries', to `stream` (standard error) as JSON."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        _stamp,
        structlog.processors.format_exc_info,
        redact,
    ]
    to = stream or sys.stderr
    structlog.configure(
        processors=[*shared, _render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(to),  # ours need not go through `logging`
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


def _stamp(
    _logger: object, method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Say how bad it is, and when it was. A processor of structlog."""
    event["level"] = "error" if method == "exception" else method
    event["timestamp"] = timestamp(_CLOCK.now())
    return event


def _render(_logger: object, _method: str, event: structlog.types.EventDict) -> str:
    """One line of JSON. A processor of structlog."""
    return _ENCODER.encode(event)


def redact(
    _logger: object, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Mask what must not be logged. A processor of structlog."""
    return {
        key: value if key.startswith("_") else _masked(key, value) for key, value in event.items()
    }


def _masked(key: str, value: object) -> object:
    if value is not None and _is_secret(key):
        return REDACTED
    if isinstance(value, str):
        return _masked_text(value) if len(value) <= _SHORT else _SECRET_TEXT.sub(REDACTED, value)
    if isinstance(value, Mapping):
        return {str(inner): _masked(str(inner), child) for inner, child in value.items()}
    if isinstance(value, list | tuple):
        return [_masked("", child) for child in value]
    return value


@lru_cache(1000)
def _masked_text(text: str) -> str:
    """`text` without what is secret in it: most that is logged is logged again and again."""
    return _SECRET_TEXT.sub(REDACTED, text)


@lru_cache(1000)
def _is_secret(key: str) -> bool:
    """Whether what stands under such a key is never logged."""
    return key not in _SAFE_KEYS and _SECRET_KEYS.search(key) is not None
