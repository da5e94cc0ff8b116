"""Many SKUs held against a catalogue that passes by once: only what fits one of them is kept.

`matches.py` feeds it page after page. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.matching.rules import (
    MOST_CANDIDATES,
    Asked,
    Candidate,
    Item,
    ItemMatch,
    Key,
    Rule,
    Variant,
    judge,
    keys_of_item,
    keys_of_sku,
    variant_splits,
)
from gateway.wire import code

_Hits = dict[tuple[str, str | None], Candidate]  # by the ids of item and variant


class Search:
    """Takes SKUs, then items, then variants of `items_with_variants`; tells what the SKUs are."""

    def __init__(self) -> None:
        self._asked: dict[str, Asked] = {}
        self._wanted: dict[Key, list[str]] = {}
        self._hits: dict[str, dict[Rule, _Hits]] = {}
        self._with_variants: dict[str, dict[str, Item]] = {}

    def add_sku(self, asked: Asked) -> None:
        """Look for one more SKU, before any item came."""
        self._asked[asked.sku] = asked
        for key in dict.fromkeys(keys_of_sku(asked)):
            self._wanted.setdefault(key, []).append(asked.sku)

    def add_item(self, item: Item) -> None:
        """Hold the item against all SKUs. One that comes again is the same hit."""
        for key in keys_of_item(item):
            for sku in self._wanted.get(key, ()):
                if key[0] == "variant":
                    self._with_variants.setdefault(sku, {})[item.id] = item
                else:
                    self._hit(sku, Candidate(key[0], item))

    def items_with_variants(self) -> list[str]:
        """Ids of the items whose variants could still be what a SKU means."""
        return list(
            dict.fromkeys(
                item_id
                for sku, items in self._with_variants.items()
                if self.match(sku).rule is None
                for item_id in items
            )
        )

    def add_variants(self, variants: Iterable[tuple[str, Variant]]) -> None:
        """Hold variants, each with the id of its item, against all SKUs."""
        by_code = {(item_id, code(variant.code)): variant for item_id, variant in variants}
        for sku, items in self._with_variants.items():
            splits = set(variant_splits(sku))
            for item in items.values():
                for number, rest in splits:
                    variant = by_code.get((item.id, rest))
                    if number == code(item.number) and variant is not None:
                        self._hit(sku, Candidate("variant", item, variant))

    def match(self, sku: str) -> ItemMatch:
        """What `sku` is, as far as the catalogue was seen."""
        hits = self._hits.get(sku, {})
        return judge(
            self._asked[sku], {rule: tuple(found.values()) for rule, found in hits.items()}
        )

    def _hit(self, sku: str, candidate: Candidate) -> None:
        found = self._hits.setdefault(sku, {}).setdefault(candidate.rule, {})
        if len(found) < MOST_CANDIDATES:
            variant = candidate.variant
            found[candidate.item.id, None if variant is None else variant.id] = candidate
