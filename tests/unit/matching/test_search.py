from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.matching.rules import (
    CERTAIN,
    MOST_CANDIDATES,
    Asked,
    Item,
    ItemMatch,
    Variant,
    gtin14,
    normal_number,
)
from gateway.matching.search import Search

GTIN = "4006381333931"
CATALOGUE = [
    Item("1", "1896-S", "ATHENS Desk", None, blocked=False),
    Item("2", "1900-S", "PARIS Guest Chair", GTIN, blocked=False),
    Item("3", "1972-S", "MUNICH Swivel Chair", None, blocked=True),
    Item("4", "0042", "Bracket", None, blocked=False),
    Item("5", "A-1", "Double", None, blocked=False),
    Item("6", "A 1", "Double", None, blocked=True),
    Item("7", "T1", "Twin", "12345670", blocked=False),
    Item("8", "T2", "Twin", "0000012345670", blocked=False),
    Item("9", "1896-S-OAK", "ATHENS Desk, old number", None, blocked=False),
    Item("10", "LAMP", None, "4006381333930", blocked=False),
    Item("11", "KIT", "Kit", None, blocked=False),
    Item("12", "KIT-A", "Kit A", None, blocked=False),
    Item("13", "CUPBOARD", "Cupboard", None, blocked=True),
]
VARIANTS = [
    ("1", Variant("v1", "OAK")),
    ("1", Variant("v2", "WALNUT")),
    ("11", Variant("v3", "A-B")),
    ("12", Variant("v4", "B")),
    ("13", Variant("v5", "RED")),
]


def search(
    asked: Sequence[Asked],
    items: Sequence[Item] = CATALOGUE,
    variants: Sequence[tuple[str, Variant]] = VARIANTS,
) -> dict[str, ItemMatch]:
    made = Search()
    for one in asked:
        made.add_sku(one)
    for item in items:
        made.add_item(item)
    hosts = set(made.items_with_variants())
    made.add_variants([one for one in variants if one[0] in hosts])
    return {one.sku: made.match(one.sku) for one in asked}


@pytest.mark.parametrize(
    ("asked", "status", "rule", "numbers"),
    [
        (Asked("1896-s"), "matched", "number", ["1896-S"]),
        (Asked("1896S"), "matched", "normalised_number", ["1896-S"]),
        (Asked("1896-S-OAK"), "matched", "number", ["1896-S-OAK"]),
        (Asked("1896-S/walnut"), "matched", "variant", ["1896-S"]),
        (Asked("1896-S WALNUT"), "matched", "variant", ["1896-S"]),
        (Asked("1896-SWALNUT"), "unmatched", None, []),
        (Asked("1896-S-PINE"), "unmatched", None, []),
        (Asked(GTIN), "matched", "gtin", ["1900-S"]),
        (Asked("CHAIR", gtin="0" + GTIN), "matched", "gtin", ["1900-S"]),
        (Asked("1896-S", gtin=GTIN), "matched", "number", ["1896-S"]),
        (Asked("CHAIR", gtin="1" + GTIN), "unmatched", None, []),
        (Asked("12345670"), "ambiguous", "gtin", ["T1", "T2"]),
        (Asked("4006381333930"), "unmatched", None, []),
        (Asked("1972-S"), "unmatched", "number", ["1972-S"]),
        (Asked("1972S"), "unmatched", "normalised_number", ["1972-S"]),
        (Asked("a/1"), "ambiguous", "normalised_number", ["A-1", "A 1"]),
        (Asked("a-1"), "matched", "number", ["A-1"]),
        (Asked("42"), "unmatched", None, ["0042"]),
        (Asked("KIT-A-B"), "ambiguous", "variant", ["KIT", "KIT-A"]),
        (Asked("CUPBOARD-RED"), "unmatched", "variant", ["CUPBOARD"]),
        (Asked("X", name=" paris  GUEST chair"), "unmatched", None, ["1900-S"]),
        (Asked("X", name="twin"), "unmatched", None, ["T1", "T2"]),
        (Asked(" "), "unmatched", None, []),
    ],
)
def test_the_golden_set(asked: Asked, status: str, rule: str | None, numbers: list[str]) -> None:
    match = search([asked])[asked.sku]
    found = [candidate.item.number for candidate in match.candidates]
    assert (match.status, match.rule, found) == (status, rule, numbers)


def test_the_variant_comes_with_the_item() -> None:
    one = search([Asked("1896-S:WALNUT")])["1896-S:WALNUT"].matched
    assert one is not None
    assert one.variant == Variant("v2", "WALNUT")


def test_an_item_that_comes_twice_is_one_hit() -> None:
    match = search([Asked("1896S")], [*CATALOGUE, *CATALOGUE], [*VARIANTS, *VARIANTS])["1896S"]
    assert match.status == "matched"


def test_variants_are_asked_for_only_where_they_can_matter() -> None:
    made = Search()
    for sku in ("1896-S-OAK", "KIT-A-B", "LAMP-1", "NONE-1"):
        made.add_sku(Asked(sku))
    for item in CATALOGUE:
        made.add_item(item)
    assert set(made.items_with_variants()) == {"11", "12", "10"}


def test_nothing_is_held_but_what_fits_and_of_that_only_a_few() -> None:
    made = Search()
    made.add_sku(Asked("SKU", name="same"))
    for number in range(1000):
        made.add_item(Item(str(number), f"N{number}", "Same", None, blocked=False))
    assert sum(len(found) for hits in made._hits.values() for found in hits.values()) == (
        MOST_CANDIDATES
    )
    assert len(made.match("SKU").candidates) == MOST_CANDIDATES


NUMBERS = st.text("AB1 -", min_size=1, max_size=5).filter(lambda text: text.strip())
ITEMS = st.lists(
    st.tuples(NUMBERS, st.sampled_from([None, GTIN, "0" + GTIN, "12345670"]), st.booleans()),
    max_size=6,
).map(
    lambda rows: [
        Item(str(at), number.strip(), None, gtin, blocked=blocked)
        for at, (number, gtin, blocked) in enumerate(rows)
    ]
)
SKUS = st.lists(
    st.builds(Asked, NUMBERS | st.just(GTIN), st.none() | st.sampled_from([GTIN, "12345670", "1"])),
    max_size=4,
    unique_by=lambda asked: asked.sku,
)


@settings(max_examples=20)
@given(SKUS, ITEMS)
@example([Asked("-")], [Item("0", "--", None, None, blocked=False)])
def test_it_finds_what_a_slow_look_at_every_pair_finds(
    asked: list[Asked], items: list[Item]
) -> None:
    for sku, match in search(asked, items, []).items():
        one = next(one for one in asked if one.sku == sku)
        wanted = gtin14(one.sku if one.gtin is None else one.gtin)
        by_rule = {
            "number": [i for i in items if i.number == sku.strip().upper()],
            "normalised_number": [
                # What is nothing but separators has no normal number, so it has none in common.
                i
                for i in items
                if normal_number(sku) and normal_number(i.number) == normal_number(sku)
            ],
            "gtin": [i for i in items if wanted is not None and gtin14(i.gtin or "") == wanted],
        }
        rule = next((rule for rule in CERTAIN if by_rule.get(rule)), None)
        hits = [] if rule is None else by_rule[rule]
        assert match.rule == rule
        assert (match.matched is not None) == (len(hits) == 1 and not hits[0].blocked)
        if rule is not None:
            assert [candidate.item for candidate in match.candidates] == hits
