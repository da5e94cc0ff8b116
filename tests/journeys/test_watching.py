"""What those who run the gateway see of a day's work, and what they must never see."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from aiohttp import ClientSession
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_aiohttp.plugin import AiohttpClient

from gateway.app import Gateway
from gateway.clock import Clock
from gateway.config import Listener
from gateway.console import operators_application
from gateway.simulator import Simulator
from gateway.storage import Operation
from tests.conftest import COMPANY, Connect
from tests.connecting import walked
from tests.scraping import Series, series, value
from tests.tracing import spans_kept

Json = dict[str, Any]
Page = Callable[[], Awaitable[str]]

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PERSONAL = ("Philomena", "Quillfeather", "+44 113", "Canal Wharf", "LS1 4BR", "D-7042", "1234.56")
ROUTE = "/v1/connections/{connection}/{resource}"


@pytest.fixture
def connect(product: ClientSession) -> Connect:
    """Connects through the pages, since what is seen of that counts, too."""

    async def connected() -> str:
        body = {"organization": "harwick", "environment": "Production"}
        async with product.post("/v1/connections", json=body) as response:
            created = await response.json()
        await walked(created["connect_url"], COMPANY)
        return str(created["id"])

    return connected


def order(reference: str, **changes: object) -> Json:
    return {
        "external_reference": reference,
        "customer": {"number": "10000"},
        "ship_to": {
            "name": "Philomena Quillfeather",
            "address_line_1": "7 Canal Wharf",
            "city": "Leeds",
            "postal_code": "LS1 4BR",
            "country": "GB",
        },
        "lines": [{"sku": "1896-S", "quantity": 2, "unit_price": 1234.56}],
        **changes,
    }


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    with spans_kept() as exporter:
        yield exporter


@pytest.fixture
async def page(gateway: Gateway, aiohttp_client: AiohttpClient) -> Page:
    client = await aiohttp_client(
        operators_application(Listener("127.0.0.1", 0), gateway.store, gateway.reload)
    )

    async def read() -> str:
        return await (await client.get("/metrics")).text()

    return read


def lines(log: io.StringIO, **wanted: str) -> list[Json]:
    found = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in found if wanted.items() <= line.items()]


async def until_ended(log: io.StringIO, operation: str) -> list[Json]:
    """The lines of an operation once it has ended."""
    while True:
        if lines(log, event="operation", operation=operation):
            return lines(log, operation=operation)
        await asyncio.sleep(0.01)


async def leave(gateway: Gateway, connection: str, identity: str) -> None:
    """An operation that was accepted and that nobody is at."""
    now = Clock().now()
    left = Operation(
        id=identity,
        connection_id=connection,
        organization="harwick",
        resource="sales-orders",
        verb="create",
        hash="hash",
        snapshot=gateway.snapshot.hash,
        created_at=now,
        updated_at=now,
        document=order("D-2"),
        accepted=True,
    )
    began = await gateway.store.begin(left)
    await gateway.store.advance(began.operation, state="queued", owner=None, lease_until=None)


async def test_the_figures_after_a_journey(
    page: Page, product: ClientSession, connect: Connect, simulator: Simulator
) -> None:
    before = series(await page())

    def grown(after: Series, name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    orders = f"/v1/connections/{await connect()}/sales-orders"
    fault = {"kind": "status", "status": 503, "match": {"method": "GET", "entity": "items"}}
    await product.post(f"{simulator.url}/_simulator/faults", json=fault)
    for document in (order("D-1"), order("D-1"), order("D-2", customer={"number": "99999"})):
        await product.post(orders, json=document)
    after = series(await page())
    posts = {"route": ROUTE, "method": "POST"}
    assert grown(after, "bc_gateway_requests_total", **posts, status="201") == 2
    assert grown(after, "bc_gateway_requests_total", **posts, status="422") == 1
    assert grown(after, "bc_gateway_request_seconds_count", **posts) == 3
    calls = "bc_gateway_business_central_calls_total"
    assert grown(after, calls, entity="items", outcome="retry_later", status="503") == 1
    assert grown(after, calls, entity="salesOrders", method="POST", outcome="ok") == 1
    tokens = {"grant": "authorization_code", "outcome": "granted"}
    assert grown(after, "bc_gateway_token_calls_total", **tokens) == 1
    entered = "bc_gateway_operation_transitions_total"
    creates = {"resource": "sales-orders", "verb": "create"}
    assert grown(after, entered, **creates, state="sending") == 1
    assert grown(after, entered, **creates, state="succeeded") == 1
    assert grown(after, entered, **creates, state="failed") == 1
    assert grown(after, "bc_gateway_database_write_size_sum") > 5
    assert value(after, "bc_gateway_connections", status="active") == 1
    assert grown(after, "bc_gateway_waited_seconds_count", reason="lane") == 0  # nobody waited


async def test_unknown_paths_make_no_series(
    page: Page, gateway: Gateway, product: ClientSession
) -> None:
    for path in ("/nothing", "/v1/nothing", "/v1/connections/con_1/nothing"):
        await product.get(path)
    before = series(await page())
    await asyncio.gather(*(product.get(f"/v1/{n}/odd") for n in range(20)))
    await asyncio.gather(*(product.get(f"/v1/connections/con_{n}/odd-{n}") for n in range(20)))
    asked = b"".join(f"GET /{n}/odd HTTP/1.1\r\nHost: x\r\n\r\n".encode() for n in range(960))
    reader, writer = await asyncio.open_connection(
        gateway.config.public.host, gateway.config.public.port
    )
    writer.write(asked)
    answered = b""
    while answered.count(b"HTTP/1.1 404") < 960:
        answered += await reader.read(2**16)
    writer.close()
    await writer.wait_closed()
    after = series(await page())
    assert after.keys() == before.keys()
    requests = "bc_gateway_requests_total"
    unmatched = {"route": "unmatched", "status": "404"}
    assert value(after, requests, **unmatched) - value(before, requests, **unmatched) == 980


async def test_one_trace_from_the_caller_to_microsoft_and_not_beyond(
    exported: InMemorySpanExporter,
    product: ClientSession,
    connect: Connect,
    simulator: Simulator,
) -> None:
    connection = await connect()
    exported.clear()
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "Request-Id": "req-of-the-caller"}
    path = f"/v1/connections/{connection}/sales-orders"
    async with product.post(path, json=order("D-7042"), headers=headers) as answer:
        assert answer.status == 201
    spans: dict[str, ReadableSpan] = {}
    while True:
        spans = {span.name: span for span in exported.get_finished_spans()}
        if "create sales-orders" in spans:
            break
        await asyncio.sleep(0.01)
    assert {f"{span.context.trace_id:032x}" for span in spans.values()} == {TRACE}
    request, operation = spans[f"POST {ROUTE}"], spans["create sales-orders"]
    assert facts(request)["bc_gateway.request_id"] == "req-of-the-caller"
    assert facts(request)["http.response.status_code"] == 201
    assert facts(operation)["bc_gateway.state"] == "succeeded"
    assert parent(operation) == request.context.span_id
    sent = spans["Business Central POST"]
    assert parent(sent) == operation.context.span_id
    assert facts(sent)["bc_gateway.entity"] == "salesOrders"
    async with product.get(f"{simulator.url}/_simulator/journal") as answer:
        journal = json.dumps(await answer.json()).lower()
    assert "salesorders" in journal
    for secret in ("traceparent", "tracestate", TRACE, "req-of-the-caller"):
        assert secret not in journal


async def test_every_line_of_an_operation_has_its_id_and_that_of_its_request_if_it_has_one(
    log: io.StringIO, gateway: Gateway, product: ClientSession, connect: Connect
) -> None:
    connection = await connect()
    path = f"/v1/connections/{connection}/sales-orders"
    async with product.post(path, json=order("D-1"), headers={"Request-Id": "req-1"}) as answer:
        operation = answer.headers["Operation-Id"]
    ours = await until_ended(log, operation)
    assert {line["event"] for line in ours} >= {"operation", "request"}
    assert {line.get("request_id") for line in ours} == {"req-1"}

    await leave(gateway, connection, "op_left")
    await gateway.engine.resume("op_left")  # as the worker does
    ours = await until_ended(log, "op_left")
    assert {line["event"] for line in ours} >= {"operation"}
    assert not any("request_id" in line for line in ours)


async def test_nothing_secret_and_nobody_s_data_is_in_figures_logs_and_traces(
    *,
    page: Page,
    log: io.StringIO,
    exported: InMemorySpanExporter,
    product: ClientSession,
    connect: Connect,
    simulator: Simulator,
) -> None:
    connection = await connect()
    path = f"/v1/connections/{connection}"
    told = {
        "error": {"code": "Application_DialogException", "message": "Quillfeather owes 1234.56"}
    }
    refusal = {"kind": "status", "status": 400, "body": told, "match": {"entity": "customers", "method": "POST"}}  # fmt: skip
    await product.post(f"{simulator.url}/_simulator/faults", json=refusal)
    customer = {"number": "D-7042", "name": "Philomena Quillfeather", "phone": "+44 113 496 0000"}
    statuses = []
    for resource, document in (
        ("customers", customer),
        ("customers", {"name": 17, "Quillfeather": "Philomena"}),
        ("sales-orders", order("D-7042")),
        ("sales-orders", order("D-7042", lines=[{"sku": "Quillfeather", "quantity": 1}])),
    ):
        async with product.post(f"{path}/{resource}", json=document) as answer:
            statuses.append(answer.status)
    assert statuses == [422, 422, 201, 409]
    await product.get(f"{path}/sales-orders?number=Quillfeather")
    await product.get("/Philomena/Quillfeather?name=Philomena")
    everything = {
        "figures": await page(),
        "logs": log.getvalue(),
        "traces": "".join(span.to_json() for span in exported.get_finished_spans()),
    }
    assert all(len(text) > 1000 for text in everything.values())
    key = product.headers["Authorization"].removeprefix("Bearer ")
    secret = (*PERSONAL, key, "simulator-secret", "eyJ")
    found = [(where, word) for where, text in everything.items() for word in secret if word in text]
    assert found == []
    assert connection not in everything["figures"]
    assert "harwick" not in everything["figures"].lower()


def facts(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def parent(span: ReadableSpan) -> int:
    assert span.parent is not None
    return span.parent.span_id
