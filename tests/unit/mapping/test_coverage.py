"""Coverage: what is marked while a plan runs, and that nothing is when nobody wants to know."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.config import shipped
from gateway.documents import read_document
from gateway.mapping import Coverage, Point
from gateway.snapshot import compile_mapping
from gateway.validation import load_schemas

MAPPING = """\
resource: things
title: Things
schema: customer
entity: customers
api: v2.0
tables:
  type: {Company: company, Person: person}
record:
  id: "{{ bc.id }}"
  name: "{{ bc.displayName | default('') }}"
  type: "{{ bc.type | choose(tables.type) }}"
  website?: "{{ bc.website }}"
  credit_limit: "{{ 1 if bc.creditLimit > 0 else 0 }}"
  address:
    $when: bc.city is present
    city: "{{ bc.city }}"
read: {}
"""
RECORD: dict[str, object] = {
    "id": "5f8c0000-0000-4000-8000-000000000001",
    "displayName": None,
    "type": "Person",
    "website": None,
    "creditLimit": 5,
    "city": None,
}


def missed(*records: Mapping[str, object]) -> set[tuple[object, str]]:
    """The last key of each point that these records do not reach, and what it is."""
    coverage = Coverage()
    schemas = load_schemas([shipped("schemas")])
    plan = compile_mapping(read_document("m.yaml", MAPPING), schemas, coverage)["read"]
    for record in records:
        plan.record.answer(record, {})
    return {(point.path[-1], point.what) for point in coverage.missed}


def test_each_record_reaches_its_leaves_and_branches() -> None:
    everything = missed()
    assert len(everything) == 15
    assert everything - missed(RECORD) == {
        ("id", "leaf"),
        ("name", "leaf"),
        ("name", "default"),
        ("type", "leaf"),
        ("Person", "entry"),
        ("website?", "left-out"),
        ("credit_limit", "leaf"),
        ("credit_limit", "then"),
        ("$when", "false"),
    }
    full = {"displayName": "A", "type": "Company", "website": "w", "creditLimit": 0, "city": "L"}
    assert missed(RECORD, RECORD | full) == set()


def test_a_point_that_is_compiled_twice_is_one() -> None:
    coverage = Coverage()
    assert coverage.point(("a",), "leaf") == coverage.point(("a",), "leaf")
    assert coverage.hit(coverage.point(("a",), "true"), "x") == "x"
    assert coverage.points == (Point(("a",), "leaf"), Point(("a",), "true"))
    assert coverage.missed == (Point(("a",), "leaf"),)
