"""No dry run can write: a spy on every request that leaves, for each verb, and for drafts.

Every verb and action that writes is tried so far that the real request would be sent. Whoever
adds one to the shipped mappings adds it to `wishes` too.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession

from gateway.app import Gateway
from gateway.cases import case_files, read_cases
from gateway.config import shipped
from gateway.documents import encode_json
from gateway.simulator import Simulator
from gateway.snapshot import Snapshot
from tests.conftest import Caller, Connect, Writes
from tests.unit.api.test_dry_run import ORDER
from tests.unit.operations.test_trial import DEAL
from tests.unit.operations.test_walking import deals

Wishes = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture
def snapshot() -> Snapshot:
    """The shipped mappings, and one with every kind of step."""
    return deals()


@dataclass
class Spy:
    """Every request that leaves this process for Microsoft or Business Central."""

    url: str
    seen: list[tuple[str, str]] = field(default_factory=list)

    @property
    def writes(self) -> list[tuple[str, str]]:
        """What could change something; to ask for a token changes nothing."""
        return [
            (method, url)
            for method, url in self.seen
            if method != "GET" and not url.endswith("/oauth2/v2.0/token")
        ]


@pytest.fixture
def spy(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Spy:
    """Listens at the client library, below everything of ours."""
    watched, plain = Spy(simulator.url), ClientSession._request

    async def request(
        self: ClientSession,
        method: str,
        url: Any,  # noqa: ANN401 - as of the library
        **how: Any,  # noqa: ANN401 - as of the library
    ) -> ClientResponse:
        whole = str(self._build_url(url))
        if whole.startswith(watched.url) and "/_simulator/" not in whole:
            watched.seen.append((method, whole))
        return await plain(self, method, url, **how)

    monkeypatch.setattr(ClientSession, "_request", request)
    return watched


async def first(session: ClientSession, path: str) -> str:
    async with session.get(path) as response:
        return str((await response.json())["data"][0]["id"])


async def wishes(product: ClientSession, connection: str) -> Wishes:
    """For each verb that writes a request that would be served."""
    path = f"/v1/connections/{connection}"
    order = {**ORDER, "lines": ORDER["lines"][:1]}
    async with product.post(f"{path}/sales-orders", json=order) as response:
        made = str((await response.json())["id"])
    customer = {"id": await first(product, f"{path}/customers?number=10000")}
    item = {"id": await first(product, f"{path}/items?number=1896-S")}
    draft = {"id": await first(product, f"{path}/sales-invoices?status=draft")}
    name, title = {"input": {"name": "Adatum"}}, {"input": {"name": "Desk"}}
    return {
        ("customers", "create"): name,
        ("customers", "update"): {**name, **customer},
        ("customers", "upsert"): {**name, "key": "N-77"},
        ("items", "create"): {"input": {"number": "N-78", "name": "Desk"}},
        ("items", "update"): {**title, **item},
        ("items", "upsert"): {**title, "key": "1896-S"},
        ("sales-orders", "create"): {"input": {**order, "external_reference": "DEAL-8"}},
        ("sales-orders", "update"): {
            "input": {"lines": [{"sku": "1896-S", "quantity": 7, "unit_price": 5}]},
            "id": made,
        },
        ("sales-orders", "ship-and-invoice"): {"id": made},
        ("sales-invoices", "post"): draft,
        ("deals", "settle"): {"input": DEAL, **draft},
        ("deals", "discard"): draft,
    }


async def test_no_dry_run_of_any_verb_writes(
    *,
    gateway: Gateway,
    caller: Caller,
    product: ClientSession,
    connect: Connect,
    writes: Writes,
    spy: Spy,
) -> None:
    connection = await connect()
    asked = await wishes(product, connection)
    plans = gateway.snapshot.resources
    assert asked.keys() == {
        (name, verb)
        for name, one in plans.items()
        for verb, plan in one.verbs.items()
        if plan.steps
    }
    assert [method for method, url in spy.writes if url.endswith("/salesOrders")] == ["POST"]
    before, operations = await writes(), await gateway.store.operations()
    spy.seen.clear()
    integrator = await caller("integrator")
    for (resource, verb), wish in asked.items():
        for draft in (None, plans[resource].mapping.text, f"extends: {resource}\ntitle: Another\n"):
            more = {} if draft is None else {"mapping": draft}
            named = {"connection": connection, "resource": resource, "verb": verb}
            found = await tried(integrator, **named, **wish, **more)
            assert found["verdict"] == "would_send", (resource, verb, draft, found)
            assert found["requests"], (resource, verb, draft)
            assert {one["method"] for one in found["requests"]} <= {"POST", "PATCH", "DELETE"}
    assert len(spy.seen) > len(asked)
    assert spy.writes == []
    assert await writes() == before
    assert await gateway.store.operations() == operations


async def tried(session: ClientSession, **body: object) -> dict[str, Any]:
    headers, data = {"Content-Type": "application/json"}, encode_json(body)  # exact amounts
    async with session.post("/v1/dry-run", data=data, headers=headers) as response:
        found: dict[str, Any] = await response.json()
        return found


async def test_without_a_connection_nothing_is_asked_of_anybody(
    caller: Caller, snapshot: Snapshot, spy: Spy, writes: Writes
) -> None:
    integrator, verdicts = await caller("integrator"), Counter[str]()
    for path in case_files([shipped("mappings")]):
        file = read_cases(path)
        for case in file.cases:
            plan = snapshot.plan(file.resource, case.verb)
            if not plan.steps:
                continue
            target = {"id": "5f8c0000-0000-4000-8000-000000000001", "key": "N-1"}
            found = await tried(
                integrator,
                resource=file.resource,
                verb=case.verb,
                input=case.given,
                answers={**case.answers, "params": case.params},
                **{**target, **case.target},
            )
            verdicts[found["verdict"]] += 1
    assert min(verdicts["would_send"], verdicts["would_refuse"]) > 10
    assert spy.seen == []
    assert await writes() == []
