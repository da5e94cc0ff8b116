from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulator.client import LTD, Client, Reply

ITEMS = f"companies({LTD})/items"
TERMS = f"companies({LTD})/paymentTerms"
HERE = "--outer\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"


def get(url: str = f"{ITEMS}?$top=1", **more: object) -> dict[str, object]:
    return {"method": "GET", "url": url, **more}


def new(code: str, **more: object) -> dict[str, object]:
    body = {"code": code, "displayName": code}
    return {"method": "POST", "url": TERMS, "body": body, **more}


async def sent(client: Client, *requests: object, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.send("POST", f"{client.root}/$batch", {"requests": requests}, named)


async def statuses(client: Client, *requests: object, **headers: str) -> list[Any]:
    reply = await sent(client, *requests, **headers)
    assert reply.status == 200, reply.text
    return [one["status"] for one in reply.json["responses"]]


async def there(client: Client, code: str) -> bool:
    return bool((await client.get("paymentTerms", _filter=f"code eq '{code}'")).json["value"])


async def test_requests_are_answered_in_order_under_their_ids(client: Client) -> None:
    reply = await sent(client, get(id="b"), new("NEW", id="a"), get())
    assert [one["id"] for one in reply.json["responses"]] == ["b", "a", None]
    assert [one["status"] for one in reply.json["responses"]] == [200, 201, 200]
    assert "paymentTerms(" in reply.json["responses"][1]["headers"]["location"]
    assert reply.json["responses"][1]["body"]["code"] == "NEW"


async def test_it_stops_at_the_first_failure_unless_told_otherwise(client: Client) -> None:
    wrong = get(f"companies({LTD})/nothing")
    assert await statuses(client, new("KEPT"), wrong, get()) == [201, 404]
    assert await there(client, "KEPT")
    going_on = {"Prefer": "odata.continue-on-error"}
    assert await statuses(client, wrong, get(), **going_on) == [404, 200]


async def test_a_snapshot_takes_back_what_it_said_was_done(client: Client) -> None:
    wrong = get(f"companies({LTD})/nothing")
    reply = await sent(client, new("GONE"), wrong, Isolation="snapshot")
    done, failed = reply.json["responses"]
    assert (done["status"], done["body"]["code"], failed["status"]) == (201, "GONE", 404)
    assert not await there(client, "GONE")
    assert await statuses(client, new("STAYS"), OData_Isolation="snapshot") == [201]
    assert await there(client, "STAYS")


async def test_a_group_of_changes_is_done_as_a_whole(client: Client) -> None:
    group = {"atomicityGroup": "g"}
    twice = [new("ONCE", id="1", **group), new("ONCE", id="2", **group)]
    reply = await sent(client, *twice)
    (failed,) = reply.json["responses"]
    assert (failed["id"], failed["status"]) == ("2", 400)
    assert not await there(client, "ONCE")


async def test_what_depends_on_a_failure_is_not_tried(client: Client) -> None:
    wrong = get(f"companies({LTD})/nothing", id="a")
    after = new("AFTER", id="b", dependsOn=["a"])
    going_on = {"Prefer": "odata.continue-on-error"}
    assert await statuses(client, wrong, after, **going_on) == [404, 424]
    assert not await there(client, "AFTER")
    assert (await sent(client, new("X", id="b", dependsOn=["c"]))).status == 400


@pytest.mark.parametrize("start", ["", "/v2.0/Production/api/v2.0/", "{root}/"])
async def test_addresses_of_all_kinds(client: Client, start: str) -> None:
    start = start.replace("{root}", client.root)
    assert await statuses(client, get(f"{start}{ITEMS}?$top=1")) == [200]


async def test_the_company_in_a_header_and_wrong_addresses(client: Client) -> None:
    assert await statuses(client, get("items?$top=1", headers={"Company": LTD})) == [200]
    body = {"requests": [get("items?$top=1")]}
    named = await client.send("POST", f"{client.root}/$batch?company={LTD}", body)
    assert named.json["responses"][0]["status"] == 200
    assert await statuses(client, get("/elsewhere/items")) == [404]
    assert await statuses(client, get("$batch")) == [400]


async def test_more_than_a_hundred_are_too_many(client: Client) -> None:
    assert len(await statuses(client, *[get()] * 100)) == 100
    many = await sent(client, *[get()] * 101)
    assert (many.status, many.code) == (500, "Unknown")
    assert "A maximum number of '100'" in many.message


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests": 1},
        {"requests": [1]},
        {"requests": [{"method": "GET"}]},
        {"requests": [{"method": "GET", "url": "items", "headers": 1}]},
        {"requests": [{"method": "GET", "url": "items", "dependsOn": "a"}]},
    ],
)
async def test_what_is_no_batch(client: Client, body: object) -> None:
    reply = await client.send("POST", f"{client.root}/$batch", body)
    assert (reply.status, reply.code) == (400, "BadRequest")
    assert (await client.send("GET", f"{client.root}/$batch")).status == 405


async def multipart(client: Client, text: str, **headers: str) -> Reply:
    kind = {"Content-Type": "multipart/mixed; boundary=outer", **headers}
    return await client.send("POST", f"{client.root}/$batch", text.encode(), kind)


CHANGES = (
    "--outer\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n"
    "--inner\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    "Content-ID: 7\r\n\r\n"
    f"POST {TERMS} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"
    '{"code": "MULTI", "displayName": "Ünder"}\r\n--inner--\r\n'
)


async def test_multipart_is_answered_as_multipart(client: Client) -> None:
    text = f"{HERE}\r\nGET {ITEMS}?$top=1 HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n{CHANGES}--outer--"
    reply = await multipart(client, text)
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert reply.text.count("HTTP/1.1 ") == 2
    assert "HTTP/1.1 200 OK" in reply.text
    assert "boundary=changesetresponse_" in reply.text
    assert "Content-ID: 7\r\n\r\nHTTP/1.1 201 Created" in reply.text
    assert "Ünder" in reply.text


async def test_multipart_is_answered_as_json_to_who_accepts_it(client: Client) -> None:
    reply = await multipart(client, f"{CHANGES}--outer--", Accept="application/json")
    (one,) = reply.json["responses"]
    assert (one["id"], one["status"], one["body"]["code"]) == ("7", 201, "MULTI")


async def test_multipart_that_is_none(client: Client) -> None:
    for text in ("nothing", f"{HERE}\r\nGET\r\n\r\n--outer--", "--outer\r\n\r\nx\r\n--outer--"):
        assert (await multipart(client, text)).status == 400
    other = await client.send("POST", f"{client.root}/$batch", b"x", {"Content-Type": "text/plain"})
    assert other.status == 415


async def test_faults_strike_the_requests_of_a_batch_one_by_one(client: Client) -> None:
    await client.arm("lock", {"entity": "paymentTerms", "nth": 2})
    await client.arm("filter_ignored", {"entity": "items"})
    filtered = get(f"{ITEMS}?$filter=number eq '1896-S'")
    going_on = {"Prefer": "odata.continue-on-error"}
    reply = await sent(client, new("ONE"), new("TWO"), new("THREE"), filtered, **going_on)
    assert [one["status"] for one in reply.json["responses"]] == [201, 409, 201, 200]
    assert len(reply.json["responses"][3]["body"]["value"]) == 9
    assert not await there(client, "TWO")
    await client.arm("value_not_taken", fields=["displayName"])
    reply = await sent(client, new("SIX"))
    assert reply.json["responses"][0]["body"]["displayName"] == ""
    await client.arm("late_commit", seconds=10)
    await sent(client, new("SEVEN"))
    assert not await there(client, "SEVEN")
    await client.arm("delay", {"method": "POST"}, seconds=0.01, count=5)
    await statuses(client, new("FOUR"), new("FIVE"))
    assert (await client.get("/_simulator/faults")).json["value"][-1]["struck"] == 1
