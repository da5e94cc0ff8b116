from __future__ import annotations

from typing import Any

import pytest

from gateway.simulator.catalogue.custom import read_declared
from gateway.simulator.clock import Clock
from gateway.simulator.records.belongings import remove
from gateway.simulator.state import State
from tests.unit.simulator.client import LTD, Client
from tests.unit.simulator.documents.acting import DESK, ENTRIES, act, drafted, line

AREA = {"code": "AREA", "valueCode": "30"}
BELONGINGS = ("dimensionSetLines", "attachments")


async def furnished(client: Client, name: str) -> dict[str, Any]:
    """A document with a dimension and a file, and a line with another dimension."""
    draft: dict[str, Any] = await drafted(client, name, line(DESK))
    lines = name.removesuffix("s") + "Lines"
    (own,) = (await client.get(f"{name}({draft['id']})/{lines}")).json["value"]
    for path, body in (
        (f"{lines}({own['id']})/dimensionSetLines", AREA),
        (f"{name}({draft['id']})/attachments", {"fileName": "order.txt"}),
    ):
        assert (await client.post(path, body)).status == 201
    (file,) = await client.state("attachments")
    path = f"attachments({file['id']})/attachmentContent"
    headers = {"If-Match": "*", "Content-Type": "text/plain"}
    assert (await client.send("PATCH", path, b"as agreed", headers)).status == 204
    return draft


async def parents(client: Client) -> list[tuple[str, str]]:
    """What dimensions and files belong to."""
    found = [one for name in BELONGINGS for one in await client.state(name)]
    return sorted((str(one["parentType"]), str(one["parentId"])) for one in found)


@pytest.mark.parametrize("name", ["salesOrders", "salesQuotes", "salesInvoices"])
async def test_nothing_is_left_of_a_document_that_is_deleted(client: Client, name: str) -> None:
    draft = await furnished(client, name)
    reply = await client.send("DELETE", f"{name}({draft['id']})", None, {"If-Match": "*"})
    assert reply.status == 204
    assert await parents(client) == []


async def test_nothing_is_left_of_a_line_that_is_deleted(client: Client) -> None:
    draft = await furnished(client, "salesOrders")
    (own,) = (await client.get(f"salesOrders({draft['id']})/salesOrderLines")).json["value"]
    path = f"salesOrderLines({own['id']})"
    assert (await client.send("DELETE", path, None, {"If-Match": "*"})).status == 204
    assert [kind for kind, _ in await parents(client)] == ["Sales_x0020_Order"]


@pytest.mark.parametrize(
    ("name", "action", "made"),
    [
        ("salesOrders", "shipAndInvoice", "salesInvoices"),
        ("salesQuotes", "makeOrder", "salesOrders"),
        ("salesQuotes", "makeInvoice", "salesInvoices"),
    ],
)
async def test_lines_hand_on_dimensions_and_documents_files(
    client: Client, name: str, action: str, made: str
) -> None:
    draft = await furnished(client, name)
    done = await act(client, name, draft, action)
    assert done.status == 204, done.text
    lines = made.removesuffix("s") + "Lines"
    expand = f"{lines}($expand=dimensionSetLines),attachments"
    new = (await client.get(done.headers["Location"], _expand=expand)).json
    assert [one["code"] for one in new[lines][0]["dimensionSetLines"]] == ["AREA"]
    (file,) = new["attachments"]
    assert file["fileName"] == "order.txt"
    assert (await client.get(f"attachments({file['id']})/attachmentContent")).text == "as agreed"
    there = {
        one["id"]
        for kind in (made, lines, "salesShipments", "salesShipmentLines", ENTRIES)
        for one in await client.state(kind)
    }
    assert {parent for _, parent in await parents(client)} <= there


async def test_nothing_is_left_of_the_lines_of_a_journal_that_is_posted(client: Client) -> None:
    bank = await client.one("accounts", "number", "10100")
    body = {"code": "BANK", "balancingAccountId": bank["id"]}
    journal = (await client.post("journals", body)).json["id"]
    told = {"accountNumber": "40100", "amount": 5, "documentNumber": "J-1"}
    own = (await client.post(f"journals({journal})/journalLines", told)).json["id"]
    assert (await client.post(f"journalLines({own})/dimensionSetLines", AREA)).status == 201
    file = {"fileName": "slip.txt"}
    assert (await client.post(f"journalLines({own})/attachments", file)).status == 201
    assert len(await parents(client)) == 2
    assert (await client.send("POST", f"journals({journal})/Microsoft.NAV.post")).status == 204
    entries = [one["id"] for one in await client.state(ENTRIES) if one["documentNumber"] == "J-1"]
    kind = "General_x0020_Ledger_x0020_Entry"
    assert await parents(client) == sorted((kind, entry) for entry in entries)


async def test_the_picture_of_an_item_goes_with_it(client: Client) -> None:
    item = (await client.post("items", {"number": "TMP", "displayName": "Stool"})).json["id"]
    headers = {"If-Match": "*", "Content-Type": "image/png"}
    path = f"items({item})/picture/pictureContent"
    assert (await client.send("PATCH", path, b"\x89PNG", headers)).status == 204
    assert [one["id"] for one in await client.state("pictures")] == [item]
    gone = await client.send("DELETE", f"items({item})", None, {"If-Match": "*"})
    assert gone.status == 204
    assert await client.state("pictures") == []


async def test_the_unit_of_an_item_stays_in_an_old_release_too(client: Client) -> None:
    await client.send("PATCH", "/_simulator/environments/Production", {"release": "17.0"})
    item = (await client.post("items", {"number": "TMP", "displayName": "Stool"})).json["id"]
    before = (await client.get("/_simulator/state", company=LTD, entity="unitsOfMeasure")).json
    gone = await client.send("DELETE", f"items({item})", None, {"If-Match": "*"})
    assert gone.status == 204
    after = (await client.get("/_simulator/state", company=LTD, entity="unitsOfMeasure")).json
    assert after["count"] == before["count"]


def test_what_is_part_of_its_own_set_goes_once_and_as_a_whole() -> None:
    """A chain longer than any stack, and one that comes back to where it began."""
    told = {
        "publisher": "harwick",
        "group": "trees",
        "version": "v1.0",
        "entitySets": {
            "branches": {
                "entityName": "branch",
                "key": ["code"],
                "fields": {"code": "Code[20]", "parent": "Code[20]"},
                "parts": {"twigs": {"entitySet": "branches", "subPageLink": {"parent": "code"}}},
            }
        },
    }
    own = State("http://bc.test", 1, Clock(), declared=read_declared([told]))
    company = own.environments["production"].companies[LTD]
    most = 3000
    for at in range(most):
        values = {"code": f"B{at}", "parent": f"B{(at - 1) % most}"}
        company.insert("branches", values, str(at))
    company.insert("branches", {"code": "ROOT", "parent": "ROOT"}, "root")
    with company.transaction():
        remove(company, "branches", company.table("branches").records["7"])
        assert list(company.table("branches").records) == ["root"]
        remove(company, "branches", company.table("branches").records["root"])
        assert not company.table("branches").records
