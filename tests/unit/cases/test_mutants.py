"""The flips of a mapping: what of a file is flipped, where, and into what."""

from __future__ import annotations

from pathlib import Path

from gateway.cases.mutants import GONE, Flip, flipped, flips, verbs_of, with_flip
from gateway.documents import load_document, read_document


def told(text: str) -> dict[str, Flip]:
    """The flips by line, column and what was there."""
    document = read_document("m.yaml", text)
    return {f"{one.place.line}:{one.place.column} {one.was}": one for one in flips(document)}


def test_a_leaf_of_a_body_is_left_out_and_flipped() -> None:
    found = told(
        'create:\n  body:\n    name: "{{ x.a }}"\n    fax: "1"\n    free: true\n    n: 3\n'
    )
    assert found["3:5 name"].values == (GONE,)
    assert found["3:15 x.a"].values[0] == "{{ '~' }}"
    assert found["4:10 1"].instead[0] == "1~"
    assert found["5:11 true"].instead == ("false",)
    assert found["6:8 3"].values == (4, 2)
    assert {one.verb for one in found.values()} == {"create"}


def test_a_default_becomes_one_that_the_table_answers_otherwise() -> None:
    text = (
        "tables:\n  t: {A: a, B: b}\n"
        "read: {}\nrecord:\n  s: \"{{ bc.s | default('') | choose(tables.t, 'c') }}\"\n"
        "  u: \"{{ bc.s | default('A') | choose(tables.t, 'a') }}\"\n"
        "  v: \"{{ bc.s | default('A') }}\"\n"
    )
    found = told(text)
    assert found["5:25 ''"].instead == ("'A'", "'B'")
    assert found["6:25 'A'"].instead[0] == "'A~'"
    assert "'B'" in found["6:25 'A'"].instead
    assert found["7:25 'A'"].instead[0] == "'A~'"


def test_tables_filters_and_rejections_are_flipped() -> None:
    found = told(
        "tables:\n  t: {A: a, B: b}\nrejections: {one: {}, two: {}}\n"
        "list:\n  omit: [lines]\n  filters:\n    since: {field: date, operator: ge}\n"
        "    state: {field: status, values: tables.t}\n"
        "update:\n  guards:\n    - {when: x.a, reject: one}\n"
        "  lookups:\n    l: {entity: e, where: {n: 1}, on_missing: {reject: two}}\n"
    )
    assert found["2:10 a"].values[0] == "b"
    assert found["5:10 lines"].values == (GONE,)
    assert found["7:20 date"].instead == ("status",)
    assert found["7:36 ge"].instead == ("gt",)
    assert found["8:28 values"].values == (GONE,)
    assert found["11:27 one"].instead == ("two",)
    assert found["13:47 {reject: two}"].instead == ("{reject: one}", "null")
    assert found["11:14 x.a"].verb == "update"
    assert found["2:10 a"].verb == ""


def test_steps_and_anchors_are_flipped() -> None:
    found = told(
        "create:\n  anchor: {field: a, value: '{{ x.a }}', also_in: [others]}\n"
        "  body: {a?: '{{ x.a }}', b?: '{{ x.b }}'}\n"
        "actions:\n  go:\n    steps:\n      - name: s\n        read: e\n        $when: x.a is present\n"
        "        id: '{{ target.id }}'\n"
    )
    assert found["2:19 a"].instead == ("b",)
    assert found["2:52 others"].values == (GONE,)
    assert found["9:16 x.a is present"].values in {("true",), ("false",)}
    assert found["10:17 target.id"].verb == "go"


def test_the_value_of_a_flip_is_put_in_its_place_alone() -> None:
    value = {"a": [{"b": 1}, {"c": 2}], "d": 3}
    assert flipped(value, ("a", 1, "c"), 4) == {"a": [{"b": 1}, {"c": 4}], "d": 3}
    assert flipped(value, ("a", 0), GONE) == {"a": [{"c": 2}], "d": 3}
    assert flipped(value, ("a", 0, "b"), GONE) == {"a": [{}, {"c": 2}], "d": 3}
    assert value == {"a": [{"b": 1}, {"c": 2}], "d": 3}


def test_a_flipped_file_has_one_verb() -> None:
    document = load_document(Path("mappings/sales-orders.yaml"))
    assert verbs_of(document) == ["read", "list", "create", "update", "ship-and-invoice"]
    flip = next(one for one in flips(document) if one.verb == "create")
    kept = with_flip(document, flip, flip.values[0], "create").value
    assert isinstance(kept, dict)
    assert "create" in kept
    assert not {"list", "read", "actions"} & kept.keys()
    walk = next(one for one in flips(document) if one.verb == "ship-and-invoice")
    other = with_flip(document, walk, walk.values[0], "ship-and-invoice").value
    assert isinstance(other, dict)
    assert list(other["actions"]) == ["ship-and-invoice"]
