"""Spans for OpenTelemetry, where the operator installed the extra and asked for traces.

Every room opens a span around what it does with `span`. Unless somebody asked for traces by the
standard `OTEL_…` variables nothing of OpenTelemetry is imported, and a span costs a call.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from importlib import import_module
from typing import Final, Literal, Protocol, Self

import structlog

Kind = Literal["server", "client", "internal"]
Value = str | int | None

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_SDK: Final = "gateway.telemetry.sdk"
_LOG = structlog.get_logger("gateway.telemetry")


class Span(Protocol):
    """What is being traced."""

    def note(self, **facts: Value) -> None:
        """Add facts: codes, ids and counts, never a secret or a personal value."""


class Tracer(Protocol):
    """Makes spans; `sdk.py` has the one that exports them."""

    def span(
        self, name: str, kind: Kind, headers: Mapping[str, str] | None, facts: Mapping[str, Value]
    ) -> AbstractContextManager[Span]:
        """As `span` of this module."""

    def close(self) -> None:
        """Export what is left, and end the threads. It may block."""


class _Untraced:
    """The span when nobody traces."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def note(self, **_facts: Value) -> None:
        return None


_UNTRACED: Final = _Untraced()
_tracers: list[Tracer] = []


def span(
    name: str,
    *,
    kind: Kind = "internal",
    headers: Mapping[str, str] | None = None,
    **facts: Value,
) -> AbstractContextManager[Span]:
    """Around one piece of work. In a name and in facts stands nothing secret or personal.

    With `headers` the trace that a caller named there is gone on with (W3C Trace Context). Facts
    are written with `__` for a dot: `http__route` is `http.route`.
    """
    return _tracers[-1].span(name, kind, headers, facts) if _tracers else _UNTRACED


@contextmanager
def traced_by(tracer: Tracer) -> Iterator[None]:
    """Let `tracer` make the spans."""
    _tracers.append(tracer)
    try:
        yield
    finally:
        _tracers.remove(tracer)


@asynccontextmanager
async def tracing() -> AsyncIterator[None]:
    """Export spans while inside, if the environment asks for it."""
    tracer = _asked_for()
    if tracer is None:
        yield
        return
    try:
        with traced_by(tracer):
            yield
    finally:
        await asyncio.to_thread(tracer.close)


def _asked_for() -> Tracer | None:
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "")
    named = exporter == "otlp" or (not exporter and any(os.environ.get(e) for e in _ENDPOINTS))
    if not named or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        sdk = import_module(_SDK)
    except ImportError:
        _LOG.warning("traces_off", remedy="pip install 'bc-gateway[tracing]'")
        return None
    made: Tracer = sdk.exporting()
    return made
