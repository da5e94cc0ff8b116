from __future__ import annotations

import pytest

from gateway.simulator.catalogue.captions import caption_of
from gateway.simulator.catalogue.entities import (
    BLANK_DATE,
    ZERO_GUID,
    EntitySet,
    Field,
    encode_member,
    load_catalogue,
)

SETS = load_catalogue("29.0").sets


def test_every_entity_set_of_the_route_is_there() -> None:
    assert len(SETS) == 150


@pytest.mark.parametrize("entity_set", SETS.values(), ids=SETS)
def test_ways_lead_to_sets_over_fields_that_exist(entity_set: EntitySet) -> None:
    for way in entity_set.navigation:
        target = SETS[way.target]
        assert {mine for mine, _ in way.link} <= set(entity_set.by_name)
        assert {theirs for _, theirs in way.link} <= set(target.by_name)
        assert set(way.fixed) <= set(target.by_name)
    assert set(entity_set.key) <= set(entity_set.by_name)
    assert {field.ref for field in entity_set.fields} - {None} <= set(SETS)


def test_only_a_part_that_nothing_names_has_no_link() -> None:
    unlinked = [
        f"{name}/{way.name}"
        for name, entity_set in SETS.items()
        for way in entity_set.navigation
        if way.part and not way.link
    ]
    assert unlinked == ["vendorPayments/applyVendorEntries"]


def test_lines_belong_to_their_document_and_dimensions_to_a_kind_of_parent() -> None:
    ways = SETS["salesOrders"].ways
    assert ways["salesOrderLines"].link == (("id", "documentId"),)
    assert ways["dimensionSetLines"].fixed == {"parentType": "Sales_x0020_Order"}
    assert load_catalogue().scope("salesOrderLines") == {"documentId"}


@pytest.mark.parametrize(
    ("field", "blank"),
    [
        (Field("a", "Edm.String"), ""),
        (Field("a", "Edm.Guid"), ZERO_GUID),
        (Field("a", "Edm.Date"), BLANK_DATE),
        (Field("a", "Edm.Decimal"), 0),
        (Field("a", "Edm.Boolean"), False),
        (Field("a", "Microsoft.NAV.x", enum=("All", "_x0020_")), "_x0020_"),
        (Field("a", "Microsoft.NAV.x", enum=("Draft", "Open")), "Draft"),
    ],
)
def test_blanks_by_type(field: Field, blank: object) -> None:
    assert field.blank == blank


def test_members_are_encoded_as_on_the_wire() -> None:
    assert encode_member("G/L Account") == "G_x002F_L_x0020_Account"
    assert encode_member(" ") == encode_member("") == "_x0020_"


def test_captions() -> None:
    assert caption_of("salesOrderLine") == "Sales Order Line"
    assert caption_of("customerNumber") == "Sell-to Customer No."


@pytest.mark.parametrize(
    ("name", "caption"),
    [
        ("customerNumber", "Customer No."),
        ("number", "No."),
        ("country", "Country"),
        ("webShop", "Web Shop"),
        ("account", "Account"),
    ],
)
def test_names_of_custom_routes_are_their_words(name: str, caption: str) -> None:
    assert caption_of(name, custom=True) == caption
