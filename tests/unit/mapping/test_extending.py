"""An override over a mapping: what comes of the two, and where each part of it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.documents import Document, read_document
from gateway.errors import Place
from gateway.mapping import Findings, compile_document, extended
from tests.unit.mapping.small import CHANGES, MAPPING, schemas, shape

Path = tuple[str | int, ...]


def laid(base: str, over: str) -> tuple[Document, Findings]:
    """The two merged, and what is wrong with the override."""
    upper = read_document("harwick/orders.yaml", over)
    findings = Findings(upper)
    return extended(read_document("orders.yaml", base), upper, findings), findings


def merged(base: str, over: str) -> object:
    document, findings = laid(base, over)
    assert findings.found == []
    return document.value


@pytest.mark.parametrize(
    ("base", "over", "whole"),
    [
        ("a: 1\nb: 2\n", "b: 3\nc: 4\n", {"a": 1, "b": 3, "c": 4}),
        ("a: {b: {c: 1, d: 2}}\n", "a: {b: {d: 5}}\n", {"a": {"b": {"c": 1, "d": 5}}}),
        # what is empty is a value, and null too
        *(
            (f"a: {{b: {old}}}\n", f"a: {{b: {new}}}\n", {"a": {"b": value}})
            for old in ("7", "{reject: x}", "[1, 2]")
            for new, value in (("0", 0), ("false", False), ('""', ""), ("null", None), ("[]", []))
        ),
        # lists are replaced, unless their elements have names
        ("a: [1, 2, 3]\n", "a: [4]\n", {"a": [4]}),
        ("a: [{b: 1, c: 2}]\n", "a: [{b: 3}]\n", {"a": [{"b": 3}]}),
        (
            "a: [{name: x, c: 1, d: 1}, {name: y, c: 2}]\n",
            "a: [{name: z, c: 3}, {name: x, c: 4}]\n",
            {
                "a": [
                    {"name": "x", "c": 4, "d": 1},
                    {"name": "y", "c": 2},
                    {"name": "z", "c": 3},
                ]
            },
        ),
        ("a: [{name: x}, {name: y}]\n", "a: [{b: 1}]\n", {"a": [{"b": 1}]}),
        # removed
        (
            "a: 1\nb: {c: 1, d: 2}\n",
            "a: {$remove: true}\nb: {c: {$remove: true}}\n",
            {"b": {"d": 2}},
        ),
        (
            "a: [{name: x}, {name: y}, {name: z}]\n",
            "a: [{name: y, $remove: true}]\n",
            {"a": [{"name": "x"}, {"name": "z"}]},
        ),
        # a field is the same with and without `?`, a word of a table is not
        ("a: {b?: 1, c: 2}\n", "a: {b: 3, c?: 4}\n", {"a": {"b": 3, "c?": 4}}),
        ("a: {b?: 1, c: 2}\n", "a: {b: {$remove: true}}\n", {"a": {"c": 2}}),
        (
            "tables: {t: {Open: 1}}\n",
            "tables: {t: {Open?: 2}}\n",
            {"tables": {"t": {"Open": 1, "Open?": 2}}},
        ),
        # another form replaces the whole
        ("a: {b: 1}\n", "a: {$pick: [{c: 1}]}\n", {"a": {"$pick": [{"c": 1}]}}),
        ("a: {$concat: [{b: 1}]}\n", "a: {$each: x, $as: y}\n", {"a": {"$each": "x", "$as": "y"}}),
        ("a: {$each: x, $as: y, b: 1}\n", "a: {b: 2}\n", {"a": {"$each": "x", "$as": "y", "b": 2}}),
        ("a: 1\nb: 2\n", "extends: orders\n", {"a": 1, "b": 2}),
    ],
)
def test_what_comes_of_two_layers(base: str, over: str, whole: object) -> None:
    assert merged(base, over) == whole


def test_the_order_is_that_of_the_mapping_and_what_is_new_comes_last() -> None:
    found = merged("a: 1\nb?: 2\nc: 3\n", "d: 1\nc: 2\nb: 1\n")
    assert list(cast("dict[str, object]", found)) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("over", "rule"),
    [
        ("a: {^$remove: false}\n", "misplaced-key"),
        ("a: {^$remove: true, b: 1}\n", "misplaced-key"),
        ("^bb: {$remove: true}\n", "nothing-to-remove"),
        ("l: [{^name: z, $remove: true}]\n", "nothing-to-remove"),
        ("^resource: orders\n", "not-overridable"),
        ("^schema: order\n", "not-overridable"),
    ],
)
def test_what_is_wrong_with_an_override_is_found_where_it_is(over: str, rule: str) -> None:
    column = over.index("^") + 1
    _, findings = laid("a: 1\nb: {c: 1}\nl: [{name: x}]\n", over.replace("^", ""))
    [found] = findings.found
    assert (found.name, found.place) == (rule, Place("harwick/orders.yaml", 1, column))


def test_a_near_miss_is_suggested() -> None:
    _, findings = laid("alpha: 1\n", "alpa: {$remove: true}\n")
    assert findings.found[0].hint == 'Did you mean "alpha"?'


def test_a_part_stands_in_the_file_it_came_from() -> None:
    document, _ = laid(
        "a:\n  b: 1\n  c: {d: 1}\nl:\n  - {name: x, v: 1}\n  - {name: y, v: 2}\n",
        "l:\n  - {name: y, w: 3}\n  - {name: x, $remove: true}\na:\n  c:\n    e: 2\n",
    )
    assert document.value == {
        "a": {"b": 1, "c": {"d": 1, "e": 2}},
        "l": [{"name": "y", "v": 2, "w": 3}],
    }
    base, over = "orders.yaml", "harwick/orders.yaml"
    places = {
        ("a", "b"): Place(base, 2, 6),
        ("a", "c", "d"): Place(base, 3, 10),
        ("a", "c", "e"): Place(over, 6, 8),
        ("l", 0, "v"): Place(base, 6, 18),
        ("l", 0, "w"): Place(over, 2, 18),
        ("a", "c", "none"): Place(over, 6, 5),  # nothing is there, so it is its parent
        ("a", "b", "none"): Place(base, 2, 6),
    }
    assert {path: document.place(path) for path in places} == places
    assert document.place(("a", "c", "e"), key=True) == Place(over, 6, 5)
    assert document.length(("a", "c", "e"), key=True) == 1
    assert document.place_in(("a", "b"), 0) == Place(base, 2, 6)


NAMES = st.sampled_from(["a", "a?", "b", "c", "tables"])
PLAIN = st.none() | st.booleans() | st.integers(0, 9) | st.text("xy", max_size=2)
REMOVED = st.just({"$remove": True})


def trees(more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.fixed_dictionaries({"name": st.sampled_from(["x", "y", "z"]), "v": PLAIN})
    return st.recursive(
        PLAIN | more,
        lambda inner: (
            st.dictionaries(NAMES, inner, max_size=4)
            | st.lists(inner, max_size=3)
            | st.lists(named, max_size=3, unique_by=lambda one: cast("str", one["name"]))
        ),
        max_leaves=12,
    )


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path, value


@given(st.dictionaries(NAMES, trees(st.nothing())), st.dictionaries(NAMES, trees(REMOVED)))
def test_every_leaf_stands_where_its_text_is(base: dict[str, Any], over: dict[str, Any]) -> None:
    lower = read_document("base.json", json.dumps(base))
    upper = read_document("over.json", json.dumps(over))
    document = extended(lower, upper, Findings(upper))
    for path, value in leaves(document.value):
        place = document.place(path)
        text = {"base.json": lower.text, "over.json": upper.text}[place.file]
        assert text[place.column - 1 :].startswith(json.dumps(value))


@given(st.dictionaries(NAMES, trees(st.nothing())))
def test_an_empty_override_and_the_same_one_change_nothing(base: dict[str, Any]) -> None:
    lower = read_document("base.json", json.dumps(base))
    for over in ("{}", json.dumps(base)):
        upper = read_document("over.json", over)
        assert extended(lower, upper, Findings(upper)).value == base


OVER = """\
extends: orders
create:
  body:
    postingDate: {$remove: true}
    remark: "{{ order.remark | default('none') | truncate_to(50) }}"
    urgent: 5
"""


def test_a_finding_names_the_layer_the_value_came_from() -> None:
    upper = read_document(
        "harwick/orders.yaml", OVER.replace("truncate_to(50)", "truncate_to(500)")
    )
    document = extended(read_document("orders.yaml", MAPPING), upper, Findings(upper))
    result = compile_document(document, shape(), schemas())
    found = {(one.name, str(one.place)) for one in result.findings}
    assert ("wrong-type", "harwick/orders.yaml:6:13") in found
    assert ("too-long", "harwick/orders.yaml:5:17") in found
    assert result.plans == {}


def test_the_merged_mapping_runs_and_an_error_names_the_layer() -> None:
    upper = read_document("harwick/orders.yaml", OVER.replace("urgent: 5", "copies: 2"))
    document = extended(read_document("orders.yaml", MAPPING), upper, Findings(upper))
    result = compile_document(document, shape(), schemas())
    assert [one.name for one in result.findings if one.severity == "error"] == []
    plan = result.plans["create"]
    files = {use.field: use.place.file for use in plan.fields if use.access == "write"}
    assert files["remark"] == files["copies"] == "harwick/orders.yaml"
    assert files["kind"] == "orders.yaml"
    assert "postingDate" not in files
    order = {"reference": "R", "kind": "retail", "lines": []}
    names = {"order": order, "lookups": {"buyer": {"id": "x"}}, "params": {}, "now": ""}
    body = plan.steps[0].render(names).body
    assert body is not None
    assert (body["remark"], body["copies"]) == ("none", 2)


JUNK: list[Any] = [
    *(None, 0, False, "", [], {}, 10**50, "x", "{{ order.x }}", "{{"),
    *({"$remove": True}, {"$remove": 5}, {"$remove": True, "name": "q"}, {"name": 5}, {"?": 1}),
    *([{"name": "a"}], [{"name": "a", "$remove": True}], [1], ["x" * 70_000]),
    *({"$each": "order.lines"}, {"$concat": []}, {"$pick": 5}, {"a?": 1, "a": 2}),
]


def maps(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every way from map to map."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield (*path, key)
        yield from maps(inner, (*path, key))


SMALL = read_document("orders.yaml", MAPPING + CHANGES)
WAYS = st.sampled_from(list(maps(SMALL.value)))
ENDS = st.sampled_from([(), (), ("x",), ("name",), ("$remove",), ("body",), ("steps",), ("?",)])


@settings(max_examples=40)
@given(st.lists(st.tuples(WAYS, ENDS, st.sampled_from(JUNK)), min_size=1, max_size=3))
def test_junk_in_an_override_is_a_finding_in_one_of_the_two_files(
    junk: list[tuple[tuple[str, ...], tuple[str, ...], Any]],
) -> None:
    over: dict[str, Any] = {}
    for way, end, value in junk:
        *above, last = (*way, *end)
        inner = over
        for key in above:
            if not isinstance(inner.get(key), dict):
                inner[key] = {}
            inner = inner[key]
        inner[last] = deepcopy(value)  # what comes later may lie in it
    upper = read_document("over.json", json.dumps(over))
    about = Findings(upper)
    result = compile_document(extended(SMALL, upper, about), shape(), schemas())
    found = [*about.found, *result.findings]
    assert {one.place.file for one in found} <= {"orders.yaml", "over.json"}
    assert result.plans or any(one.severity == "error" for one in found)
