"""The items of a company and their variants, read from Business Central: some, or all page by page.

`matches.py` and `decisions.py` read through this. Every row of a filtered read is held against
its filter, and pages are those of the server (bc/pitfalls.md 3 and 25).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

from gateway.businesscentral import BusinessCentral, Deadline, next_link, rows_of
from gateway.clock import Clock
from gateway.errors import FilterNotApplied, UnexpectedAnswer
from gateway.matching.rules import Item, Variant
from gateway.storage import Connection
from gateway.validation import Schemas
from gateway.wire import Entity, batches, code, decode, filter_text, fits, matches, query

API: Final = "v2.0"
PAGE: Final = 5_000  # items; Business Central's own page of 20,000 is slow to come and to hold
PAGE_WITHIN: Final = 120.0  # seconds, with every try of one page
MOST_PAGES: Final = 2_000

_ITEM_FIELDS: Final = ("id", "number", "displayName", "gtin", "blocked")
_VARIANT_FIELDS: Final = ("id", "itemId", "code")

Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Some items, made while they are taken, once. `total` is how many the catalogue holds, where
    Business Central says so.
    """

    items: Iterator[Item]
    total: int | None


class Catalogue:
    """Reads items and variants of connections. `schemas` tell what they are."""

    def __init__(
        self, business_central: BusinessCentral, schemas: Schemas, clock: Clock, *, page: int = PAGE
    ) -> None:
        self._business_central = business_central
        self._schemas = schemas
        self._clock = clock
        self._page = page

    async def pages(self, connection: Connection) -> AsyncGenerator[ItemPage]:
        """Every item, a page at a time; nothing is kept of a page that was given.

        Raises `UnexpectedAnswer` for pages that do not end, and what reading raises.
        """
        text = query(select=_ITEM_FIELDS) + "&$count=true"
        entity = self._entity("items")
        url: str | None = None
        total: int | None = None
        followed: set[str] = set()
        while len(followed) < MOST_PAGES:
            answer = await self._business_central.read(
                connection,
                entity.entity_set,
                text,
                url=url,
                page_size=self._page,
                deadline=Deadline.within(self._clock, PAGE_WITHIN),
            )
            counted = (answer.body or {}).get("@odata.count")
            total = counted if isinstance(counted, int) else total
            yield ItemPage(
                (_item(decode(entity, row, self._entity)) for row in rows_of(answer)), total
            )
            url = next_link(answer)
            if url is None:
                return
            if url in followed:
                break
            followed.add(url)
        raise UnexpectedAnswer("Business Central's pages do not end.")

    async def items(
        self, connection: Connection, field: str, values: Iterable[str], deadline: Deadline
    ) -> dict[str, list[Item]]:
        """Items by the Code of `field`; values that no item could have are not asked for."""
        entity = self._entity("items")
        found: dict[str, list[Item]] = {}
        asked = list(map(code, values))
        for row in await self._some(
            connection, entity, field, asked, select=_ITEM_FIELDS, deadline=deadline
        ):
            found.setdefault(code(str(row[field])), []).append(_item(row))
        return found

    async def variants(
        self, connection: Connection, field: str, values: Iterable[str], deadline: Deadline
    ) -> list[tuple[str, Variant]]:
        """Variants, each with the id of its item, whose `field` (`id`, `itemId`) is one of these."""
        entity = self._entity("itemVariants")
        return [
            (str(row["itemId"]), Variant(str(row["id"]), str(row["code"])))
            for row in await self._some(
                connection, entity, field, list(values), select=_VARIANT_FIELDS, deadline=deadline
            )
        ]

    async def units_of_measure(
        self, connection: Connection, codes: Iterable[str], deadline: Deadline
    ) -> set[str]:
        """Which of these codes are units of measure of the company."""
        entity = self._entity("unitsOfMeasure")
        asked = list(map(code, codes))
        return {
            code(str(row["code"]))
            for row in await self._some(
                connection, entity, "code", asked, select=("code",), deadline=deadline
            )
        }

    async def _some(
        self,
        connection: Connection,
        entity: Entity,
        field: str,
        values: Sequence[str],
        *,
        select: Sequence[str],
        deadline: Deadline,
    ) -> list[Record]:
        known = entity.fields[field]
        found: list[Record] = []
        asked = [value for value in dict.fromkeys(values) if value and fits(known, value)]
        for condition in batches(entity, field, asked):
            text = query(select=select, filter_=filter_text(entity, (condition,)))
            for row in await self._business_central.read_all(
                connection, entity.entity_set, text, deadline=deadline
            ):
                record = decode(entity, row, self._entity)
                if not matches(entity, record, (condition,)):
                    raise FilterNotApplied
                found.append(record)
        return found

    def _entity(self, entity_set: str) -> Entity:
        return self._schemas.entity(API, entity_set)


def _item(record: Record) -> Item:
    """An item of a decoded record. Raises `UnexpectedAnswer`."""
    try:
        return Item(
            id=str(record["id"]),
            number=str(record["number"] or ""),
            name=cast("str | None", record["displayName"]),
            gtin=cast("str | None", record.get("gtin")),
            blocked=record["blocked"] is True,
        )
    except KeyError:
        raise UnexpectedAnswer("Business Central gave an item without its fields.") from None
