from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import shipped
from gateway.validation import load_schemas
from gateway.wire import Entity, code, decode, encode_value, same_code

EntityOf = Callable[[str], Entity]

ORDER = {
    "@odata.etag": 'W/"JzE5Oyc="',
    "id": "5f8c0000-0000-4000-8000-000000000002",
    "externalDocumentNumber": "",
    "orderDate": "2026-11-23",
    "requestedDeliveryDate": "0001-01-01",
    "currencyId": "00000000-0000-0000-0000-000000000000",
    "pricesIncludeTax": False,
    "discountAmount": 0,
    "totalAmountExcludingTax": Decimal("1055.00"),
    "status": "In_x0020_Review",
    "lastModifiedDateTime": "0001-01-01T00:00:00Z",
    "fieldOfALaterRelease": "",
    "salesOrderLines": [
        {"lineType": "Fixed_x0020_Asset", "description": "", "quantity": Decimal("2.50")},
    ],
}


def test_blanks_are_null_and_names_are_decoded(entity: EntityOf) -> None:
    assert decode(entity("salesOrders"), ORDER, entity) == {
        "@odata.etag": 'W/"JzE5Oyc="',
        "id": "5f8c0000-0000-4000-8000-000000000002",
        "externalDocumentNumber": None,
        "orderDate": "2026-11-23",
        "requestedDeliveryDate": None,
        "currencyId": None,
        "pricesIncludeTax": False,
        "discountAmount": 0,
        "totalAmountExcludingTax": Decimal("1055.00"),
        "status": "In Review",
        "lastModifiedDateTime": None,
        "fieldOfALaterRelease": "",
        "salesOrderLines": [
            {"lineType": "Fixed Asset", "description": None, "quantity": Decimal("2.50")},
        ],
    }


def test_decimals_keep_their_digits(entity: EntityOf) -> None:
    decoded = decode(entity("salesOrders"), ORDER, entity)
    assert str(decoded["totalAmountExcludingTax"]) == "1055.00"


def test_single_parts_and_parts_that_are_not_there(entity: EntityOf) -> None:
    raw = {"unitOfMeasure": {"code": "PCS", "internationalStandardCode": ""}, "picture": None}
    assert decode(entity("items"), raw, entity) == {
        "unitOfMeasure": {"code": "PCS", "internationalStandardCode": None},
        "picture": None,
    }


@pytest.mark.parametrize("blank", ["_x0020_", " ", ""])
def test_a_blank_member_is_null_however_it_is_written(entity: EntityOf, blank: str) -> None:
    assert decode(entity("customers"), {"blocked": blank}, entity) == {"blocked": None}


def test_a_member_that_an_app_added_is_decoded(entity: EntityOf) -> None:
    raw = {"lineType": "Service_x0020_Object"}
    assert decode(entity("salesOrderLines"), raw, entity) == {"lineType": "Service Object"}


def test_null_goes_out_as_the_blank_of_the_field(entity: EntityOf) -> None:
    customer, order = entity("customers").fields, entity("salesOrders").fields
    assert encode_value(customer["phoneNumber"], None) == ""
    assert encode_value(customer["currencyId"], None) == "00000000-0000-0000-0000-000000000000"
    assert encode_value(customer["blocked"], None) == "_x0020_"
    assert encode_value(customer["creditLimit"], None) is None
    assert encode_value(order["orderDate"], None) == "0001-01-01"


@pytest.mark.parametrize(
    "text", ["000", "10115", "1e5", "0x10", "1 # note", "{{ x }}", "O'Brien & Co/50%+#", "end\n"]
)
def test_text_passes_unchanged_both_ways(entity: EntityOf, text: str) -> None:
    field = entity("customers").fields["displayName"]
    assert encode_value(field, text) == text
    assert decode(entity("customers"), {"displayName": text}, entity) == {"displayName": text}


def test_codes_are_compared_as_they_are_stored() -> None:
    assert code(" 1896-s ") == "1896-S"
    assert same_code("1e5", "1E5 ")
    assert same_code(None, "")
    assert not same_code("000", "00")


SHIPPED = load_schemas([shipped("schemas")])
ORDERS = SHIPPED.entity("v2.0", "salesOrders")
FIELDS = sorted(ORDERS.fields)
VALUES = (
    st.none()
    | st.booleans()
    | st.decimals(allow_nan=False)
    | st.sampled_from(
        ["", " ", "0001-01-01", "0001-01-01T00:00:00Z", "In_x0020_Review", "_x0020_", "Open", "x\n"]
    )
)


def entity_of(name: str) -> Entity:
    return SHIPPED.entity("v2.0", name)


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_decoding_twice_changes_nothing_more(raw: dict[str, object]) -> None:
    once = decode(ORDERS, raw, entity_of)
    assert decode(ORDERS, once, entity_of) == once


@given(st.sampled_from(FIELDS), VALUES)
def test_what_goes_out_comes_back(name: str, value: object) -> None:
    field = ORDERS.fields[name]
    meant = decode(ORDERS, {name: value}, entity_of)
    assert decode(ORDERS, {name: encode_value(field, meant[name])}, entity_of) == meant
