"""The process is killed, or the answer is lost, at the worst moment: one record, the right answer."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio
from aiohttp import ClientError

from tests.journeys.processes import House, Json

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def roomy(house: House) -> None:
    """Let what a killed process has sent take no place from the calls of the next one."""
    await house.control("POST", "limits", {"in_flight": 50})


POST_ORDER = {"method": "POST", "entity": "salesOrders"}
LATE: Json = {"kind": "delay", "seconds": 15, "when": "after", "match": POST_ORDER}


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


async def kill_under(house: House, sent: asyncio.Task[tuple[int, Json]]) -> None:
    """Kill the gateway while a call is under way, and start it again with nothing going wrong."""
    await house.kill("serve")
    with pytest.raises(ClientError):
        await sent
    await house.control("DELETE", "faults")
    await house.serve()


async def kill_when_committed(house: House, path: str, reference: str) -> None:
    """Send an order, wait until Business Central has it, kill the gateway, start it again."""
    await house.control("POST", "faults", LATE)
    sent = asyncio.create_task(house.call("POST", path, order(reference)))
    while not await house.orders(reference):
        assert not sent.done()
        await asyncio.sleep(0.05)
    await kill_under(house, sent)


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


async def settled(house: House, operation: str) -> Json:
    """The operation once nothing more happens by itself."""
    while True:
        _, found = await house.call("GET", f"/v1/operations/{operation}")
        if found["state"] in {"succeeded", "failed", "parked"}:
            return found
        await asyncio.sleep(0.1)


async def slow(house: House, method: str, path: str, when: str = "after") -> None:
    match = {"method": method, "path": path}
    await house.control(
        "POST", "faults", {"kind": "delay", "seconds": 10, "when": when, "match": match}
    )


async def in_state(house: House, connection: str, state: str, known: int) -> list[str]:
    """The ids of a connection's operations in this state, once there are so many."""
    while True:
        query = f"connection={connection}&state={state}"
        _, found = await house.call("GET", f"/v1/operations?{query}")
        if len(found["data"]) == known:
            return [operation["id"] for operation in found["data"]]
        await asyncio.sleep(0.02)


async def test_killed_in_the_middle_of_changes_and_of_waiting(house: House) -> None:
    connection = await house.connect()
    base = f"/v1/connections/{connection}"
    made = []
    for number in ("LOST", "DONE", "OVERTAKEN"):
        _, one = await house.call("PUT", f"{base}/customers/{number}", {"name": "Nordwind AG"})
        made.append(one["id"])
    lost, done, overtaken = made
    await slow(house, "PATCH", lost, when="before")
    await slow(house, "PATCH", done)
    await slow(house, "PATCH", overtaken)
    await slow(house, "POST", "customers$")
    await slow(house, "POST", "salesOrders$")

    sent, ids = [], []
    for known, (method, path, body) in enumerate(
        (
            ("PATCH", f"{base}/customers/{lost}", {"name": "New"}),
            ("PATCH", f"{base}/customers/{done}", {"name": "New"}),
            ("PATCH", f"{base}/customers/{overtaken}", {"name": "New"}),
            ("PUT", f"{base}/customers/PUT", {"name": "Nordwind AG"}),
            ("POST", f"{base}/sales-orders", order("TURN-1")),
        ),
        start=1,
    ):
        sent.append(asyncio.create_task(house.call(method, path, body)))
        ids += [
            one for one in await in_state(house, connection, "sending", known) if one not in ids
        ]
    sent.append(asyncio.create_task(house.call("POST", f"{base}/sales-orders", order("TURN-2"))))
    ids += await in_state(house, connection, "running", 1)
    await asyncio.sleep(0.3)
    await house.kill("serve")
    ends = await asyncio.gather(*sent, return_exceptions=True)
    assert all(isinstance(end, ClientError) for end in ends), ends
    await house.control("DELETE", "faults")
    await house.type_in(overtaken, displayName="Theirs")
    await house.serve()

    ended = [await settled(house, one) for one in ids]
    assert [one["state"] for one in ended] == [
        *("succeeded", "succeeded", "parked"),
        *("succeeded", "succeeded", "succeeded"),
    ]
    names = [(await house.call("GET", f"{base}/customers/{one}"))[1]["name"] for one in made]
    assert names == ["New", "New", "Theirs"]
    assert (ended[2]["cause"], ended[3]["record"]["number"]) == ("ambiguous", "PUT")
    status, again = await house.call("PUT", f"{base}/customers/PUT", {"name": "Nordwind AG"})
    assert (status, again["id"]) == (200, ended[3]["record"]["id"])
    for reference in ("TURN-1", "TURN-2"):
        assert len(await house.orders(reference)) == 1
    status, problem = await house.call("POST", f"/v1/operations/{ids[2]}/cancel")
    assert (status, problem["code"]) == (409, "conflict")


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_an_order_is_invoiced(house: House, when: str) -> None:
    connection = await house.connect()
    base = f"/v1/connections/{connection}/sales-orders"
    reference = f"INVOICED-{when}".upper()
    _, made = await house.call("POST", base, order(reference))
    await slow(house, "POST", "shipAndInvoice$", when)
    path = f"{base}/{made['id']}/ship-and-invoice"
    sent = asyncio.create_task(house.call("POST", path, {}))
    (identity,) = await in_state(house, connection, "sending", 1)
    while when == "after" and await house.orders(reference):  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.05)
    await kill_under(house, sent)
    if when == "before":
        # It may be under way for 18 minutes: nothing is called again before that.
        _, found = await house.call("GET", f"/v1/operations/{identity}")
        assert found["state"] in {"sending", "uncertain", "succeeded"}
        return
    done = await settled(house, identity)
    assert done["state"] == "succeeded"
    assert len(await house.there("salesInvoices", orderNumber=made["number"])) == 1
    _, again = await house.call("GET", f"/v1/operations/{identity}")
    assert again["record"] == {"id": made["id"], "number": made["number"]}


async def test_killed_at_each_call_of_a_change_with_lines(house: House) -> None:
    connection = await house.connect()
    base = f"/v1/connections/{connection}/sales-orders"
    patch = {
        "ship_to": {"city": "Bath"},
        "lines": [
            {"sequence": 10000, "sku": "1896-S", "quantity": 5, "unit_price": 1000.8},
            {"sequence": 15000, "sku": "1900-S", "quantity": 1, "unit_price": 90},
        ],
    }
    made, sent, ids = [], [], []
    for known, (method, when) in enumerate(
        (
            ("PATCH salesOrders", "after"),
            ("PATCH salesOrderLines", "after"),
            ("POST salesOrderLines", "after"),
            ("DELETE salesOrderLines", "after"),
        ),
        start=1,
    ):
        verb, _, entity = method.partition(" ")
        _, one = await house.call("POST", base, order(f"LINES-{known}"))
        lines = await house.there("salesOrderLines", documentId=one["id"])
        numbers = {line["sequence"]: line["id"] for line in lines}
        at = {"PATCH": numbers[10000], "POST": one["id"], "DELETE": numbers[20000]}[verb]
        await slow(house, verb, one["id"] if entity == "salesOrders" else at, when)
        made.append(one["id"])
        sent.append(asyncio.create_task(house.call("PATCH", f"{base}/{one['id']}", patch)))
        ids += [
            one for one in await in_state(house, connection, "sending", known) if one not in ids
        ]
    while len(await house.there("salesOrderLines", documentId=made[3])) > 2:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.05)
    await house.kill("serve")
    ends = await asyncio.gather(*sent, return_exceptions=True)
    assert all(isinstance(end, ClientError) for end in ends), ends
    await house.control("DELETE", "faults")
    await house.serve()

    ended = [await settled(house, one) for one in ids]
    assert [one["state"] for one in ended] == ["succeeded"] * 4
    for record_id in made:
        _, now = await house.call("GET", f"{base}/{record_id}")
        assert now["ship_to"]["city"] == "Bath"
        assert [
            (line["sequence"], line["quantity"], line["unit_price"]) for line in now["lines"]
        ] == [(10000, 5, 1000.8), (15000, 1, 90)]
