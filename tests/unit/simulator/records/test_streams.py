from __future__ import annotations

import re
import struct
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.records.streams import _pdf, media_type
from tests.unit.simulator.client import LTD, Client, Reply

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 3, 2) + b"\x08\x02\x00\x00\x00"
BYTES = {"Content-Type": "application/octet-stream", "If-Match": "*"}


async def put(client: Client, path: str, data: bytes) -> Reply:
    return await client.send("PATCH", path, data, BYTES)


async def test_a_picture_is_there_before_anybody_gave_one(client: Client) -> None:
    item = await client.one("items", "number", "1896-S")
    path = f"items({item['id']})/picture"
    shown = (await client.get(path)).json
    assert (shown["id"], shown["width"], shown["contentType"]) == (item["id"], 0, "")
    assert (await client.get(f"{path}/pictureContent")).status == 404
    assert (await put(client, f"{path}/pictureContent", PNG)).status == 204
    shown = (await client.get(path)).json
    assert (shown["width"], shown["height"], shown["contentType"]) == (3, 2, "image/png")
    link = shown["pictureContent@odata.mediaReadLink"]
    headers = {"Authorization": f"Bearer {client.token}"}
    async with client.session.get(link, headers=headers) as answer:
        assert (await answer.read(), answer.content_type) == (PNG, "image/png")
    assert (await client.send("DELETE", path)).status == 204
    assert (await client.get(path)).json["width"] == 0
    assert (await client.get(f"{path}/pictureContent")).status == 404


async def test_an_attachment_with_its_content(client: Client) -> None:
    invoice = (await client.post("salesInvoices", {"customerNumber": "10000"})).json["id"]
    body = {"parentId": invoice, "parentType": "Sales Invoice", "fileName": "note.txt"}
    made = (await client.post("attachments", body)).json
    path = f"attachments({made['id']})"
    assert (await put(client, f"{path}/attachmentContent", b"Ring twice.")).status == 204
    assert (await client.get(path)).json["byteSize"] == 11
    assert (await client.get(f"{path}/attachmentContent")).text == "Ring twice."
    part = await client.get(f"salesInvoices({invoice})/attachments")
    assert [one["fileName"] for one in part.json["value"]] == ["note.txt"]
    assert (await client.send("DELETE", path)).status == 204


async def test_names_of_files_and_parents(client: Client) -> None:
    invoice = (await client.post("salesInvoices", {"customerNumber": "10000"})).json["id"]
    body = {"parentId": invoice, "parentType": "Sales Invoice"}
    for name in ("", " ", "a/b.txt", "a?"):
        made = await client.post("attachments", {**body, "fileName": name})
        assert made.json["fileName"] == "filename.txt"
    refused = await client.post("attachments", {**body, "parentType": "Customer", "fileName": "x"})
    assert "Parent type Customer is not supported." in refused.message


async def test_an_attachment_stays_with_its_document(client: Client) -> None:
    invoice = (await client.post("salesInvoices", {"customerNumber": "10000"})).json["id"]
    body = {"parentId": invoice, "parentType": "Sales Invoice", "fileName": "note.txt"}
    made = (await client.post("attachments", body)).json
    path = f"attachments({made['id']})"
    for name, value in (("parentId", made["id"]), ("parentType", "Sales Order")):
        refused = await client.patch(path, {name: value})
        assert refused.message.startswith(f"You cannot change the value of the key field {name}.")
    renamed = await client.patch(path, {"parentId": invoice, "fileName": "other.txt"})
    assert renamed.json["fileName"] == "other.txt"


@pytest.mark.parametrize("parent", [{}, {"parentId": LTD, "parentType": "Sales Invoice"}])
async def test_a_file_without_its_document_is_kept(client: Client, parent: object) -> None:
    body = {"fileName": "note.txt", **dict(cast("dict[str, str]", parent))}
    made = await client.post("attachments", body)
    assert (made.status, made.json["parentType"]) == (201, "_x0020_")
    assert made.json["parentId"] == "00000000-0000-0000-0000-000000000000"


async def test_a_stream_is_no_part_of_a_body(client: Client) -> None:
    body = {"fileName": "note.txt", "attachmentContent": "bm90ZQ=="}
    assert (await client.post("attachments", body)).code == "BadRequest"
    assert (await client.post("customers", {"displayName": "A", "picture": {}})).status == 400


async def test_the_picture_of_the_company(client: Client) -> None:
    (company,) = (await client.get("companyInformation")).json["value"]
    path = f"companyInformation({company['id']})/picture"
    assert company["picture@odata.mediaReadLink"].endswith(path)
    assert (await client.get(path)).status == 404
    gif = b"GIF89a" + struct.pack("<HH", 3, 2)
    assert (await put(client, path, gif)).status == 204
    shown = await client.get(path)
    assert (shown.text.encode(), shown.headers["Content-Type"]) == (gif, "image/gif")


async def test_a_picture_is_changed_with_an_etag(client: Client) -> None:
    item = await client.one("items", "number", "1896-S")
    path = f"items({item['id']})/picture"
    etag = (await client.get(path)).json["@odata.etag"]
    headers = {"Content-Type": "application/octet-stream"}
    assert (await client.send("PATCH", f"{path}/pictureContent", b"1", headers)).status == 400
    fresh = {**headers, "If-Match": etag}
    assert (await client.send("PATCH", f"{path}/pictureContent", b"GIF8", fresh)).status == 204
    assert (await client.send("PATCH", f"{path}/pictureContent", b"GIF8", fresh)).status == 409
    assert (await client.send("POST", path, {})).status == 405


async def test_a_document_as_pdf(client: Client) -> None:
    order = (await client.post("salesOrders", {"customerNumber": "10000"})).json["id"]
    shown = (await client.get(f"salesOrders({order})/pdfDocument")).json
    assert (shown["parentId"], shown["parentType"]) == (order, "Sales_x0020_Order")
    pdf = await client.get(f"salesOrders({order})/pdfDocument/pdfDocumentContent")
    assert pdf.headers["Content-Type"] == "application/pdf"
    assert pdf.text.startswith("%PDF-1.4")
    number = (await client.get(f"salesOrders({order})")).json["number"]
    assert f"(Sales Order {number}) Tj" in pdf.text
    line = {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 2}
    assert (await client.post(f"salesOrders({order})/salesOrderLines", line)).status == 201
    pdf = await client.get(f"salesOrders({order})/pdfDocument/pdfDocumentContent")
    drawn = re.findall(r"\(([^()]*)\) Tj", pdf.text)
    assert drawn[:2] == [f"Sales Order {number}", "Ashgrove Interiors Ltd"]
    assert drawn[2].startswith("1896-S  ATHENS Desk  2  2001.6")
    assert drawn[3].startswith("GBP 2401.9")
    changed = await put(client, f"salesOrders({order})/pdfDocument/pdfDocumentContent", b"x")
    assert changed.status == 405


async def test_one_property_and_its_value(client: Client) -> None:
    item = await client.one("items", "number", "1896-S")
    path = f"items({item['id']})"
    assert (await client.get(f"{path}/unitPrice")).json["value"] == item["unitPrice"]
    assert (await client.get(f"{path}/number/$value")).text == "1896-S"
    assert (await client.get(f"{path}/blocked/$value")).text == "false"
    assert (await client.get(f"{path}/number/nothing")).status == 404
    assert (await client.patch(f"{path}/number", {"value": "X"})).status == 405


def test_types_by_the_first_bytes() -> None:
    assert media_type(b"\xff\xd8\xff") == "image/jpeg"
    assert media_type(b"GIF89a") == "image/gif"
    assert media_type(b"%PDF-1.4") == "application/pdf"
    assert media_type(b"Ring twice.") == "application/octet-stream"


@given(st.text(alphabet="Sales ()\\\\103", max_size=12))
def test_the_text_of_a_pdf_ends_where_it_should(text: str) -> None:
    drawn = re.search(rb"Td \((.*)\) Tj", _pdf(text), re.DOTALL)
    assert drawn is not None
    assert re.sub(rb"\\(.)", rb"\1", drawn[1]) == text.encode()
    assert re.fullmatch(rb"(?:[^\\()]|\\.)*", drawn[1], re.DOTALL)


@pytest.mark.parametrize("name", ["contacts", "customers", "employees", "items", "vendors"])
async def test_who_has_another_picture_was_changed(client: Client, name: str) -> None:
    names = {"givenName": "Nell", "surname": "Ashby"} if name == "employees" else {}
    body = names or {"displayName": "Nell Ashby"}
    made = (await client.post(name, body)).json
    path = f"{name}({made['id']})"
    moments, etags = [made["lastModifiedDateTime"]], [(await client.get(path)).json["@odata.etag"]]
    for write in ("PATCH", "DELETE"):
        await client.post("/_simulator/clock", {"advance": 60})
        if write == "PATCH":
            assert (await put(client, f"{path}/picture/pictureContent", PNG)).status == 204
        else:
            assert (await client.send("DELETE", f"{path}/picture")).status == 204
        changed = (await client.get(path)).json
        moments.append(changed["lastModifiedDateTime"])
        etags.append(changed["@odata.etag"])
    assert moments == [f"2026-03-02T12:0{minute}:00Z" for minute in range(3)]
    assert len(set(etags)) == 3
