from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gateway.config import shipped
from gateway.operations.compare import differences, is_incomplete, same_record
from gateway.validation import load_schemas
from gateway.wire import Entity, decode

SCHEMAS = load_schemas([shipped("schemas")])

SENT: dict[str, Any] = {
    "externalDocumentNumber": "d-1042",
    "customerId": "5F8C0000-0000-4000-8000-000000000001",
    "orderDate": "2026-11-23",
    "shipToName": "Birgit Holm",
    "currencyCode": "",
    "salesOrderLines": [
        {"sequence": 10000, "lineType": "Item", "lineObjectNumber": "1896-s", "quantity": 2},
        {
            "sequence": 20000,
            "lineType": "Item",
            "lineObjectNumber": "1900-S",
            "quantity": Decimal("1.5"),
            "unitPrice": Decimal("19.90"),
        },
    ],
}
THERE: dict[str, Any] = {
    "id": "5f8c0000-0000-4000-8000-000000000009",
    "number": "101005",
    "externalDocumentNumber": "D-1042",
    "customerId": "5f8c0000-0000-4000-8000-000000000001",
    "orderDate": "2026-11-23",
    "shipToName": "Birgit Holm",
    "currencyCode": "",
    "salesOrderLines": [
        {
            "sequence": 20000,
            "lineType": "Item",
            "lineObjectNumber": "1900-S",
            "quantity": Decimal("1.500"),
            "unitPrice": Decimal("19.9"),
        },
        {
            "sequence": 10000,
            "lineType": "Item",
            "lineObjectNumber": "1896-S",
            "quantity": Decimal(2),
            "unitPrice": Decimal("1000.8"),
        },
    ],
}


def entity(name: str) -> Entity:
    return SCHEMAS.entity("v2.0", name)


def there(lines: list[dict[str, Any]] | None = None, **fields: object) -> dict[str, object]:
    row = {**THERE, **fields}
    if lines is not None:
        row["salesOrderLines"] = lines
    return decode(entity("salesOrders"), row, entity)


def found(row: dict[str, object]) -> tuple[list[str], bool, bool]:
    orders = entity("salesOrders")
    return (
        differences(orders, SENT, row, entity),
        same_record(orders, SENT, row, entity),
        is_incomplete(orders, SENT, row, entity),
    )


def test_equal_by_value_whatever_the_form() -> None:
    assert found(there()) == ([], True, False)


def test_what_business_central_fills_in_for_a_blank_is_no_difference() -> None:
    orders = entity("salesOrders")
    sent = {"currencyCode": "", "shipToName": ""}
    assert differences(orders, sent, there(currencyCode="GBP"), entity) == ["shipToName"]
    sent = {"currencyCode": "EUR"}
    assert differences(orders, sent, there(currencyCode="GBP"), entity) == ["currencyCode"]


def test_what_does_not_come_back_is_not_compared() -> None:
    assert found({"id": "x"}) == ([], True, False)


def test_words_warn_and_do_not_make_another_record() -> None:
    assert found(there(shipToName="B. Holm")) == (["shipToName"], True, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("customerId", "5f8c0000-0000-4000-8000-000000000002"),
        ("orderDate", "2026-11-24"),
        ("currencyCode", "EUR"),
    ],
)
def test_party_date_and_currency_make_another_record(name: str, value: str) -> None:
    row = decode(entity("salesOrders"), {**THERE, name: value}, entity)

    warned = [] if name == "currencyCode" else [name]  # none was sent: it may be the company's
    assert found(row) == (warned, False, False)


def test_an_amount_makes_another_record() -> None:
    [second, first] = THERE["salesOrderLines"]
    row = there([{**second, "unitPrice": Decimal("19.91")}, first])

    assert found(row) == (["salesOrderLines[1].unitPrice"], False, False)


def test_a_missing_line_is_incomplete() -> None:
    assert found(there(THERE["salesOrderLines"][:1])) == (["salesOrderLines[0]"], False, True)
    assert found(there([])) == (["salesOrderLines[0]", "salesOrderLines[1]"], False, True)


def test_a_further_line_makes_another_record() -> None:
    further = {**THERE["salesOrderLines"][0], "sequence": 30000}
    row = there([*THERE["salesOrderLines"], further])

    assert found(row) == (["salesOrderLines[2].added"], False, False)


def test_a_missing_line_beside_another_party_is_another_record() -> None:
    row = there(THERE["salesOrderLines"][:1], customerId="5f8c0000-0000-4000-8000-000000000002")

    assert found(row)[1:] == (False, False)


def test_lines_without_a_sequence_are_paired_in_order() -> None:
    sent = {"salesOrderLines": [{"lineObjectNumber": "A"}, {"lineObjectNumber": "B"}]}
    row: dict[str, object] = {"salesOrderLines": [{"lineObjectNumber": "A", "sequence": 10000}]}
    orders = entity("salesOrders")

    assert differences(orders, sent, row, entity) == ["salesOrderLines[1]"]
