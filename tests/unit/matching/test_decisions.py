from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.documents import Finding, read_document
from gateway.errors import InvalidFiles
from gateway.matching.decisions import Decision, decisions_text, is_sku, read_decisions
from gateway.matching.rules import Candidate, Item, ItemMatch, Variant

SKUS = st.text(min_size=1, max_size=30).filter(is_sku)
CODES = st.text(min_size=1, max_size=10).filter(is_sku)
DECISIONS = st.builds(Decision, SKUS, CODES, st.none() | CODES, st.none() | CODES)


def match(decision: Decision) -> ItemMatch:
    item = Item("id", decision.item_number, None, None, blocked=False)
    variant = None if decision.variant is None else Variant("id", decision.variant)
    candidate = Candidate("decided", item, variant)
    return ItemMatch(
        decision.sku, "matched", "decided", None, (candidate,), decision.unit_of_measure
    )


@settings(max_examples=30)
@given(st.lists(DECISIONS, max_size=4, unique_by=lambda decision: decision.sku))
def test_what_is_written_is_read_again(decisions: list[Decision]) -> None:
    text = decisions_text(map(match, decisions))
    assert read_decisions(read_document("decisions.yaml", text)) == decisions


def test_only_decisions_are_written() -> None:
    item = Item("id", "1896-S", None, None, blocked=False)
    by_rule = ItemMatch("1896S", "matched", "normalised_number", None, (Candidate("number", item),))
    gone = ItemMatch("GONE", "unmatched", "decided", "gone")
    assert decisions_text([by_rule, gone]).endswith("decisions: {}\n")


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("decisions:\n  A: {item_number: 10115}\n", "I101", "2:20"),
        ("decisions:\n  A: {item: x}\n", "I101", "2:7"),
        ("decisions:\n  A: {}\n", "I101", "2:6"),
        ("decisions: []\n", "I101", "1:12"),
        ("{}\n", "I101", "1:1"),
        ('decisions:\n  "": {item_number: x}\n', "I102", "2:3"),
        ('decisions:\n  "a\\0b": {item_number: x}\n', "I102", "2:3"),
        ("decisions:\n  A: {item_number: x}\n  A: {item_number: y}\n", "D114", "3:3"),
    ],
)
def test_what_is_wrong_is_found_with_its_place(text: str, rule: str, place: str) -> None:
    with pytest.raises(InvalidFiles) as caught:
        read_decisions(read_document("d.yaml", text))
    found = [one for one in caught.value.findings if isinstance(one, Finding)]
    assert (rule, f"d.yaml:{place}") in [(one.rule, str(one.place)) for one in found]


def test_the_file_of_the_manual_is_one() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "matching.md").read_text(encoding="utf-8")
    [text] = re.findall(r"^```yaml decisions\n(.*?)^```$", manual, re.DOTALL | re.MULTILINE)
    assert read_decisions(read_document("d.yaml", text)) == [
        Decision("CHAIR-PARIS", "1900-S"),
        Decision("DESK-OAK", "1896-S", "OAK", "BOX"),
    ]


def test_what_can_be_a_sku() -> None:
    assert is_sku("a")
    assert is_sku("x" * 250)
    assert is_sku("a\u00a0b ü")
    assert not any(map(is_sku, ["", "x" * 251, "\0", "a\nb", "\x85", "\ud800"]))
