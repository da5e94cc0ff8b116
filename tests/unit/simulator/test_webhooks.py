from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ServerDisconnectedError, web

from gateway.simulator import Clock, run_simulator
from gateway.simulator.tls import make_tls
from tests.unit.simulator.client import LTD, Client, Reply, sign_in, signed_in

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CUSTOMERS = f"/api/v2.0/companies({LTD})/customers"


async def eventually(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is true that the simulator does by itself."""
    async with asyncio.timeout(5):
        while not await true():  # noqa: ASYNC110 - nothing tells us but asking
            await asyncio.sleep(0.005)


@dataclass(slots=True)
class Receiver:
    """Somebody who is told. ``answers`` are the statuses it gives, the last one for ever."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [200])
    tokens: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    proof: Callable[[str], str] = field(default=lambda token: token)
    silent: asyncio.Event | None = None  # it answers nothing until this is set
    elsewhere: str = ""  # where it sends everybody

    async def take(self, request: web.Request) -> web.Response:
        token = request.query.get("validationToken")
        if token is not None:
            self.tokens.append(token)
        if self.elsewhere:
            raise web.HTTPTemporaryRedirect(self.elsewhere)
        if self.silent is not None and (token is not None or not self.bodies):
            if token is None:
                self.bodies.append(await request.json())
            await self.silent.wait()
        if token is not None:
            return web.Response(text=self.proof(token))
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        return web.Response(
            status=self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        )

    async def told(self, count: int = 1) -> list[dict[str, Any]]:
        """What was told, once there were ``count`` letters."""

        async def enough() -> bool:
            return len(self.bodies) >= count

        await eventually(enough)
        notifications: list[dict[str, Any]] = self.bodies[count - 1]["value"]
        return notifications


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    scheme = "https" if tls else "http"
    receiver.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of a simulator whose clock stands still until it is moved."""
    async with run_simulator(clock=Clock(lambda: NOON)) as running, signed_in(running) as signed:
        yield signed


async def subscribe(client: Client, url: str, resource: str = CUSTOMERS, **more: object) -> Reply:
    body = {"notificationUrl": url, "resource": resource, **more}
    return await client.send("POST", f"{client.root}/subscriptions", body)


async def advance(client: Client, seconds: float) -> None:
    assert (await client.post("/_simulator/clock", {"advance": seconds})).status == 200


async def has(client: Client, count: int) -> bool:
    return len(await listed(client)) == count


async def listed(client: Client) -> list[str]:
    client.token = (await sign_in(client))["access_token"]  # whatever the clock says by now
    reply = await client.send("GET", f"{client.root}/subscriptions")
    return [one["subscriptionId"] for one in reply.json["value"]]


async def test_an_address_proves_itself_and_is_told_after_thirty_seconds(
    client: Client, receiver: Receiver
) -> None:
    made = await subscribe(client, receiver.url, clientState="secret")
    assert made.status == 201
    assert len(receiver.tokens) == 1
    known = made.json
    assert (known["clientState"], known["expirationDateTime"]) == ("secret", "2026-03-05T12:00:00Z")
    assert f"subscriptions('{known['subscriptionId']}')" in made.headers["Location"]
    customer = (await client.post("customers", {"displayName": "Ashby"})).json["id"]
    await client.patch(f"customers({customer})", {"city": "Leeds"})
    await advance(client, 29)
    assert receiver.bodies == []
    await advance(client, 1)
    assert await receiver.told() == [
        {
            "subscriptionId": known["subscriptionId"],
            "clientState": "secret",
            "expirationDateTime": known["expirationDateTime"],
            "resource": f"api/v2.0/companies({LTD})/customers({customer})",
            "changeType": "created",
            "lastModifiedDateTime": "2026-03-02T12:00:00Z",
        }
    ]
    assert {"clientRequestId", "x-ms-correlation-id"} <= set(receiver.headers[0])


async def test_several_subscriptions_of_one_address_come_in_one_letter(
    client: Client, receiver: Receiver
) -> None:
    items = CUSTOMERS.replace("customers", "items")
    for resource in (CUSTOMERS, items, f"companies({LTD})/vendors", client.root + items[9:]):
        assert (await subscribe(client, receiver.url, resource)).status == 201
    customer = await client.one("customers", "number", "20000")
    await client.patch(f"customers({customer['id']})", {"city": "Leeds"})
    await client.post("items", {"displayName": "Stool"})
    await advance(client, 30)
    kinds = [
        (one["changeType"], one["resource"].split("/")[-1][:5]) for one in await receiver.told()
    ]
    assert sorted(kinds) == [("created", "items"), ("created", "items"), ("updated", "custo")]
    assert len(receiver.bodies) == 1


async def test_what_entries_come_to_is_no_change_of_its_record(
    client: Client, receiver: Receiver
) -> None:
    line = {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 1, "unitPrice": 100}
    body = {"customerNumber": "10000", "salesInvoiceLines": [line]}
    invoice = (await client.post("salesInvoices", body)).json["id"]
    bank = (await client.one("accounts", "number", "10100"))["id"]
    batch = {"code": "PAY", "balancingAccountId": bank}
    journal = (await client.post("customerPaymentJournals", batch)).json["id"]
    for name in ("customers", "accounts", "salesInvoices"):
        await subscribe(client, receiver.url, CUSTOMERS.replace("customers", name))

    async def told(count: int, path: str) -> list[str]:
        assert (await client.post(f"{path}/Microsoft.NAV.post", {})).status == 204
        await client.patch(f"customers({other['id']})", {"city": f"Leeds {count}"})
        await advance(client, 30)
        return sorted(one["resource"].partition(")/")[2] for one in await receiver.told(count))

    async def pay(amount: int) -> None:
        payment = {"customerNumber": "10000", "documentNumber": f"P{amount}", "amount": -amount}
        path = f"customerPaymentJournals({journal})/customerPayments"
        assert (await client.post(path, payment | {"appliesToInvoiceId": invoice})).status == 201

    other = await client.one("customers", "number", "20000")
    customer, document = f"customers({other['id']})", f"salesInvoices({invoice})"
    assert await told(1, document) == [customer, document]
    await pay(20)
    assert await told(2, f"journals({journal})") == [customer]
    await pay(100)
    assert await told(3, f"journals({journal})") == [customer, document]


async def test_a_picture_is_a_change_of_whom_it_shows(client: Client, receiver: Receiver) -> None:
    item = await client.one("items", "number", "1896-S")
    path = f"items({item['id']})/picture"
    await subscribe(client, receiver.url, CUSTOMERS.replace("customers", "items"))
    raw = {"If-Match": "*", "Content-Type": "application/octet-stream"}
    for count, (method, tail, body) in enumerate(
        (("PATCH", "/pictureContent", b"GIF8"), ("DELETE", "", None)), 1
    ):
        before = (await client.get(f"items({item['id']})")).json
        await advance(client, 60)
        assert (await client.send(method, path + tail, body, raw)).status == 204
        after = (await client.get(f"items({item['id']})")).json
        assert after["lastModifiedDateTime"] > before["lastModifiedDateTime"]
        assert after["@odata.etag"] != before["@odata.etag"]
        await advance(client, 30)
        (told,) = await receiver.told(count)
        assert (told["changeType"], item["id"] in told["resource"]) == ("updated", True)


async def test_a_line_is_told_as_a_change_of_its_header(client: Client, receiver: Receiver) -> None:
    order = (await client.post("salesOrders", {"customerNumber": "10000"})).json["id"]
    await subscribe(client, receiver.url, CUSTOMERS.replace("customers", "salesOrders"))
    line = {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 1}
    await client.post(f"salesOrders({order})/salesOrderLines", line)
    await advance(client, 30)
    assert [one["changeType"] for one in await receiver.told()] == ["updated"]
    refused = await subscribe(
        client, receiver.url, CUSTOMERS.replace("customers", "salesOrderLines")
    )
    assert "does not support notifications" in refused.message


async def test_what_comes_and_goes_in_a_window(client: Client, receiver: Receiver) -> None:
    await subscribe(client, receiver.url)
    gone = (await client.post("customers", {"displayName": "Gone"})).json["id"]
    await client.send("DELETE", f"customers({gone})")
    await client.post("customers", {"displayName": "Stays"})
    await advance(client, 30)
    (one,) = await receiver.told()
    assert one["changeType"] == "created"
    deleted = one["resource"].split("/")[-1]
    await client.send("DELETE", deleted)
    await advance(client, 30)
    assert [one["changeType"] for one in await receiver.told(2)] == ["deleted"]


async def test_many_changes_are_told_as_one(client: Client, receiver: Receiver) -> None:
    await subscribe(client, receiver.url, CUSTOMERS.replace("customers", "vendors"))
    rows = [{"number": f"W{at}", "displayName": "x"} for at in range(1001)]
    body = {"company": "Harwick Distributors Ltd", "entity": "vendors", "rows": rows}
    assert (await client.post("/_simulator/records", body)).status < 300
    await advance(client, 30)
    (one,) = await receiver.told()
    assert one["changeType"] == "collection"
    assert one["resource"].endswith(
        "vendors?$filter=lastModifiedDateTime%20gt%202026-03-02T11:59:59.95Z"
    )


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_who_is_busy_is_told_again(client: Client, receiver: Receiver, status: int) -> None:
    receiver.answers = [status, 204]
    await subscribe(client, receiver.url)
    await client.post("customers", {"displayName": "Ashby"})
    await advance(client, 30)
    first = await receiver.told()
    await advance(client, 59)
    assert len(receiver.bodies) == 1
    await advance(client, 1)
    assert await receiver.told(2) == first
    sent: list[dict[str, Any]] = []
    while len(sent) < 2:  # the receiver knows of a letter before its sender notes the answer
        sent = (await client.get("/_simulator/webhooks")).json["sent"]
    assert [one["status"] for one in sent] == [status, 204]


async def test_a_subscription_dies_of_too_many_failures(client: Client, receiver: Receiver) -> None:
    receiver.answers = [500]
    await subscribe(client, receiver.url)
    await client.post("customers", {"displayName": "Ashby"})
    for at, minutes in enumerate((0.5, 1, 1, 10, 100, 1000), 1):
        assert len(await listed(client)) == 1
        await advance(client, minutes * 60)
        await receiver.told(at)
    await eventually(lambda: has(client, 0))


async def test_a_refusal_ends_every_subscription_of_the_address(
    client: Client, receiver: Receiver
) -> None:
    receiver.answers = [404]
    await subscribe(client, receiver.url)
    await subscribe(client, receiver.url, CUSTOMERS.replace("customers", "items"))
    async with receiving() as other:
        await subscribe(client, other.url)
        await client.post("customers", {"displayName": "Ashby"})
        await advance(client, 30)
        await receiver.told()
        await other.told()
        await eventually(lambda: has(client, 1))


async def test_three_days_and_their_renewal(client: Client, receiver: Receiver) -> None:
    made = (await subscribe(client, receiver.url)).json
    path = f"{client.root}/subscriptions('{made['subscriptionId']}')"
    await advance(client, 2 * 86_400)
    client.token = (await sign_in(client))["access_token"]
    stale = await client.send("PATCH", path, {}, {"If-Match": 'W/"b2xk"'})
    assert stale.code == "Request_EntityChanged"
    renewed = await client.send("PATCH", path, {}, {"If-Match": made["@odata.etag"]})
    assert renewed.json["expirationDateTime"] == "2026-03-07T12:00:00Z"
    assert made["systemCreatedAt"] == "2026-03-02T12:00:00Z" == renewed.json["systemCreatedAt"]
    assert len(receiver.tokens) == 2, "asked again for the renewal, not for one that is refused"
    await advance(client, 3 * 86_400)
    assert await listed(client) == []
    assert (await client.send("GET", path)).status == 404


async def test_deleting_one(client: Client, receiver: Receiver) -> None:
    made = (await subscribe(client, receiver.url)).json
    path = f"{client.root}/subscriptions('{made['subscriptionId']}')"
    assert (await client.send("GET", path)).json["resource"] == CUSTOMERS
    assert (await client.send("DELETE", path, None, {"If-Match": "*"})).status == 204
    assert await listed(client) == []


async def test_addresses_that_do_not_prove_themselves(client: Client, receiver: Receiver) -> None:
    receiver.proof = lambda _: "something else"
    wrong = await subscribe(client, receiver.url)
    assert "did not answer 200 with the token" in wrong.message
    for url in ("http://127.0.0.1:1/hook", "http://127.0.0.1:9/hook"):
        assert "nothing answers there" in (await subscribe(client, url)).message
    for url in ("https://hooks.example/x", "ftp://127.0.0.1/x", "nothing", "http://[::1"):
        assert "only notifies addresses on this machine" in (await subscribe(client, url)).message
    assert (await subscribe(client, "")).code == "BadRequest_RequiredParamNotProvided"
    receiver.proof = lambda token: token
    too_long = await subscribe(client, receiver.url, clientState="x" * 2049)
    assert too_long.code == "Application_StringExceededLength"


async def test_delivery_on_request(client: Client, receiver: Receiver) -> None:
    await subscribe(client, receiver.url)
    await client.post("customers", {"displayName": "Ashby"})
    waiting = (await client.get("/_simulator/webhooks")).json["waiting"]
    assert [(one["changes"], one["due"]) for one in waiting] == [(1, "2026-03-02T12:00:30Z")]
    assert (await client.send("POST", "/_simulator/webhooks/deliver")).json == {"delivered": 1}
    assert len(await receiver.told()) == 1
    assert (await client.send("POST", "/_simulator/webhooks/all")).status == 404


async def test_a_clock_that_is_set_tells_as_well(client: Client, receiver: Receiver) -> None:
    await subscribe(client, receiver.url)
    await client.post("customers", {"displayName": "Juniper Hall"})
    reply = await client.post("/_simulator/clock", {"set": "2026-03-02T12:01:00Z", "stands": True})
    assert reply.status == 200
    assert [one["changeType"] for one in await receiver.told()] == ["created"]


async def test_a_deleted_environment_tells_nobody(client: Client, receiver: Receiver) -> None:
    await subscribe(client, receiver.url)
    await client.post("customers", {"displayName": "Juniper Hall"})
    assert len((await client.get("/_simulator/webhooks")).json["waiting"]) == 1
    await client.send("DELETE", "/_simulator/environments/Production")
    assert (await client.get("/_simulator/webhooks")).json["waiting"] == []


async def test_subscriptions_and_what_waits_outlast_a_kept_simulator(
    receiver: Receiver, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"clock": Clock(lambda: NOON), "state_file": tmp_path / "state.json"}
    async with run_simulator(**options) as running, signed_in(running) as client:
        made = (await subscribe(client, receiver.url, clientState="secret")).json
        await client.post("customers", {"displayName": "Juniper Hall"})
    async with run_simulator(**options) as running, signed_in(running) as client:
        assert await listed(client) == [made["subscriptionId"]]
        await advance(client, 30)
        (told,) = await receiver.told()
        assert (told["clientState"], told["changeType"]) == ("secret", "created")
        path = f"{client.root}/subscriptions('{made['subscriptionId']}')"
        renewed = await client.send("PATCH", path, {}, {"If-Match": "*"})
        assert renewed.json["expirationDateTime"] == "2026-03-05T12:00:30Z"


async def test_nobody_is_asked_for_what_is_refused_anyhow(
    client: Client, receiver: Receiver
) -> None:
    refused = await subscribe(client, receiver.url, CUSTOMERS.replace("customers", "pictures"))
    assert "does not support notifications" in refused.message
    nowhere = await subscribe(client, receiver.url, CUSTOMERS.replace(LTD, LTD.replace("c", "d")))
    assert nowhere.code == "Internal_CompanyNotFound"
    token, client.token = client.token, "none"
    assert (await subscribe(client, receiver.url)).status == 401
    client.token = token
    path = f"{client.root}/subscriptions('{'0' * 32}')"
    unknown = await client.send("PATCH", path, {"notificationUrl": receiver.url}, {"If-Match": "*"})
    assert unknown.status == 404
    assert receiver.tokens == []


async def test_a_batch_is_no_way_around_the_proof(client: Client, receiver: Receiver) -> None:
    body = {"notificationUrl": receiver.url, "resource": CUSTOMERS}
    part = {"id": "1", "method": "POST", "url": "subscriptions", "body": body}
    part["headers"] = {"Content-Type": "application/json"}
    headers = {"Accept": "application/json"}
    answer = await client.send("POST", f"{client.root}/$batch", {"requests": [part]}, headers)
    assert [one["status"] for one in answer.json["responses"]] == [501]
    assert (receiver.tokens, await listed(client)) == ([], [])


async def test_a_renewal_is_checked_as_a_subscription_is(
    client: Client, receiver: Receiver
) -> None:
    made = (await subscribe(client, receiver.url)).json
    path = f"{client.root}/subscriptions('{made['subscriptionId']}')"
    for body, said in (
        ({"notificationUrl": "https://hooks.example/x"}, "only notifies addresses on this machine"),
        ({"notificationUrl": ""}, "must not be blank"),
        ({"clientState": "x" * 2049}, "length of the string"),
        ({"clientState": 7}, "Cannot convert"),
        ({"resource": CUSTOMERS.replace("customers", "items")}, "cannot be changed"),
    ):
        refused = await client.send("PATCH", path, body, {"If-Match": "*"})
        assert (refused.status, said in refused.message) == (400, True), refused.text
    assert len(receiver.tokens) == 1
    assert (await client.send("GET", path)).json["notificationUrl"] == receiver.url
    receiver.proof = lambda _: "gone"
    refused = await client.send("PATCH", path, {}, {"If-Match": "*"})
    assert "could not be validated" in refused.message
    assert (await client.send("GET", path)).json["@odata.etag"] == made["@odata.etag"]


async def test_no_redirection_is_followed(client: Client, receiver: Receiver) -> None:
    async with receiving() as other:
        receiver.elsewhere = other.url
        refused = await subscribe(client, receiver.url)
        assert "did not answer 200 with the token" in refused.message
        receiver.elsewhere = ""
        await subscribe(client, receiver.url)
        receiver.elsewhere = other.url
        await client.post("customers", {"displayName": "Ashby"})
        await advance(client, 30)
        await eventually(lambda: has(client, 0))
        assert (other.tokens, other.bodies) == ([], [])


async def test_silence_is_measured_by_the_clock(client: Client, receiver: Receiver) -> None:
    receiver.silent = asyncio.Event()
    asking = asyncio.create_task(subscribe(client, receiver.url))

    async def asked() -> bool:
        return bool(receiver.tokens)

    await eventually(asked)
    await advance(client, 5)
    assert "did not answer within five seconds" in (await asking).message
    receiver.silent.set()
    await subscribe(client, receiver.url)
    receiver.silent.clear()
    async with receiving() as other:
        await subscribe(client, other.url)
        await client.post("customers", {"displayName": "Ashby"})
        await advance(client, 30)
        first = await receiver.told()
        await other.told()  # who answers does not wait for who does not
        await advance(client, 30)

        async def tried() -> bool:
            return bool((await client.get("/_simulator/webhooks")).json["retried"])

        await eventually(tried)
        await advance(client, 60)
        assert await receiver.told(2) == first
    receiver.silent.set()


async def test_it_goes_out_in_real_time_too(receiver: Receiver) -> None:
    async with run_simulator() as running, signed_in(running) as client:
        await subscribe(client, receiver.url)
        await client.post("customers", {"displayName": "Ashby"})
        await advance(client, 29.9)
        assert receiver.bodies == []
        assert len(await receiver.told()) == 1  # nobody moves the clock for the rest


async def test_each_record_is_told_with_its_own_last_moment(
    client: Client, receiver: Receiver
) -> None:
    await subscribe(client, receiver.url)
    for seconds, number in ((3, "10000"), (4, "20000"), (5, "10000")):
        customer = await client.one("customers", "number", number)
        await client.patch(f"customers({customer['id']})", {"city": f"Leeds {seconds}"})
        await advance(client, seconds)
    await advance(client, 30)
    moments = [one["lastModifiedDateTime"] for one in await receiver.told()]
    assert moments == ["2026-03-02T12:00:07Z", "2026-03-02T12:00:03Z"]


async def test_an_update_that_changes_nothing_is_not_told(
    client: Client, receiver: Receiver
) -> None:
    await subscribe(client, receiver.url)
    customer = await client.one("customers", "number", "20000")
    same = await client.patch(f"customers({customer['id']})", {"city": customer["city"]})
    assert same.status == 200
    assert (await client.get("/_simulator/webhooks")).json["waiting"] == []
    await client.patch(f"customers({customer['id']})", {"city": "Leeds"})
    assert len((await client.get("/_simulator/webhooks")).json["waiting"]) == 1


async def test_a_line_without_an_amount_is_a_change_of_its_header(
    client: Client, receiver: Receiver
) -> None:
    order = (await client.post("salesOrders", {"customerNumber": "10000"})).json["id"]
    lines = f"salesOrders({order})/salesOrderLines"
    await subscribe(client, receiver.url, CUSTOMERS.replace("customers", "salesOrders"))
    made = await client.post(lines, {"lineType": "Comment", "description": "Ring twice"})
    await advance(client, 30)
    assert [one["changeType"] for one in await receiver.told()] == ["updated"]
    await client.patch(f"{lines}({made.json['id']})", {"description": "Ring once"})
    await advance(client, 30)
    assert [one["changeType"] for one in await receiver.told(2)] == ["updated"]
    await client.send("DELETE", f"salesOrders({order})")
    await advance(client, 30)
    assert [one["changeType"] for one in await receiver.told(3)] == ["deleted"]


async def test_what_is_told_at_once_says_when_it_began(client: Client, receiver: Receiver) -> None:
    await subscribe(client, receiver.url)
    rows = [{"number": f"W{at}", "displayName": "x"} for at in range(1001)]
    for advance_by in (0, 7):
        await client.post("/_simulator/clock", {"advance": advance_by})
        body = {"company": LTD, "entity": "customers", "rows": rows}
        assert (await client.post("/_simulator/records", body)).status == 201
        rows = [{"number": "LATE", "displayName": "x"}]
    assert (await client.post("/_simulator/webhooks/deliver", None)).status == 200
    (one,) = await receiver.told()
    assert one["resource"].endswith("gt%202026-03-02T11:59:59.95Z")


async def test_a_collection_without_moments_or_with_a_delete_has_no_filter(
    client: Client, receiver: Receiver
) -> None:
    vendors = CUSTOMERS.replace("customers", "vendors")
    statuses = CUSTOMERS.replace("customers", "disputeStatus")
    gone = await client.one("vendors", "number", "V00030")
    async with receiving() as other:
        await subscribe(client, receiver.url, vendors)
        await subscribe(client, other.url, statuses)
        for entity in ("vendors", "disputeStatus"):
            key = "number" if entity == "vendors" else "code"
            rows = [{key: f"W{at}", "displayName": "x"} for at in range(1001)]
            body = {"company": LTD, "entity": entity, "rows": rows}
            assert (await client.post("/_simulator/records", body)).status < 300
        assert (await client.send("DELETE", f"vendors({gone['id']})")).status == 204
        await advance(client, 30)
        told = [*await receiver.told(), *await other.told()]
    assert [(one["changeType"], one["resource"]) for one in told] == [
        ("collection", vendors.removeprefix("/")),
        ("collection", statuses.removeprefix("/")),
    ]


async def test_who_has_left_is_not_told_again(client: Client, receiver: Receiver) -> None:
    receiver.answers = [503]
    made = (await subscribe(client, receiver.url)).json
    other = (await subscribe(client, receiver.url, clientState="before")).json
    await client.post("customers", {"displayName": "Ashby"})
    await advance(client, 30)
    assert len(await receiver.told()) == 2

    async def tried() -> bool:
        return bool((await client.get("/_simulator/webhooks")).json["retried"])

    await eventually(tried)
    for one, method, body in ((made, "DELETE", None), (other, "PATCH", {"clientState": "after"})):
        path = f"{client.root}/subscriptions('{one['subscriptionId']}')"
        assert (await client.send(method, path, body, {"If-Match": "*"})).status < 300
    await advance(client, 60)
    again = await receiver.told(2)
    assert [(one["subscriptionId"], one["clientState"]) for one in again] == [
        (other["subscriptionId"], "after")
    ]


async def test_an_environment_has_200_subscriptions_at_most(
    client: Client, receiver: Receiver
) -> None:
    made = [await subscribe(client, receiver.url) for _ in range(200)]
    assert {one.status for one in made} == {201}
    assert "at most 200" in (await subscribe(client, receiver.url)).message


async def test_a_reset_takes_what_is_on_its_way_as_well(client: Client, receiver: Receiver) -> None:
    await subscribe(client, receiver.url)
    silent = receiver.silent = asyncio.Event()
    await client.post("customers", {"displayName": "Ashby"})
    await advance(client, 30)
    await receiver.told()
    await client.send("POST", "/_simulator/reset")
    receiver.silent = None
    await subscribe(client, receiver.url)  # nobody waits for the letter of before
    await client.post("customers", {"displayName": "Ashby"})
    await advance(client, 30)
    await receiver.told(2)
    silent.set()

    async def answered() -> bool:
        return bool((await client.get("/_simulator/webhooks")).json["sent"])

    await eventually(answered)
    known = (await client.get("/_simulator/webhooks")).json
    assert ([one["status"] for one in known["sent"]], known["retried"]) == ([200], [])


async def test_who_is_slow_holds_up_nobody_else(client: Client, receiver: Receiver) -> None:
    async with receiving() as slow:
        assert (await subscribe(client, slow.url)).status == 201
        assert (await subscribe(client, receiver.url)).status == 201
        slow.silent = asyncio.Event()
        for count in (1, 2, 3):
            await client.post("customers", {"displayName": "Ashby"})
            await client.post("/_simulator/webhooks/deliver", {})
            await receiver.told(count)
        assert len(slow.bodies) == 1
        slow.silent.set()


async def test_no_more_addresses_are_told_at_once_than_there_is_room_for(
    client: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.simulator.webhooks.delivery._MOST_AT_ONCE", 1)
    async with receiving() as slow:
        assert (await subscribe(client, slow.url)).status == 201
        assert (await subscribe(client, receiver.url)).status == 201
        slow.silent = asyncio.Event()
        await client.post("customers", {"displayName": "Ashby"})
        await client.post("/_simulator/webhooks/deliver", {})
        await slow.told()
        (waiting,) = (await client.get("/_simulator/webhooks")).json["retried"]
        assert (waiting["notificationUrl"], receiver.bodies) == (receiver.url, [])
        slow.silent.set()
        await receiver.told()


async def test_letters_to_one_address_go_one_after_the_other(
    client: Client, receiver: Receiver
) -> None:
    assert (await subscribe(client, receiver.url)).status == 201
    receiver.silent = asyncio.Event()
    await client.post("customers", {"displayName": "Ashby"})
    await client.post("/_simulator/webhooks/deliver", {})
    await receiver.told()
    await client.post("customers", {"displayName": "Beech"})
    await client.post("/_simulator/webhooks/deliver", {})
    assert (await client.get("/_simulator/webhooks")).json["sent"] == []
    assert len(receiver.bodies) == 1
    receiver.silent.set()
    assert [one["changeType"] for one in await receiver.told(3)] == ["created"]


async def test_what_an_address_answers_is_read_in_part(client: Client) -> None:
    written = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            for _ in range(1000):
                await response.write(b"x" * 100_000)
                written += 100_000
        return response

    app = web.Application()
    app.router.add_post("/hook", endless)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        assert (await subscribe(client, url)).status == 400
    finally:
        await runner.cleanup()
    assert written < 50_000_000


async def test_all_that_is_listed_can_be_subscribed_to(client: Client, receiver: Receiver) -> None:
    runtime = "/v2.0/Production/api/microsoft/runtime/beta"
    path = f"{runtime}/companies({LTD})/webhookSupportedResources"
    rows = (await client.get(path, _filter="resource eq 'v2.0*'")).json["value"]
    assert len(rows) > 40
    for row in rows:
        resource = CUSTOMERS.replace("customers", row["resource"].removeprefix("v2.0/"))
        assert (await subscribe(client, receiver.url, resource)).status == 201, resource


async def test_a_certificate_of_ones_own_will_do(client: Client, tmp_path: Path) -> None:
    async with receiving(make_tls(tmp_path, "127.0.0.1")[0]) as receiver:
        assert receiver.url.startswith("https://")
        assert (await subscribe(client, receiver.url)).status == 201
        await client.post("customers", {"displayName": "Ashby"})
        await advance(client, 30)
        assert [one["changeType"] for one in await receiver.told()] == ["created"]


async def test_who_proves_itself_after_a_reset_is_not_subscribed(
    client: Client, receiver: Receiver
) -> None:
    receiver.silent = asyncio.Event()
    waits = asyncio.create_task(subscribe(client, receiver.url))

    async def asked() -> bool:
        return bool(receiver.tokens)

    await eventually(asked)
    await client.post("/_simulator/reset", {})
    receiver.silent.set()
    with pytest.raises(ServerDisconnectedError):
        await waits
    listed = await client.get(f"{client.root}/subscriptions")
    assert listed.json["value"] == []


async def test_who_waits_is_told_after_the_clock_was_set_back(
    client: Client, receiver: Receiver
) -> None:
    receiver.answers = [500, 200]
    assert (await subscribe(client, receiver.url)).status == 201
    await client.post("customers", {"displayName": "Juniper Hall"})
    await client.post("/_simulator/clock", {"set": "2020-03-02T12:00:00Z", "stands": True})
    await advance(client, 30)
    ((juniper,),) = [await receiver.told()]

    async def failed() -> bool:
        return bool((await client.get("/_simulator/webhooks")).json["retried"])

    await eventually(failed)
    await client.post("/_simulator/clock", {"set": "2016-03-02T12:00:00Z", "stands": True})
    await advance(client, 60)
    assert await receiver.told(2) == [juniper]
