from __future__ import annotations

import pytest

from tests.unit.simulator.client import LTD, Client, Reply

CONTROL = "/_simulator/environments"


def root(environment: str) -> str:
    return f"/v2.0/{environment}/api/v2.0/companies({LTD})"


async def change(client: Client, environment: str, **body: object) -> Reply:
    return await client.send("PATCH", f"{CONTROL}/{environment}", body)


async def names(client: Client) -> list[str]:
    listed = (await client.get("/environments/v1.2")).json["value"]
    return [environment["name"] for environment in listed]


async def test_they_are_listed(client: Client) -> None:
    production, sandbox = (await client.get(CONTROL)).json["value"]
    assert (production["name"], production["type"], production["release"]) == (
        *("Production", "Production", "28.0"),
    )
    assert production["companies"][0] == {"id": LTD, "name": "Harwick Distributors Ltd"}
    assert sandbox["type"] == "Sandbox"


async def test_a_new_name_is_a_new_address_at_once(client: Client) -> None:
    assert (await change(client, "production", name="Live")).json["name"] == "Live"
    assert await names(client) == ["Live", "Sandbox"]
    gone = await client.get(f"{root('Production')}/customers")
    assert (gone.status, gone.code) == (404, "NoEnvironment")
    assert len((await client.get(f"{root('LIVE')}/customers")).json["value"]) == 6
    assert (await change(client, "Live", name="live")).json["name"] == "live"


async def test_a_copy_has_the_same_ids_and_goes_its_own_way(client: Client) -> None:
    await client.post("customers", {"displayName": "Juniper Hall"})
    reply = await client.post(CONTROL, {"copy": "Production", "name": "Test-1"})
    assert (reply.status, reply.json["type"]) == (201, "Sandbox")
    copied = (await client.get(f"{root('Test-1')}/customers")).json["value"]
    assert copied == (await client.get("customers")).json["value"]
    body = {"displayName": "Kestrel House"}
    mine = (await client.post(f"{root('Test-1')}/customers", body)).json
    assert len((await client.get("customers")).json["value"]) == 7
    theirs = (await client.post("customers", body)).json
    assert (mine["id"], mine["number"]) == (theirs["id"], theirs["number"])
    path = f"customers({copied[0]['id']})"
    await client.patch(f"{root('Test-1')}/{path}", {"city": "York"})
    assert (await client.get(path)).json["city"] == "Leeds"


async def test_a_deleted_one_is_gone(client: Client) -> None:
    assert (await client.send("DELETE", f"{CONTROL}/sandbox")).status == 204
    assert await names(client) == ["Production"]
    assert (await client.get(f"{root('Sandbox')}/customers")).status == 404
    await client.post("/_simulator/reset", {})
    assert await names(client) == ["Production", "Sandbox"]


async def test_an_update_changes_what_there_is(client: Client) -> None:
    path = f"{root('Sandbox')}/purchaseOrders"
    assert (await change(client, "Sandbox", release="17.0")).json["release"] == "17.0"
    assert (await client.get(path)).code == "BadRequest_ResourceNotFound"
    assert (await client.get("purchaseOrders")).status == 200
    await change(client, "Sandbox", release="18.0")
    assert (await client.get(path)).status == 200


@pytest.mark.parametrize(
    ("method", "name", "body", "wanted"),
    [
        ("POST", "", {"copy": "Nowhere", "name": "X"}, (404, "There is no environment 'Nowhere'")),
        ("POST", "", {"name": "X"}, (404, "There is no environment 'None'")),
        ("POST", "", {"copy": "Sandbox", "name": "a b"}, (400, "a letter, then")),
        ("POST", "", {"copy": "Sandbox"}, (400, "a letter, then")),
        ("POST", "", {"copy": "Sandbox", "name": "production"}, (409, "already")),
        ("POST", "", {"copy": "Sandbox", "name": "X", "type": "Test"}, (400, "type is Production")),
        ("POST", "", {"copy": "Sandbox", "name": "X", "colour": 1}, (400, "'colour' is not known")),
        ("PATCH", "/Nowhere", {"name": "X"}, (404, "there is Production, Sandbox")),
        ("PATCH", "/Sandbox", {}, (400, "Say what changes")),
        ("PATCH", "/Sandbox", {"name": "Production"}, (409, "already")),
        ("PATCH", "/Sandbox", {"release": "12.0"}, (400, "There is no release 12.0")),
        ("PATCH", "/Sandbox", {"release": "28"}, (400, "There is no release 28")),
        ("DELETE", "/Nowhere", None, (404, "There is no environment")),
        ("GET", "/Sandbox", None, (405, "does DELETE, PATCH, not GET")),
    ],
)
async def test_mistakes_are_told(
    client: Client, method: str, name: str, body: object, wanted: tuple[int, str]
) -> None:
    before = (await client.get("/_simulator/hash")).json
    reply = await client.send(method, CONTROL + name, body)
    status, sentence = wanted
    assert reply.status == status
    assert sentence in reply.json["error"]
    assert (await client.get("/_simulator/hash")).json == before


@pytest.mark.parametrize("name", ["1Test", "-Test", "_Test", "T" * 30, "Té", ""])
async def test_a_name_that_the_admin_center_refuses(client: Client, name: str) -> None:
    refused = await client.post(CONTROL, {"copy": "Production", "name": name})
    assert (refused.status, "a letter, then" in refused.json["error"]) == (400, True)


async def test_names_as_long_as_they_may_be(client: Client) -> None:
    for name in ("T" * 29, "a_b-1"):
        made = await client.post(CONTROL, {"copy": "Production", "name": name})
        assert made.status == 201, made.text
