from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime

import pytest
from aiohttp import ServerDisconnectedError

from gateway.simulator import CLIENT_SECRET, Clock, run_simulator
from gateway.simulator.catalogue.entities import load_catalogue
from tests.unit.simulator.client import LTD, Client, sign_in, signed_in


async def test_the_clock_is_read_and_advanced(client: Client) -> None:
    assert (await client.get("/_simulator/clock")).json == {"now": "2026-03-02T12:00:00Z"}
    moved = await client.post("/_simulator/clock", {"advance": 86_400.5})
    assert moved.json == {"now": "2026-03-03T12:00:00.5Z"}


async def test_the_clock_is_set_and_stands(client: Client) -> None:
    body = {"set": "2027-01-01T09:00:00+01:00", "stands": True}
    assert (await client.post("/_simulator/clock", body)).json == {"now": "2027-01-01T08:00:00Z"}
    moved = await client.post("/_simulator/clock", {"advance": 60})
    assert moved.json == {"now": "2027-01-01T08:01:00Z"}
    back = await client.post("/_simulator/clock", {"set": "2026-03-02T11:00:00Z"})
    assert back.json == {"now": "2026-03-02T11:00:00Z"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advance": "1"},
        {"advance": True},
        {"advance": -1},
        {"advance": 1, "set": "2026-03-02T12:00:00Z"},
        {"advance": 1, "stands": True},
        {"set": "2026-03-02T12:00:00"},
        {"set": "1999-12-31T12:00:00Z"},
        {"set": 5},
        {"set": "2026-03-02T12:00:00Z", "stands": 1},
        {"stands": True},
        b"[",
    ],
)
async def test_the_clock_refuses_nonsense(client: Client, body: object) -> None:
    reply = await client.post("/_simulator/clock", body)
    assert reply.status == 400
    assert reply.json["error"].endswith(".")


async def test_the_clock_ends_before_the_calendar_does(client: Client) -> None:
    ten_years = {"advance": 10 * 365 * 86_400}
    replies = [await client.post("/_simulator/clock", ten_years) for _ in range(9)]
    assert [reply.status for reply in replies] == [200] * 7 + [400] * 2
    assert replies[-1].json["error"] == "the clock does not go beyond 2100-12-31T23:59:59Z."
    client.token = (await sign_in(client))["access_token"]
    assert (await client.post("salesOrders", {"customerNumber": "10000"})).status == 201


async def wait_for_a_call(client: Client, method: str) -> None:
    for _ in range(200):
        if (await client.get(f"/_simulator/journal?method={method}")).json["value"]:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the call did not come")


async def test_nothing_of_before_is_written_after_a_reset(client: Client) -> None:
    fresh = (await client.get("/_simulator/hash")).json
    await client.post("/_simulator/limits", {"in_flight": 1})
    await client.arm("delay", {"method": "POST"}, seconds=30, when="before")
    waits = asyncio.create_task(client.post("customers", {"displayName": "Juniper Hall"}))
    await wait_for_a_call(client, "POST")
    queued = asyncio.create_task(client.patch("customers(x)", {}))
    await wait_for_a_call(client, "PATCH")
    await client.post("/_simulator/reset", {})
    for call in (waits, queued):
        with pytest.raises(ServerDisconnectedError):
            await call
    assert (await client.get("/_simulator/hash")).json == fresh
    made = await client.post("customers", {"displayName": "Kestrel House"})
    assert (made.status, made.json["number"]) == (201, "C00010")


async def test_reset_goes_back_to_the_seed(client: Client) -> None:
    seeded = await client.state("customers")
    await client.post("customers", {"displayName": "Juniper Hall"})
    await client.arm("lock")
    await client.post("/_simulator/clock", {"advance": 60})
    assert (await client.post("/_simulator/reset", {})).status == 204
    assert await client.state("customers") == seeded
    assert (await client.get("/_simulator/faults")).json["value"] == []
    assert (await client.get("/_simulator/journal")).json["value"] == []
    assert (await client.get("/_simulator/clock")).json == {"now": "2026-03-02T12:00:00Z"}


async def test_a_token_outlives_a_reset_wherever_the_clock_was(client: Client) -> None:
    for move in ({"advance": 100_000}, {"set": "2020-01-01T00:00:00Z"}):
        await client.post("/_simulator/clock", move)
        client.token = (await sign_in(client))["access_token"]
        await client.post("/_simulator/reset", {})
        assert (await client.get("customers")).status == 200, move
    await client.post("/_simulator/clock", {"advance": 3601})
    assert (await client.get("customers")).status == 401
    await client.post("/_simulator/reset", {})
    assert (await client.get("customers")).status == 200


async def test_the_root_points_to_the_control(client: Client) -> None:
    root = await client.get("/")
    assert (root.status, "GET /_simulator" in root.json["error"]) == (404, True)
    assert "_simulator" not in (await client.get("/elsewhere")).json["error"]


async def test_the_journal_has_every_exchange_without_secrets(client: Client) -> None:
    tokens = await sign_in(client)
    await client.post("customers", {"displayName": "Juniper Hall"})
    journal = await client.get("/_simulator/journal")
    for secret in (CLIENT_SECRET, client.token, *map(str, (tokens["refresh_token"],))):
        assert secret not in journal.text
    assert "authorization" not in journal.text.lower().replace("authorization_code", "")
    entry = journal.json["value"][-1]
    assert (entry["method"], entry["entity"], entry["status"]) == ("POST", "customers", 201)
    assert entry["body"] == '{"displayName":"Juniper Hall"}'
    assert '"number":"C00010"' in entry["answer"]
    assert (entry["ended"], entry["dropped"], entry["faults"]) == (True, False, [])


async def test_the_journal_is_filtered(client: Client) -> None:
    await client.get("customers")
    last = (await client.get("/_simulator/journal")).json["value"][-1]["id"]
    await client.get("items")
    await client.post("salesOrders", {"customerNumber": "10000"})
    found = (await client.get("/_simulator/journal", since=str(last))).json["value"]
    assert [entry["entity"] for entry in found] == ["items", "salesOrders"]
    found = (await client.get("/_simulator/journal", entity="items")).json["value"]
    assert len(found) == 1
    found = (await client.get("/_simulator/journal?path=/token$&method=post")).json["value"]
    assert len(found) == 1
    assert (await client.get("/_simulator/journal", since="x")).status == 400
    assert (await client.get("/_simulator/journal?path=(")).status == 400
    assert (await client.get("/_simulator/journal", colour="red")).status == 400
    assert (await client.send("DELETE", "/_simulator/journal")).status == 204
    assert (await client.get("/_simulator/journal")).json["value"] == []


async def test_state_counts_and_shows_records(client: Client) -> None:
    counts = (await client.get("/_simulator/state")).json["counts"]
    assert counts["Production"]["Harwick Distributors Ltd"]["customers"] == 6
    assert (await client.get("/_simulator/state", company=LTD)).json["counts"]["items"] == 9
    unsaid = await client.get("/_simulator/state", entity="items")
    assert (unsaid.status, unsaid.json["error"][:22]) == (400, "Say of which company: ")
    stored = await client.state("customers")
    served = (await client.get("customers")).json["value"]
    assert [{name: one[name] for name in served[0]} for one in stored] == served
    assert (await client.get("/_simulator/state", company="Nobody")).status == 404
    reply = await client.get("/_simulator/state", company=LTD, entity="widgets")
    assert reply.json == {"error": "There is no entity set 'widgets'."}


async def test_state_comes_page_by_page(client: Client) -> None:
    path, found, skip = "/_simulator/state", [], "0"
    while skip:
        page = await client.get(path, company=LTD, entity="items", top="4", skip=skip)
        assert page.json["count"] == 9
        found += page.json["value"]
        skip = str(page.json.get("next", ""))
    assert found == await client.state("items")
    for wrong in ({"top": "x"}, {"skip": "-1"}, {"skip": "1" * 10}):
        reply = await client.get(path, company=LTD, entity="items", **wrong)
        assert reply.status == 400, wrong


async def test_environments_do_not_share_records(client: Client) -> None:
    await client.post("customers", {"displayName": "Juniper Hall"})
    params = {"environment": "Sandbox", "company": LTD, "entity": "customers"}
    reply = await client.send("GET", "/_simulator/state", None, None, **params)
    assert len(reply.json["value"]) == 6


async def test_coverage_names_every_set_and_what_is_missing(client: Client) -> None:
    coverage = (await client.get("/_simulator/coverage")).json
    assert set(coverage["entity_sets"]) == set(load_catalogue().sets)
    assert coverage["entity_sets"]["salesOrders"]["verbs"] == ["get", "post", "patch", "delete"]
    assert coverage["entity_sets"]["salesOrders"]["actions"] == ["shipAndInvoice"]
    assert "other routes" in coverage["answers_501"]


async def test_users_are_listed(client: Client) -> None:
    users = (await client.get("/_simulator/users")).json
    assert users["tenants"][0]["domain"] == "harwick.example"
    assert "admin@harwick.example" in {user["username"] for user in users["value"]}


async def test_the_load_of_a_principal_is_seen(client: Client) -> None:
    await client.arm("delay", {"entity": "customers"}, seconds=0.1, count=3)
    await asyncio.gather(*(client.get("customers") for _ in range(3)))
    (load,) = (await client.get("/_simulator/load")).json["value"]
    assert (load["user"], load["now"], load["max"]) == ("admin@harwick.example", 0, 3)
    await client.send("DELETE", "/_simulator/journal")
    (load,) = (await client.get("/_simulator/load")).json["value"]
    assert load["max"] == 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_simulator", 200),
        ("GET", "/_simulator/nothing", 404),
        ("GET", "/_simulator/faults/1", 405),
        ("GET", "/_simulator/clock/1", 404),
        ("DELETE", "/_simulator/faults/x", 404),
        ("PUT", "/_simulator/clock", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/", 404),
    ],
)
async def test_paths_of_the_control_api(
    client: Client, method: str, path: str, status: int
) -> None:
    reply = await client.send(method, path)
    assert reply.status == status
    assert status == 200 or reply.json["error"].endswith(".")


async def test_records_are_put_in_as_if_people_had_made_them(client: Client) -> None:
    rows = [{"entryNumber": 9000, "accountNumber": "40100", "debitAmount": 7}]
    where = {"company": "Harwick Ireland", "entity": "generalLedgerEntries"}
    reply = await client.send("POST", "/_simulator/records", {**where, "rows": rows})
    assert (reply.status, reply.json) == (201, {"count": 1})
    stored = (
        await client.get("/_simulator/state?company=Harwick%20Ireland&entity=generalLedgerEntries")
    ).json["value"][-1]
    assert (stored["entryNumber"], stored["debitAmount"]) == (9000, 7)
    assert stored["accountId"] != "00000000-0000-0000-0000-000000000000"
    nothing = "Nothing was put in: rows[0]: "
    for wrong, told in (
        ({"rows": rows}, f"{nothing}The General Ledger Entry already exists."),
        (
            {"rows": [{"entryNumber": 9001, "accountNumber": "none"}]},
            f"{nothing}The field Account",
        ),
        (
            {"rows": [{"entryNumber": 9001, "debitAmoun": 5}]},
            f"{nothing}generalLedgerEntries has no field 'debitAmoun'. Did you mean 'debitAmount'?",
        ),
        ({"rows": [{"entryNumber": "9001"}]}, f"{nothing}Cannot convert a primitive value"),
        ({"rows": ["9001"]}, f"{nothing}it is no object."),
        ({"rows": 9001}, "entity is the name of an entity set"),
        ({"rows": rows, "entity": "gadgets"}, "entity is the name of an entity set"),
        ({"rows": rows, "company": "Elsewhere"}, "There is no such company"),
    ):
        reply = await client.send("POST", "/_simulator/records", {**where, **wrong})
        assert reply.status in {400, 404}, wrong
        assert reply.json["error"].startswith(told)
    counts = (await client.get("/_simulator/state?company=Harwick%20Ireland")).json["counts"]
    assert counts["generalLedgerEntries"] == 11


async def test_a_record_is_changed_as_if_a_person_had(client: Client) -> None:
    where = {"company": "Harwick Ireland", "entity": "customers"}
    path = "/_simulator/state?company=Harwick%20Ireland&entity=customers"
    before = (await client.get(path)).json["value"][0]
    wish = {**where, "id": before["id"], "fields": {"city": "Kiel"}}
    reply = await client.send("PATCH", "/_simulator/records", wish)
    after = (await client.get(path)).json["value"][0]
    assert (reply.status, reply.json) == (200, {"@odata.etag": after["@odata.etag"]})
    assert after["city"] == "Kiel"
    assert after["@odata.etag"] != before["@odata.etag"]
    for wrong in ({"id": "none"}, {"entity": "gadgets"}, {"fields": 5}, {"fields": {"a": 1}}):
        reply = await client.send("PATCH", "/_simulator/records", {**wish, **wrong})
        assert reply.status == 400, wrong
    assert reply.json["error"].startswith("Nothing was changed: ")
    assert "Error(" not in reply.json["error"]


async def test_a_person_sends_an_order_for_approval_and_opens_it_again(client: Client) -> None:
    line = {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 1}
    body = {"customerNumber": "10000", "salesOrderLines": [line]}
    order = (await client.post("salesOrders", body)).json
    path = f"salesOrders({order['id']})"
    wish = {"company": LTD, "entity": "salesOrders", "id": order["id"]}

    async def becomes(status: str) -> None:
        fields = {"fields": {"status": status}}
        assert (await client.patch("/_simulator/records", {**wish, **fields})).status == 200
        assert (await client.get(path)).json["status"] == status

    await becomes("In_x0020_Review")
    refused = await client.patch(path, {"customerNumber": "20000"})
    assert "Current value is 'Pending Approval'." in refused.message
    refused = await client.send("POST", f"{path}/Microsoft.NAV.shipAndInvoice")
    assert refused.message.startswith(
        f"Sales Order {order['number']} must be approved and released before"
    )
    await becomes("Open")
    refused = await client.patch(path, {"customerNumber": "20000"})
    assert "Current value is 'Released'." in refused.message
    await becomes("Draft")
    assert (await client.patch(path, {"customerNumber": "20000"})).status == 200
    assert (await client.patch(path, {"status": "Open"})).status == 400


async def test_a_taken_port_is_an_os_error() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="in use"),
    ):
        async with run_simulator(port=taken.getsockname()[1]):
            pass


async def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    found = []
    for seed in (1, 1, 2):
        async with (
            run_simulator(seed=seed, clock=Clock(lambda: moment)) as running,
            signed_in(running) as client,
        ):
            made = (await client.post("customers", {"displayName": "Juniper Hall"})).json["id"]
            found.append((await client.one("items", "number", "1896-S"))["id"] + made)
    assert found[0] == found[1] != found[2]


async def test_the_index_names_what_a_path_takes(client: Client) -> None:
    paths = (await client.get("/_simulator")).json["paths"]
    assert paths["/_simulator/webhooks/deliver"] == ["POST"]
    assert paths["/_simulator/faults/{id}"] == ["DELETE"]
    assert "/_simulator/webhooks/{name}" not in paths
