"""The variant of an item on a line of a document (BCApps, SalesLine.Table.al and
PurchaseLine.Table.al: field 5402, its relation and what follows from it).

``headers`` calls it when the property is stored.
"""

from __future__ import annotations

from gateway.simulator.catalogue.entities import BLANK_ENUM
from gateway.simulator.documents.quantities import where
from gateway.simulator.documents.rules import DELIVERIES, Document
from gateway.simulator.errors import BusinessCentralError, field_error, unrelated
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.records.values import decode_member, is_zero


def take_variant(company: Company, document: Document, header: Record, values: Values) -> None:
    """The line takes what the variant is called, without one what the item is.

    A line knows the variant by its code: one of another item is taken for that of its own item
    with the same code. Raises BusinessCentralError where there is none, and on a line of no item.
    """
    item = company.get("items", values["itemId"])
    if is_zero(values["itemVariantId"]):
        if item is not None:
            _call(values, item.values["displayName"], item.values["displayName2"])
        return
    if item is None:
        raise _no_item(document, header, values)
    named = company.table("itemVariants").records[values["itemVariantId"]]
    code = named.values["code"]
    for own in company.table("itemVariants").where("itemId", item.id):
        if own.values["code"] == code:
            values["itemVariantId"] = own.id
            _call(values, own.values["description"], "")
            return
    raise unrelated("Variant Code", document.line_table, code, "Item Variant")


def _call(values: Values, description: str, description2: str) -> None:
    values["description"] = description
    if "description2" in values:
        values["description2"] = description2


def _no_item(document: Document, header: Record, values: Values) -> BusinessCentralError:
    kinds = DELIVERIES["salesOrders"].kinds
    kind = decode_member(kinds.get(values["lineType"], BLANK_ENUM))
    return field_error(
        f"Type must be equal to 'Item'  in {document.line_table}: "
        f"{where(document, header, values)}. Current value is '{kind}'."
    )
