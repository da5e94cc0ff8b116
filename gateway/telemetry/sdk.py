"""The tracer that exports over OTLP. Only `traces.py` imports it, and only when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway import __version__
from gateway.telemetry.traces import Kind, Tracer, Value

_KINDS: Final = {
    "server": trace.SpanKind.SERVER,
    "client": trace.SpanKind.CLIENT,
    "internal": trace.SpanKind.INTERNAL,
}


def exporting() -> Tracer:
    """The tracer that the `OTEL_…` variables describe: endpoint, headers, sampler, resource."""
    return SdkTracer(BatchSpanProcessor(OTLPSpanExporter()))


class SdkTracer:
    """Spans of a provider of our own, so that none of another library is exported with them."""

    def __init__(self, exporting_to: SpanProcessor) -> None:
        named = OTELResourceDetector().detect().attributes.get(SERVICE_NAME, "bc-gateway")
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: named}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(exporting_to)
        self._tracer = self._provider.get_tracer("bc-gateway", __version__)
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self, name: str, kind: Kind, headers: Mapping[str, str] | None, facts: Mapping[str, Value]
    ) -> Iterator[_Noting]:
        """As `traces.span`. Of an error the class is told, not the text: that may hold a value."""
        context = None if headers is None else self._propagator.extract(headers)
        with self._tracer.start_as_current_span(
            name,
            context,
            _KINDS[kind],
            record_exception=False,
            set_status_on_exception=False,
        ) as current:
            noting = _Noting(current)
            noting.note(**facts)
            try:
                yield noting
            except BaseException as error:
                noting.note(error__type=type(error).__name__)
                current.set_status(trace.StatusCode.ERROR)
                raise

    def close(self) -> None:
        """Export what is left."""
        self._provider.shutdown()


class _Noting:
    def __init__(self, current: trace.Span) -> None:
        self._current = current

    def note(self, **facts: Value) -> None:
        for name, value in facts.items():
            if value is not None:
                self._current.set_attribute(name.replace("__", "."), value)
