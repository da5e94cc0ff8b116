from __future__ import annotations

import pytest

from gateway.simulator.catalogue.entities import ZERO_GUID
from gateway.simulator.seed.seeding import more_items
from tests.unit.simulator.client import IRELAND, LTD, Client

SEED = "/_simulator/seed"


def test_items_have_numbers_of_their_own() -> None:
    numbers = [row["number"] for row in more_items(1200)]
    assert len(set(numbers)) == 1200
    assert numbers[0] == "P000001"


async def test_thousands_of_items_on_request(client: Client) -> None:
    assert (await client.post(SEED, {"items": 1500})).json == {"seed": 1, "items": 1500}
    counted = await client.get("items/$count")
    assert counted.text == "1509"
    made = await client.one("items", "number", "P001500")
    assert (made["displayName"], made["baseUnitOfMeasureCode"]) == ("Part 1500", "PCS")
    await client.post("/_simulator/reset", {})
    assert (await client.get("items/$count")).text == "1509"


async def test_another_seed_gives_other_ids(client: Client) -> None:
    before = await client.one("items", "number", "1896-S")
    await client.post(SEED, {"seed": 7})
    after = await client.one("items", "number", "1896-S")
    assert before["id"] != after["id"]
    await client.post(SEED, {"seed": 1})
    assert (await client.one("items", "number", "1896-S"))["id"] == before["id"]


async def test_rows_of_ones_own(client: Client) -> None:
    rows = {
        "paymentTerms": [{"code": "60D", "displayName": "Net 60 days"}],
        "customers": [{"number": "A1", "displayName": "Alder Row", "paymentTermsId": "60D"}],
        "items": [{"number": "A-1", "unitPrice": 12.35}],
    }
    assert (await client.post(SEED, {"rows": rows})).status == 200
    made = await client.one("customers", "number", "A1")
    assert made["paymentTermsId"] == (await client.one("paymentTerms", "code", "60D"))["id"]
    assert len(await client.state("customers")) == 7
    assert str((await client.one("items", "number", "A-1"))["unitPrice"]) == "12.35"


async def test_a_part_is_given_to_its_parent_by_number(client: Client) -> None:
    row = {
        "parentId": "A1",
        "parentType": "Customer",
        "dimensionCode": "AREA",
        "dimensionValueCode": "30",
    }
    rows = {
        "customers": [{"number": "A1", "displayName": "Alder Row"}],
        "defaultDimensions": [row],
    }
    assert (await client.post(SEED, {"rows": rows})).status == 200
    customer = await client.one("customers", "number", "A1")
    parts = (await client.get(f"customers({customer['id']})/defaultDimensions")).json["value"]
    assert [(one["dimensionCode"], one["dimensionValueCode"]) for one in parts] == [("AREA", "30")]
    for lost in ({"parentId": "A2"}, {"parentType": "Vendor"}, {"parentType": "Vendor "}):
        told = await client.post(SEED, {"rows": rows | {"defaultDimensions": [row | lost]}})
        assert "defaultDimensions[0]: " in told.json["error"]


async def test_stock_and_books_have_entries_in_every_environment(client: Client) -> None:
    entry = {"entryNumber": 9001, "accountNumber": "10100", "debitAmount": 7, "creditAmount": 0}
    rows = {
        "items": [{"number": "A-1", "inventory": 5}, {"number": "A-2"}],
        "generalLedgerEntries": [entry],
    }
    before = (await client.one("accounts", "number", "10100"))["netChange"]
    assert (await client.post(SEED, {"rows": rows})).status == 200
    put_in = {"company": LTD, "entity": "items", "rows": [{"number": "A-3", "inventory": 2}]}
    assert (await client.post("/_simulator/records", put_in)).status == 201
    for environment in ("Production", "Sandbox"):
        path = f"{client.root.replace('Production', environment)}/companies({LTD})"
        reply = await client.get(f"{path}/itemLedgerEntries", _filter="startswith(itemNumber,'A-')")
        moved = {one["itemNumber"]: one["quantity"] for one in reply.json["value"]}
        assert moved == {"A-1": 5} | ({"A-3": 2} if environment == "Production" else {})
        reply = await client.get(f"{path}/accounts", _filter="number eq '10100'")
        assert reply.json["value"][0]["netChange"] == before + 7


async def test_one_currency_is_foreign_here_and_local_there(client: Client) -> None:
    rows = {
        "customers": [
            {"number": "A1", "displayName": "Alder Row", "currencyId": "EUR"},
            {"number": "A2", "displayName": "Alder Row", "currencyCode": "EUR"},
        ]
    }
    assert (await client.post(SEED, {"rows": rows})).status == 200
    euro = (await client.one("currencies", "code", "EUR"))["id"]
    for company, currency in ((LTD, euro), (IRELAND, ZERO_GUID)):
        path = f"{client.root}/companies({company})/customers"
        reply = await client.get(path, _filter="startswith(number,'A')")
        made = [(one["currencyId"], one["currencyCode"]) for one in reply.json["value"]]
        assert made == [(currency, "EUR")] * 2
    pounds = {"currencies": [{"code": "GBP", "displayName": "Pound"}]}
    told = (await client.post(SEED, {"rows": pounds})).json["error"]
    assert "currencies[0] in Harwick Ireland: The Currency already exists." in told


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"seed": -1}, "seed is a whole number between 0"),
        ({"seed": True}, "seed is a whole number"),
        ({"items": 100_001}, "items is a whole number between 0 and 100000"),
        ({"colour": 1}, "'colour' is not known"),
        ({"rows": []}, "rows is an object"),
        ({"rows": {"gadgets": []}}, "'gadgets' is no entity set"),
        ({"rows": {"salesOrders": []}}, "'salesOrders': documents can not be seeded. Create"),
        ({"rows": {"purchaseInvoiceLines": []}}, "documents can not be seeded."),
        ({"rows": {"customers": {}}}, "customers is a list of objects"),
        ({"rows": {"trialBalances": [{}]}}, "objects, each with a field at least."),
        ({"rows": {"customers": [{"colour": "red"}]}}, "customers has no field 'colour'"),
        ({"rows": {"customers": [{"number": "A"}, {"name": "B"}]}}, "customers[1]: customers has"),
        ({"rows": {"customers": [{"number": 5}]}}, "Nothing was seeded: customers[0]: "),
        (
            {"rows": {"customers": [{"number": "A1"}, {"number": "10000"}]}},
            "customers[1]: The Customer already exists.",
        ),
        ({"rows": {"customers": [{"number": "10000"}]}}, "fields and values: No.='10000'"),
        ({"rows": {"paymentTerms": [{"code": "CM"}]}}, "and values: Code='CM'"),
        (
            {"rows": {"customers": [{"number": "A1", "paymentTermsId": "NONE"}]}},
            "Nothing was seeded: customers[0]: ",
        ),
    ],
)
async def test_mistakes_are_told_and_change_nothing(
    client: Client, body: object, sentence: str
) -> None:
    await client.post("/_simulator/clock", {"advance": 60})
    before = [(await client.get(f"/_simulator/{name}")).json for name in ("hash", "clock")]
    reply = await client.post(SEED, body)
    assert reply.status == 400
    assert sentence in reply.json["error"]
    assert [(await client.get(f"/_simulator/{name}")).json for name in ("hash", "clock")] == before


async def test_companies_are_not_seeded_and_no_other_word_for_them_is(client: Client) -> None:
    reply = await client.post(SEED, {"rows": {"companies": [{"name": "X"}]}})
    assert reply.json["error"].endswith("'companies' is no entity set whose rows can be seeded.")


async def test_one_code_on_two_items(client: Client) -> None:
    rows = {
        "itemVariants": [
            {"itemNumber": "1896-S", "code": "RED"},
            {"itemNumber": "1900-S", "code": "RED"},
        ],
        "dimensionValues": [{"code": "30", "dimensionId": "DEPARTMENT"}],
    }
    assert (await client.post(SEED, {"rows": rows})).status == 200
    reds = [one for one in await client.state("itemVariants") if one["code"] == "RED"]
    assert {one["itemNumber"] for one in reds} == {"1896-S", "1900-S"}
    assert len({one["id"] for one in reds}) == 2
    values = [one for one in await client.state("dimensionValues") if one["code"] == "30"]
    assert len({one["dimensionId"] for one in values}) == 2
    again = await client.post(SEED, {"rows": {"itemVariants": rows["itemVariants"][:1] * 2}})
    assert "itemVariants[1]: The Item Variant already exists." in again.json["error"]


async def test_a_part_is_named_by_its_code(client: Client) -> None:
    customer = await client.one("customers", "number", "10000")
    row = {
        "parentId": customer["id"],
        "parentType": "Customer",
        "dimensionId": "DEPARTMENT",
        "dimensionValueId": "SALES",
    }
    reply = await client.post(SEED, {"rows": {"defaultDimensions": [row]}})
    assert reply.status == 200, reply.text
    (made,) = await client.state("defaultDimensions")
    values = {one["code"]: one["id"] for one in await client.state("dimensionValues")}
    assert made["dimensionValueId"] == values["SALES"]
