from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.matching.rules import (
    CERTAIN,
    NO_ITEM,
    RULES,
    SEPARATORS,
    SUGGESTING,
    UNTRIED,
    WHY,
    Asked,
    Candidate,
    Item,
    Rule,
    by_number,
    gtin14,
    judge,
    keys_of_item,
    keys_of_sku,
    normal_number,
    variant_splits,
)

TEXTS = st.text(max_size=20) | st.text("AbC019 -_./+#", max_size=12)


def item(number: str = "1896-S", *, blocked: bool = False, gtin: str | None = None) -> Item:
    return Item(f"id of {number}", number, f"name of {number}", gtin, blocked)


def check_digit(body: str) -> str:
    """As the standard explains it: threes and ones from the right, up to the next ten."""
    weights = [3 if place % 2 == 0 else 1 for place in range(len(body))]
    total = sum(int(digit) * weight for digit, weight in zip(reversed(body), weights, strict=True))
    return str((10 - total % 10) % 10)


@pytest.mark.parametrize("same", ["1896-S", "1896 s", "1896S", " 1896_s ", "1896.S", "1896–S"])
def test_separators_and_case_do_not_count(same: str) -> None:
    assert normal_number(same) == "1896 S"


@pytest.mark.parametrize(
    "numbers",
    [
        ("1-11", "11-1", "111"),
        ("1.5", "15"),
        ("0042", "42"),
        ("00", "000"),
        ("AB-C", "ABC"),
        ("C", "C+", "C++", "C#"),
        ("10%", "10"),
        ("1896-S", "1896-S*"),
        ("m2", "m²"),
    ],
)
def test_numbers_that_differ_stay_different(numbers: tuple[str, ...]) -> None:
    assert len({normal_number(number) for number in numbers}) == len(numbers)


@settings(max_examples=40)
@given(TEXTS)
def test_a_normal_number_is_its_own_normal_number(text: str) -> None:
    once = normal_number(text)
    assert normal_number(once) == once


@settings(max_examples=40)
@given(TEXTS)
def test_nothing_but_separators_is_lost(text: str) -> None:
    kept = {letter for letter in text.upper() if letter.isalnum() or letter in "+#%*&"}
    assert all(letter in normal_number(text) for letter in kept if letter.isascii())


@settings(max_examples=30)
@given(
    st.sampled_from([7, 11, 12, 13]).flatmap(
        lambda n: st.text("0123456789", min_size=n, max_size=n)
    )
)
def test_the_check_digit_is_the_only_one_taken(body: str) -> None:
    right = check_digit(body)
    for digit in "0123456789":
        text = body + digit
        expected = text.zfill(14) if digit == right and text.strip("0") else None
        assert gtin14(text) == expected


@settings(max_examples=30)
@given(st.text("0123456789", min_size=11, max_size=11))
def test_a_code_of_12_digits_is_that_of_13_and_14_with_zeros_before(body: str) -> None:
    text = body + check_digit(body)
    assert gtin14(text) == gtin14(f"0{text}") == gtin14(f" 00{text} ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0" * 13,
        "400638133393",
        "4006381333930",
        "40063813339310",
        "4-006381-333931",
        "٤٠٠٦٣٨١٣",
    ],
)
def test_what_is_no_gtin(text: str) -> None:
    assert gtin14(text) is None


def test_a_case_is_not_a_piece() -> None:
    assert gtin14("4006381333931") == "04006381333931"
    assert gtin14("14006381333938") == "14006381333938"


@settings(max_examples=40)
@given(TEXTS)
def test_each_split_is_at_one_separator(text: str) -> None:
    for number, rest in variant_splits(text):
        assert number.strip() == number != ""
        assert rest.strip() == rest != ""
        middle = text.strip().upper()[len(number) :].removesuffix(rest)
        assert middle.strip() == "" or middle.strip() in set(SEPARATORS)


def test_both_ways_to_read_a_name_of_a_variant_are_tried() -> None:
    assert list(variant_splits("a-b-c")) == [("A", "B-C"), ("A-B", "C")]


@settings(max_examples=40)
@given(TEXTS)
def test_an_item_has_every_key_of_its_own_number_but_those_of_variants(text: str) -> None:
    keys = {key for key in keys_of_sku(Asked(text)) if key[0] not in {"variant", "gtin"}}
    assert keys <= set(keys_of_item(item(text)))


def test_a_given_gtin_is_the_one_that_counts() -> None:
    assert ("gtin", "04006381333931") in set(keys_of_sku(Asked("4006381333931")))
    assert ("gtin", "00000012345670") in set(keys_of_sku(Asked("4006381333931", gtin="12345670")))
    assert "gtin" not in {key[0] for key in keys_of_sku(Asked("4006381333931", gtin="12345671"))}


HITS = st.dictionaries(
    st.sampled_from(CERTAIN + SUGGESTING),
    st.lists(
        st.builds(item, st.sampled_from("ABCD"), blocked=st.booleans()),
        max_size=3,
        unique_by=lambda one: one.id,
    ),
)


@settings(max_examples=30)
@given(HITS)
def test_the_first_rule_with_a_hit_decides_and_two_hits_are_never_matched(
    found: dict[Rule, list[Item]],
) -> None:
    hits = {rule: [Candidate(rule, one) for one in items] for rule, items in found.items()}
    match = judge(Asked("sku"), hits)
    deciding = next((rule for rule in CERTAIN if hits.get(rule)), None)
    assert match.rule == deciding
    assert (match.status == "ambiguous") == (deciding is not None and len(hits[deciding]) > 1)
    if match.matched is not None:
        assert [match.matched] == hits[match.matched.rule]
        assert not match.matched.item.blocked
        assert match.rule in CERTAIN
        assert match.reason is None
    else:
        assert match.reason


@settings(max_examples=30)
@given(HITS)
def test_each_item_is_suggested_once(found: dict[Rule, list[Item]]) -> None:
    hits = {rule: [Candidate(rule, one) for one in found.get(rule, ())] for rule in SUGGESTING}
    match = judge(Asked("sku"), hits)
    assert match.status == "unmatched"
    ids = [candidate.item.id for candidate in match.candidates]
    assert sorted(ids) == sorted({one.id for rule in SUGGESTING for one in found.get(rule, ())})


def test_a_wrong_gtin_is_told() -> None:
    assert "GTIN" in (judge(Asked("sku", gtin="123"), {}).reason or "")
    assert "GTIN" not in (judge(Asked("sku", gtin="12345670"), {}).reason or "")


def test_every_rule_says_why() -> None:
    assert set(WHY) == set(RULES) == {"decided", *CERTAIN, *SUGGESTING}


@settings(max_examples=20)
@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_a_number_alone_is_judged_as_one_hit_among_others(blocked: list[bool]) -> None:
    items = [item(str(at), blocked=one) for at, one in enumerate(blocked)]
    hits: dict[Rule, list[Candidate]] = {"number": [Candidate("number", one) for one in items]}
    assert by_number("sku", items) == judge(Asked("sku"), hits)


def test_a_number_that_no_item_has_leaves_the_other_rules_untried() -> None:
    match = by_number("sku", [])
    assert (match.status, match.rule, match.reason) == ("unmatched", None, UNTRIED)
    assert judge(Asked("sku"), {}).reason == NO_ITEM
