"""What an organization's own mapping changes for its callers, and for nobody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from gateway.app import Gateway
from gateway.config import shipped
from gateway.snapshot import load_snapshot
from tests.conftest import Caller, Connect
from tests.unit.api.test_dry_run import CUSTOMER, ORDER, dry_run

ORDERS = """\
extends: sales-orders
params:
  ramp: {type: string, maxLength: 20, optional: true}
rejections:
  no_ramp: {title: Harwick ships to a ramp, remedy: Set the parameter ramp}
create:
  guards:
    - {when: params.ramp is not present, reject: no_ramp}
  body:
    shipToName: "{{ params.ramp }}"
    salesOrderLines:
      $each: order.lines
      $as: line
      lineType: Item
      lineObjectNumber: "{{ lookups.items[line.sku].number }}"
      quantity: "{{ line.quantity }}"
"""
CUSTOMERS = """\
extends: customers
record: {name: "{{ bc.number }}"}
update: {$remove: true}
delete: {}
"""


@pytest.fixture(autouse=True)
def _harwick_has_its_own(gateway: Gateway, tmp_path: Path) -> None:
    folder = tmp_path / "overrides" / "harwick"
    folder.mkdir(parents=True)
    (folder / "sales-orders.yaml").write_text(ORDERS)
    (folder / "customers.yaml").write_text(CUSTOMERS)
    gateway.reload.current.adopt(
        load_snapshot(
            mappings=[shipped("mappings")],
            schemas=[shipped("schemas")],
            overrides=tmp_path / "overrides",
        )
    )


async def call(
    session: ClientSession, method: str, path: str, body: object = None
) -> tuple[int, Any]:
    async with session.request(method, path, json=body) as response:
        text = await response.text()
        return response.status, json.loads(text) if text.startswith(("{", "[")) else text


async def test_a_dry_run_without_a_connection_is_for_an_organization(caller: Caller) -> None:
    items = {"1896-S": {"number": "1896-S"}, "0042": {"number": "1900-S"}}
    answers = {"lookups": {"customer": CUSTOMER, "items": items}}
    session = await caller("integrator")
    for organization, verdict in (({}, "would_send"), ({"organization": "kemp"}, "would_send")):
        assert (await dry_run(session, answers=answers, **organization))["verdict"] == verdict
    found = await dry_run(session, answers=answers, organization="harwick")
    assert (found["verdict"], found["problem"]["code"]) == ("would_refuse", "no_ramp")
    assert found["findings"][0]["mapping"] == {
        "file": "overrides/harwick/sales-orders.yaml",
        "line": 8,
        "column": 7,
    }
    kemp = await caller("integrator", "kemp")
    assert (await dry_run(kemp, answers=answers, organization="harwick"))["status"] == 403


async def test_a_connection_reads_and_writes_by_its_own(
    caller: Caller, connect: Connect, product: ClientSession
) -> None:
    mine = await connect(params={"ramp": "Ramp 1"})
    theirs = await connect(organization="kemp")
    path = "/v1/connections/{}/customers"
    names = [
        (await call(product, "GET", f"{path.format(one)}?number=10000"))[1]["data"][0]["name"]
        for one in (mine, theirs)
    ]
    assert names[0] == "10000"
    assert names[1] != "10000"
    order = {**ORDER, "lines": ORDER["lines"][:1]}
    status, created = await call(
        product,
        "POST",
        f"/v1/connections/{mine}/sales-orders",
        order,
    )
    assert (status, created["external_reference"]) == (201, "DEAL-7")
    found = await dry_run(await caller("integrator"), connection=mine, input=order)
    assert found["requests"][0]["body"]["shipToName"] == "Ramp 1"

    record = f"{path.format(mine)}/5f8c0000-0000-4000-8000-000000000001"
    async with product.patch(record, json={"name": "x"}) as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD, PUT, DELETE")
    record = f"{path.format(theirs)}/5f8c0000-0000-4000-8000-000000000001"
    async with product.delete(record) as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD, PUT, PATCH")


async def test_params_are_those_that_its_mappings_declare(product: ClientSession) -> None:
    body = {"environment": "Production", "params": {"ramp": "Ramp 1"}}
    statuses = [
        (await call(product, "POST", "/v1/connections", {**body, "organization": one}))[0]
        for one in ("harwick", "kemp")
    ]
    assert statuses == [201, 422]


async def test_the_pages_are_those_of_the_snapshot_that_counts(
    gateway: Gateway, product: ClientSession
) -> None:
    _, ready = await call(product, "GET", "/health/ready")
    assert ready["snapshot"] == gateway.snapshot.hash
    assert "no_ramp" in (await call(product, "GET", "/docs"))[1]
    before = await call(product, "GET", "/openapi.json")
    only = load_snapshot(mappings=[], schemas=[shipped("schemas")])
    gateway.reload.current.adopt(only)
    after = await call(product, "GET", "/openapi.json")
    assert len(after[1]["paths"]) < len(before[1]["paths"])
    assert (await call(product, "GET", "/v1/resources"))[1]["data"] == []
