"""The schemas that come with the gateway, and what is made of them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.config import shipped
from gateway.validation import Schemas, load_schemas

CANONICAL = [
    "account",
    "customer",
    "item",
    "ledger-entry",
    "purchase-order",
    "sales-invoice",
    "sales-order",
    "vendor",
]


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return load_schemas([shipped("schemas")])


def properties(schema: dict[str, Any], path: str = "") -> list[tuple[str, Any]]:
    """Every property of a schema without references, with its path."""
    found = [(f"{path}/{name}", part) for name, part in schema.get("properties", {}).items()]
    inner = [pair for at, part in found for pair in properties(part, at)]
    return found + inner + (properties(schema["items"], path + "[]") if "items" in schema else [])


def test_the_shipped_canonical_schemas(schemas: Schemas) -> None:
    assert schemas.canonical_names() == CANONICAL


@pytest.mark.parametrize("name", CANONICAL)
def test_every_property_is_described_and_has_an_example_that_fits(
    schemas: Schemas, name: str
) -> None:
    root: Any = schemas.canonical(name).value
    assert root["description"]
    objects = [root, *(part for _, part in properties(root) if part.get("type") == "object")]
    assert all(part["additionalProperties"] is False for part in objects)
    for path, part in properties(root):
        assert part["description"].endswith("."), path
        assert part.get("examples") or part["type"] in {"object", "array"}, path


@pytest.mark.parametrize("name", ["customer", "item", "sales-order"])
def test_the_examples_are_documents_that_can_be_sent(schemas: Schemas, name: str) -> None:
    root: Any = schemas.canonical(name).value
    assert root["examples"]
    for example in root["examples"]:
        assert schemas.input_validator(name).violations(example) == []


def test_what_the_gateway_sets_cannot_be_sent(schemas: Schemas) -> None:
    order = {
        "id": "5f8c0000-0000-4000-8000-000000000002",
        "external_reference": "x" * 36,
        "customer": {"number": "10000", "name": "Adatum"},
        "lines": [{"sku": "000", "quantity": 0, "item_number": "1896-S"}],
    }
    found = schemas.input_validator("sales-order").violations(order)
    assert sorted((one.rule, one.pointer) for one in found) == [
        ("exclusiveMinimum", "/lines/0/quantity"),
        ("maxLength", "/external_reference"),
        ("readOnly", "/customer/name"),
        ("readOnly", "/id"),
        ("readOnly", "/lines/0/item_number"),
    ]


def test_answers_need_what_the_gateway_sets_and_show_nothing_write_only(schemas: Schemas) -> None:
    validator = schemas.answer_validator("sales-order")
    answer: dict[str, Any] = {
        "id": "5f8c0000-0000-4000-8000-000000000002",
        "number": "101005",
        "status": "draft",
        "customer": {"id": "5f8c0000-0000-4000-8000-000000000001", "number": "10000"},
        "lines": [{"item_number": "1896-S", "quantity": Decimal("0.00")}],
        "totals": {"net": Decimal("19.90"), "tax": 0, "gross": Decimal("19.90")},
    }
    assert validator.violations(answer) == []
    answer["lines"][0]["sku"] = "A"
    del answer["number"]
    assert {(one.rule, one.pointer) for one in validator.violations(answer)} == {
        ("required", ""),
        ("readOnly", "/lines/0/sku"),
    }


def test_a_body_for_business_central(schemas: Schemas) -> None:
    validator = schemas.entity_validator("v2.0", "salesOrders", "create")
    line: dict[str, object] = {"lineType": "Fixed_x0020_Asset", "quantity": Decimal("2.5")}
    body: dict[str, object] = {
        "customerNumber": "10000",
        "orderDate": "0001-01-01",
        "salesOrderLines": [line],
    }
    assert validator.violations(body) == []
    line |= {"lineType": "Fixed Asset", "netAmount": 3, "description": "x" * 101}
    del body["customerNumber"]
    body["externalDocumentNumber"] = None
    assert sorted((one.rule, one.pointer) for one in validator.violations(body)) == [
        ("additionalProperties", "/salesOrderLines/0/netAmount"),
        ("enum", "/salesOrderLines/0/lineType"),
        ("maxLength", "/salesOrderLines/0/description"),
        ("required", ""),
        ("type", "/externalDocumentNumber"),
    ]


def test_a_record_of_business_central_may_hold_more_than_the_schema(schemas: Schemas) -> None:
    validator = schemas.entity_validator("v2.0", "items", "record")
    assert (
        validator.violations({"type": "Of_x0020_an_x0020_app", "number": "x" * 99, "new": 1}) == []
    )
    assert [one.pointer for one in validator.violations({"unitPrice": "1"})] == ["/unitPrice"]


def test_what_has_no_such_verb_takes_no_body(schemas: Schemas) -> None:
    assert schemas.entity_validator("v2.0", "accounts", "create").violations({}) != []


def test_every_body_that_can_be_sent_compiles(schemas: Schemas) -> None:
    for name in schemas.entity_sets("v2.0"):
        if "post" in schemas.entity("v2.0", name).verbs:
            validator = schemas.entity_validator("v2.0", name, "create")
            assert validator.violations({"no such field": 1}) != []


def test_validators_and_entities_are_made_once(schemas: Schemas) -> None:
    assert schemas.input_validator("item") is schemas.input_validator("item")
    assert schemas.entity("v2.0", "items") is schemas.entity("v2.0", "items")


def test_what_there_is_no_file_of_is_a_key_error(schemas: Schemas) -> None:
    with pytest.raises(KeyError):
        schemas.canonical("itm")
    with pytest.raises(KeyError):
        schemas.input_validator("itm")
    with pytest.raises(KeyError):
        schemas.entity("v2.0", "itms")
    with pytest.raises(KeyError):
        schemas.entity_validator("v1.0", "items", "create")
    assert schemas.entity_sets("v1.0") == []


def test_all_files_are_told_in_one_order(schemas: Schemas) -> None:
    files = [document.file for document in schemas.documents()]
    assert len(files) == len(set(files)) == 158
    assert [Path(file).name for file in files[: len(CANONICAL) + 1]] == [
        *(f"{name}.schema.json" for name in CANONICAL),
        "accountingPeriods.schema.json",
    ]


def test_a_validator_holds_the_files_it_can_reach_and_no_more(schemas: Schemas) -> None:
    held = schemas.entity_validator("v2.0", "salesOrders", "create")._referenced
    names = {address.rpartition("/")[2].removesuffix(".schema.json") for address in held}
    assert {"salesOrders", "salesOrderLines", "dimensionSetLines"} <= names
    assert len(names) < 10
