"""Every rule has a page, and every page is true: its examples are run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.rule_pages import PAGES, Example, Page, findings, laid_over, pages, written
from gateway.documents import Finding
from gateway.mapping.rules import RULES, SHAPE

KNOWN = pages()
SHOWN = [one for one in KNOWN if one.wrong is not None]
# About files as such, about two files, about a tenant, about a filter of somebody else's, and about
# a mapping and its tests together.
TOLD: set[str] = {
    *("D101", "D102", "D103", "D104", "D105", "M105", "I201", "T205"),
    *("T301", "T302"),
}


def spots(found: tuple[Finding, ...]) -> list[tuple[str, int, int]]:
    return [(one.rule, one.place.line, one.place.column) for one in found]


def example(known: Page, which: str) -> Example:
    found = known.wrong if which == "wrong" else known.right
    assert found is not None
    return found


@pytest.mark.parametrize("known", SHOWN, ids=lambda one: one.rule)
def test_the_wrong_example_breaks_that_rule_where_it_is_marked(known: Page) -> None:
    wrong = example(known, "wrong")
    assert wrong.place is not None
    found = findings(wrong)
    assert [one for one in spots(found) if one[0] not in known.also] == [(known.rule, *wrong.place)]
    assert {one.rule for one in found} == {known.rule, *known.also}
    told = next(one for one in found if one.rule == known.rule)
    assert told.severity == known.severity
    assert told.name in known.name.split(", ")


@pytest.mark.parametrize("known", SHOWN, ids=lambda one: one.rule)
def test_nothing_is_found_in_the_right_example(known: Page) -> None:
    assert spots(findings(example(known, "right"))) == []


def test_the_pages_are_those_of_the_examples_and_no_others() -> None:
    made = written()
    there = {path: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    assert there.keys() == made.keys(), "run python -m docs.generate"
    assert [path.name for path in made if there[path] != made[path]] == []


def test_every_rule_that_the_code_names_has_its_page() -> None:
    source = Path(__file__).parents[2] / "gateway"
    named = {
        rule
        for file in source.rglob("*.py")
        if "simulator" not in file.parts
        for rule in re.findall(r'"([CDIMT]\d{3}|S1\d{2})"', file.read_text(encoding="utf-8"))
    }
    assert named == {one.rule for one in KNOWN}
    assert {rule.id for rule in RULES.values()} | {SHAPE} <= named


def test_pages_without_an_example_say_why_in_words() -> None:
    assert {one.rule for one in KNOWN if one.wrong is None or one.right is None} == TOLD
    assert all(one.about for one in KNOWN if one.rule in TOLD)


def test_a_piece_is_laid_over_the_mapping_key_by_key() -> None:
    base = [("a: 1", 0), ("b:", 0), ("  c?: 2", 0), ("  d: 3", 0), ("e: [4]", 0)]
    piece = [("b:", 1), ("  c: 5", 2), ("  f: 6", 3), ("e: 7", 4)]
    assert laid_over(base, piece) == [
        *(("a: 1", 0), ("b:", 1), ("  c: 5", 2), ("  d: 3", 0), ("  f: 6", 3), ("e: 7", 4)),
    ]
    whole = laid_over(base, [("b:  # whole", 1), ("  f: 6", 2)])
    assert ("  d: 3", 0) not in whole
