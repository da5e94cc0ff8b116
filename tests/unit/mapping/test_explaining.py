"""An Explanation: each leaf of a run with its place, what it wrote, and what it read."""

from __future__ import annotations

from gateway.config import shipped
from gateway.documents import load_document
from gateway.mapping import Explained, Explanation
from gateway.snapshot import compile_mapping
from gateway.validation import load_schemas

ORDER = {
    "external_reference": "D-1042",
    "customer": {"number": "10000"},
    "lines": [{"sku": "a", "quantity": 1}, {"sku": "b", "quantity": 2, "unit_price": 3}],
    "shipping": {"amount": 5},
}
NAMES = {
    "order": ORDER,
    "lookups": {
        "customer": {"id": "c", "blocked": None},
        "items": {"a": {"number": "A"}, "b": {"number": "B"}},
    },
    "params": {"freight_charge": "F"},
}


def leaves() -> list[Explained]:
    explanation = Explanation()
    document = load_document(shipped("mappings") / "sales-orders.yaml")
    plans = compile_mapping(document, load_schemas([shipped("schemas")]), explanation)
    plans["create"].steps[0].render(NAMES)
    return explanation.leaves


def test_leaves_are_told_with_the_indexes_of_what_they_write_and_read() -> None:
    found = [one for one in leaves() if one.point.path[-1] == "quantity"]
    assert [(one.target, one.reads, one.value) for one in found] == [
        (("salesOrderLines", 0, "quantity"), (("order", "lines", 0, "quantity"),), 1),
        (("salesOrderLines", 1, "quantity"), (("order", "lines", 1, "quantity"),), 2),
        (("salesOrderLines", 2, "quantity"), (), 1),
    ]


def test_what_is_left_out_is_told_as_well() -> None:
    found = [one for one in leaves() if one.point.path[-1] == "unitPrice?"]
    assert [(one.point.what, one.target[1], one.value) for one in found] == [
        ("left-out", 0, None),
        ("leaf", 1, 3),
    ]


def test_an_element_with_a_computed_key_has_no_index() -> None:
    found = [one for one in leaves() if one.point.path[-1] == "lineObjectNumber"]
    assert ("lookups", "items", None, "number") in found[1].reads
    assert [one.value for one in found] == ["A", "B", "F"]
