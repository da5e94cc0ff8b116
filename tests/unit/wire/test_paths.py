from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import shipped
from gateway.errors import InvalidQuery
from gateway.validation import load_schemas
from gateway.wire import (
    Condition,
    Entity,
    Operator,
    all_match,
    batches,
    company_path,
    filter_text,
    fits,
    is_guid,
    literal,
    matches,
    query,
    record_path,
)
from gateway.wire.paths import LONGEST_FILTER

EntityOf = Callable[[str], Entity]
ID = "5F8C0000-0000-4000-8000-00000000000A"


def test_paths_hold_a_guid_and_nothing_else(entity: EntityOf) -> None:
    assert company_path(ID) == f"companies({ID.lower()})"
    assert record_path(entity("salesOrders"), ID) == f"salesOrders({ID.lower()})"
    assert record_path(entity("subscriptions"), "a'b/c") == "subscriptions('a''b%2Fc')"
    for wrong in ("", "1", ID + ")", f"{ID}\n", "../companies", "{" + ID + "}"):
        assert not is_guid(wrong)
        with pytest.raises(InvalidQuery, match="GUID"):
            company_path(wrong)
        with pytest.raises(InvalidQuery):
            record_path(entity("customers"), wrong)


@pytest.mark.parametrize(
    ("entity_set", "field", "value", "said"),
    [
        ("customers", "displayName", "O'Brien & Co", "'O''Brien & Co'"),
        ("customers", "displayName", None, "''"),
        ("customers", "number", " 1e5", "'1E5'"),
        ("customers", "id", ID, ID.lower()),
        ("customers", "creditLimit", Decimal("1E+3"), "1000"),
        ("customers", "creditLimit", Decimal("19.90"), "19.90"),
        ("customers", "creditLimit", 7, "7"),
        ("customers", "blocked", None, "'_x0020_'"),
        ("customers", "taxLiable", True, "true"),
        ("salesOrders", "status", "In Review", "'In_x0020_Review'"),
        ("salesOrders", "orderDate", "2026-11-23", "2026-11-23"),
        ("salesOrders", "lastModifiedDateTime", "2026-11-23T09:30:00Z", "2026-11-23T09:30:00Z"),
        ("salesOrders", "lastModifiedDateTime", "2026-11-23T10:30+01:00", "2026-11-23T09:30:00Z"),
        (
            "salesOrders",
            "lastModifiedDateTime",
            "2026-11-23T09:30:00.0299Z",
            "2026-11-23T09:30:00.029Z",
        ),
        ("salesOrders", "lastModifiedDateTime", None, "0001-01-01T00:00:00Z"),
        ("salesOrderLines", "sequence", 10000, "10000"),
    ],
)
def test_literals(entity: EntityOf, entity_set: str, field: str, value: object, said: str) -> None:
    assert literal(entity(entity_set).fields[field], value) == said


@pytest.mark.parametrize(
    ("entity_set", "field", "value"),
    [
        ("customers", "id", "1) or (1 eq 1"),
        ("customers", "creditLimit", "1 or 1"),
        ("customers", "creditLimit", True),
        ("customers", "displayName", 1),
        ("customers", "taxLiable", "true or 1 eq 1"),
        ("salesOrders", "orderDate", "2026-02-30"),
        ("salesOrders", "orderDate", "2026-11-23 or 1"),
        ("salesOrders", "lastModifiedDateTime", "2026-11-23"),
        ("salesOrders", "lastModifiedDateTime", "2026-11-23T09:30:00"),
        ("salesOrders", "lastModifiedDateTime", "2026-11-23T09:30:00Z or 1"),
        ("salesOrders", "lastModifiedDateTime", "0001-01-01T00:00:00+01:00"),
        ("salesOrderLines", "sequence", True),
        ("salesOrders", "externalDocumentNumber", "x" * 36),
    ],
)
def test_what_is_no_value_of_the_field_never_gets_into_a_filter(
    entity: EntityOf, entity_set: str, field: str, value: object
) -> None:
    with pytest.raises(InvalidQuery) as caught:
        literal(entity(entity_set).fields[field], value)
    assert field in str(caught.value)
    assert "1 eq 1" not in str(caught.value)


def test_a_value_too_long_for_its_field_is_known_before_asking(entity: EntityOf) -> None:
    number = entity("items").fields["number"]
    assert fits(number, "x" * 20)
    assert not fits(number, "x" * 21)
    assert fits(number, None)
    assert fits(entity("customers").fields["currencyCode"], "x" * 999)


def test_filters_join_conditions_by_and_and_values_by_or(entity: EntityOf) -> None:
    order = entity("salesOrders")
    numbers = Condition("number", "eq", ("a'1", "B2"))
    since = Condition("lastModifiedDateTime", "ge", ("2026-11-23T09:30:00Z",))
    assert filter_text(order, [numbers]) == "number eq 'A''1' or number eq 'B2'"
    assert filter_text(order, [numbers, since]) == (
        "(number eq 'A''1' or number eq 'B2') and lastModifiedDateTime ge 2026-11-23T09:30:00Z"
    )
    assert filter_text(order, []) == ""


def test_conditions_that_no_filter_can_say_are_refused(entity: EntityOf) -> None:
    order = entity("salesOrders")
    operator: Operator = "ge"
    with pytest.raises(ValueError, match="only eq"):
        filter_text(order, [Condition("number", operator, ("a", "b"))])
    with pytest.raises(ValueError, match="number"):
        filter_text(order, [Condition("number", "eq", ())])
    with pytest.raises(KeyError):
        filter_text(order, [Condition("numbr", "eq", ("a",))])


def test_query_strings_are_encoded() -> None:
    assert query() == ""
    text = query(
        select=["id", "number"],
        expand={"salesOrderLines": ["id", "sequence"], "customer": []},
        filter_="number eq 'A&B 50%+#/x é'",
        orderby="number",
        top=2,
    )
    assert text == (
        "$select=id,number&$expand=salesOrderLines($select=id,sequence),customer"
        "&$filter=number%20eq%20'A%26B%2050%25%2B%23%2Fx%20%C3%A9'&$orderby=number&$top=2"
    )


def test_batches_stay_within_the_length_of_an_address(entity: EntityOf) -> None:
    items = entity("items")
    numbers = [f"{at:05}#éé&' /+%" for at in range(600)]
    found = list(batches(items, "number", numbers))
    assert [value for condition in found for value in condition.values] == numbers
    assert 1 < len(found) < 30
    for condition in found:
        assert len(quote(filter_text(items, [condition]), safe="(),;:=$'")) <= LONGEST_FILTER
    assert list(batches(items, "number", [])) == []
    assert list(batches(items, "number", numbers[:3])) == [
        Condition("number", "eq", tuple(numbers[:3]))
    ]


def test_rows_are_held_against_the_filter(entity: EntityOf) -> None:
    order = entity("salesOrders")
    row = {
        "number": "S-1",
        "customerName": "Adatum",
        "status": "In Review",
        "customerId": ID.lower(),
        "totalTaxAmount": Decimal("1.50"),
        "orderDate": "2026-11-23",
        "requestedDeliveryDate": None,
        "lastModifiedDateTime": "2026-11-23T09:30:00.5Z",
        "email": None,
    }

    def held(field: str, operator: Operator, *values: object) -> bool:
        return matches(order, row, [Condition(field, operator, values)])

    assert held("number", "eq", "s-1 ")
    assert held("number", "eq", "x", "S-1")
    assert not held("number", "eq", "S-2")
    assert held("customerName", "eq", "Adatum")
    assert not held("customerName", "eq", "ADATUM")
    assert held("status", "eq", "In_x0020_Review")
    assert held("customerId", "eq", ID)
    assert held("totalTaxAmount", "eq", Decimal("1.5"))
    assert held("email", "eq", None)
    assert held("email", "eq", "")
    assert not held("email", "eq", "a@b.example")
    assert held("orderDate", "ge", "2026-11-23")
    assert not held("orderDate", "gt", "2026-11-23")
    assert held("requestedDeliveryDate", "le", "0001-01-02")
    assert not held("requestedDeliveryDate", "ge", "0001-01-02")
    assert held("lastModifiedDateTime", "gt", "2026-11-23T09:30:00Z")
    assert held("lastModifiedDateTime", "eq", "2026-11-23T10:30:00.500+01:00")
    assert held("lastModifiedDateTime", "lt", "2026-11-23T09:30:01Z")
    assert held("lastModifiedDateTime", "ge", "2026-11-23T09:30:00.5009Z")
    assert not held("lastModifiedDateTime", "ge", "2026-11-23T09:30:00.501Z")
    assert held("totalTaxAmount", "le", 2)
    assert not held("email", "ge", "a")
    assert not held("currencyCode", "eq", "EUR")
    assert not matches(
        order, row, [Condition("number", "eq", ("S-1",)), Condition("email", "eq", ("x",))]
    )
    assert matches(order, row, [])


CUSTOMERS = load_schemas([shipped("schemas")]).entity("v2.0", "customers")


@given(st.text(max_size=100))
def test_any_text_is_one_literal_and_survives_the_address(text: str) -> None:
    said = filter_text(CUSTOMERS, [Condition("displayName", "eq", (text,))])
    inside = said.removeprefix("displayName eq '").removesuffix("'")
    assert inside.replace("''", "") == text.replace("'", "")
    assert inside.replace("''", "'") == text
    if "\ud800" <= max(text, default="") <= "\udfff":
        return
    encoded = query(select=["id"], filter_=said)
    assert all(letter.isascii() and letter not in ' "<>#+\n' for letter in encoded)
    assert dict(parse_qsl(encoded))["$filter"] == said


GAPS = st.timedeltas(timedelta(days=-40_000), timedelta(days=40_000))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.builds(
    lambda gap, zone: (datetime(2026, 1, 1, tzinfo=UTC) + gap).astimezone(zone), GAPS, ZONES
)


@given(MOMENTS)
def test_a_moment_of_any_zone_is_said_in_utc_and_finds_what_it_names(moment: datetime) -> None:
    field = CUSTOMERS.fields["lastModifiedDateTime"]
    said = literal(field, moment.isoformat())
    kept = datetime.fromisoformat(said)
    assert said.endswith("Z")
    assert timedelta() <= moment - kept < timedelta(milliseconds=1)
    row: dict[str, object] = {"lastModifiedDateTime": said}
    before: dict[str, object] = {
        "lastModifiedDateTime": literal(field, (kept - timedelta(milliseconds=1)).isoformat())
    }
    since = [Condition("lastModifiedDateTime", "ge", (moment.isoformat(),))]
    assert matches(CUSTOMERS, row, since)
    assert not matches(CUSTOMERS, before, since)


def test_many_rows_are_held_against_the_filter_as_each_one_is(entity: EntityOf) -> None:
    items = entity("items")
    asked = [Condition("number", "eq", ("1896-S", "1900-S"))]
    good = {"number": "1896-S"}, {"number": " 1900-s "}
    assert all_match(items, good, asked)
    assert all_match(items, [], asked)
    for bad in ({"number": "1896"}, {"number": None}, {"number": ["1896-S"]}, {"id": "1896-S"}):
        assert not all_match(items, [*good, bad], asked)
    above = [Condition("unitPrice", "gt", (Decimal(1),))]
    assert all_match(items, [{"unitPrice": Decimal(2)}], above)
    assert not all_match(items, [{"unitPrice": Decimal(2)}, {"unitPrice": Decimal(1)}], above)
    both = [*asked, *above]
    assert all_match(items, [{"number": "1896-S", "unitPrice": Decimal(2)}], both)
    assert not all_match(items, [{"number": "1896-S", "unitPrice": Decimal(1)}], both)
