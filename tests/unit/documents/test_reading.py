from __future__ import annotations

import contextlib
from decimal import Decimal
from os import mkfifo
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import Finding, encode_json, load_document, read_document
from gateway.errors import InvalidFiles


def findings(file: str, text: str) -> list[tuple[str, int, int]]:
    with pytest.raises(InvalidFiles) as caught:
        read_document(file, text)
    found = [finding for finding in caught.value.findings if isinstance(finding, Finding)]
    return [(finding.name, finding.place.line, finding.place.column) for finding in found]


def test_scalars_are_those_of_json_and_all_else_is_text() -> None:
    text = "[007, 12:30, NO, 0x10, 1e5, 1.50, ~, null, true, True, 000, -1, '1', 2026-11-22]"
    assert read_document("a.yaml", text).value == [
        "007", "12:30", "NO", "0x10", Decimal("1e5"), Decimal("1.50"), "~", None, True, "True",
        "000", -1, "1", "2026-11-22",
    ]  # fmt: skip


def test_a_decimal_keeps_its_digits() -> None:
    value = read_document("a.yaml", "price: 19.90").value
    assert str(value) == "{'price': Decimal('19.90')}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", [("duplicate-key", 2, 1)]),
        ("a: &x 1\nb: *x\n", [("anchor", 1, 4), ("alias", 2, 4)]),
        ("a: !!str 1\n", [("tag", 1, 4)]),
        ("a:\n  <<: 1\n", [("merge-key", 2, 3)]),
        ("? [1]\n: 2\n", [("key-not-text", 1, 3)]),
        ("---\na: 1\n---\nb: 2\n", [("second-document", 3, 1)]),
        ("a: [1\n", [("yaml-syntax", 1, 4)]),
        ("a: 1\na: 2\nb: !x 1\nb: 3\n", [("duplicate-key", 2, 1), ("tag", 3, 4), ("duplicate-key", 4, 1)]),
    ],
)  # fmt: skip
def test_mistakes_in_yaml_have_their_place_all_at_once(
    text: str, expected: list[tuple[str, int, int]]
) -> None:
    assert findings("a.yaml", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1,\n "a": 2}', [("duplicate-key", 2, 2)]),
        ('{"a": }', [("json-syntax", 1, 7)]),
        ('{"a": NaN}', [("json-syntax", 1, 7)]),
        ('{"a": 01}', [("json-syntax", 1, 7)]),
        ("[1, 2", [("json-syntax", 1, 6)]),
        ("[1,]", [("json-syntax", 1, 3)]),
        ('{"a": 1,\n}', [("json-syntax", 1, 8)]),
        ('{"a": 12\n "b": 3}', [("json-syntax", 1, 8)]),
        ("{,}", [("json-syntax", 1, 2)]),
        ("{} []", [("json-syntax", 1, 4)]),
        ("", [("json-syntax", 1, 1)]),
        ('"a\nb"', [("json-syntax", 1, 3)]),
        ('{"a": "\\ud800"}', [("json-syntax", 1, 7)]),
        ('{"a": 1, "\\uD83Dx": 2}', [("json-syntax", 1, 10)]),
        ("[" * 65 + "]" * 65, [("json-syntax", 1, 65)]),
    ],
)
def test_mistakes_in_json_have_their_place(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert findings("a.json", text) == expected


def test_yaml_nested_too_deep_is_a_finding() -> None:
    assert findings("a.yaml", "[" * 65 + "]" * 65) == [("yaml-syntax", 1, 65)]


def test_a_character_that_yaml_does_not_take_has_its_place() -> None:
    assert findings("a.yaml", "é: b\nc: \x01\n") == [("yaml-syntax", 2, 4)]


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert read_document("a.json", '{"a": "\\ud83d\\ude00"}').value == {"a": "😀"}


@pytest.mark.parametrize(
    ("source", "marked"),
    [
        ("a: before {{ x }}\n", "{{ x }}"),
        ("a: 'it''s {{ x }}'\n", "{{ x }}"),
        ('a: "\\u00e9\\t{{ x }}"\n', "{{ x }}"),
        ("a: |\n    first\n    {{ x }}\n", "{{ x }}"),
        ("a: >-\n  first\n  {{ x }}\n", "{{ x }}"),
        ("a: first\n  second {{ x }}\n", "{{ x }}"),
        ('a: "first\n  second\\\n  {{ x }}"\n', "{{ x }}"),
        ("é: ü {{ x }}\n", "{{ x }}"),
        ("a: >-\n  first\n\n\n  second\n  third {{ x }}\n", "{{ x }}"),
        ("a: >-\n  first\n\n    more\n\n  second {{ x }}\n", "{{ x }}"),
        ("a: |2-\n      first\n    {{ x }}\n", "{{ x }}"),
        ("a: |-\n\n   \n    {{ x }}\n", "{{ x }}"),
        ('a: "first\r  {{ x }}"\n', "{{ x }}"),
        ('a: "first\u2028  {{ x }}"\n', "{{ x }}"),
        ("# one\u0085\n# two\u2028\na: x {{ x }}\n", "{{ x }}"),
        ("\ufeffa: x {{ x }}\n", "{{ x }}"),
    ],
)
def test_an_offset_in_a_value_leads_back_to_the_file(source: str, marked: str) -> None:
    document = read_document("a.yaml", source)
    assert isinstance(document.value, dict)
    (key, value), *_ = document.value.items()
    place = document.place_in((key,), value.index(marked))
    line = source.removeprefix("\ufeff").split("\n")[place.line - 1]
    assert line[place.column - 1 :].startswith(marked)


def test_places_of_keys_values_and_what_is_not_there() -> None:
    document = read_document("a.yaml", "list:\n  - name: x\n    size: 12\n")
    assert str(document.place(("list", 0, "size"))) == "a.yaml:3:11"
    assert str(document.place(("list", 0, "size"), key=True)) == "a.yaml:3:5"
    assert str(document.place(("list", 0, "absent"))) == "a.yaml:2:5"
    assert document.length(("list", 0, "size"), key=True) == len("size")


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InvalidFiles) as caught:
        load_document(tmp_path / "pipe.json")
    (found,) = caught.value.findings
    assert isinstance(found, Finding)
    assert found.message == "The file cannot be read: it is no file."


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    with pytest.raises(InvalidFiles):
        load_document(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    with pytest.raises(InvalidFiles):
        load_document(tmp_path / "latin.yaml")
    (tmp_path / "huge.yaml").write_bytes(b"#" * (2 * 1024 * 1024 + 1))
    with pytest.raises(InvalidFiles):
        load_document(tmp_path / "huge.yaml")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(values)
def test_json_that_was_written_is_read_back(value: object) -> None:
    assert read_document("a.json", encode_json(value).decode()).value == value


@given(st.text(max_size=60))
def test_any_text_is_a_value_or_findings_and_never_a_crash(text: str) -> None:
    for file in ("a.yaml", "a.json"):
        with contextlib.suppress(InvalidFiles):
            read_document(file, text)
