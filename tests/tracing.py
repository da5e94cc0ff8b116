"""Keeps the spans that are traced, for tests that look at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.telemetry.sdk import SdkTracer
from gateway.telemetry.traces import traced_by


@contextmanager
def spans_kept() -> Iterator[InMemorySpanExporter]:
    """Everything that is traced inside."""
    exporter = InMemorySpanExporter()
    tracer = SdkTracer(SimpleSpanProcessor(exporter))
    with traced_by(tracer):
        yield exporter
    tracer.close()
