"""Every fault of the menu is armed, seen and cleared."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pytest
from aiohttp import ClientError

from gateway.simulator import TENANT_ID
from gateway.simulator.control.menu import MENU
from tests.unit.simulator.client import LTD, Client, Reply, authorize_request, token_request
from tests.unit.simulator.test_webhooks import receiving

Wish = Mapping[str, Any]
CASES = [
    pytest.param(kind.name, example.wish, id=f"{kind.name}-{number}")
    for kind in MENU.values()
    for number, example in enumerate(kind.examples)
]


async def order(client: Client) -> Reply:
    body = {"customerNumber": "10000", "externalDocumentNumber": "DEAL-1"}
    return await client.post("salesOrders", body)


async def customer(client: Client) -> Reply:
    return await client.get("customers", _filter="number eq '10000'")


async def change(client: Client) -> Reply:
    found = await client.one("customers", "number", "10000")
    path = f"customers({found['id']})"
    return await client.patch(path, {"city": "Leeds"}, found["@odata.etag"])


async def token(client: Client) -> Reply:
    fields = {
        "grant_type": "client_credentials",
        "scope": "https://api.businesscentral.dynamics.com/.default",
    }
    return await client.form(f"/{TENANT_ID}/oauth2/v2.0/token", token_request(**fields))


async def application(client: Client) -> Reply:
    signed = Client(client.simulator, client.session, (await token(client)).json["access_token"])
    return await customer(signed)


async def reads_its_own_write(client: Client) -> Reply:
    made = (await client.post("customers", {"displayName": "Juniper Hall"})).json["id"]
    intent = {"Data-Access-Intent": "ReadOnly"}
    return await client.send("GET", f"customers({made})", None, intent)


async def orders_for_a_new_customer(client: Client) -> Reply:
    made = (await client.post("customers", {"displayName": "Juniper Hall"})).json["number"]
    return await client.post("salesOrders", {"customerNumber": made})


async def companies(client: Client) -> Reply:
    return await client.get("/v2.0/Production/api/v2.0/companies")


async def page(client: Client) -> Reply:
    request = authorize_request()
    return await client.send("GET", "/common/oauth2/v2.0/authorize", None, None, **request)


def location(reply: Reply) -> str:
    return reply.headers.get("Location", "")


async def purchases(client: Client) -> Reply:
    return await client.get("purchaseOrders")  # since 18.0


def acting(
    name: str, action: str, party: Mapping[str, str]
) -> Callable[[Client], Awaitable[Reply]]:
    """Make a document, post it first if it is to be canceled, and act on it."""

    async def call(client: Client) -> Reply:
        line = {"lineType": "Item", "lineObjectNumber": "1928-S", "quantity": 1}
        lines = {name.removesuffix("s") + "Lines": [line]}
        made = (await client.post(name, {**party, **lines})).json["id"]
        path = f"{name}({made})/Microsoft.NAV."
        if action == "cancel":
            await client.send("POST", f"{path}post")
        reply = await client.send("POST", path + action)
        return Reply(200, reply.headers, "{}") if reply.status == 204 else reply

    return call


def told(count: int) -> Callable[[Client], Awaitable[Reply]]:
    """What a subscriber hears of two changes, once ``count`` letters came or none does."""

    async def call(client: Client) -> Reply:
        async with receiving() as receiver:
            customers = f"/api/v2.0/companies({LTD})/customers"
            body = {"notificationUrl": receiver.url, "resource": customers, "clientState": "own"}
            made = await client.send("POST", f"{client.root}/subscriptions", body)
            for name in ("Ashby", "Bexley"):
                await client.post("customers", {"displayName": name})
            await client.send("POST", "/_simulator/webhooks/deliver")
            with suppress(TimeoutError):
                async with asyncio.timeout(0.15):
                    await receiver.told(count)
            path = f"{client.root}/subscriptions('{made.json['subscriptionId']}')"
            await client.send("DELETE", path)
            listed = [
                entry["displayName"] for entry in (await customers_of(client, receiver.bodies))
            ]
        return Reply(200, {}, json.dumps({"letters": receiver.bodies, "names": listed}))

    return call


async def customers_of(client: Client, letters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The customers that letters tell of, in their order."""
    paths = [one["resource"].split("/")[-1] for letter in letters for one in letter["value"]]
    return [(await client.get(path)).json for path in paths]


def status(number: int, code: str) -> Callable[[Reply, Wish], bool]:
    return lambda reply, _: reply.status == number and reply.code == code


def names(reply: Reply) -> dict[str, str]:
    return {company["name"]: company["id"] for company in reply.json["value"]}


def answers_as_wished(reply: Reply, wish: Wish) -> bool:
    wanted, headers = wish.get("body"), wish.get("headers", {})
    said = reply.text if wanted is None or isinstance(wanted, str) else reply.json
    return (
        reply.status == wish["status"]
        and said == (wanted or "")
        and headers.items() <= reply.headers.items()
    )


IRELAND = "c0a1e5d2-5f0b-4a7e-9c3d-1b2a3c4d5e02"
REJECTED = status(401, "Authentication_InvalidCredentials")
CONFLICT = status(409, "Internal_ServerError")
NOT_THERE = status(404, "Internal_RecordNotFound")


@dataclass(frozen=True, slots=True)
class Probe:
    """A call that the fault strikes, and how its answer shows it. None stands for no answer,
    ``slow`` for one that took longer than 40 ms.
    """

    call: Callable[[Client], Awaitable[Reply]]
    seen: Callable[[Reply, Wish], bool] | None
    slow: bool = False


PROBES = {
    "drop_before_commit": Probe(order, None),
    "drop_after_commit": Probe(order, None),
    "delay": Probe(customer, lambda reply, _: reply.status == 200, slow=True),
    "status": Probe(order, answers_as_wished),
    "truncate": Probe(customer, lambda reply, _: not reply.text.endswith("}")),
    "content_type": Probe(customer, lambda r, _: r.headers["Content-Type"] == "text/plain"),
    "slow_body": Probe(customer, lambda reply, _: reply.text.endswith("}"), slow=True),
    "partial_body": Probe(customer, None),
    "expire_token": Probe(customer, REJECTED),
    "reject_token": Probe(customer, REJECTED),
    "token_error": Probe(token, lambda r, w: r.json.get("error_codes") == [w.get("number", 70008)]),
    "authorize_error": Probe(page, lambda r, w: f"AADSTS{w['number']}" in location(r)),
    "wrong_audience": Probe(application, REJECTED),
    "wrong_tenant": Probe(application, status(404, "NoEnvironment")),
    "clock_skew": Probe(application, REJECTED),
    "no_roles": Probe(application, REJECTED),
    "no_card": Probe(application, REJECTED),
    "disabled_card": Probe(application, REJECTED),
    "other_company": Probe(customer, status(403, "Internal_ServerError")),
    "reads_empty": Probe(customer, lambda reply, _: reply.json["value"] == []),
    "read_only_intent": Probe(order, status(400, "Application_DialogException")),
    "lock": Probe(order, CONFLICT),
    "deadlock": Probe(change, CONFLICT),
    "stale_etag": Probe(change, status(409, "Request_EntityChanged")),
    "duplicate_key": Probe(order, status(400, "Internal_EntityWithSameKeyExists")),
    "extension_changed": Probe(customer, status(409, "Unknown")),
    "filter_ignored": Probe(customer, lambda reply, _: len(reply.json["value"]) == 6),
    "value_not_taken": Probe(order, lambda r, _: r.json["externalDocumentNumber"] == ""),
    "required_field": Probe(order, status(400, "Application_FieldValidationException")),
    "no_template": Probe(
        orders_for_a_new_customer, status(400, "Application_FieldValidationException")
    ),
    "receipt_only": Probe(
        acting("purchaseOrders", "receiveAndInvoice", {"vendorNumber": "V00010"}),
        status(400, "Internal_DataNotFoundFilter"),
    ),
    "mail_fails": Probe(
        acting("salesInvoices", "postAndSend", {"customerNumber": "10000", "email": "a@b.example"}),
        status(400, "Application_DialogException"),
    ),
    "cancel_half_done": Probe(
        acting("salesInvoices", "cancel", {"customerNumber": "10000"}),
        status(400, "Application_DialogException"),
    ),
    "webhook_dropped": Probe(told(1), lambda r, _: r.json["letters"] == [], slow=True),
    "webhook_doubled": Probe(told(2), lambda r, _: len(r.json["letters"]) == 2),
    "webhook_reordered": Probe(told(1), lambda r, _: r.json["names"] == ["Bexley", "Ashby"]),
    "webhook_late": Probe(told(1), lambda r, _: r.json["letters"] == [], slow=True),
    "webhook_forged": Probe(
        told(2),
        lambda r, _: (
            [one["value"][0]["clientState"] == "own" for one in r.json["letters"]] == [False, True]
        ),
    ),
    "maintenance": Probe(customer, status(503, "Internal_TenantUnavailable")),
    "replica_lag": Probe(reads_its_own_write, NOT_THERE),
    "late_commit": Probe(reads_its_own_write, NOT_THERE),
    "other_release": Probe(purchases, status(404, "BadRequest_ResourceNotFound")),
    "company_deleted": Probe(companies, lambda r, w: w["company"] not in names(r)),
    "company_recreated": Probe(companies, lambda r, w: names(r)[w["company"]] != IRELAND),
}


async def shows(client: Client, probe: Probe, wish: Wish) -> bool:
    """Whether the call of the probe shows the fault; every other answer is a good one."""
    started = monotonic()
    try:
        reply = await probe.call(client)
    except ClientError:
        return probe.seen is None
    late = monotonic() - started > 0.04
    # Only what slows a call down is told by its time: a busy machine is late by itself.
    if probe.seen is not None and (late or not probe.slow) and probe.seen(reply, wish):
        return True
    assert reply.status in {200, 201}, reply.text
    assert reply.text
    return False


@pytest.mark.parametrize(("kind", "wish"), CASES)
async def test_every_fault_is_armed_seen_and_cleared(client: Client, kind: str, wish: Wish) -> None:
    probe = PROBES[kind]
    assert not await shows(client, probe, wish)
    number = await client.arm(kind, **wish)
    assert await shows(client, probe, wish)
    (fault,) = (await client.get("/_simulator/faults")).json["value"]
    assert fault["struck"] >= 1
    assert fault["left"] == wish.get("count", None if MENU[kind].lasts else 0)
    assert (await client.send("DELETE", f"/_simulator/faults/{number}")).status == 204
    assert not await shows(client, probe, wish)


def test_the_test_knows_every_kind() -> None:
    assert set(PROBES) == set(MENU)


async def test_the_index_describes_every_kind(client: Client) -> None:
    told = {one["kind"]: one for one in (await client.get("/_simulator")).json["faults"]}
    assert set(told) == set(MENU)
    assert told["delay"]["details"]["when"] == {
        "is": "before or after",
        "does": "waits before or after the work",
        "needed": False,
        "default": "after",
    }
    assert (told["delay"]["count"], told["no_card"]["count"]) == (1, None)
