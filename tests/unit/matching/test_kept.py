from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.documents import decode_json, encode_json
from gateway.matching.kept import kept_match, match_to_keep
from gateway.matching.rules import CERTAIN, RULES, Asked, Candidate, Item, Rule, Variant, judge
from gateway.storage import Match

NOW = datetime(2026, 11, 24, tzinfo=UTC)
WORDS = st.text(max_size=8)
ITEM = st.builds(Item, WORDS, WORDS, st.none() | WORDS, st.none() | WORDS, blocked=st.booleans())
CANDIDATES = st.builds(
    Candidate, st.sampled_from(RULES), ITEM, st.none() | st.builds(Variant, WORDS, WORDS)
)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(CERTAIN), st.lists(CANDIDATES, max_size=2)))
def test_what_is_kept_comes_back(hits: dict[Rule, list[Candidate]]) -> None:
    match = judge(Asked("sku"), hits)
    kept = match_to_keep("con", match, NOW)
    assert decode_json(encode_json(list(kept.candidates))) == list(kept.candidates)
    assert kept_match(kept) == match
    assert (kept.item_id is None) == (match.matched is None)


def test_a_decision_of_an_earlier_release_is_a_match() -> None:
    match = kept_match(Match("con", "CHAIR", "matched", "decided", NOW, "id", "1900-S"))
    assert match.matched is not None
    assert match.matched.item.number == "1900-S"
