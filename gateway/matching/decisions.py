"""What people decide about SKUs: held against Business Central before it is kept, and as YAML.

The API takes one decision at a time, the command `matches import` a file of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from gateway.businesscentral import Deadline
from gateway.documents import Document, Finding, check_shape
from gateway.errors import InvalidFiles
from gateway.matching.catalogue import Catalogue
from gateway.matching.rules import BLOCKED, Candidate, Item, ItemMatch, Variant
from gateway.storage import DECIDED, Connection
from gateway.wire import code

LONGEST_SKU: Final = 250

Member = Literal["item_number", "variant", "unit_of_measure"]

_NO_ITEM: Final = "No item has this number."
_NO_VARIANT: Final = "The item has no variant of this code."
_NO_UNIT: Final = "The company has no unit of measure of this code."
_BAD_SKU: Final = f"A SKU has 1 to {LONGEST_SKU} characters and no control characters."
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_TEXT: Final = {"type": "string", "minLength": 1}
_SHAPE: Final = {
    "type": "object",
    "additionalProperties": False,
    "required": ["decisions"],
    "properties": {
        "decisions": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["item_number"],
                "properties": {"item_number": _TEXT, "variant": _TEXT, "unit_of_measure": _TEXT},
            },
        }
    },
}
_HEADER: Final = "# Which item of Business Central each SKU is, as people decided.\ndecisions:"


@dataclass(frozen=True, slots=True)
class Decision:
    """That a SKU is the item with this number, maybe one variant of it, counted in this unit."""

    sku: str
    item_number: str
    variant: str | None = None
    unit_of_measure: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a decision cannot be: which of its members names nothing that could be sold."""

    sku: str
    member: Member
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """How many decisions of a file were new, changed one, or stood already."""

    new: int
    changed: int
    same: int


def is_sku(text: str) -> bool:
    """Whether `text` can be a SKU: not too long, and nothing in it that a database cannot keep."""
    return 0 < len(text) <= LONGEST_SKU and not _CONTROL.search(text)


def read_decisions(document: Document) -> list[Decision]:
    """The decisions of a file. Raises `InvalidFiles` with every finding about its shape."""
    findings = check_shape(document, _SHAPE, "I101")
    if findings:
        raise InvalidFiles(findings)
    given: dict[str, Any] = cast("dict[str, Any]", document.value)["decisions"]
    findings = [
        Finding(
            "I102",
            "bad-sku",
            _BAD_SKU,
            document.place(("decisions", sku), key=True),
            length=document.length(("decisions", sku), key=True),
        )
        for sku in given
        if not is_sku(sku)
    ]
    if findings:
        raise InvalidFiles(findings)
    return [Decision(sku, **members) for sku, members in given.items()]


def findings_of(document: Document, refused: Iterable[Refused]) -> list[Finding]:
    """The refused decisions of a file, each with its place."""
    return [
        Finding(
            "I201",
            one.rule.replace("_", "-"),
            one.reason,
            document.place(("decisions", one.sku, one.member)),
            length=document.length(("decisions", one.sku, one.member)),
        )
        for one in refused
    ]


def decisions_text(matches: Iterable[ItemMatch]) -> str:
    """The decisions among `matches` as a YAML file that `read_decisions` reads."""
    lines = [_HEADER]
    for match in matches:
        one = match.matched
        if one is None or match.rule != DECIDED:
            continue
        members = [f"item_number: {_quoted(one.item.number)}"]
        if one.variant is not None:
            members.append(f"variant: {_quoted(one.variant.code)}")
        if match.unit_of_measure is not None:
            members.append(f"unit_of_measure: {_quoted(match.unit_of_measure)}")
        lines.append(f"  {_quoted(match.sku)}: {{{', '.join(members)}}}")
    return "\n".join(lines if len(lines) > 1 else [f"{_HEADER} {{}}"]) + "\n"


async def verify(
    catalogue: Catalogue, connection: Connection, decisions: Sequence[Decision], deadline: Deadline
) -> tuple[list[ItemMatch], list[Refused]]:
    """What each decision comes to in Business Central, or why it cannot be kept.

    Raises what reading raises.
    """
    numbers = [decision.item_number for decision in decisions]
    items = await catalogue.items(connection, "number", map(code, numbers), deadline)
    with_variants = [
        item.id
        for decision in decisions
        if decision.variant is not None
        for item in items.get(code(decision.item_number), ())
    ]
    variants = {
        (item_id, code(variant.code)): variant
        for item_id, variant in await catalogue.variants(
            connection, "itemId", with_variants, deadline
        )
    }
    units = await catalogue.units_of_measure(
        connection,
        [one.unit_of_measure for one in decisions if one.unit_of_measure is not None],
        deadline,
    )
    found: list[ItemMatch] = []
    refused: list[Refused] = []
    for decision in decisions:
        one = _verified(decision, items.get(code(decision.item_number), []), variants, units)
        if isinstance(one, Refused):
            refused.append(one)
        else:
            found.append(one)
    return found, refused


def _verified(
    decision: Decision,
    items: Sequence[Item],
    variants: dict[tuple[str, str], Variant],
    units: set[str],
) -> ItemMatch | Refused:
    sku = decision.sku
    if len(items) != 1 or items[0].blocked:
        reason = BLOCKED if items else _NO_ITEM
        return Refused(sku, "item_number", "unmatched_item", reason)
    variant = None
    if decision.variant is not None:
        variant = variants.get((items[0].id, code(decision.variant)))
        if variant is None:
            return Refused(sku, "variant", "unknown_variant", _NO_VARIANT)
    unit = None if decision.unit_of_measure is None else code(decision.unit_of_measure)
    if unit is not None and unit not in units:
        return Refused(sku, "unit_of_measure", "unknown_unit", _NO_UNIT)
    candidate = Candidate(DECIDED, items[0], variant)
    return ItemMatch(sku, "matched", DECIDED, None, (candidate,), unit)


def _quoted(text: str) -> str:
    """`text` between double quotes, as every reader of YAML takes it."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(letter: str) -> str:
    if letter in {"\\", '"'}:
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"
