"""The store's side towards the operations: their rows, written step by step.

`Store` is this and everything else; nobody makes a `Journal` alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from gateway.clock import Clock
from gateway.errors import Conflict
from gateway.storage import journal_lists, journal_rows
from gateway.storage.database import Database, Statement
from gateway.storage.journal_rows import LEASE, AnchorTaken
from gateway.storage.records import Began, Call, Operation, OperationFilter, changed, new_id
from gateway.storage.rows import Seals
from gateway.telemetry import operation_entered

MOST_DUE: Final = 100  # operations taken up in one go
HEARTBEAT: Final = LEASE.total_seconds() / 3  # seconds between two renewals of leases


class Journal:
    """The rows of operations.

    `owner` names this process in their leases; `alone` says that it holds the lock of the
    database, so no other owner can be alive.
    """

    def __init__(self, database: Database, seals: Seals, clock: Clock, *, alone: bool) -> None:
        self._database = database
        self._seals = seals
        self._clock = clock
        self._alone = alone
        self.owner = new_id("own")

    async def begin(self, new: Operation) -> Began:
        """Make the row of an operation ours, or say what stands there under the same id.

        Inserted; or, by one atomic statement, started over where the key is not bound and nothing
        is under way, or left as it is.
        """
        now = self._clock.now()
        ours = changed(new, owner=self.owner, lease_until=now + LEASE)
        began = await self._database.write(lambda c: journal_rows.begin(c, self._seals, ours))
        if began.fresh:
            _entered(began.operation)
        return began

    async def intent(
        self,
        operation: Operation,
        step: str,
        request: Mapping[str, object],
        *,
        entity: str,
        anchor: str | None,
        place: str,
        snapshot: str,
    ) -> tuple[Operation, Call]:
        """Note that `request` is about to be sent. Send it only after this has returned.

        `place` names tenant, environment and company, whatever connection leads there.
        `snapshot` is the hash of the one that rendered it. Raises `Conflict` when another
        operation has the anchor, `LeaseLost`.
        """
        call = Call(operation.id, step, operation.attempt, request, self._clock.now())
        before = changed(operation, entity=entity, anchor=anchor, place=place, snapshot=snapshot)
        after = await self._anchored(
            before, lambda c: journal_rows.intent(c, self._seals, before, call)
        )
        return _entered(after), call

    async def take_anchor(
        self, operation: Operation, entity: str, anchor: str, place: str
    ) -> Operation:
        """Let no other operation write what `anchor` stands for. Raises as `intent` does."""
        before = changed(operation, entity=entity, anchor=anchor, place=place)
        return await self._anchored(
            before, lambda c: journal_rows.take_anchor(c, self._seals, before)
        )

    async def anchor_conflict(self, operation: Operation) -> Conflict | None:
        """Why another operation keeps this one from its anchor; None: none does."""
        return await self._database.read(lambda c: journal_rows.anchor_conflict(c, operation))

    async def settle(self, operation: Operation, **changes: object) -> Operation | None:
        """Change an operation in which nothing happens now; None: it has gone on meanwhile."""
        values = self._values(changes)
        after = await self._database.write(
            lambda c: journal_rows.settle(c, self._seals, operation, values)
        )
        return None if after is None else _entered(after)

    async def result(
        self, operation: Operation, call: Call, answer: Mapping[str, object], **changes: object
    ) -> tuple[Operation, Call]:
        """Note what Business Central answered to `call`, as it came; by default back to running.

        Raises `LeaseLost`.
        """
        answered = changed(call, answer=answer, answered_at=self._clock.now())
        values = self._values({"state": "running", **changes})
        after = await self._database.write(
            lambda c: journal_rows.result(c, self._seals, operation, answered, values)
        )
        return _entered(after), answered

    async def advance(self, operation: Operation, **changes: object) -> Operation:
        """Change an operation of ours; `owner=None` gives it back. Raises `LeaseLost`."""
        values = self._values(changes)
        after = await self._database.write(
            lambda c: journal_rows.advance(c, self._seals, operation, values)
        )
        return _entered(after) if "state" in changes else after

    async def accept(self, operation_id: str) -> Operation:
        """Note that the caller was told to come back, unless the operation has ended."""
        return await self._database.write(
            lambda c: journal_rows.accept(c, self._seals, operation_id)
        )

    async def claim(self, operation_id: str) -> Operation | None:
        """Take up an abandoned or waiting operation; None if somebody else has it.

        What was queued or running runs with the next attempt; what was sending is uncertain.
        """
        now = self._clock.now()
        claimed = await self._database.write(
            lambda c: journal_rows.claim(
                c, self._seals, operation_id, owner=self.owner, now=now, alone=self._alone
            )
        )
        return None if claimed is None else _entered(claimed)

    async def due(self) -> list[str]:
        """Ids of at most 100 operations that `claim` would give now, the longest waiting first."""
        now = self._clock.now()
        return await self._database.read(
            lambda c: journal_rows.due(c, self.owner, now, self._alone, MOST_DUE)
        )

    async def renew_leases(self, ids: Sequence[str]) -> None:
        """Say that these operations still live here."""
        now = self._clock.now()
        await self._database.write(lambda c: journal_rows.renew(c, self.owner, ids, now))

    async def release_parked(self, causes: Collection[str]) -> int:
        """Queue what is parked for one of these causes and whose connection is active again."""
        now = self._clock.now()
        return await self._database.write(lambda c: journal_rows.release_parked(c, causes, now))

    async def operation(self, operation_id: str) -> Operation | None:
        """The operation with this id."""
        return await self._database.read(
            lambda c: journal_rows.operation_by_id(c, self._seals, operation_id)
        )

    async def operations(
        self,
        wanted: OperationFilter | None = None,
        *,
        before: tuple[datetime, str] | None = None,
        limit: int = 100,
    ) -> list[Operation]:
        """The newest first; `before` is `created_at` and `id` of the last one already given."""
        limits = wanted or OperationFilter()
        return await self._database.read(
            lambda c: journal_lists.listed(c, self._seals, limits, before, limit)
        )

    async def calls(self, operation_id: str) -> list[Call]:
        """What an operation sent and what came back, in order."""
        return await self._database.read(
            lambda c: journal_rows.calls_of(c, self._seals, operation_id)
        )

    async def _anchored(self, before: Operation, statement: Statement[Operation]) -> Operation:
        try:
            return await self._database.write(statement)
        except AnchorTaken:
            freed = Conflict("Another operation has just given up this reference. Send it again.")
            raise await self.anchor_conflict(before) or freed from None

    def _values(self, changes: Mapping[str, object]) -> dict[str, object]:
        return {**changes, "updated_at": self._clock.now()}


def _entered(operation: Operation) -> Operation:
    """Count the state that was written."""
    operation_entered(operation.resource, operation.verb, operation.state)
    return operation
