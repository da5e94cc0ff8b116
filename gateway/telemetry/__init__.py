"""What operators watch: figures for Prometheus (`metrics`) and spans for OpenTelemetry (`traces`).

Every room from floor 2 on calls it with one line where something worth counting has happened;
`app.py` opens it and `console/` shows the figures. No other room imports the two libraries.
"""

from __future__ import annotations

from gateway.telemetry.metrics import (
    CONTENT_TYPE,
    Metric,
    business_central_called,
    database_written,
    exposition,
    forget_process,
    gauge,
    operation_entered,
    request_answered,
    token_called,
    waiting,
    watched_loop,
)
from gateway.telemetry.traces import span, tracing

__all__ = [
    "CONTENT_TYPE",
    "Metric",
    "business_central_called",
    "database_written",
    "exposition",
    "forget_process",
    "gauge",
    "operation_entered",
    "request_answered",
    "span",
    "token_called",
    "tracing",
    "waiting",
    "watched_loop",
]
