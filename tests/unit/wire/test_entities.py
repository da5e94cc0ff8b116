from __future__ import annotations

from collections.abc import Callable

from gateway.validation import Schemas
from gateway.wire import Entity, entity_from_schema
from gateway.wire.entities import BLANK_DATE, BLANK_GUID, BLANK_MEMBER

EntityOf = Callable[[str], Entity]


def test_every_entity_set_of_the_standard_api_is_an_entity(schemas: Schemas) -> None:
    names = schemas.entity_sets("v2.0")
    assert len(names) == 150
    for name in names:
        entity = schemas.entity("v2.0", name)
        assert entity.entity_set == name
        assert set(entity.key) <= set(entity.fields)
        assert set(entity.send_order) == set(entity.fields) | set(entity.parts)
        assert all(part.entity_set in names for part in entity.parts.values())
        assert all(set(group) <= set(entity.fields) for group in entity.required)


def test_a_field_says_what_it_takes(entity: EntityOf) -> None:
    order = entity("salesOrders")
    reference = order.fields["externalDocumentNumber"]
    assert (reference.type, reference.max_length, reference.code) == ("string", 35, True)
    assert reference.blank == ""
    assert order.fields["orderDate"].blank == BLANK_DATE
    assert order.fields["customerId"].blank == BLANK_GUID
    assert order.fields["discountAmount"].blank is None
    assert order.fields["pricesIncludeTax"].blank is None
    assert order.fields["number"].read_only
    assert order.fields["currencyCode"].computed
    assert entity("customers").fields["salespersonCode"].since == "19.0"


def test_members_of_an_enum_are_decoded_and_the_blank_one_is_the_blank(entity: EntityOf) -> None:
    blocked = entity("customers").fields["blocked"]
    assert blocked.enum == ("Ship", "Invoice", "All")
    assert blocked.blank == BLANK_MEMBER
    status = entity("salesOrders").fields["status"]
    assert status.enum == ("Draft", "In Review", "Open")
    assert status.blank is None


def test_what_a_create_needs(entity: EntityOf) -> None:
    assert entity("salesOrders").required == (("customerId", "customerNumber"),)
    assert entity("customers").required == (("displayName",),)
    assert entity("currencies").required == (("code",),)
    assert entity("salesOrderLines").list_needs_filter
    assert not entity("salesOrders").list_needs_filter
    assert entity("salesOrders").actions == ("shipAndInvoice",)
    assert entity("companies").verbs == {"get"}


def test_parts_are_lists_or_single_records(entity: EntityOf) -> None:
    parts = entity("items").parts
    assert parts["unitOfMeasure"].entity_set == "unitsOfMeasure"
    assert not parts["unitOfMeasure"].many
    assert parts["itemVariants"].many


def test_the_least_an_entity_needs() -> None:
    facts = {
        "api": "contoso/sales/v1.0",
        "entitySet": "gadgets",
        "entityName": "gadget",
        "key": ["id"],
        "verbs": ["get"],
        "fields": {"id": {"type": "guid"}, "kind": {"type": "string", "enum": ["A_x002F_B"]}},
    }
    gadget = entity_from_schema({"x-business-central": facts, "$defs": {}})
    assert gadget.parts == {}
    assert (gadget.required, gadget.actions) == ((), ())
    assert gadget.fields["kind"].enum == ("A/B",)
    assert gadget.fields["kind"].blank is None
