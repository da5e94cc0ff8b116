"""Traces are off unless asked for, and off costs nothing and imports nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from gateway.telemetry import span, tracing

WITHOUT_THE_EXTRA = """
import asyncio
import sys

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NotInstalled())
from gateway.telemetry import span, tracing

async def main():
    async with tracing():
        with span("work", kind="server", headers={"traceparent": "x"}, a=1) as traced:
            traced.note(b=2)

asyncio.run(main())
print([name for name in sys.modules if "opentelemetry" in name or name.endswith("telemetry.sdk")])
print(span("one") is span("another"))
"""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


def test_without_the_extra_everything_works_and_who_asks_is_told() -> None:
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    output = subprocess.check_output(  # noqa: S603 - our own words
        [sys.executable, "-c", WITHOUT_THE_EXTRA], env=environment, text=True
    )
    asked, imported, off = output.splitlines()
    assert "bc-gateway[tracing]" in asked
    assert (imported, off) == ("[]", "True")


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
        {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
    ],
)
async def test_nobody_asks(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    idle = span("before")
    async with tracing():
        assert span("inside") is idle


async def test_spans_reach_the_collector_that_the_environment_names(
    aiohttp_server: AiohttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[tuple[str, bytes]] = []

    async def collect(request: web.Request) -> web.Response:
        received.append((request.headers.get("x-collector-key", ""), await request.read()))
        return web.Response(content_type="application/x-protobuf")

    app = web.Application()
    app.router.add_post("/v1/traces", collect)
    server = await aiohttp_server(app)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", str(server.make_url("/")))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-collector-key=sesame")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    async with tracing():
        with span("a piece of work", bc_gateway__operation="op_1"):
            pass
    ((key, body),) = received
    assert key == "sesame"
    assert b"a piece of work" in body
    assert b"bc_gateway.operation" in body
    assert b"service.name" in body
