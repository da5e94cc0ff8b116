"""The process is killed, or the answer is lost, at the worst moment: one order, the right number."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import ClientError

from tests.journeys.processes import House, Json

ORDER: Json = {
    "external_reference": "D-1042",
    "customer": {"number": "10000"},
    "lines": [
        {"sku": "1896-S", "quantity": 2, "unit_price": 1000.8},
        {"sku": "1900-S", "quantity": 3, "unit_price": 19.9},
    ],
}
POST_ORDER = {"method": "POST", "entity": "salesOrders"}


async def send_until_settled(house: House, path: str) -> tuple[int, Json]:
    """Repeat the order as a product would: again while the gateway says that it is finding out."""
    while True:
        status, body = await house.call("POST", path, ORDER)
        if status not in {202, 409}:
            return status, body
        await asyncio.sleep(0.2)


@pytest.mark.timeout(60)
async def test_killed_after_business_central_committed_and_before_the_answer(house: House) -> None:
    path = f"/v1/connections/{await house.connect()}/sales-orders"
    await house.control(
        "POST",
        "faults",
        {"kind": "delay", "seconds": 30, "when": "after", "match": POST_ORDER},
    )
    sent = asyncio.create_task(house.call("POST", path, ORDER))
    while not await house.orders():
        assert not sent.done()
        await asyncio.sleep(0.05)
    await house.kill("serve")
    with pytest.raises(ClientError):
        await sent
    await house.control("DELETE", "faults")
    await house.serve()
    status, answer = await send_until_settled(house, path)
    (order,) = await house.orders()
    assert status in {200, 201}
    assert (answer["number"], answer["id"]) == (order["number"], order["id"])
    again, repeated = await house.call("POST", path, ORDER)
    assert (again, repeated) == (status, answer)
    assert len(await house.orders()) == 1


@pytest.mark.timeout(60)
async def test_killed_while_the_caller_is_gone_ends_without_being_asked(house: House) -> None:
    connection = await house.connect()
    await house.control(
        "POST",
        "faults",
        {"kind": "delay", "seconds": 30, "when": "after", "match": POST_ORDER},
    )
    path = f"/v1/connections/{connection}/sales-orders"
    sent = asyncio.create_task(house.call("POST", path, ORDER))
    while not await house.orders():
        assert not sent.done()
        await asyncio.sleep(0.05)
    await house.kill("serve")
    await asyncio.gather(sent, return_exceptions=True)
    await house.control("DELETE", "faults")
    await house.serve()
    (order,) = await house.orders()
    while True:
        _, found = await house.call("GET", "/v1/operations?key=D-1042")
        (operation,) = found["data"]
        if operation["state"] == "succeeded":
            break
        await asyncio.sleep(0.1)
    assert operation["record"]["number"] == order["number"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after_commit"},
        {"kind": "status", "status": 504, "committed": True},
        {"kind": "truncate"},
        {"kind": "status", "status": 200, "committed": True, "body": "<html>gateway</html>"},
    ],
    ids=["connection closed", "504", "half an answer", "a page"],
)
async def test_an_answer_lost_on_the_way_is_found(house: House, fault: Json) -> None:
    path = f"/v1/connections/{await house.connect()}/sales-orders"
    await house.control("POST", "faults", {**fault, "match": POST_ORDER})
    status, answer = await send_until_settled(house, path)
    (order,) = await house.orders()
    assert (status, answer["number"]) == (201, order["number"])
