"""Paths of the routes beside the standard one: automation and Power BI."""

from __future__ import annotations

import pytest

from gateway.simulator.catalogue.entities import ROUTES, STANDARD, load_catalogue
from tests.contract.described import described
from tests.unit.simulator.client import LTD, Client

OTHERS = [route for route in ROUTES if route != STANDARD]
API = "/v2.0/Production/api"
ROOT = f"{API}/microsoft/automation/v2.0/companies({LTD})"


async def plant(client: Client, entity: str, **row: object) -> None:
    body = {"company": LTD, "entity": entity, "rows": [row]}
    assert (await client.post("/_simulator/records", body)).status == 201


@pytest.mark.parametrize("route", OTHERS)
async def test_a_route_has_its_own_sets(client: Client, route: str) -> None:
    sets = load_catalogue(route=route).sets
    root = f"{API}/{route}"
    shown = {one["name"] for one in (await client.get(root)).json["value"]}
    assert shown == set(sets)
    assert not (shown - {"companies", "entityDefinitions", "apicategoryroutes"}) & set(
        load_catalogue().sets
    )
    metadata = await client.get(f"{root}/$metadata")
    assert set(described(metadata.text.encode()).sets) == set(sets)
    companies = (await client.get(f"{root}/companies")).json
    assert companies["@odata.context"].endswith(f"{root}/$metadata#companies")
    names = {
        one["entityName"] for one in (await client.get(f"{root}/entityDefinitions")).json["value"]
    }
    assert names == {one.entity for one in sets.values()}
    assert (await client.get(f"{root}/companies({LTD})/customers")).status == 404


@pytest.mark.parametrize("route", OTHERS)
async def test_every_set_answers_its_verbs(client: Client, route: str) -> None:
    for name, one in load_catalogue(route=route).sets.items():
        if one.route != route:
            continue
        path = f"{API}/{route}/companies({LTD})/{name}"
        listed = await client.get(path)
        assert listed.status == (400 if one.needs_filter else 200), (name, listed.text)
        made = await client.post(path, {})
        assert (made.status == 405) is ("post" not in one.verbs), (name, made.text)
        assert made.status in {201, 400, 405}, (name, made.text)


async def test_companies_and_users_are_listed(client: Client) -> None:
    companies = (await client.get(f"{ROOT}/automationCompanies")).json["value"]
    assert {one["name"] for one in companies} == {"Harwick Distributors Ltd", "Harwick Ireland"}
    users = (await client.get(f"{ROOT}/users")).json["value"]
    assert {one["userName"] for one in users} == {"ADMIN", "CLERK", "VISITOR"}
    one = await client.get(f"{ROOT}/users({users[0]['userSecurityId']})")
    assert one.json["contactEmail"] == users[0]["contactEmail"]
    changed = await client.patch(
        f"{ROOT}/users({users[0]['userSecurityId']})", {"state": "Disabled"}
    )
    assert (changed.status, changed.json["state"]) == (200, "Disabled")


async def test_a_permission_of_a_user(client: Client) -> None:
    user = (await client.get(f"{ROOT}/users")).json["value"][0]["userSecurityId"]
    path = f"{ROOT}/users({user})/userPermissions"
    made = await client.post(path, {"roleId": "d365 basic", "scope": "System"})
    assert (made.status, made.json["userSecurityId"]) == (201, user)
    (row,) = (await client.get(path)).json["value"]
    assert row["id"] == made.json["id"]
    refused = await client.get(f"{ROOT}/userPermissions")
    assert refused.message.startswith("You must specify a User Security ID")
    removed = await client.send("DELETE", f"{ROOT}/userPermissions({row['id']})")
    assert removed.status == 204


async def test_keys_that_are_texts_and_keys_of_two_parts(client: Client) -> None:
    user = (await client.get(f"{ROOT}/users")).json["value"][0]["userSecurityId"]
    await plant(client, "securityGroups", id="SALES", code="SALES", groupName="Sales")
    await plant(client, "securityGroupMembers", securityGroupCode="SALES", userSecurityId=user)
    group = f"{ROOT}/securityGroups('SALES')"
    assert (await client.get(group)).json["groupName"] == "Sales"
    assert (await client.get(f"{ROOT}/securityGroups(SALES)")).code == "BadRequest_NotFound"
    key = f"securityGroupCode='SALES',userSecurityId={user}"
    for path in (f"{group}/securityGroupMembers({key})", f"{ROOT}/securityGroupMembers({key})"):
        assert (await client.get(path)).json["userSecurityId"] == user
    member = (await client.get(f"{group}/securityGroupMembers({key})/userName")).json
    assert member["@odata.context"].endswith(
        f"Groups('SALES')/securityGroupMembers({key})/userName"
    )
    other = key.replace("SALES", "OTHER")
    assert (await client.get(f"{group}/securityGroupMembers({other})")).status == 404


async def test_an_action_of_automation_is_not_there_yet(client: Client) -> None:
    await plant(client, "extensions", displayName="Paperclips", publisher="Harwick")
    (one,) = (await client.get(f"{ROOT}/extensions")).json["value"]
    assert one["isInstalled"] is False
    reply = await client.send(
        "POST", f"{ROOT}/extensions({one['packageId']})/Microsoft.NAV.install"
    )
    assert reply.status == 501
    coverage = (await client.get("/_simulator/coverage")).json
    assert "automation" in coverage["answers_501"]
    automation = coverage["other_routes"]["microsoft/automation/v2.0"]
    assert automation["extensions"]["verbs"] == ["get"]
    assert automation["extensions"]["actions"] == []


async def test_what_can_be_subscribed_to(client: Client) -> None:
    root = f"{API}/microsoft/runtime/beta/companies({LTD})/webhookSupportedResources"
    everything = [row["resource"] for row in (await client.get(root)).json["value"]]
    found = await client.get(root, _filter="resource eq 'v2.0*'")
    standard = [row["resource"] for row in found.json["value"]]
    assert standard == [one for one in everything if one.startswith("v2.0/")]
    assert {"v2.0/customers", "v2.0/salesOrders"} <= set(standard)
    assert "v2.0/salesOrderLines" not in standard
    assert "v2.0/transferOrders" not in standard  # of a later release
    assert "microsoft/automation/v2.0/configurationPackages" in everything
    one = await client.get(root, _filter="resource eq 'v2.0/items'")
    assert [row["resource"] for row in one.json["value"]] == ["v2.0/items"]
    one = await client.get(root, _filter="resource eq 'v2.0/item?'")
    assert [row["resource"] for row in one.json["value"]] == ["v2.0/items"]
    for nothing in ("v2.0/item", "v2x0*", "v2.0/item[s]", "*" * 30 + "!", "*a" * 500 + "!"):
        found = await client.get(root, _filter=f"resource eq '{nothing}'")
        assert found.json["value"] == []
    assert (await client.get(f"{root}/$count")).text == str(len(everything))


@pytest.mark.parametrize("path", ["subscriptions", f"companies({LTD})/subscriptions"])
async def test_subscriptions_of_another_route_are_not_there_yet(client: Client, path: str) -> None:
    assert (await client.get(f"{API}/microsoft/automation/v2.0/{path}")).status == 501


async def test_definitions_are_those_of_every_company(client: Client) -> None:
    flat = await client.get("/v2.0/Production/api/v2.0/entityDefinitions")
    inside = await client.get("entityDefinitions")
    assert inside.json["value"] == flat.json["value"] != []
    assert (await client.get("entityDefinitions('customer')")).json["entitySetName"] == "customers"


async def test_a_route_in_a_batch(client: Client) -> None:
    url = f"companies({LTD})/automationCompanies"
    body = {"requests": [{"id": "1", "method": "GET", "url": url}]}
    headers = {"Accept": "application/json"}
    batch = await client.send("POST", f"{API}/{OTHERS[0]}/$batch", body, headers)
    (answer,) = batch.json["responses"]
    assert (answer["status"], len(answer["body"]["value"])) == (200, 2)


async def test_external_event_subscriptions_are_at_the_root(client: Client) -> None:
    for name in ("externaleventsubscriptions", "externalbusinesseventdefinitions"):
        reply = await client.get(f"{client.root}/{name}")
        assert (reply.status, reply.json["value"]) == (200, []), name
        assert reply.json["@odata.context"].endswith(f"/$metadata#{name}")
    assert (await client.get(f"{client.root}/customers")).code == "Internal_CompanyNotFound"


async def test_a_single_relation_has_no_key_in_its_context(client: Client) -> None:
    order = (await client.post("salesOrders", {"customerNumber": "10000"})).json
    reply = await client.get(f"salesOrders({order['id']})/customer/paymentTerm")
    context = reply.json["@odata.context"].partition(f"salesOrders({order['id']})")[2]
    assert context == "/customer/paymentTerm/$entity"


async def test_a_relation_to_nothing_says_what_it_looked_for(client: Client) -> None:
    customer = await client.one("customers", "number", "10000")
    reply = await client.get(f"customers({customer['id']})/currency")
    assert reply.status == 404
    assert f"SystemId='{customer['currencyId']}'" in reply.message
