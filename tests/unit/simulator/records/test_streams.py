from __future__ import annotations

import struct

from gateway.simulator.records.streams import media_type
from tests.unit.simulator.client import Client, Reply

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


async def test_a_document_as_pdf(client: Client) -> None:
    order = (await client.post("salesOrders", {"customerNumber": "10000"})).json["id"]
    shown = (await client.get(f"salesOrders({order})/pdfDocument")).json
    assert (shown["parentId"], shown["parentType"]) == (order, "Sales_x0020_Order")
    pdf = await client.get(f"salesOrders({order})/pdfDocument/pdfDocumentContent")
    assert pdf.text.startswith("%PDF-1.4")
    assert order in pdf.text
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
    assert media_type(b"%PDF") == "application/octet-stream"
