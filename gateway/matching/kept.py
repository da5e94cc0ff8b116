"""Matches as the store keeps them ⇔ matches as people see them, and whether a kept one still holds.

`matches.py` calls these functions. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

from gateway.matching.rules import (
    BLOCKED,
    Candidate,
    Item,
    ItemMatch,
    Rule,
    Status,
    Variant,
)
from gateway.storage import DECIDED, Match

_GONE: Final = "The item that was matched is not in this company any more."
_DECIDED_GONE: Final = "The item that a person decided on is not in this company any more."
_VARIANT_GONE: Final = "The variant that was matched is not among those of the item any more."
_MOVED: Final = (
    "Another item has this number than the one that was matched. Match it again, or decide."
)


def match_to_keep(connection_id: str, match: ItemMatch, now: datetime) -> Match:
    """`match` as the store keeps it."""
    one = match.matched
    return Match(
        connection_id,
        match.sku,
        match.status,
        match.rule,
        now,
        item_id=None if one is None else one.item.id,
        item_number=None if one is None else one.item.number,
        variant_id=None if one is None or one.variant is None else one.variant.id,
        unit_of_measure=match.unit_of_measure,
        reason=match.reason,
        candidates=tuple(_written(candidate) for candidate in match.candidates),
    )


def kept_match(kept: Match) -> ItemMatch:
    """What was kept, as it was then."""
    candidates = tuple(_read(candidate) for candidate in kept.candidates)
    if not candidates and kept.item_id is not None and kept.item_number is not None:
        # A decision of a release that kept no more than this.
        item = Item(kept.item_id, kept.item_number, None, None, blocked=False)
        candidates = (Candidate(DECIDED, item),)
    return ItemMatch(
        kept.sku,
        cast("Status", kept.status),
        cast("Rule | None", kept.rule),
        kept.reason,
        candidates,
        kept.unit_of_measure,
    )


def still_holds(kept: Match, item: Item | None, variant: Variant | None) -> ItemMatch:
    """A kept match beside its item, and the variant it names, as they are now (None: gone)."""
    rule = cast("Rule", kept.rule)
    if item is None:
        gone = _DECIDED_GONE if rule == DECIDED else _GONE
        return ItemMatch(kept.sku, "unmatched", rule, gone)
    candidates = (Candidate(rule, item, variant),)
    if item.blocked:
        return ItemMatch(kept.sku, "unmatched", rule, BLOCKED, candidates)
    if kept.variant_id is not None and variant is None:
        return ItemMatch(kept.sku, "unmatched", rule, _VARIANT_GONE, candidates)
    return ItemMatch(kept.sku, "matched", rule, None, candidates, kept.unit_of_measure)


def beside_kept(exact: ItemMatch, kept: Match | None, held: ItemMatch | None) -> ItemMatch:
    """What a SKU is that no person decided: by its exact number now, and by what was kept.

    `held` is the kept match as it is now, where it has another item than the exact number has.
    The exact number comes first, unless the SKU was another item before that is still there.
    """
    if exact.rule is None:
        if held is not None:
            return held
        return exact if kept is None else kept_match(kept)
    if held is None or not held.candidates:
        return exact
    return ItemMatch(
        exact.sku, "ambiguous", "number", _MOVED, (*exact.candidates, *held.candidates)
    )


def _written(candidate: Candidate) -> Mapping[str, object]:
    item, variant = candidate.item, candidate.variant
    return {
        "rule": candidate.rule,
        "id": item.id,
        "number": item.number,
        "name": item.name,
        "gtin": item.gtin,
        "blocked": item.blocked,
        "variant": None if variant is None else {"id": variant.id, "code": variant.code},
    }


def _read(written: Mapping[str, object]) -> Candidate:
    variant = cast("Mapping[str, str] | None", written["variant"])
    return Candidate(
        cast("Rule", written["rule"]),
        Item(
            cast("str", written["id"]),
            cast("str", written["number"]),
            cast("str | None", written["name"]),
            cast("str | None", written["gtin"]),
            blocked=written["blocked"] is True,
        ),
        None if variant is None else Variant(variant["id"], variant["code"]),
    )
