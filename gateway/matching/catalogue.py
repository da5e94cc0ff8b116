"""The items of a company and their variants, read from Business Central: some, or all page by page.

`matches.py` and `decisions.py` read through this. Every row of a filtered read is held against
its filter, and pages are those of the server (bc/pitfalls.md 3 and 25).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.businesscentral import BusinessCentral, Deadline, next_link, rows_of
from gateway.clock import Clock
from gateway.errors import FilterNotApplied, UnexpectedAnswer
from gateway.matching.rules import Item, Variant
from gateway.storage import Connection
from gateway.validation import Schemas
from gateway.wire import all_match, batches, code, filter_text, fits, query

API: Final = "v2.0"
PAGE: Final = 5_000  # items; Business Central's own page of 20,000 is slow to come and to hold
PAGE_WITHIN: Final = 120.0  # seconds, with every try of one page
MOST_PAGES: Final = 2_000

_ITEM_FIELDS: Final = ("id", "number", "displayName", "gtin", "blocked")
_VARIANT_FIELDS: Final = ("id", "itemId", "code")

Row = Mapping[str, Any]  # as it came: texts, and flags, whose blanks are none


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
        url: str | None = None
        total: int | None = None
        followed: set[str] = set()
        while len(followed) < MOST_PAGES:
            answer = await self._business_central.read(
                connection,
                "items",
                text,
                url=url,
                page_size=self._page,
                deadline=Deadline.within(self._clock, PAGE_WITHIN),
            )
            counted = (answer.body or {}).get("@odata.count")
            total = counted if isinstance(counted, int) else total
            yield ItemPage(map(_item, rows_of(answer)), total)
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
        """Items by the Code of `field` (`id`, `number`); of each Code in `values` that an item
        could have.
        """
        found: dict[str, list[Item]] = {}
        for row in await self._some(
            connection, "items", field, values, select=_ITEM_FIELDS, deadline=deadline
        ):
            found.setdefault(code(row[field]), []).append(_item(row))
        return found

    async def variants(
        self, connection: Connection, field: str, values: Iterable[str], deadline: Deadline
    ) -> list[tuple[str, Variant]]:
        """Variants, each with the id of its item, whose `field` (`id`, `itemId`) is one of these."""
        return [
            (str(row["itemId"]), Variant(str(row["id"]), str(row["code"])))
            for row in await self._some(
                connection, "itemVariants", field, values, select=_VARIANT_FIELDS, deadline=deadline
            )
        ]

    async def units_of_measure(
        self, connection: Connection, codes: Iterable[str], deadline: Deadline
    ) -> set[str]:
        """Which of these codes are units of measure of the company."""
        asked = list(map(code, codes))
        return {
            code(str(row["code"]))
            for row in await self._some(
                connection, "unitsOfMeasure", "code", asked, select=("code",), deadline=deadline
            )
        }

    async def _some(
        self,
        connection: Connection,
        entity_set: str,
        field: str,
        values: Iterable[str],
        *,
        select: Sequence[str],
        deadline: Deadline,
    ) -> Sequence[Row]:
        """The rows whose text `field` is one of `values`."""
        entity = self._schemas.entity(API, entity_set)
        known = entity.fields[field]
        found: list[Row] = []
        asked = [value for value in dict.fromkeys(values) if value and fits(known, value)]
        for condition in batches(entity, field, asked):
            text = query(select=select, filter_=filter_text(entity, (condition,)))
            rows = await self._business_central.read_all(
                connection, entity_set, text, deadline=deadline
            )
            if not all_match(entity, rows, (condition,)):
                raise FilterNotApplied
            found += rows
        return found


def _item(row: Row) -> Item:
    """An item as Business Central sends it. Raises `UnexpectedAnswer`."""
    try:
        return Item(
            str(row["id"]),
            str(row["number"] or ""),
            row["displayName"] or None,
            row.get("gtin") or None,
            row["blocked"] is True,
        )
    except KeyError:
        raise UnexpectedAnswer("Business Central gave an item without its fields.") from None
