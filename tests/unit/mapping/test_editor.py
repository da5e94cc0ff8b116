"""Schemas for editors: what of a mapping they take, what they mark, and what they tell."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from gateway.config import folders, shipped
from gateway.documents import read_document
from gateway.mapping.editor import Schema, editor_schemas
from gateway.validation import load_schemas

CASES = {"sales-orders": ["list", "create", "ship-and-invoice"]}


@cache
def made() -> dict[str, Schema]:
    own = shipped("schemas") / "gateway"
    mapping, case = (
        cast("Schema", json.loads((own / f"{name}.schema.json").read_text()))
        for name in ("mapping", "case")
    )
    return editor_schemas(mapping, case, load_schemas(folders("schemas", None)), CASES)


def wrong(change: dict[str, str]) -> list[list[object]]:
    """Where a shipped mapping with these changes is marked."""
    text = (shipped("mappings") / "sales-orders.yaml").read_text()
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new, 1)
    validator = Draft202012Validator(made()["mapping.schema.json"])
    errors = validator.iter_errors(read_document("m.yaml", text).value)
    return [list(error.absolute_path) for error in errors]


LINES = ["create", "body", "salesOrderLines"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"customerId: ": "customrId: "}, ["create", "body"]),
        ({"requestedDeliveryDate?": "number?"}, ["create", "body"]),  # read-only
        ({"lineType: Charge": "lineType: Freight"}, LINES),
        ({"quantity: 1\n": "quantity: true\n"}, LINES),
        ({"entity: customers": "entity: customer"}, ["create", "lookups", "customer", "entity"]),
        ({"where: {number:": "where: {numbr:"}, ["create", "lookups", "customer", "where"]),
        ({"{field: customerId}": "{field: customer}"}, ["list", "filters", "customer_id", "field"]),
        ({"omit: [lines]": "omit: [line]"}, ["list", "omit", 0]),
        ({"schema: sales-order": "schema: sales-orde"}, ["schema"]),
        ({"  fully_shipped: ": "  fully_shiped: "}, ["record"]),
    ],
)
def test_what_does_not_fit_is_marked(change: dict[str, str], where: list[object]) -> None:
    assert where in wrong(change)


def test_expressions_and_lists_of_any_form_are_taken() -> None:
    assert wrong({"{{ line.quantity }}": "{{ line.quantity | text }}"}) == []
    assert wrong({"quantity: 1\n": "quantity: 1.5\n"}) == []


def test_the_key_of_elements_is_one_of_their_fields() -> None:
    update = ["update", "body", "salesOrderLines"]
    assert wrong({"$key: [sequence]": "$key: [line]"}) == [update]
    assert wrong({"$others: delete": "$others: remove"}) == [update]
    assert wrong({"$key: [sequence]": "$key: [id, sequence]"}) == []


def test_fields_tell_their_type() -> None:
    lines = made()["mapping.schema.json"]["$defs"]["v2.0 salesOrderLines"]["properties"]
    assert lines["lineType"]["description"].endswith("Charge, Allocation Account.")
    assert lines["description?"]["anyOf"][1] == {"type": "string", "maxLength": 100}


def test_the_resources_and_their_verbs_are_offered_in_tests() -> None:
    case: Any = made()["case.schema.json"]
    assert case["properties"]["resource"]["anyOf"][0] == {"enum": ["sales-orders"]}
    verb = case["$defs"]["test"]["properties"]["verb"]["anyOf"]
    assert verb[0] == {"enum": CASES["sales-orders"]}
    Draft202012Validator(case).validate(
        {"resource": "new", "tests": [{"name": "a", "verb": "post", "expect": {"writes": 1}}]}
    )
