from __future__ import annotations

from decimal import Decimal

import pytest

from gateway.cases.comparing import (
    differences,
    is_there,
    merged,
    with_value,
)
from gateway.documents import NOTHING


def found(expected: object, actual: object, *, whole: bool) -> list[tuple[object, ...]]:
    return [
        (one.path, one.expected, one.actual) for one in differences(expected, actual, whole=whole)
    ]


def test_the_whole_is_compared_leaf_by_leaf() -> None:
    expected = {"a": 1, "b": [{"c": "x"}, {"c": "y"}], "d": None}
    actual = {"a": 2, "b": [{"c": "x", "e": 1}], "d": None}
    assert found(expected, actual, whole=True) == [
        (("a",), 1, 2),
        (("b", 0, "e"), NOTHING, 1),
        (("b", 1), {"c": "y"}, NOTHING),
    ]


def test_a_part_may_lack_properties_but_no_elements() -> None:
    assert found({"a": [{}, {"b": 1}]}, {"a": [{"x": 1}, {"b": 1}], "z": 1}, whole=False) == []
    assert found({"a": [{}]}, {"a": [{}, {}]}, whole=False) == [(("a", 1), NOTHING, {})]
    assert found({"a": None}, {}, whole=False) == [(("a",), None, NOTHING)]


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        (1, Decimal("1.00"), True),
        (Decimal("19.90"), Decimal("19.9"), True),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        ("a", "a ", False),
        (None, "", False),
        ({}, [], False),
        (True, True, True),
    ],
)
def test_values_are_the_same_by_kind_and_value(
    expected: object, actual: object, *, same: bool
) -> None:
    assert (found(expected, actual, whole=True) == []) is same


def test_answers_merge_deeply_and_null_is_an_answer() -> None:
    under = {"a": {"b": 1, "c": {"d": 1}}, "e": [1, 2]}
    over = {"a": {"c": {"d": None}, "f": 2}, "e": [3]}
    assert merged(under, over) == {"a": {"b": 1, "c": {"d": None}, "f": 2}, "e": [3]}
    assert under == {"a": {"b": 1, "c": {"d": 1}}, "e": [1, 2]}


@pytest.mark.parametrize(
    ("pointer", "value", "changed"),
    [
        ("/a", 2, {"a": 2, "b": [{"c": 1}, {"c": 2}], "x/y": 0}),
        ("/new", 2, {"a": 1, "b": [{"c": 1}, {"c": 2}], "x/y": 0, "new": 2}),
        ("/b/1/c", "z", {"a": 1, "b": [{"c": 1}, {"c": "z"}], "x/y": 0}),
        ("/b/2", {}, {"a": 1, "b": [{"c": 1}, {"c": 2}, {}], "x/y": 0}),
        ("/b/0", None, {"a": 1, "b": [{"c": 2}], "x/y": 0}),
        ("/b/0/c", None, {"a": 1, "b": [{}, {"c": 2}], "x/y": 0}),
        ("/x~1y", None, {"a": 1, "b": [{"c": 1}, {"c": 2}]}),
    ],
)
def test_a_value_is_put_in_or_taken_out(pointer: str, value: object, changed: object) -> None:
    document = {"a": 1, "b": [{"c": 1}, {"c": 2}], "x/y": 0}
    before = repr(document)
    assert with_value(document, pointer, value) == changed
    assert repr(document) == before


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/x/y", 1),
        ("/b/3", 1),
        ("/b/2", None),
        ("/b/2/c", 1),
        ("/b/-1", 1),
        ("/b/c", 1),
        ("/a/b", 1),
        ("/nothing", None),
    ],
)
def test_a_place_that_is_not_there_is_told(pointer: str, value: object) -> None:
    with pytest.raises(LookupError):
        with_value({"a": 1, "b": [{"c": 1}, {"c": 2}]}, pointer, value)


def test_pointers_lead_to_something_or_not() -> None:
    document = {"a": [{"b": None}]}
    assert is_there(document, "/a/0/b")
    assert not is_there(document, "/a/1")
    assert not is_there(document, "/a/x")
    assert not is_there(document, "/a/0/b/c")
