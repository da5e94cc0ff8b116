"""Reads the one record that a change is about, by its id or by its key.

Lookups and the resolver read through it. Whatever comes back is held against what was asked for
before it is believed (bc/pitfalls.md 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.businesscentral import BusinessCentral, Deadline
from gateway.errors import Ambiguous, FilterNotApplied, RecordGone
from gateway.operations.changes import addressed
from gateway.storage import Connection
from gateway.wire import Condition, Entity, decode, key_conditions, matches

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads from one connection; `entities` gives the entity of a part by its entity set."""

    business_central: BusinessCentral
    connection: Connection
    deadline: Deadline
    entities: Callable[[str], Entity]

    async def by_id(self, entity: Entity, record_id: str, query: str) -> Row | None:
        """The decoded record with this id; None when it is gone. Raises what reading raises."""
        path = addressed(entity, record_id)
        try:
            answer = await self.business_central.read(
                self.connection, path, query, deadline=self.deadline, api=entity.api
            )
        except RecordGone:
            return None
        body = {"@odata.etag": answer.etag, **(answer.body or {})}
        row = decode(entity, body, self.entities)
        self._check(entity, row, *key_conditions(entity, record_id))
        return row

    async def by_key(self, entity: Entity, condition: Condition, query: str) -> Row | None:
        """The only decoded record that fits; None: there is none. `query` holds the filter too.

        Raises `Ambiguous`, and what reading raises.
        """
        rows = await self.all_where(entity, condition, query)
        if len(rows) > 1:
            raise Ambiguous
        return rows[0] if rows else None

    async def all_where(self, entity: Entity, condition: Condition, query: str) -> list[Row]:
        """All decoded records that fit. Raises what reading raises."""
        return await self._all(entity, entity.entity_set, query, condition)

    async def element(
        self, entity: Entity, path: str, conditions: Sequence[Condition], query: str
    ) -> Row | None:
        """The only decoded element that fits of the part at `path`; None: there is none.

        Raises `Ambiguous`, and what reading raises.
        """
        rows = await self._all(entity, path, query, *conditions)
        if len(rows) > 1:
            raise Ambiguous
        return rows[0] if rows else None

    async def _all(
        self, entity: Entity, path: str, query: str, *conditions: Condition
    ) -> list[Row]:
        found = await self.business_central.read_all(
            self.connection, path, query, deadline=self.deadline, api=entity.api
        )
        rows = [decode(entity, row, self.entities) for row in found]
        for row in rows:
            self._check(entity, row, *conditions)
        return list(rows)

    def _check(self, entity: Entity, row: Row, *conditions: Condition) -> None:
        if not matches(entity, row, conditions):
            raise FilterNotApplied
