from __future__ import annotations

import copy
import json
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mapping import merge_patch
from gateway.mapping.patch import at, meet, named

# RFC 7396, appendix A: original, patch, result.
EXAMPLES = """
{"a":"b"}                   {"a":"c"}                        {"a":"c"}
{"a":"b"}                   {"b":"c"}                        {"a":"b","b":"c"}
{"a":"b"}                   {"a":null}                       {}
{"a":"b","b":"c"}           {"a":null}                       {"b":"c"}
{"a":["b"]}                 {"a":"c"}                        {"a":"c"}
{"a":"c"}                   {"a":["b"]}                      {"a":["b"]}
{"a":{"b":"c"}}             {"a":{"b":"d","c":null}}         {"a":{"b":"d"}}
{"a":[{"b":"c"}]}           {"a":[1]}                        {"a":[1]}
["a","b"]                   ["c","d"]                        ["c","d"]
{"a":"b"}                   ["c"]                            ["c"]
{"a":"foo"}                 null                             null
{"a":"foo"}                 "bar"                            "bar"
{"e":null}                  {"a":1}                          {"e":null,"a":1}
[1,2]                       {"a":"b","c":null}               {"a":"b"}
{}                          {"a":{"bb":{"ccc":null}}}        {"a":{"bb":{}}}
"""
KEYS = st.sampled_from(["a", "b", "c"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.lists(st.integers(0, 1), max_size=2),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
PATCHES = st.dictionaries(KEYS, VALUES, max_size=3)


@pytest.mark.parametrize("line", EXAMPLES.strip().splitlines())
def test_the_examples_of_the_standard(line: str) -> None:
    original, patch, result = (json.loads(part) for part in line.split())
    assert merge_patch(original, patch) == result


@given(VALUES, PATCHES)
@settings(max_examples=60)
def test_nothing_is_changed_in_place_and_twice_is_once(target: object, patch: object) -> None:
    before = copy.deepcopy((target, patch))
    merged = merge_patch(target, patch)
    assert (target, patch) == before
    assert merge_patch(merged, patch) == merged


@given(VALUES, PATCHES)
@settings(max_examples=60)
def test_what_a_patch_names_is_as_it_says_and_the_rest_as_it_was(
    target: object, patch: dict[str, object]
) -> None:
    merged = cast("dict[str, object]", merge_patch(target, patch))
    assert all(at(merged, path) == at(patch, path) for path in named(patch))
    before = target if isinstance(target, dict) else {}
    rest = {key: value for key, value in before.items() if key not in patch}
    assert {key: merged[key] for key in rest} == rest


def test_what_a_patch_names() -> None:
    patch: dict[str, object] = {
        "name": "x",
        "address": {"city": None, "more": {}},
        "terms": None,
        "tags": [{"a": 1}],
    }
    assert list(named(patch)) == [("name",), ("address", "city"), ("terms",), ("tags",)]
    assert list(named({})) == []
    assert list(named("text")) == [()]


def test_paths_meet_where_one_leads_through_the_other() -> None:
    assert meet((), ("a",))
    assert meet(("a", "b"), ("a",))
    assert meet(("a",), ("a", "b"))
    assert not meet(("a", "b"), ("a", "c"))
    assert not meet(("ab",), ("a",))
