"""One matching of many SKUs: its steps, and the row that tells how far it is.

`matches.py` begins one and lets it run; whoever asks reads the row, in whatever process.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import timedelta
from types import TracebackType
from typing import Final, Self, TypeVar

from gateway.businesscentral import Deadline
from gateway.clock import Clock
from gateway.errors import Conflict, GatewayError
from gateway.matching.catalogue import Catalogue
from gateway.matching.kept import match_to_keep, still_holds
from gateway.matching.rules import STATUSES, Asked, Item, ItemMatch, Variant
from gateway.matching.search import Search
from gateway.storage import DECIDED, Connection, Match, MatchProgress, Store, changed, new_id

VARIANTS_WITHIN: Final = 300.0  # seconds
SILENT: Final = timedelta(minutes=10)  # a matching that tells nothing for so long is dead
AT_ONCE: Final = 500  # items, or matches, before others may have their turn

T = TypeVar("T")
Tell = Callable[[MatchProgress], None]


async def begin(
    store: Store,
    catalogue: Catalogue,
    clock: Clock,
    *,
    connection: Connection,
    asked: Sequence[Asked],
    tell: Tell | None,
) -> Course:
    """A matching that is the only one of its connection. Raises `Conflict`."""
    now = clock.now()
    first = MatchProgress(connection.id, new_id("match"), "running", len(asked), now, now)
    if not await store.begin_matching(first, now - SILENT):
        raise Conflict(
            "Another matching of this connection is under way. "
            "`GET /v1/connections/{connection}/matches` tells how far it is."
        )
    return Course(
        store, catalogue, clock, connection=connection, asked=asked, progress=first, tell=tell
    )


class Course:
    """A matching under way. Entered, it notes how it ends, whatever happens."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        clock: Clock,
        *,
        connection: Connection,
        asked: Sequence[Asked],
        progress: MatchProgress,
        tell: Tell | None,
    ) -> None:
        self.connection = connection
        self.asked = {one.sku: one for one in asked}
        self.progress = progress
        self._store = store
        self._catalogue = catalogue
        self._clock = clock
        self._tell = tell

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            stopped = "It was interrupted. Ask for it again."
            detail = error.detail if isinstance(error, GatewayError) else stopped
            with suppress(GatewayError):  # what went wrong first is what counts
                await self._step(state="failed", detail=detail)

    async def search(self) -> dict[str, ItemMatch]:
        """What each SKU is, from the whole catalogue; of decided ones, whether they still hold.

        Nothing of the catalogue is held but what may be one of the SKUs.
        """
        known = await self._store.matches(self.connection.id, self.asked)
        decided = {match.sku: match for match in known if match.rule == DECIDED}
        ids = {match.item_id for match in decided.values()}
        search = Search()
        async for one in _in_turns(self.asked.values()):
            if one.sku not in decided:
                search.add_sku(one)
        items: dict[str, Item] = {}
        read = 0
        async with aclosing(self._catalogue.pages(self.connection)) as pages:
            async for page in pages:
                async for item in _in_turns(page.items):
                    read += 1
                    search.add_item(item)
                    if item.id in ids:
                        items[item.id] = item
                await self._step(items_read=read, items_total=page.total)
        search.add_variants(await self._variants("itemId", search.items_with_variants()))
        variants = await self._variants("id", [match.variant_id for match in decided.values()])
        found = hold(decided, items, variants)
        return {sku: found.get(sku) or search.match(sku) async for sku in _in_turns(self.asked)}

    async def finish(self, found: dict[str, ItemMatch]) -> dict[str, ItemMatch]:
        """Keep what was found, and say so. Decisions stay as they are."""
        now = self._clock.now()
        fresh = [match for match in found.values() if match.rule != DECIDED]
        for start in range(0, len(fresh), AT_ONCE):
            some = fresh[start : start + AT_ONCE]
            await self._store.save_matches(
                [match_to_keep(self.connection.id, match, now) for match in some]
            )
        counts = Counter(match.status for match in found.values())
        await self._step(state="finished", counts={name: counts[name] for name in STATUSES})
        return found

    async def _variants(self, field: str, ids: Sequence[str | None]) -> list[tuple[str, Variant]]:
        deadline = Deadline.within(self._clock, VARIANTS_WITHIN)
        wanted = [one for one in ids if one is not None]
        return await self._catalogue.variants(self.connection, field, wanted, deadline)

    async def _step(self, **changes: object) -> None:
        """Note a step. Raises `Conflict` when another matching has taken this one's place."""
        values: dict[str, object] = {**changes, "updated_at": self._clock.now()}
        self.progress = changed(self.progress, **values)
        if self._tell is not None:
            self._tell(self.progress)
        if not await self._store.advance_matching(self.progress):
            raise Conflict("Another matching of this connection has begun meanwhile.")


async def _in_turns(things: Iterable[T]) -> AsyncIterator[T]:
    """`things`, while others may run now and then: thousands of them take their time."""
    for at, thing in enumerate(things, 1):
        yield thing
        if at % AT_ONCE == 0:
            await asyncio.sleep(0)


def hold(
    kept: Mapping[str, Match], items: Mapping[str, Item], variants: Sequence[tuple[str, Variant]]
) -> dict[str, ItemMatch]:
    """Kept matches by SKU beside their items and variants as they are now."""
    by_id = {(item_id, variant.id): variant for item_id, variant in variants}
    return {
        sku: still_holds(
            match,
            None if match.item_id is None else items.get(match.item_id),
            by_id.get((match.item_id or "", match.variant_id or "")),
        )
        for sku, match in kept.items()
    }
