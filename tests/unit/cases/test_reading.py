from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cases import case_files, read_cases
from gateway.documents import Finding
from gateway.errors import InvalidFiles

Write = Callable[[str, str], Path]

GOOD = """\
resource: things
params: {a: 1, b: 2}
answers:
  lookups: {one: {id: x, blocked: null}, many: {k: {number: "1"}}}
tests:
  - name: first
    verb: create
    given: given.json
    set: {/name: New, /lines/0: null}
    params: {b: 3}
    answers: {lookups: {one: {blocked: All}}}
    expect: {writes: 1}
  - name: second
    verb: list
    query: {number: "1"}
    expect: {filter: x}
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    write_file("given.json", '{"name": "Old", "lines": [{"sku": "000"}, {"sku": "1"}]}')
    return write_file


def findings(path: Path) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFiles) as caught:
        read_cases(path)
    return [
        (found.rule, str(found.place))
        for found in caught.value.findings
        if isinstance(found, Finding)
    ]


def test_a_file_becomes_cases_with_their_answers_merged(write: Write) -> None:
    file = read_cases(write("things.test.yaml", GOOD))
    first, second = file.cases
    assert file.resource == "things"
    assert first.given == {"name": "New", "lines": [{"sku": "1"}]}
    assert first.params == {"a": 1, "b": 3}
    assert first.answers["lookups"]["one"] == {"id": "x", "blocked": "All"}
    assert first.own == {"lookups": {"one": {"blocked": "All"}}}
    assert (first.at, first.invalid_input, first.expect) == (0, False, {"writes": 1})
    assert (second.verb, second.query, second.given) == ("list", {"number": "1"}, {})


@pytest.mark.parametrize(
    ("right", "wrong", "rules"),
    [
        ("    expect: {writes: 1}", "    query: {a: b}", ["T101"]),
        ("    expect: {writes: 1}", "    expect: {}", ["T101"]),
        ("    expect: {writes: 1}", "    expect: {write: 1}", ["T101"]),
        ("  - name: first", "  - nam: first", ["T101"]),
        ("answers: {lookups: {one:", "answers: {lookup: {one:", ["T101"]),
        ("given: given.json", "given: missing.json", ["T104"]),
        ("{/name: New", "{/name/x: New", ["T105"]),
        ("  - name: first", "  - name: second", ["T106"]),
        ("resource: things", "resource: things\nresource: other", ["D114"]),
    ],
)
def test_every_mistake_is_found(write: Write, right: str, wrong: str, rules: list[str]) -> None:
    path = write("things.test.yaml", GOOD.replace(right, wrong, 1))
    assert [rule for rule, _ in findings(path)] == rules


def test_a_mistake_has_its_place(write: Write) -> None:
    path = write("things.test.yaml", GOOD.replace("{/name: New", "{/name/x: New"))
    assert findings(path) == [("T105", "things.test.yaml:9:20")]


def test_test_files_are_found_in_folders_and_the_later_one_wins(write: Write) -> None:
    ours = write("shipped/things.test.yaml", GOOD)
    write("shipped/things.yaml", "x")
    theirs = write("own/things.test.yaml", GOOD)
    more = write("own/more.test.yaml", GOOD)
    assert case_files([ours.parent]) == [ours]
    assert sorted(case_files([ours.parent, theirs.parent])) == [more, theirs]
    assert case_files([more]) == [more]
    assert case_files([Path("nowhere")]) == []
