"""The door of this room: what SKUs are, for orders and for people who look after the matches.

`items` is what an order uses: decisions, kept matches and exact numbers, each read anew. `match`
holds many SKUs against the whole catalogue, by every rule, and keeps what comes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from gateway.businesscentral import BusinessCentral, Deadline
from gateway.clock import Clock, breath
from gateway.documents import Document
from gateway.errors import InvalidFiles, InvalidInput, Violation
from gateway.matching.catalogue import Catalogue
from gateway.matching.course import Course, Tell, begin, hold
from gateway.matching.decisions import (
    Decision,
    Imported,
    findings_of,
    read_decisions,
    verify,
)
from gateway.matching.kept import beside_kept, match_to_keep
from gateway.matching.rules import Asked, ItemMatch, by_number
from gateway.storage import DECIDED, Connection, Match, MatchFilter, MatchProgress, Store
from gateway.validation import Schemas
from gateway.wire import code

FEW: Final = 100  # SKUs whose numbers are looked up before the whole catalogue is read
FEW_WITHIN: Final = 60.0  # seconds

_QUICK: Final = frozenset({DECIDED, "number"})


@dataclass(frozen=True, slots=True)
class Matched:
    """How far a matching is. `matches` is None while it is under way."""

    progress: MatchProgress
    matches: tuple[ItemMatch, ...] | None


class Matching:
    """Matches SKUs of connections. Enter it before `match`: it owns what goes on behind callers."""

    def __init__(
        self, store: Store, business_central: BusinessCentral, schemas: Schemas, clock: Clock
    ) -> None:
        self._store = store
        self._catalogue = Catalogue(business_central, schemas, clock)
        self._clock = clock
        self._courses: set[asyncio.Task[dict[str, ItemMatch]]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._courses:
            task.cancel()
        await asyncio.gather(*self._courses, return_exceptions=True)

    async def items(
        self, connection: Connection, skus: Iterable[str], deadline: Deadline
    ) -> dict[str, ItemMatch]:
        """What each of `skus` is for an order now; nothing is kept.

        A decision comes first, then the exact number, then what an earlier `match` kept. In each
        case the item is read: one that is gone or blocked is no match. Raises `FilterNotApplied`
        and what reading raises.
        """
        wanted = list(dict.fromkeys(skus))
        known = {match.sku: match for match in await self._store.matches(connection.id, wanted)}
        decided = {sku for sku, match in known.items() if match.rule == DECIDED}
        numbers = {sku: code(sku) for sku in wanted if sku not in decided}
        items = await self._catalogue.items(connection, "number", numbers.values(), deadline)
        await breath()
        exact = {sku: by_number(sku, items.get(number, ())) for sku, number in numbers.items()}
        if not known:
            return exact
        await breath()
        held = await self._held(
            connection,
            [
                match
                for sku, match in known.items()
                if sku in decided or match.item_id not in {None, *_ids(exact[sku])}
            ],
            deadline,
        )
        return {
            sku: held[sku]
            if sku in decided
            else beside_kept(exact[sku], known.get(sku), held.get(sku))
            for sku in wanted
        }

    async def match(
        self,
        connection: Connection,
        asked: Sequence[Asked],
        *,
        wait: float,
        tell: Tell | None = None,
    ) -> Matched:
        """Hold `asked` against the catalogue by every rule, and keep what comes of it.

        Who has waited `wait` seconds gets how far it is by then; it goes on, and `progress` tells
        more. `tell` is called with each step. Decisions stay as they are. Raises `Conflict` while
        another matching of the connection is under way, and what reading raises.
        """
        course = await begin(
            self._store,
            self._catalogue,
            self._clock,
            connection=connection,
            asked=asked,
            tell=tell,
        )
        task = asyncio.create_task(self._course(course))
        self._courses.add(task)
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait({task}, timeout=wait)
        found = task.result() if done else None
        return Matched(
            course.progress, None if found is None else tuple(found[one.sku] for one in asked)
        )

    async def progress(self, connection: Connection) -> MatchProgress | None:
        """How far the latest matching of a connection is, in whatever process."""
        return await self._store.match_progress(connection.id)

    async def decide(
        self, connection: Connection, decision: Decision, deadline: Deadline
    ) -> ItemMatch:
        """Keep a person's decision.

        Raises `InvalidInput` when there is no such item, variant or unit of measure, or the item
        is blocked, and what reading raises.
        """
        found, refused = await verify(self._catalogue, connection, [decision], deadline)
        if refused:
            raise InvalidInput(
                "This cannot be decided.",
                violations=[Violation(one.rule, one.reason, f"/{one.member}") for one in refused],
            )
        await self._keep(connection, found)
        return found[0]

    async def import_decisions(
        self, connection: Connection, document: Document, deadline: Deadline, *, check: bool
    ) -> Imported:
        """Keep every decision of a file, or with `check` only see whether they could be kept.

        Raises `InvalidFiles` with every finding, and keeps nothing then.
        """
        decisions = read_decisions(document)
        found, refused = await verify(self._catalogue, connection, decisions, deadline)
        if refused:
            raise InvalidFiles(findings_of(document, refused))
        skus = [decision.sku for decision in decisions]
        known = {match.sku: match for match in await self._store.matches(connection.id, skus)}
        decided = {sku for sku, match in known.items() if match.rule == DECIDED}
        fresh = [match for match in found if not _stands(known.get(match.sku), match)]
        if not check:
            await self._keep(connection, fresh)
        changed = sum(match.sku in decided for match in fresh)
        return Imported(len(fresh) - changed, changed, len(found) - len(fresh))

    async def forget(self, connection: Connection, sku: str) -> bool:
        """Forget what is kept of a SKU, a decision too; False when there was nothing."""
        return await self._store.delete_match(connection.id, sku)

    async def kept(
        self, connection: Connection, wanted: MatchFilter, *, after: str | None, limit: int
    ) -> list[Match]:
        """A page of what is kept, by SKU, behind the SKU `after`."""
        return await self._store.list_matches(connection.id, wanted, after=after, limit=limit)

    async def _course(self, course: Course) -> dict[str, ItemMatch]:
        """The whole of one matching. A few exact numbers need no catalogue."""
        async with course:
            if len(course.asked) <= FEW:
                deadline = Deadline.within(self._clock, FEW_WITHIN)
                found = await self.items(course.connection, course.asked, deadline)
                if all(match.matched and match.rule in _QUICK for match in found.values()):
                    return await course.finish(found)
            return await course.finish(await course.search())

    def _ended(self, task: asyncio.Task[dict[str, ItemMatch]]) -> None:
        self._courses.discard(task)
        if not task.cancelled():
            task.exception()  # who still waits sees it; for the others it stands in the progress

    async def _held(
        self, connection: Connection, kept: Sequence[Match], deadline: Deadline
    ) -> dict[str, ItemMatch]:
        """Kept matches beside their items as they are now."""
        items = await self._catalogue.items(
            connection, "id", [match.item_id for match in kept if match.item_id], deadline
        )
        variants = await self._catalogue.variants(
            connection, "id", [match.variant_id for match in kept if match.variant_id], deadline
        )
        by_id = {rows[0].id: rows[0] for rows in items.values()}
        return hold({match.sku: match for match in kept}, by_id, variants)

    async def _keep(self, connection: Connection, matches: Sequence[ItemMatch]) -> None:
        now = self._clock.now()
        await self._store.save_matches(
            [match_to_keep(connection.id, match, now) for match in matches]
        )


def _ids(match: ItemMatch) -> list[str]:
    return [candidate.item.id for candidate in match.candidates]


def _stands(known: Match | None, match: ItemMatch) -> bool:
    """Whether just this was decided before."""
    one = match.matched
    if known is None or one is None or known.rule != DECIDED:
        return False
    variant_id = None if one.variant is None else one.variant.id
    return (known.item_id, known.variant_id, known.unit_of_measure) == (
        one.item.id,
        variant_id,
        match.unit_of_measure,
    )
