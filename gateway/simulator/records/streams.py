"""What is no JSON: pictures, files, documents as PDF (bc/api.md §1, §3, §10)."""

from __future__ import annotations

import struct

from gateway.simulator.catalogue.entities import EntitySet, Field
from gateway.simulator.clock import Clock, timestamp
from gateway.simulator.errors import dialog, not_found
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.records.values import decode_member

ANY = "application/octet-stream"
_HAVE_DOCUMENTS = frozenset({"Employee", "Job", "Item", "Customer", "Vendor"})
_ILLEGAL = frozenset('<>:"/\\|?*\n\r\t')
_SIGNS = ((b"\x89PNG", "image/png"), (b"\xff\xd8", "image/jpeg"), (b"GIF8", "image/gif"))


def content(company: Company, entity_set: EntitySet, record: Record, field: Field) -> bytes:
    """The bytes of a stream. Raises BusinessCentralError (404) where there are none."""
    if entity_set.name == "pdfDocument":
        return _pdf(f"{record.values['parentType']} {record.values['parentId']}")
    found = company.streams.get((entity_set.name, record.id, field.name))
    if found is None:
        raise not_found(entity_set.caption, f"Content of '{field.name}'")
    return found


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
        company.edit(entity_set.name, record)
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


def forget(company: Company, entity_set: EntitySet, record: Record) -> None:
    """Drop the bytes of a record that goes."""
    for field in entity_set.fields:
        if field.type == "Edm.Stream":
            company.keep_stream((entity_set.name, record.id, field.name), None)


def name_file(entity_set: EntitySet, values: Values) -> None:
    """The rules of a new attachment (bc/api.md §10). Raises BusinessCentralError.

    A name that is empty or can be none of a file becomes ``filename.txt``.
    """
    if entity_set.name not in {"attachments", "documentAttachments"}:
        return
    kind = str(values["parentType"])
    if entity_set.name == "attachments" and kind in _HAVE_DOCUMENTS:
        raise dialog(
            f"Parent type {decode_member(kind)} is not supported. "
            "Use documentAttachments API instead."
        )
    name = str(values["fileName"])
    if not name.strip() or _ILLEGAL & set(name):
        values["fileName"] = "filename.txt"


def media_type(data: bytes) -> str:
    """The type of a picture by its first bytes, else that of any bytes."""
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


def _pdf(text: str) -> bytes:
    """A page with a line of text, as small as a PDF can be."""
    drawn = f"BT /F1 12 Tf 50 780 Td ({text}) Tj ET".encode("latin-1", "replace")
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
