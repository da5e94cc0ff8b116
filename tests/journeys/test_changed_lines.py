"""What a caller is told where the lines of an order are changed, and cannot be."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import ClientSession

from gateway.simulator import Simulator
from tests.conftest import Connect, Writes
from tests.journeys.test_overrides import call

ORDER = {
    "external_reference": "D-1",
    "customer": {"number": "10000"},
    "lines": [
        {"sku": "1896-S", "quantity": 2, "unit_price": 900},
        {"sku": "1900-S", "quantity": 2},
    ],
}
REFUSAL = {"error": {"code": "Application_DialogException", "message": "Not now."}}


@pytest.fixture
async def path(product: ClientSession, connect: Connect) -> str:
    """The path of an order of two lines."""
    orders = f"/v1/connections/{await connect()}/sales-orders"
    status, made = await call(product, "POST", orders, ORDER)
    assert status == 201, made
    return f"{orders}/{made['id']}"


async def test_half_a_change_is_no_clean_refusal(
    product: ClientSession, path: str, simulator: Simulator
) -> None:
    fault = {"kind": "status", "status": 400, "body": REFUSAL}
    fault |= {"match": {"method": "POST", "path": "/salesOrderLines$"}}
    async with (
        ClientSession() as control,
        control.post(f"{simulator.url}/_simulator/faults", json=fault) as armed,
    ):
        assert armed.status == 201
    lines: list[dict[str, Any]] = [
        {"sequence": 10000, "sku": "1896-S", "quantity": 3},
        {"sequence": 15000, "sku": "1900-S", "quantity": 1},
    ]
    status, told = await call(product, "PATCH", path, {"order_date": "2026-11-20", "lines": lines})
    assert (status, told["title"]) == (422, "Business Central refused")
    part, refused = told["errors"]
    assert part["rule"] == "carried_out_in_part"
    for words in (part["detail"], told["detail"]):
        assert "and parked. Carried out already: update, salesOrderLines 10000" in words
        assert "retry the operation, or cancel it" in words
    assert (refused["rule"], refused["pointer"]) == ("business_central_refused", "/lines/1")
    assert refused["target"] == "salesOrderLines[1]"
    status, operation = await call(product, "GET", f"/v1/operations/{told['operation']}")
    assert (operation["state"], operation["problem"]["errors"]) == ("parked", told["errors"])
    own = f"/v1/operations/{told['operation']}"
    status, after = await call(product, "POST", f"{own}/retry")
    assert status in {200, 202}
    while after["state"] != "succeeded":
        assert after["state"] in {"queued", "running", "sending"}
        await asyncio.sleep(0.01)
        _, after = await call(product, "GET", own)


async def test_a_line_without_its_number_is_no_other_line(
    product: ClientSession, path: str
) -> None:
    patch = {"order_date": "2026-11-20", "lines": [{"sku": "1900-S", "quantity": 3}]}
    status, told = await call(product, "PATCH", path, patch)
    assert (status, told["code"]) == (422, "invalid_input")
    assert [(one["rule"], one["pointer"]) for one in told["errors"]] == [("fixed", "/lines/0")]
    _, order = await call(product, "GET", path)
    assert order["order_date"] != "2026-11-20"


async def test_the_price_that_was_agreed_stays(product: ClientSession, path: str) -> None:
    lines = [{"sequence": 10000, "sku": "1896-S", "quantity": 3}]
    status, order = await call(product, "PATCH", path, {"lines": lines})
    assert status == 200
    assert [(one["quantity"], one["unit_price"]) for one in order["lines"]] == [(3, 900)]


async def test_a_value_that_is_not_taken_is_said_once(
    product: ClientSession, path: str, writes: Writes
) -> None:
    """Business Central keeps five decimals of a quantity."""
    before = len(await writes())
    lines = [{"sequence": 10000, "sku": "1896-S", "quantity": 1.123456789, "unit_price": 900}]
    async with product.patch(path, json={"lines": lines}) as answer:
        assert (answer.status, answer.headers["Warnings"]) == (200, "1")
    changed = [one for one in (await writes())[before:] if "salesOrderLines" in one]
    assert len(changed) == 3  # the quantity, the price it has changed, and the other line goes


async def test_a_date_that_would_clear_the_field_is_refused(
    product: ClientSession, path: str, writes: Writes
) -> None:
    before = await writes()
    status, told = await call(product, "PATCH", path, {"order_date": "0001-01-01"})
    assert (status, [one["pointer"] for one in told["errors"]]) == (422, ["/order_date"])
    assert await writes() == before
