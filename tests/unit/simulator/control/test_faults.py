from __future__ import annotations

import asyncio
from time import monotonic

import pytest
from aiohttp import ClientConnectionError, ClientTimeout

from gateway.simulator import run_simulator
from gateway.simulator.control.faults import Faults
from gateway.simulator.control.menu import MENU
from gateway.simulator.errors import ControlError
from tests.unit.simulator.client import IRELAND, LTD, Client, sign_in, signed_in

ORDER = {"customerNumber": "10000"}
POSTS = {"method": "POST", "entity": "salesOrders"}


async def orders(client: Client) -> int:
    return len(await client.state("salesOrders"))


@pytest.mark.parametrize(("kind", "left"), [("drop_before_commit", 0), ("drop_after_commit", 1)])
async def test_a_dropped_connection(client: Client, kind: str, left: int) -> None:
    await client.arm(kind, POSTS)
    with pytest.raises(ClientConnectionError):
        await client.post("salesOrders", ORDER)
    assert await orders(client) == left
    assert (await client.post("salesOrders", ORDER)).status == 201


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_delay_past_the_clients_patience_still_commits(client: Client, when: str) -> None:
    await client.arm("delay", POSTS, seconds=0.2, when=when)
    with pytest.raises(TimeoutError):
        async with client.session.post(
            client.url("salesOrders"),
            json=ORDER,
            headers={"Authorization": f"Bearer {client.token}"},
            timeout=ClientTimeout(total=0.05),
        ):
            pass
    assert await orders(client) == (0 if when == "before" else 1)
    await asyncio.sleep(0.3)
    assert await orders(client) == 1


async def test_a_long_delay_does_not_hold_up_the_end() -> None:
    async with run_simulator() as running, signed_in(running) as client:
        await client.arm("delay", POSTS, seconds=300)
        waiting = asyncio.create_task(client.post("salesOrders", ORDER))
        await asyncio.sleep(0.05)
        waiting.cancel()
        started = monotonic()
    assert monotonic() - started < 3


@pytest.mark.parametrize("committed", [False, True])
async def test_any_status_with_headers_and_body(client: Client, committed: bool) -> None:
    await client.arm(
        "status",
        POSTS,
        status=503,
        headers={"Retry-After": "7"},
        body="<html>Service Unavailable</html>",
        committed=committed,
    )
    reply = await client.post("salesOrders", ORDER)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "7")
    assert reply.headers["Content-Type"].startswith("text/html")
    assert await orders(client) == int(committed)


async def test_a_status_may_carry_json(client: Client) -> None:
    await client.arm("status", {"path": "/customers$"}, status=200, body={"error": {"code": "x"}})
    assert (await client.get("customers")).json == {"error": {"code": "x"}}


async def test_truncated_json(client: Client) -> None:
    await client.arm("truncate", {"entity": "customers"})
    text = (await client.get("customers")).text
    assert text.startswith("{")
    assert not text.endswith("}")


@pytest.mark.parametrize("kind", ["reject_token", "expire_token"])
async def test_a_good_token_is_refused_once(client: Client, kind: str) -> None:
    await client.arm(kind)
    await sign_in(client)
    assert (await client.get("customers")).code == "Authentication_InvalidCredentials"
    assert (await client.get("customers")).status == 200


async def test_the_token_endpoint_answers_any_error(client: Client) -> None:
    await client.arm("token_error", error="invalid_client", number=7000222)
    assert (await client.get("customers")).status == 200
    path = "/organizations/oauth2/v2.0/token"
    reply = await client.form(path, {"grant_type": "refresh_token"})
    assert (reply.status, reply.json["error_codes"]) == (401, [7000222])


async def test_an_ignored_filter_gives_everything(client: Client) -> None:
    await client.arm("filter_ignored", {"entity": "customers"})
    reply = await client.get("customers", _filter="number eq '10000'")
    assert len(reply.json["value"]) == 6
    assert len((await client.get("customers", _filter="number eq '10000'")).json["value"]) == 1


async def test_a_lock_is_a_409_with_a_text(client: Client) -> None:
    await client.arm("lock", {"entity": "salesOrders"}, count=2)
    assert (await client.get("salesOrders")).status == 200
    for _ in range(2):
        reply = await client.post("salesOrders", ORDER)
        assert (reply.status, reply.code) == (409, "Internal_ServerError")
        assert "updated in a transaction done by another session" in reply.message
    assert (await client.post("salesOrders", ORDER)).status == 201


@pytest.mark.parametrize(
    ("entity", "table"),
    [
        ("customers", "Customer"),
        ("salesOrders", "Sales Header"),
        ("purchaseInvoiceLines", "Purchase Line"),
        ("journals", "Gen. Journal Batch"),
    ],
)
async def test_a_lock_names_the_table(client: Client, entity: str, table: str) -> None:
    await client.arm("lock", {"entity": entity})
    assert f"a record in table '{table}' is" in (await client.post(entity, {})).message


@pytest.mark.parametrize(
    ("entity", "body", "told"),
    [
        ("customers", {"number": "MINE"}, "The Customer already exists. {}No.='MINE'"),
        ("customers", {"displayName": "x"}, "The Customer already exists. {}No.='C00010'"),
        ("paymentTerms", {"code": "NEW"}, "The Payment Terms already exists. {}Code='NEW'"),
        ("salesOrderLines", {}, "The Sales Line already exists. {}Line No.='10000'"),
    ],
)
async def test_a_key_that_is_taken_is_told(
    client: Client, entity: str, body: dict[str, object], told: str
) -> None:
    await client.arm("duplicate_key", {"entity": entity})
    reply = await client.post(entity, body)
    assert reply.message.startswith(told.format("Identification fields and values: "))


async def test_a_value_is_not_taken(client: Client) -> None:
    await client.arm("value_not_taken", POSTS, fields=["externalDocumentNumber"])
    body = {**ORDER, "externalDocumentNumber": "DEAL-1"}
    assert (await client.post("salesOrders", body)).json["externalDocumentNumber"] == ""
    assert (await client.post("salesOrders", body)).json["externalDocumentNumber"] == "DEAL-1"


async def test_the_nth_call_is_hit(client: Client) -> None:
    await client.arm("status", {"entity": "customers", "nth": 3}, status=502)
    assert [(await client.get("customers")).status for _ in range(4)] == [200, 200, 502, 200]


async def test_a_probability_strikes_the_same_calls_for_the_same_seed(client: Client) -> None:
    async def struck(seed: int) -> list[int]:
        match = {"entity": "customers", "probability": 0.5, "seed": seed}
        number = await client.arm("status", match, status=502, count=None)
        found = [(await client.get("customers")).status for _ in range(12)]
        await client.send("DELETE", f"/_simulator/faults/{number}")
        return found

    first = await struck(7)
    assert set(first) == {200, 502}
    assert await struck(7) == first
    assert await struck(8) != first


async def test_maintenance_comes_and_goes_by_the_clock(client: Client) -> None:
    start, end = "2026-03-02T12:10:00Z", "2026-03-02T14:30:00+02:00"
    await client.arm("maintenance", **{"from": start, "until": end})
    found = []
    for _ in range(4):
        found.append((await client.get("customers")).status)
        await client.post("/_simulator/clock", {"advance": 600})
    assert found == [200, 503, 503, 200]


async def test_a_required_field_may_be_given(client: Client) -> None:
    await client.arm("required_field", {"entity": "customers"}, field="city")
    missing = await client.post("customers", {"displayName": "Juniper Hall"})
    assert missing.message.startswith("city must have a value in Customer: No.=.")
    made = await client.post("customers", {"displayName": "Juniper Hall", "city": "York"})
    assert made.status == 201
    path = f"customers({made.json['id']})"
    assert (await client.patch(path, {"email": "hall@juniper.example"})).status == 200
    assert (await client.patch(path, {"city": ""})).status == 400


async def test_without_a_card_people_still_get_in(client: Client) -> None:
    await client.arm("no_card")
    assert (await client.get("customers")).status == 200
    assert (await client.get("/_simulator/faults")).json["value"][0]["seen"] == 0


async def test_the_other_company_stays_open(client: Client) -> None:
    await client.arm("other_company", {"path": LTD})
    refused = await client.post("customers", {"displayName": "Juniper Hall"})
    assert "(TableData Customer Insert: Base Application)" in refused.message
    root = "/v2.0/Production/api/v2.0/companies"
    assert (await client.get(f"{root}({IRELAND})/customers")).status == 200
    assert (await client.get(root)).status == 200


async def test_faults_are_listed_and_cleared(client: Client) -> None:
    first = await client.arm("lock")
    await client.arm("truncate", count=3)
    listed = (await client.get("/_simulator/faults")).json["value"]
    assert [(fault["kind"], fault["left"]) for fault in listed] == [("lock", 1), ("truncate", 3)]
    assert (await client.send("DELETE", f"/_simulator/faults/{first}")).status == 204
    assert (await client.send("DELETE", f"/_simulator/faults/{first}")).status == 404
    assert (await client.send("DELETE", "/_simulator/faults")).status == 204
    assert (await client.get("/_simulator/faults")).json["value"] == []


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ([], "JSON object"),
        ({}, "kind of a fault is one of"),
        ({"kind": "explode"}, "kind of a fault is one of"),
        ({"kind": "lock", "colour": 1}, "'colour' does not belong"),
        ({"kind": "lock", "seconds": 1}, "'seconds' does not belong"),
        ({"kind": "lock", "match": {"host": "x"}}, "'host' does not belong to match"),
        ({"kind": "lock", "match": {"path": "("}}, "not a regular expression"),
        ({"kind": "lock", "match": {"nth": 0}}, "at least 1"),
        ({"kind": "lock", "count": True}, "'count' is a whole number"),
        ({"kind": "lock", "count": 0}, "at least 1"),
        ({"kind": "lock", "match": []}, "'match' is an object"),
        ({"kind": "lock", "match": {"nth": True}}, "'nth' is a whole number"),
        ({"kind": "lock", "match": {"probability": 0}}, "above 0, at most 1"),
        ({"kind": "lock", "match": {"seed": "x"}}, "'seed' is a whole number"),
        ({"kind": ["lock"]}, "kind of a fault is one of"),
        ({"kind": "maintenance", "from": "2026-03-02T12:00:00"}, "is a moment such as"),
        ({"kind": "maintenance", "until": "soon"}, "is a moment such as"),
        ({"kind": "delay"}, "needs seconds"),
        ({"kind": "delay", "seconds": -1}, "between 0 and 600"),
        ({"kind": "delay", "seconds": 1, "when": "later"}, "before or after"),
        ({"kind": "status"}, "needs status"),
        ({"kind": "status", "status": 99}, "between 200 and 599"),
        (
            {"kind": "status", "status": 503, "headers": {"Retry-After": 5}},
            "'headers' is an object of headers",
        ),
        *(
            (
                {"kind": "status", "status": 503, "headers": headers},
                "'headers' is an object of headers",
            )
            for headers in (
                {"X-Note": "a\r\nSet-Cookie: b"},
                {"X-Note": "a\nb"},
                {"X-Note": "a\0b"},
                {"X Note": "a"},
                {"X-Note:": "a"},
                {"X-Note\r\nY": "a"},
                {"": "a"},
                {"Content-Length": "7"},
                {"transfer-encoding": "chunked"},
            )
        ),
        ({"kind": "content_type", "type": "text/plain\r\nX: y"}, "'type' is a text of one line"),
        ({"kind": "lock", "match": {"path": "a{99999999999}"}}, "not a regular expression"),
        ({"kind": "value_not_taken", "fields": [1]}, "'fields' is a list of texts"),
    ],
)
def test_wrong_wishes_are_answered_in_sentences(wish: object, sentence: str) -> None:
    with pytest.raises(ControlError, match=sentence):
        Faults().arm(wish)


async def test_a_fault_of_an_entity_set_that_is_none_is_refused(client: Client) -> None:
    wish = {"kind": "lock", "match": {"entity": "salesOrderz"}}
    refused = await client.post("/_simulator/faults", wish)
    assert refused.status == 400
    sentence = "There is no entity set 'salesOrderz'. Did you mean 'salesOrders'?"
    assert refused.json == {"error": sentence}
    assert (await client.get("/_simulator/faults")).json["value"] == []
    await client.arm("lock", {"entity": "automationCompanies"})


EXAMPLES = [(kind.name, example.wish) for kind in MENU.values() for example in kind.examples]


@pytest.mark.parametrize(("kind", "wish"), EXAMPLES)
def test_every_example_of_the_menu_can_be_armed(kind: str, wish: dict[str, object]) -> None:
    fault = Faults().arm({"kind": kind, **wish})
    details = {name: value for name, value in wish.items() if name not in {"match", "count"}}
    assert fault.described.items() >= {"kind": kind, **details}.items()
