from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from gateway.wire import Entity
from gateway.wire.send_order import send_order

EntityOf = Callable[[str], Entity]


def in_order(names: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether those of `wanted` that are there come in that order."""
    places = [names.index(name) for name in wanted if name in names]
    return len(places) > 1 and all(left < right for left, right in pairwise(places))


@pytest.mark.parametrize("lines", ["salesOrderLines", "salesInvoiceLines", "salesQuoteLines"])
def test_a_line_names_its_object_before_the_quantity_and_the_price(
    entity: EntityOf, lines: str
) -> None:
    assert in_order(
        entity(lines).send_order,
        [
            *("sequence", "lineType", "itemId", "accountId", "lineObjectNumber", "itemVariantId"),
            *("locationId", "unitOfMeasureId", "unitOfMeasureCode", "quantity", "unitPrice"),
            *("discountAmount", "description", "dimensionSetLines"),
        ],
    )


@pytest.mark.parametrize("lines", ["purchaseOrderLines", "purchaseInvoiceLines"])
def test_a_purchase_line_gives_its_cost_after_the_quantity(entity: EntityOf, lines: str) -> None:
    assert in_order(
        entity(lines).send_order,
        ["lineType", "lineObjectNumber", "quantity", "directUnitCost", "discountPercent"],
    )


def test_a_sales_document_names_its_party_first_and_its_discount_last(entity: EntityOf) -> None:
    for header in ("salesOrders", "salesInvoices", "salesQuotes", "salesCreditMemos"):
        order = entity(header)
        lines = next(name for name in order.parts if name.startswith("sales"))
        assert in_order(
            order.send_order,
            [
                *("customerId", "customerNumber", "currencyId", "currencyCode", "postingDate"),
                *("externalDocumentNumber", "dimensionSetLines", lines, "discountAmount"),
            ],
        ), header


def test_a_purchase_document_names_its_vendor_first(entity: EntityOf) -> None:
    assert in_order(
        entity("purchaseOrders").send_order,
        ["vendorId", "vendorNumber", "currencyCode", "postingDate", "purchaseOrderLines"],
    )


def test_all_dates_come_before_the_rest_of_a_header(entity: EntityOf) -> None:
    order = entity("salesOrders")
    dates = [name for name, field in order.fields.items() if field.type == "date"]
    last_date = max(order.send_order.index(name) for name in dates)
    assert last_date < order.send_order.index("shipToName")


def test_other_records_keep_the_order_of_their_page() -> None:
    fields = {"number": "string", "currencyCode": "string", "startingDate": "date"}
    assert send_order(fields, ["picture"]) == (*fields, "picture")


def test_dimensions_do_not_make_a_document() -> None:
    assert send_order({"b": "date", "currencyCode": "string"}, ["dimensionSetLines"]) == (
        "b",
        "currencyCode",
        "dimensionSetLines",
    )
