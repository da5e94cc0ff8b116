"""Quantities and discounts of lines, checked as they are typed in (BCApps, SalesLine.Table.al and
PurchaseLine.Table.al: fields 15 to 18, 27 and 28).

``headers`` calls it for every such property; ``posting`` checks once more.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

from gateway.simulator.documents.rules import DOCUMENTS, Document, Ordered
from gateway.simulator.documents.totals import HUNDRED, discount_percent
from gateway.simulator.errors import BusinessCentralError, dialog, field_error
from gateway.simulator.records.store import Record, Values

QUANTITIES = frozenset({"quantity", "shipQuantity", "receiveQuantity", "invoiceQuantity"})
_STEP = Decimal("0.00001")
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_DONE = frozenset({"shippedQuantity", "receivedQuantity", "invoicedQuantity"})


def round_quantity(quantity: Decimal) -> Decimal:
    """A quantity with five places at most: what is beyond them is rounded away, as where an item
    says nothing of its precision.
    """
    rounded = quantity.quantize(_STEP, context=_EXACT)
    return quantity if rounded == quantity else Decimal(_plain(rounded)) or Decimal(0)


def quantity_changed(
    document: Document, ordered: Ordered, header: Record, values: Values, field: str
) -> None:
    """What follows from a quantity of an order's line that was stored as ``field``: all of what
    is open is to be delivered, and what is delivered then is to be invoiced.

    Raises BusinessCentralError for more than can be.
    """
    if field in {"quantity", *_DONE}:
        _refuse_less(document, ordered, header, values)
        values[ordered.deliver] = _open(ordered, values)
    elif field == ordered.deliver:
        refuse_delivery(ordered, values)
    if field == "invoiceQuantity":
        refuse_invoice(ordered, values)
    elif field in {"quantity", ordered.deliver, *_DONE}:
        values["invoiceQuantity"] = _to_invoice(ordered, values)


def refuse_delivery(ordered: Ordered, values: Values) -> None:
    """Not more than what is open is delivered, nor the other way round."""
    left, wanted = _open(ordered, values), Decimal(values[ordered.deliver])
    if abs(wanted) > abs(left) or wanted * left < 0:
        raise dialog(f"You cannot {ordered.verb} more than {_plain(left)} units.")


def refuse_invoice(ordered: Ordered, values: Values) -> None:
    """Not more is invoiced than was delivered and is, nor the other way round."""
    left, wanted = _to_invoice(ordered, values), Decimal(values["invoiceQuantity"])
    if abs(wanted) > abs(left) or wanted * Decimal(values["quantity"]) < 0:
        raise dialog(f"You cannot invoice more than {_plain(left)} units.")


def refuse_discount(
    document: Document, header: Record, values: Values, base: Decimal, field: str
) -> None:
    """A discount is a part of the line's amount. A choice: a line of nothing takes none."""
    discount = Decimal(values["discountAmount"])
    if field != "discountAmount" or not discount:
        return
    if not values["quantity"]:
        raise missing(document, header, values, "Quantity")
    if not base or not 0 <= discount_percent(base, discount) <= HUNDRED:
        raise dialog("The value in the Line Discount % field must be between 0 and 100.")


def refuse_nameless(name: str, header: Record, lines: list[Record]) -> None:
    """What has a quantity says what it is of (BCApps, Sales-Post: TestField).

    A line of something without a quantity stops nothing: Business Central asks people only
    (BCApps, codeunit 1320, where ``GuiAllowed``).
    """
    for line in lines:
        if line.values["quantity"] and not line.values["lineObjectNumber"]:
            raise missing(DOCUMENTS[name], header, line.values, "No.")


def must_be_nothing(
    document: Document, header: Record, values: Values, field: str, caption: str
) -> None:
    """Refuse a line of which some was delivered or invoiced already."""
    if values[field]:
        raise field_error(
            f"{caption} must be equal to '0'  in {document.line_table}: "
            f"{where(document, header, values)}. "
            f"Current value is '{_plain(Decimal(values[field]))}'."
        )


def missing(
    document: Document, header: Record, values: Values, caption: str
) -> BusinessCentralError:
    """A field of a line must have a value and has none."""
    return field_error(
        f"{caption} must have a value in {document.line_table}: {where(document, header, values)}. "
        "It cannot be zero or empty."
    )


def _refuse_less(document: Document, ordered: Ordered, header: Record, values: Values) -> None:
    quantity, delivered = Decimal(values["quantity"]), Decimal(values[ordered.delivered])
    if abs(quantity) < abs(delivered) or quantity * delivered < 0:
        raise field_error(
            f"Quantity must not be less than {ordered.caption} in {document.line_table} "
            f"{where(document, header, values)}."
        )


def where(document: Document, header: Record, values: Values) -> str:
    """The line as messages name it."""
    return (
        f"Document Type={document.kind}, Document No.={header.values['number']}, "
        f"Line No.={values['sequence']}"
    )


def _open(ordered: Ordered, values: Values) -> Decimal:
    return Decimal(values["quantity"]) - Decimal(values[ordered.delivered])


def _to_invoice(ordered: Ordered, values: Values) -> Decimal:
    delivered = Decimal(values[ordered.delivered]) + Decimal(values[ordered.deliver])
    return delivered - Decimal(values["invoicedQuantity"])


def _plain(number: Decimal) -> str:
    """A number without an exponent, and without zeros that say nothing."""
    return format(number.normalize(_EXACT), "f")
