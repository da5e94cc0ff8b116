"""The process is killed, or the answer is lost, at the worst moment: one order, the right number."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import ClientError

from tests.journeys.processes import House, Json

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

POST_ORDER = {"method": "POST", "entity": "salesOrders"}
LATE: Json = {"kind": "delay", "seconds": 30, "when": "after", "match": POST_ORDER}


def order(reference: str) -> Json:
    return {
        "external_reference": reference,
        "customer": {"number": "10000"},
        "lines": [
            {"sku": "1896-S", "quantity": 2, "unit_price": 1000.8},
            {"sku": "1900-S", "quantity": 3, "unit_price": 19.9},
        ],
    }


async def send_until_settled(house: House, path: str, reference: str) -> tuple[int, Json]:
    """Repeat the order as a product would: again while the gateway says that it is finding out."""
    while True:
        status, body = await house.call("POST", path, order(reference))
        if status not in {202, 409}:
            return status, body
        await asyncio.sleep(0.2)


async def kill_when_committed(house: House, path: str, reference: str) -> None:
    """Send an order, wait until Business Central has it, kill the gateway, start it again."""
    await house.control("POST", "faults", LATE)
    sent = asyncio.create_task(house.call("POST", path, order(reference)))
    while not await house.orders(reference):
        assert not sent.done()
        await asyncio.sleep(0.05)
    await house.kill("serve")
    with pytest.raises(ClientError):
        await sent
    await house.control("DELETE", "faults")
    await house.serve()


async def test_killed_after_business_central_committed_and_before_the_answer(house: House) -> None:
    path = f"/v1/connections/{await house.connect()}/sales-orders"
    await kill_when_committed(house, path, "D-1042")
    status, answer = await send_until_settled(house, path, "D-1042")
    (there,) = await house.orders("D-1042")
    assert status in {200, 201}
    assert (answer["number"], answer["id"]) == (there["number"], there["id"])
    assert await house.call("POST", path, order("D-1042")) == (status, answer)
    assert len(await house.orders("D-1042")) == 1


async def test_killed_while_the_caller_is_gone_ends_without_being_asked(house: House) -> None:
    path = f"/v1/connections/{await house.connect()}/sales-orders"
    await kill_when_committed(house, path, "D-1043")
    (there,) = await house.orders("D-1043")
    while True:
        _, found = await house.call("GET", "/v1/operations?key=D-1043")
        (operation,) = found["data"]
        if operation["state"] == "succeeded":
            break
        await asyncio.sleep(0.1)
    assert operation["record"]["number"] == there["number"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after_commit"},
        {"kind": "status", "status": 504, "committed": True},
        {"kind": "truncate"},
        {"kind": "status", "status": 200, "committed": True, "body": "<html>gateway</html>"},
    ],
    ids=["dropped", "504", "half", "page"],
)
async def test_an_answer_lost_on_the_way_is_found(
    house: House, fault: Json, request: pytest.FixtureRequest
) -> None:
    path = f"/v1/connections/{await house.connect()}/sales-orders"
    reference = f"LOST-{request.node.callspec.id}".upper()
    await house.control("POST", "faults", {**fault, "match": POST_ORDER})
    status, answer = await send_until_settled(house, path, reference)
    (there,) = await house.orders(reference)
    assert (status, answer["number"]) == (201, there["number"])
