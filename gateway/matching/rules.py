"""The rules by which a SKU is an item: pure, in their order, and never a guess.

`search.py` asks `keys_of_sku` and `keys_of_item` for the keys that must be equal, and `judge`
what the hits mean; reads for orders use `judge` too. What must be certain is a rule of `CERTAIN`;
what only helps a person to decide is one of `SUGGESTING` (bc/pitfalls.md 31).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple, get_args

from gateway.wire import code

Rule = Literal[
    "decided", "number", "normalised_number", "gtin", "variant", "similar_number", "name"
]
Status = Literal["matched", "ambiguous", "unmatched"]
Key = tuple[Rule, str]

RULES: Final[tuple[Rule, ...]] = get_args(Rule)
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
CERTAIN: Final[tuple[Rule, ...]] = ("number", "normalised_number", "gtin", "variant")
SUGGESTING: Final[tuple[Rule, ...]] = ("similar_number", "name")
MOST_CANDIDATES: Final = 10  # of one SKU; more help nobody to decide
SEPARATORS: Final = " -_./:|"  # between the number of an item and the code of its variant

WHY: Final[Mapping[Rule, str]] = {
    "decided": "A person decided so.",
    "number": "The SKU is the item's number.",
    "normalised_number": "The SKU is the item's number but for its separators.",
    "gtin": "The GTIN is the item's.",
    "variant": "The SKU is the item's number and the code of one of its variants.",
    "similar_number": "The number is similar: separators or leading zeros differ.",
    "name": "The name is the same.",
}
BLOCKED: Final = "The item is blocked in Business Central."
NO_ITEM: Final = "No rule finds an item, and nobody has decided which one it is."
UNTRIED: Final = (
    "No item has just this number. The other rules have not been tried for this SKU: "
    "`POST /v1/connections/{connection}/matches/items` does that."
)
WRONG_GTIN: Final = "What was given as its GTIN is none: 8, 12, 13 or 14 digits with a check digit."
_SEVERAL: Final[Mapping[Rule, str]] = {
    "number": "More than one item has this number.",
    "normalised_number": "More than one item has this number but for its separators.",
    "gtin": "More than one item has this GTIN.",
    "variant": "More than one item has a variant of this name.",
}

# A letter or digit next to the other kind begins a group, as a separator does. Signs that mean
# something, such as + or #, are groups of their own.
_GROUPS: Final = re.compile(r"[^\W\d_]+|\d+|[^\w\s./\\,:;|\-\u2010-\u2015]")
_GTIN: Final = re.compile(r"[0-9]{8}|[0-9]{12,14}")


class Asked(NamedTuple):
    """A SKU to be matched, with the GTIN and the name the product knows it by."""

    sku: str
    gtin: str | None = None
    name: str | None = None


class Item(NamedTuple):
    """What matching knows of an item of Business Central."""

    id: str
    number: str
    name: str | None
    gtin: str | None
    blocked: bool


class Variant(NamedTuple):
    """A variant of an item."""

    id: str
    code: str


class Candidate(NamedTuple):
    """An item that a SKU may be, and the rule that says so."""

    rule: Rule
    item: Item
    variant: Variant | None = None


class ItemMatch(NamedTuple):
    """What a SKU is. A match has one candidate; without one, `reason` says why, for people.

    `rule` is the one that decided, None when none did. `unit_of_measure` is what a person decided
    the product counts in, None for the item's own unit.
    """

    sku: str
    status: Status
    rule: Rule | None
    reason: str | None = None
    candidates: tuple[Candidate, ...] = ()
    unit_of_measure: str | None = None

    @property
    def matched(self) -> Candidate | None:
        """The one item it is."""
        return self.candidates[0] if self.status == "matched" else None


def normal_number(text: str) -> str:
    """`text` as groups of letters and of digits, in upper case, with one blank between them.

    What separates the groups does not count: `1896-S`, `1896 s` and `1896S` are the same. The
    groups do, and so do zeros: `1-11`, `11-1`, `111` and `0111` are four numbers.
    """
    return " ".join(_GROUPS.findall(code(unicodedata.normalize("NFC", text))))


def gtin14(text: str) -> str | None:
    """A GTIN of 8, 12, 13 or 14 digits as 14 digits; None when its check digit is wrong.

    Nothing but zeros is no GTIN, though the check digit would be right.
    """
    digits = text.strip()
    if not _GTIN.fullmatch(digits) or not digits.strip("0"):
        return None
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(reversed(digits)))
    return digits.zfill(14) if total % 10 == 0 else None


def variant_splits(sku: str) -> Iterator[tuple[str, str]]:
    """Every way to read `sku` as the number of an item, a separator and the code of a variant."""
    text = code(sku)
    for at, letter in enumerate(text):
        if letter in SEPARATORS and (number := code(text[:at])) and (rest := code(text[at + 1 :])):
            yield number, rest


def keys_of_sku(asked: Asked) -> Iterator[Key]:
    """The keys of which an item must have one, to be what was asked for or to come near it."""
    yield from _keys(asked.sku, asked.sku if asked.gtin is None else asked.gtin, asked.name)
    for number, _ in variant_splits(asked.sku):
        yield "variant", number


def keys_of_item(item: Item) -> Iterator[Key]:
    """The keys of an item; under `variant` the number its variants hang on."""
    yield from _keys(item.number, item.gtin, item.name)
    yield "variant", code(item.number)


def judge(asked: Asked, hits: Mapping[Rule, Sequence[Candidate]]) -> ItemMatch:
    """What the hits of each rule mean: the first certain rule with a hit decides, for good or ill.

    Two hits are never chosen between, and a blocked one is refused.
    """
    for rule in CERTAIN:
        if found := hits.get(rule):
            return _by_rule(asked.sku, rule, tuple(found))
    reason = NO_ITEM
    if asked.gtin is not None and gtin14(asked.gtin) is None:
        reason = f"{NO_ITEM} {WRONG_GTIN}"
    return ItemMatch(asked.sku, "unmatched", None, reason, _near(hits))


def by_number(sku: str, items: Sequence[Item]) -> ItemMatch:
    """What the first rule says of a SKU by the `items` with its number. Without one it is not
    known what the other rules would say.
    """
    if len(items) == 1 and not items[0].blocked:  # as nearly always
        return ItemMatch(sku, "matched", "number", None, (Candidate("number", items[0]),))
    if not items:
        return ItemMatch(sku, "unmatched", None, UNTRIED)
    return _by_rule(sku, "number", tuple([Candidate("number", item) for item in items]))


def _by_rule(sku: str, rule: Rule, found: tuple[Candidate, ...]) -> ItemMatch:
    """What a rule says that has found something."""
    if len(found) > 1:
        return ItemMatch(sku, "ambiguous", rule, _SEVERAL[rule], found[:MOST_CANDIDATES])
    if found[0].item.blocked:
        return ItemMatch(sku, "unmatched", rule, BLOCKED, found)
    return ItemMatch(sku, "matched", rule, None, found)


def _keys(number: str, gtin: str | None, name: str | None) -> Iterator[Key]:
    if exact := code(number):
        yield "number", exact
    if normal := normal_number(number):
        yield "normalised_number", normal
    if gtin is not None and (digits := gtin14(gtin)) is not None:
        yield "gtin", digits
    if similar := "".join(filter(str.isalnum, code(number))).lstrip("0"):
        yield "similar_number", similar
    if name is not None and (words := " ".join(name.casefold().split())):
        yield "name", words


def _near(hits: Mapping[Rule, Sequence[Candidate]]) -> tuple[Candidate, ...]:
    """Each item once, for the first rule that suggests it."""
    found: dict[str, Candidate] = {}
    for rule in SUGGESTING:
        for candidate in hits.get(rule, ()):
            found.setdefault(candidate.item.id, candidate)
    return tuple(found.values())[:MOST_CANDIDATES]
