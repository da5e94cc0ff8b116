from __future__ import annotations

from tests.unit.simulator.client import IRELAND, Client

READ_ONLY = {"Data-Access-Intent": "ReadOnly"}
ROOT = "/v2.0/Production/api/v2.0"


async def city(client: Client, path: str, intent: dict[str, str] | None = None) -> str:
    return str((await client.send("GET", path, None, intent)).json["city"])


async def test_a_replica_catches_up_with_the_clock(client: Client) -> None:
    path = f"customers({(await client.one('customers', 'number', '10000'))['id']})"
    await client.arm("replica_lag", seconds=30)
    await client.patch(path, {"city": "York"})
    assert await city(client, path, READ_ONLY) == "Leeds"
    assert await city(client, path) == "York"  # from the primary
    await client.post("/_simulator/clock", {"advance": 30})
    assert await city(client, path, READ_ONLY) == "York"


async def test_a_lagging_list_still_has_what_was_deleted(client: Client) -> None:
    made = (await client.post("customers", {"displayName": "Juniper Hall"})).json["id"]
    await client.post("/_simulator/clock", {"advance": 60})
    await client.arm("replica_lag", seconds=30, reads="all")
    assert (await client.send("DELETE", f"customers({made})")).status == 204
    assert (await client.get(f"customers({made})")).status == 200
    assert len((await client.get("customers")).json["value"]) == 7
    assert len(await client.state("customers")) == 6


async def test_a_late_commit_shows_up_later(client: Client) -> None:
    await client.arm("late_commit", {"method": "POST"}, seconds=20)
    made = await client.post("customers", {"displayName": "Juniper Hall"})
    path = f"customers({made.json['id']})"
    assert made.status == 201
    assert (await client.get(path)).status == 404
    await client.post("/_simulator/clock", {"advance": 20})
    assert (await client.get(path)).status == 200


async def test_a_deleted_company_is_gone_and_comes_back(client: Client) -> None:
    await client.arm("company_deleted", company=IRELAND)
    path = f"{ROOT}/companies({IRELAND})/customers"
    assert (await client.get(path)).code == "Internal_CompanyNotFound"
    assert (await client.get("customers")).status == 200
    await client.arm("company_deleted", company="Harwick Distributors Ltd")
    assert (await client.get(f"{ROOT}/companies")).code == "Internal_CompanyNotFound"
    await client.send("DELETE", "/_simulator/faults")
    assert (await client.get(path)).status == 200


async def test_a_recreated_company_has_other_ids_and_takes_writes(client: Client) -> None:
    old = await client.get(f"{ROOT}/companies({IRELAND})/customers")
    await client.arm("company_recreated", company="Harwick Ireland")
    listed = (await client.get(f"{ROOT}/companies")).json["value"]
    (new,) = [one["id"] for one in listed if one["name"] == "Harwick Ireland"]
    assert (await client.get(f"{ROOT}/companies({IRELAND})/customers")).status == 404
    path = f"{ROOT}/companies({new})/customers"
    fresh = (await client.get(path)).json["value"]
    numbers = [record["number"] for record in old.json["value"]]
    assert [record["number"] for record in fresh] == numbers
    assert not {one["id"] for one in fresh} & {one["id"] for one in old.json["value"]}
    assert (await client.post(path, {"displayName": "Juniper Hall"})).status == 201
    assert len((await client.get(path)).json["value"]) == len(numbers) + 1


async def test_an_unknown_company_is_refused_when_arming(client: Client) -> None:
    wish = {"kind": "company_deleted", "company": "Elsewhere"}
    reply = await client.post("/_simulator/faults", wish)
    assert (reply.status, reply.json["error"]) == (404, "There is no company 'Elsewhere'.")
