from __future__ import annotations

from tests.unit.simulator.client import Client
from tests.unit.simulator.documents.acting import DESK, act, drafted, line


async def renamed(client: Client, entity: str, key: str, old: str, new: str) -> None:
    record = await client.one(entity, key, old)
    reply = await client.patch(f"{entity}({record['id']})", {key: new})
    assert reply.status == 200, reply.text


async def test_lines_and_ledgers_follow_the_number_of_their_item(client: Client) -> None:
    account = {"lineType": "Account", "lineObjectNumber": "40100", "quantity": 1}
    order = await drafted(client, "salesOrders", line(DESK), account)
    assert (await client.post("items", {"number": "40100", "displayName": "x"})).status == 201
    for old, new in ((DESK, "DESK-1"), ("40100", "40100-X")):
        await renamed(client, "items", "number", old, new)
    own = (await client.get(f"salesOrders({order['id']})/salesOrderLines")).json["value"]
    assert [one["lineObjectNumber"] for one in own] == ["DESK-1", "40100"]
    done = await act(client, "salesOrders", order, "shipAndInvoice")
    invoice = (await client.get(done.headers["Location"], _expand="salesInvoiceLines")).json
    assert [one["lineObjectNumber"] for one in invoice["salesInvoiceLines"]] == ["DESK-1", "40100"]
    await renamed(client, "items", "number", "DESK-1", "DESK-2")
    shipped = await client.state("salesShipmentLines")
    assert "DESK-2" in {one["lineObjectNumber"] for one in shipped}


async def test_ledgers_follow_the_number_of_who_bought(client: Client) -> None:
    invoice = await drafted(client, "salesInvoices", line(DESK))
    assert (await act(client, "salesInvoices", invoice, "post")).status == 204
    await renamed(client, "customers", "number", "10000", "10001")
    entry = (await client.state("itemLedgerEntries"))[-1]
    assert (entry["sourceType"], entry["sourceNumber"]) == ("Customer", "10001")


async def test_the_line_of_a_journal_follows_its_customer(client: Client) -> None:
    journal = (await client.post("journals", {"code": "J"})).json["id"]
    told = {"accountType": "Customer", "accountNumber": "10000", "amount": 1}
    made = await client.post(f"journals({journal})/journalLines", told)
    assert made.status == 201, made.text
    await renamed(client, "customers", "number", "10000", "10001")
    (own,) = await client.state("journalLines")
    assert own["accountNumber"] == "10001"


async def test_a_vat_group_by_another_name_is_taxed_as_before(client: Client) -> None:
    draft = await drafted(client, "salesInvoices", line(DESK))
    await renamed(client, "taxGroups", "code", "STANDARD", "USUAL")
    await renamed(client, "taxGroups", "code", "USUAL", "NORMAL")
    await renamed(client, "taxAreas", "code", "DOMESTIC", "HOME")
    (own,) = (await client.get(f"salesInvoices({draft['id']})/salesInvoiceLines")).json["value"]
    assert own["taxCode"] == "NORMAL"
    path = f"salesInvoices({draft['id']})/salesInvoiceLines"
    new = (await client.post(path, line(DESK))).json
    assert (new["taxCode"], new["taxPercent"]) == ("NORMAL", 20)


async def test_a_vat_group_in_use_stays(client: Client) -> None:
    for entity, code in (("taxGroups", "STANDARD"), ("taxAreas", "DOMESTIC")):
        group = await client.one(entity, "code", code)
        gone = await client.send("DELETE", f"{entity}({group['id']})", None, {"If-Match": "*"})
        assert (gone.status, f"You cannot delete {code}." in gone.message) == (400, True)


async def test_a_salesperson_is_one(client: Client) -> None:
    body = {"displayName": "Juniper Hall", "salespersonCode": "jo"}
    assert (await client.post("customers", body)).json["salespersonCode"] == "JO"
    for name, wrong in (
        ("customers", body | {"salespersonCode": "NOBODY"}),
        ("opportunities", {"salespersonCode": "NOBODY"}),
    ):
        reply = await client.post(name, wrong)
        assert reply.code == "Internal_InvalidTableRelation"
        assert "(NOBODY) that cannot be found in the related table" in reply.message


async def test_a_part_knows_its_parent_by_number_too(client: Client) -> None:
    item = await client.one("items", "number", "1900-S")
    body = {"code": "RED", "description": "Red"}
    variant = await client.post(f"items({item['id']})/itemVariants", body)
    assert (variant.json["itemId"], variant.json["itemNumber"]) == (item["id"], "1900-S")
    employee = (await client.post("employees", {"givenName": "Ines", "surname": "Moor"})).json
    entry = {"date": "2026-03-02", "quantity": 8}
    path = f"employees({employee['id']})/timeRegistrationEntries"
    whose = {"employeeId": employee["id"]}, {"employeeNumber": employee["number"]}
    for to, named in ((path, {}), *(("timeRegistrationEntries", one) for one in whose)):
        made = (await client.post(to, entry | named)).json
        assert (made["employeeId"], made["employeeNumber"]) == (employee["id"], employee["number"])
        assert made["lastModfiedDateTime"] == "2026-03-02T12:00:00Z"
    nobody = await client.post("timeRegistrationEntries", entry | {"employeeNumber": "NOBODY"})
    assert nobody.code == "Internal_InvalidTableRelation"
