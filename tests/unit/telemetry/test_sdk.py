"""The tracer of the SDK: parents, facts, and errors without their texts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from gateway.telemetry import span
from tests.tracing import spans_kept

TRACE, PARENT = 0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7
HEADERS = {"traceparent": f"00-{TRACE:032x}-{PARENT:016x}-01"}


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    with spans_kept() as exporter:
        yield exporter


def test_the_trace_of_the_caller_is_gone_on_with(exported: InMemorySpanExporter) -> None:
    with span("outer", kind="server", headers=HEADERS), span("inner", kind="client"):
        pass
    inner, outer = exported.get_finished_spans()
    assert (outer.name, outer.kind, inner.kind) == ("outer", SpanKind.SERVER, SpanKind.CLIENT)
    assert outer.parent is not None
    assert inner.parent is not None
    assert (outer.parent.trace_id, outer.parent.span_id) == (TRACE, PARENT)
    assert inner.parent.span_id == outer.context.span_id
    assert inner.context.trace_id == TRACE


@pytest.mark.parametrize("headers", [{}, {"traceparent": "nonsense"}])
def test_without_a_trace_a_new_one_begins(
    headers: dict[str, str], exported: InMemorySpanExporter
) -> None:
    with span("outer", headers=headers):
        pass
    (outer,) = exported.get_finished_spans()
    assert outer.parent is None


def test_facts_are_told_and_what_is_not_known_is_not(exported: InMemorySpanExporter) -> None:
    with span("work", http__route="/docs", nothing=None) as traced:
        traced.note(http__response__status_code=200)
    (work,) = exported.get_finished_spans()
    assert dict(work.attributes or {}) == {"http.route": "/docs", "http.response.status_code": 200}
    assert work.status.status_code is StatusCode.UNSET


def test_of_an_error_the_kind_is_told_and_not_the_text(exported: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="Philomena"), span("work"):
        raise ValueError("Philomena")
    (work,) = exported.get_finished_spans()
    assert dict(work.attributes or {}) == {"error.type": "ValueError"}
    assert work.status.status_code is StatusCode.ERROR
    assert "Philomena" not in work.to_json()
