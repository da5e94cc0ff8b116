"""The product's SKUs ↔ the items of Business Central: a person's decision, else the exact number.

Orders ask here before anything is written, and the API shows and takes decisions. Nothing is
guessed: what is not certain waits for a person (bc/pitfalls.md 31).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from gateway.businesscentral import BusinessCentral, Deadline
from gateway.clock import Clock
from gateway.errors import FilterNotApplied, InvalidInput, Violation
from gateway.storage import Connection, Match, Store
from gateway.validation import Schemas
from gateway.wire import batches, code, decode, filter_text, fits, matches, query

API: Final = "v2.0"
ITEMS: Final = "items"
ALWAYS_READ: Final = ("id", "number", "displayName", "blocked")

Record = Mapping[str, object]

_NO_ITEM: Final = "No item has this number, and nobody has decided which item it is."
_BLOCKED: Final = "The item is blocked in Business Central."
_DOUBLED: Final = "More than one item has this number."
_DECIDED_GONE: Final = "The item that a person decided on is not in this company any more."


@dataclass(frozen=True, slots=True)
class ItemMatch:
    """What a SKU is. `record` is the decoded item with the fields that were asked for.

    A blocked item is shown, and is no match. `reason` says why there is none, for people.
    """

    sku: str
    status: Literal["matched", "ambiguous", "unmatched"]
    decided: bool
    reason: str | None = None
    record: Record | None = field(default=None, repr=False)


class Matching:
    """Matches SKUs of a connection. `schemas` tell what an item is."""

    def __init__(
        self, store: Store, business_central: BusinessCentral, schemas: Schemas, clock: Clock
    ) -> None:
        self._store = store
        self._business_central = business_central
        self._schemas = schemas
        self._clock = clock

    async def items(
        self,
        connection: Connection,
        skus: Iterable[str],
        deadline: Deadline,
        *,
        select: Sequence[str] = (),
    ) -> dict[str, ItemMatch]:
        """What each of `skus` is; `select` names further fields of the items.

        Decisions come first, and their items are read as well: one that is gone or blocked is no
        match. Raises `FilterNotApplied` and what reading raises.
        """
        wanted = list(dict.fromkeys(skus))
        names = tuple(dict.fromkeys((*ALWAYS_READ, *select)))
        decisions = {match.sku: match for match in await self._store.matches(connection.id, wanted)}
        ids = [decision.item_id for decision in decisions.values()]
        numbers = [sku for sku in wanted if sku not in decisions]
        by_id = await self._read(connection, "id", ids, names, deadline)
        by_number = await self._read(connection, "number", numbers, names, deadline)
        found: dict[str, ItemMatch] = {}
        for sku in wanted:
            decision = decisions.get(sku)
            if decision is None:
                found[sku] = _match(sku, by_number.get(code(sku), []), decided=False)
            else:
                found[sku] = _match(sku, by_id.get(code(decision.item_id), []), decided=True)
        return found

    async def decide(
        self, connection: Connection, sku: str, item_number: str, deadline: Deadline
    ) -> ItemMatch:
        """Keep a person's decision that `sku` is the item with this number.

        Raises `InvalidInput` when there is no such item or it is blocked, and what reading raises.
        """
        rows = await self._read(connection, "number", [item_number], ALWAYS_READ, deadline)
        match = _match(sku, rows.get(code(item_number), []), decided=True)
        if match.status != "matched" or match.record is None:
            reason = _BLOCKED if match.record is not None else "No item has this number."
            raise InvalidInput(
                "This cannot be decided.",
                violations=[Violation("unmatched_item", reason, "/item_number")],
            )
        await self._store.save_match(
            Match(
                connection.id,
                sku,
                item_id=str(match.record["id"]),
                item_number=str(match.record["number"]),
                decided_at=self._clock.now(),
            )
        )
        return match

    async def forget(self, connection: Connection, sku: str) -> bool:
        """Forget a decision; False when there was none."""
        return await self._store.delete_match(connection.id, sku)

    async def decisions(self, connection: Connection) -> list[Match]:
        """Every decision, by SKU."""
        return await self._store.matches(connection.id)

    async def _read(
        self,
        connection: Connection,
        name: str,
        values: Sequence[str],
        select: Sequence[str],
        deadline: Deadline,
    ) -> dict[str, list[Record]]:
        """Items by the Code of field `name`; values that no item could have are not asked for."""
        entity = self._schemas.entity(API, ITEMS)
        known = entity.fields[name]
        asked = list(dict.fromkeys(code(value) for value in values))
        possible = [value for value in asked if value and fits(known, value)]
        found: dict[str, list[Record]] = {}
        for condition in batches(entity, name, possible):
            text = query(select=select, filter_=filter_text(entity, (condition,)))
            for row in await self._business_central.read_all(
                connection, ITEMS, text, deadline=deadline
            ):
                item = decode(entity, row, lambda part: self._schemas.entity(API, part))
                if not matches(entity, item, (condition,)):
                    raise FilterNotApplied
                found.setdefault(code(str(item[name])), []).append(item)
        return found


def _match(sku: str, rows: Sequence[Record], *, decided: bool) -> ItemMatch:
    if not rows:
        return ItemMatch(sku, "unmatched", decided, _DECIDED_GONE if decided else _NO_ITEM)
    if len(rows) > 1:
        return ItemMatch(sku, "ambiguous", decided, _DOUBLED)
    if rows[0].get("blocked"):
        return ItemMatch(sku, "unmatched", decided, _BLOCKED, rows[0])
    return ItemMatch(sku, "matched", decided, None, rows[0])
