from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulator.client import LTD, Client, Reply

ITEMS = f"companies({LTD})/items"
TERMS = f"companies({LTD})/paymentTerms"
JSON = "application/json"
HERE = "--outer\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"


def get(url: str = f"{ITEMS}?$top=1", **more: object) -> dict[str, object]:
    return {"method": "GET", "url": url, **more}


def new(code: str, **more: object) -> dict[str, object]:
    body = {"code": code, "displayName": code}
    return {"method": "POST", "url": TERMS, "body": body, **more}


async def sent(client: Client, *requests: object, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in ({"Accept": JSON} | headers).items()}
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


async def test_posting_commits_what_a_snapshot_then_can_not_take_back(client: Client) -> None:
    line = {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 1}
    body = {"customerNumber": "10000", "salesInvoiceLines": [line]}
    invoice = (await client.post("salesInvoices", body)).json["id"]
    url = f"companies({LTD})/salesInvoices({invoice})/Microsoft.NAV.post"
    requests = new("BEFORE"), {"method": "POST", "url": url}, new("AFTER"), new("AFTER")
    reply = await sent(client, *requests, Isolation="snapshot")
    assert [one["status"] for one in reply.json["responses"]] == [201, 204, 201, 400]
    assert (await client.get(f"salesInvoices({invoice})")).json["status"] == "Open"
    assert [await there(client, code) for code in ("BEFORE", "AFTER")] == [True, False]


async def test_several_changes_can_not_be_a_group(client: Client) -> None:
    alone = new("ALONE", id="1", atomicityGroup="g")
    assert await statuses(client, alone) == [201]
    refused = await sent(client, new("NOT"), new("ONE", atomicityGroup="g"), alone)
    assert (refused.status, refused.code) == (500, "Unknown")
    assert "Multiple requests within the same change set are not supported" in refused.message
    assert not await there(client, "NOT")


async def test_what_depends_on_a_failure_is_not_tried(client: Client) -> None:
    going_on = {"Prefer": "odata.continue-on-error"}
    for name in ({"id": "a"}, {"atomicityGroup": "a"}):
        wrong = {**get(f"companies({LTD})/nothing"), **name}
        after = new("AFTER", id="b", dependsOn=["a"])
        assert await statuses(client, wrong, after, **going_on) == [404, 424]
    assert not await there(client, "AFTER")


async def test_ids_that_can_not_be(client: Client) -> None:
    for wrong in (get(id="b", dependsOn=["c"]), get(id="a")):
        reply = await sent(client, new("FIRST", id="a"), wrong)
        assert (reply.status, reply.code) == (400, "BadRequest")
    assert not await there(client, "FIRST")


async def test_the_preference_to_go_on_may_be_refused(client: Client) -> None:
    wrong = get(f"companies({LTD})/nothing")
    stopping = {"Prefer": "odata.continue-on-error=false"}
    assert await statuses(client, wrong, get(), **stopping) == [404]
    assert await statuses(client, wrong, get(), Prefer="continue-on-error=true") == [404, 200]


async def test_headers_of_the_parts(client: Client) -> None:
    made = (await client.post("paymentTerms", {"code": "GOES", "displayName": "x"})).json["id"]
    gone = {"method": "DELETE", "url": f"{TERMS}({made})"}
    reply = await sent(client, get(headers={"Prefer": "odata.maxpagesize=1"}), gone)
    read, removed = reply.json["responses"]
    assert read["headers"] == {
        "content-type": "application/json; odata.metadata=minimal; odata.streaming=true",
        "odata-version": "4.0",
        "preference-applied": "odata.maxpagesize=1",
    }
    assert (removed["status"], removed["headers"]) == (204, {})


async def test_a_next_link_is_encoded_where_the_address_was_not(client: Client) -> None:
    url = f"{ITEMS}?$select=number&$filter=unitPrice gt 1"
    reply = await sent(client, get(url, headers={"Prefer": "odata.maxpagesize=1"}))
    link = reply.json["responses"][0]["body"]["@odata.nextLink"]
    assert "$filter=unitPrice%20gt%201&aid=FIN" in link
    assert (await client.send("GET", link)).status == 200


async def test_answers_as_addresses_are_not_simulated(client: Client) -> None:
    body = {"customerNumber": "10000"}
    order = {"method": "POST", "url": f"companies({LTD})/salesOrders", "id": "1", "body": body}
    assert await statuses(client, order, get("$1/salesOrderLines")) == [201, 501]


@pytest.mark.parametrize("start", ["", "/v2.0/Production/api/v2.0/", "{root}/"])
async def test_addresses_of_all_kinds(client: Client, start: str) -> None:
    start = start.replace("{root}", client.root)
    assert await statuses(client, get(f"{start}{ITEMS}?$top=1")) == [200]


async def test_the_company_in_a_header_and_wrong_addresses(client: Client) -> None:
    assert await statuses(client, get("items?$top=1", headers={"Company": LTD})) == [200]
    body = {"requests": [get("items?$top=1")]}
    url = f"{client.root}/$batch?company={LTD}"
    named = await client.send("POST", url, body, {"Accept": JSON})
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
    assert reply.text.count("OData-Version: 4.0") == 2
    assert "HTTP/1.1 200 OK" in reply.text
    assert "boundary=changesetresponse_" in reply.text
    assert "Content-ID: 7\r\n\r\nHTTP/1.1 201 Created" in reply.text
    assert "Ünder" in reply.text


async def test_multipart_is_answered_as_json_to_who_accepts_it(client: Client) -> None:
    reply = await multipart(client, f"{CHANGES}--outer--", Accept="application/json")
    (one,) = reply.json["responses"]
    assert (one["id"], one["status"], one["body"]["code"]) == ("7", 201, "MULTI")


async def test_json_is_answered_as_multipart_to_who_does_not_accept_it(client: Client) -> None:
    body = {"requests": [get(), new("MIXED", id="a")]}
    reply = await client.send("POST", f"{client.root}/$batch", body)
    assert reply.headers["Content-Type"].startswith("multipart/mixed")
    assert "Content-ID: a\r\n\r\nHTTP/1.1 201 Created" in reply.text


async def test_bytes_in_multipart_stay_as_they_are(client: Client) -> None:
    item = (await client.one("items", "number", "1896-S"))["id"]
    image, url = bytes(range(256)) + b"\r\n\r\n", f"items({item})/picture/pictureContent"
    head = (
        f"{HERE}\r\nPATCH companies({LTD})/{url} HTTP/1.1\r\nContent-Length: {len(image)}\r\n"
        "Content-Type: application/octet-stream\r\nIf-Match: *\r\n\r\n"
    )
    kind = {"Content-Type": "multipart/mixed; boundary=outer", "Accept": JSON}
    data = head.encode() + image + b"\r\n--outer--\r\n"
    reply = await client.send("POST", f"{client.root}/$batch", data, kind)
    assert [one["status"] for one in reply.json["responses"]] == [204]
    asked = {"Authorization": f"Bearer {client.token}"}
    async with client.session.get(client.url(url), headers=asked) as answer:
        assert await answer.read() == image


async def test_lines_of_requests_in_multipart(client: Client) -> None:
    spaces = f"GET {ITEMS}?$filter=number eq '1896-S' HTTP/1.1"
    reply = await multipart(client, f"{HERE}\r\n{spaces}\r\n\r\n--outer--", Accept=JSON)
    assert len(reply.json["responses"][0]["body"]["value"]) == 1
    for line in ("GET", f"GET {ITEMS}", f"GET {ITEMS} HTTP/3"):
        assert (await multipart(client, f"{HERE}\r\n{line}\r\n\r\n--outer--")).status == 400


async def test_multipart_that_is_none(client: Client) -> None:
    for text in ("nothing", "--outer\r\n\r\nx\r\n--outer--"):
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


async def test_what_a_snapshot_took_back_is_nothing_else_later(client: Client) -> None:
    wrong = get(f"companies({LTD})/nothing")
    reply = await sent(client, new("GONE"), wrong, Isolation="snapshot")
    gone = reply.json["responses"][0]["body"]
    made = (await client.post("paymentTerms", {"code": "NEXT"})).json
    assert made["id"] != gone["id"]
    assert made["@odata.etag"] != gone["@odata.etag"]


async def test_an_id_is_no_way_to_further_headers(client: Client) -> None:
    asked = [{"id": "1\r\nX: y", "method": "GET", "url": "companies"}]
    reply = await client.send("POST", f"{client.root}/$batch", {"requests": asked})
    assert (reply.status, reply.code) == (400, "BadRequest")
