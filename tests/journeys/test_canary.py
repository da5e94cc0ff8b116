"""A value of a payload comes back in the record alone: in no problem, log, figure or trace.

Every way on which a document can be refused is gone: by the schema, by the mapping's leaves and
lookups, by Business Central with an error that says the value aloud, by what is no answer at all.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_aiohttp.plugin import AiohttpClient

from gateway.app import Gateway
from gateway.config import Listener, shipped
from gateway.console.application import operators_application
from gateway.documents import encode_json
from gateway.operations.masking import MASK
from gateway.simulator import Simulator
from gateway.snapshot import Snapshot, load_snapshot
from tests.conftest import Caller, Connect
from tests.tracing import spans_kept

CANARY = "Zebulon4711"  # not to be taken for anything, in any case of its letters
FAILING = {  # leaves that take other values than the schema lets through
    "customer.phone_number": "customer.phone_number | integer | text",
    "customer.email": "customer.email | date",
    "customer.website": "customer.website | choose(tables.type)",
    "customer.address.city": "(customer.address.city | decimal(2)) | text",
}
Document = dict[str, Any]
CUSTOMER: Document = {"name": "Adatum"}
ORDER: Document = {
    "external_reference": "R-1",
    "customer": {"number": "10000"},
    "lines": [{"sku": "1896-S", "quantity": 1, "unit_price": 1}],
}


def changed(document: Document, **changes: object) -> Document:
    return {**document, **changes}


REFUSED: dict[str, tuple[str, str, Document]] = {
    "too long": ("POST", "customers", changed(CUSTOMER, name=CANARY * 30)),
    "of another type": ("POST", "customers", changed(CUSTOMER, credit_limit=CANARY)),
    "a list": ("POST", "customers", changed(CUSTOMER, name=[CANARY])),
    "an object": ("POST", "customers", changed(CUSTOMER, name={"first": CANARY})),
    "not of the enum": ("POST", "customers", changed(CUSTOMER, type=CANARY)),
    "unknown": ("POST", "customers", changed(CUSTOMER, nickname=CANARY)),
    "read only": ("POST", "customers", changed(CUSTOMER, id=CANARY)),
    "no date": ("POST", "sales-orders", changed(ORDER, order_date=CANARY)),
    "deep": ("POST", "sales-orders", changed(ORDER, ship_to={"name": CANARY * 10, "x": CANARY})),
    "an integer leaf": ("POST", "customers", changed(CUSTOMER, phone_number=CANARY)),
    "a date leaf": ("POST", "customers", changed(CUSTOMER, email=f"{CANARY}@example.com")),
    "a table leaf": ("POST", "customers", changed(CUSTOMER, website=CANARY)),
    "a decimal leaf": ("POST", "customers", changed(CUSTOMER, address={"city": CANARY})),
    "lookup of one": ("POST", "sales-orders", changed(ORDER, customer={"number": CANARY})),
    "lookup of terms": ("POST", "customers", changed(CUSTOMER, payment_terms={"code": "Z4711"})),
    "lookup of many": (
        "POST",
        "sales-orders",
        changed(ORDER, lines=[{"sku": CANARY, "quantity": 1}]),
    ),
    "another key": ("PUT", "customers/10000", changed(CUSTOMER, number=CANARY)),
    "a patch's leaf": ("PATCH", "customers/{id}", {"phone_number": CANARY}),
    "a patch's table": ("PATCH", "customers/{id}", {"website": CANARY}),
    "a patch's type": ("PATCH", "customers/{id}", {"name": {"x": CANARY}}),
}
TOLD = f"The field Name must not be {CANARY}; CorrelationId: 5f8c0000-0000-4000-8000-000000000009"
ANSWERS: dict[str, dict[str, object]] = {
    "a code that is known": {
        "status": 400,
        "body": {"error": {"code": "Application_DialogException", "message": TOLD}},
    },
    "a code that is none": {"status": 400, "body": {"error": {"code": TOLD, "message": TOLD}}},
    "a lock": {
        "status": 409,
        "body": {"error": {"code": "Internal_EntityWithSameKeyExists", "message": TOLD}},
    },
    "not allowed": {"status": 403, "body": {"error": {"code": "Unknown", "message": TOLD}}},
    "not found": {"status": 404, "body": {"error": {"code": "Unknown", "message": TOLD}}},
    "no error object": {"status": 400, "body": {"message": TOLD, CANARY: [TOLD]}},
    "a text": {"status": 400, "body": TOLD},
}
CALLS: list[tuple[str, str, Document | None]] = [
    ("POST", "customers", changed(CUSTOMER, name=CANARY)),
    ("PATCH", "customers/{id}", {"name": CANARY}),
    ("PUT", f"customers/{CANARY}", CUSTOMER),
    ("POST", "sales-orders", changed(ORDER, ship_to={"name": CANARY})),
    ("GET", f"customers?number={CANARY}", None),
]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The shipped mappings, with leaves in the one of customers that fail on many values."""
    text = (shipped("mappings") / "customers.yaml").read_text()
    for path, expression in FAILING.items():
        assert f"{{{{ {path} }}}}" in text
        text = text.replace(f"{{{{ {path} }}}}", f"{{{{ {expression} }}}}")
    folder: Path = tmp_path_factory.mktemp("mappings")
    (folder / "customers.yaml").write_text(text)
    return load_snapshot(mappings=[shipped("mappings"), folder], schemas=[shipped("schemas")])


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    with spans_kept() as exporter:
        yield exporter


async def existing(product: ClientSession, path: str) -> str:
    async with product.get(f"{path}/customers?number=10000") as response:
        (customer,) = (await response.json())["data"]
    return str(customer["id"])


async def answered(
    product: ClientSession, method: str, address: str, document: Document | None
) -> tuple[int, str]:
    """The status that a document gets, and the answer with its headers."""
    async with product.request(method, address, json=document) as response:
        told = [await response.json(content_type=None), dict(response.headers)]
        return response.status, json.dumps(told, ensure_ascii=False)


async def arm(simulator: Simulator, address: str, method: str, answer: dict[str, object]) -> None:
    """Have the next call of an entity answered so, and nothing of what was armed before."""
    entity = "salesOrders" if "orders" in address else "customers"
    fault = {"kind": "status", "count": 1, "match": {"entity": entity, "method": method}}
    faults = f"{simulator.url}/_simulator/faults"
    async with ClientSession() as control:
        async with control.delete(faults) as response:
            assert response.status < 300, await response.text()
        async with control.post(faults, json={**fault, **answer}) as response:
            assert response.status == 201, await response.text()


async def kept(gateway: Gateway) -> str:
    """Why operations failed, and what their calls were refused with, as the journal has it."""
    found: list[object] = []
    for operation in await gateway.store.operations(limit=1000):
        calls = await gateway.store.calls(operation.id)
        found += [operation.problem, operation.remedy, operation.cause]
        found += [call.answer for call in calls if call.answer and "error" in call.answer]
    assert any(found)
    return encode_json(found).decode()


async def test_a_value_is_nowhere_but_in_the_record(
    *,
    gateway: Gateway,
    log: io.StringIO,
    exported: InMemorySpanExporter,
    product: ClientSession,
    connect: Connect,
    simulator: Simulator,
    aiohttp_client: AiohttpClient,
) -> None:
    path = f"/v1/connections/{await connect()}"
    identity = await existing(product, path)
    told: dict[str, str] = {}
    for name, (method, address, document) in REFUSED.items():
        target = f"{path}/{address.format(id=identity)}"
        status, told[name] = await answered(product, method, target, document)
        assert status >= 400, name
    for name, answer in ANSWERS.items():
        for at, (method, address, given) in enumerate(CALLS):
            await arm(simulator, address, {"PUT": "POST"}.get(method, method), answer)
            target = f"{path}/{address.format(id=identity)}"
            unlike = {"external_reference": f"{name[:9]}{at}"} if "orders" in address else {}
            sent = None if given is None else {**given, **unlike}
            status, text = await answered(product, method, target, sent)
            told[f"{name}, {method} {address}"] = text if status >= 400 else ""
    client = await aiohttp_client(
        operators_application(Listener("127.0.0.1", 0), gateway.store, gateway.reload)
    )
    everything = {
        **told,
        "figures": await (await client.get("/metrics")).text(),
        "logs": log.getvalue(),
        "journal": await kept(gateway),
        "traces": "".join(span.to_json() for span in exported.get_finished_spans()),
    }
    assert len(told) == len(REFUSED) + len(ANSWERS) * len(CALLS)
    assert sum(f"must not be {MASK}" in text for text in told.values()) > len(CALLS)
    found = {where: text for where, text in everything.items() if CANARY.lower() in text.lower()}
    assert found == {}


async def test_a_dry_run_tells_values_where_they_belong_alone(
    caller: Caller, connect: Connect, simulator: Simulator, log: io.StringIO
) -> None:
    connection, integrator = await connect(), await caller("integrator")
    asked = {"connection": connection, "resource": "sales-orders", "verb": "create"}
    order = changed(ORDER, customer={"number": CANARY}, ship_to={"name": CANARY})
    for answer in (None, ANSWERS["a code that is known"]):
        if answer is not None:
            await arm(simulator, "customers", "GET", answer)
        async with integrator.post("/v1/dry-run", json={**asked, "input": order}) as response:
            found = await response.json(content_type=None)
        said = [found.get(name) for name in ("findings", "problem", "lookups", "unused_input")]
        if answer is not None:
            assert (response.status, MASK in found["business_central"]["message"]) == (422, True)
            said.append(found)
        assert CANARY.lower() not in json.dumps(said).lower()
    assert CANARY.lower() not in log.getvalue().lower()
