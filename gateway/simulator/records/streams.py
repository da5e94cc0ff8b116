"""What is no JSON: pictures, files, documents as PDF (bc/api.md §1, §3, §10)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from gateway.simulator.catalogue.entities import EntitySet, Field
from gateway.simulator.clock import Clock, timestamp
from gateway.simulator.documents.rules import DOCUMENTS
from gateway.simulator.errors import dialog, not_found
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.records.values import decode_member, stamp

ANY = "application/octet-stream"
_HAVE_DOCUMENTS = frozenset({"Employee", "Job", "Item", "Customer", "Vendor"})
_ILLEGAL = frozenset('<>:"/\\|?*\n\r\t')
_SIGNS = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF", "application/pdf"),
)


def content(company: Company, entity_set: EntitySet, record: Record, field: Field) -> bytes:
    """The bytes of a stream. Raises BusinessCentralError (404) where there are none."""
    if entity_set.name == "pdfDocument":
        return _pdf(*_printed(company, record.values))
    found = company.streams.get((entity_set.name, record.id, field.name))
    if found is None:
        raise not_found(entity_set.caption, f"Content of '{field.name}'")
    return found


def _printed(company: Company, pdf: Values) -> Iterator[str]:
    """What stands in a document as PDF: type and number, the party, the lines, the total.

    A choice: Business Central prints a layout of the tenant's.
    """
    name, owner = _owner(company, "pdfDocument", pdf)
    known = {} if owner is None else owner.values
    number = known.get("number") or known.get("customerName") or pdf["parentId"]
    yield f"{decode_member(str(pdf['parentType']))} {number}"
    if name not in DOCUMENTS or owner is None:
        return
    document = DOCUMENTS[name]
    yield str(known[f"{document.party}Name"])
    for line in company.table(document.lines).where("documentId", owner.id):
        row = line.values
        told = (row["lineObjectNumber"], row["description"], row["quantity"], row["netAmount"])
        yield "  ".join(str(one) for one in told)
    yield f"{known['currencyCode']} {known['totalAmountIncludingTax']}"


def parent_of(company: Company, name: str, values: Values) -> Record | None:
    """The record that a file or a document as PDF belongs to, by ``parentType`` and id."""
    return _owner(company, name, values)[1]


def _owner(company: Company, name: str, values: Values) -> tuple[str, Record | None]:
    """The same with its entity set."""
    for owner, way in company.catalogue.leading(name):
        if way.fixed.get("parentType") == values["parentType"]:
            found = company.get(owner.name, str(values["parentId"]))
            if found is not None:
                return owner.name, found
    return "", None


def take(
    company: Company,
    clock: Clock,
    entity_set: EntitySet,
    record: Record,
    field: Field,
    *,
    data: bytes,
) -> None:
    """Keep new bytes, and what they say of themselves."""
    with company.transaction():
        if company.get(entity_set.name, record.id) is None:
            record = company.insert(entity_set.name, dict(record.values), record.id)
        company.edit(entity_set.name, record, beyond=True)
        repicture(company, entity_set.name, record, clock)
        company.keep_stream((entity_set.name, record.id, field.name), data)
        width, height = _size(data)
        told = {
            "byteSize": len(data),
            "contentType": media_type(data),
            "width": width,
            "height": height,
            "lastModifiedDateTime": timestamp(clock.now()),
        }
        record.values.update({key: told[key] for key in told if key in record.values})


def repicture(company: Company, name: str, picture: Record, clock: Clock) -> None:
    """A picture is a field of whom it shows, whose row changes with it (bc/api.md §10)."""
    for owner, way in company.catalogue.leading(name) if name == "pictures" else ():
        if way.fixed.get("parentType") == picture.values["parentType"]:
            shown = company.get(owner.name, picture.id)
            if shown is not None:
                company.edit(owner.name, shown, beyond=True)
                stamp(shown.values, timestamp(clock.now()))
                return


def forget(company: Company, entity_set: EntitySet, record: Record) -> None:
    """Drop the bytes of a record that goes."""
    for field in entity_set.fields:
        if field.type == "Edm.Stream":
            company.keep_stream((entity_set.name, record.id, field.name), None)


def settle_file(company: Company, entity_set: EntitySet, values: Values) -> None:
    """The rules of a new attachment (bc/api.md §10). Raises BusinessCentralError.

    A name that is empty or can be none of a file becomes ``filename.txt``. A file whose document
    is not found is kept without one, so that nobody has to send it twice (Microsoft's published
    source, codeunit 5503 Graph Mgt - Attachment Buffer; not in bc/api.md).
    """
    if entity_set.name not in {"attachments", "documentAttachments"}:
        return
    kind = str(values["parentType"])
    if entity_set.name == "attachments" and kind in _HAVE_DOCUMENTS:
        raise dialog(
            f"Parent type {decode_member(kind)} is not supported. "
            "Use documentAttachments API instead."
        )
    if entity_set.name == "attachments" and parent_of(company, entity_set.name, values) is None:
        blanks = entity_set.blanks
        values.update({name: blanks[name] for name in ("parentId", "parentType")})
    name = str(values["fileName"])
    if not name.strip() or _ILLEGAL & set(name):
        values["fileName"] = "filename.txt"


def refuse_move(entity_set: EntitySet, before: Values, values: Values) -> None:
    """An attachment stays with its document (bc/api.md §10). Raises BusinessCentralError."""
    if entity_set.name == "attachments":
        for name in ("parentId", "parentType"):
            if before[name] != values[name]:
                raise dialog(f"You cannot change the value of the key field {name}.")


def media_type(data: bytes) -> str:
    """The type of a picture or a PDF by its first bytes, else that of any bytes.

    A choice: which type Business Central answers a stream with is not known.
    """
    return next((kind for sign, kind in _SIGNS if data.startswith(sign)), ANY)


def _size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG or a GIF; 0 of anything else."""
    if data.startswith(b"\x89PNG") and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return int(width), int(height)
    if data.startswith(b"GIF8") and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return int(width), int(height)
    return 0, 0


def _pdf(*lines: str) -> bytes:
    """A page with lines of text, as small as a PDF can be."""
    escaped = [re.sub(r"([\\()])", r"\\\1", line) for line in lines]
    shown = " 0 -16 Td ".join(f"({line}) Tj" for line in escaped)
    drawn = f"BT /F1 12 Tf 50 780 Td {shown} ET".encode("latin-1", "replace")
    fonts = b"<</Font<</F1 5 0 R>>>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources %s>>" % fonts,
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, places = b"%PDF-1.4\n", []
    for at, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (at, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % count
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, len(body))
    return body + head + table + tail
