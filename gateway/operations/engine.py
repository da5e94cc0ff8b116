"""The engine: one write from the product's request to its one true end.

`api/` calls `run`, `prepare`, `retry` and `cancel`; the worker of this room calls `resume` for
operations that somebody left or that wait. Both go the same way on the same row. The engine is
opened and closed by `app.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Final, Self

from gateway.businesscentral import BusinessCentral, Deadline
from gateway.clock import Clock, breath
from gateway.connections import Connections
from gateway.errors import (
    GatewayError,
    OperationInProgress,
    StorageUnavailable,
)
from gateway.mapping import Names, Plan
from gateway.matching import Matching
from gateway.operations import journal, settling
from gateway.operations.course import Course
from gateway.operations.journal import Outcome
from gateway.operations.lookups import LookupCache
from gateway.operations.prepare import Prepared, check_document, names_for
from gateway.operations.tools import Tools
from gateway.operations.worker import Worker
from gateway.snapshot import Current, Snapshot
from gateway.storage import CommitLost, Connection, Operation, Store, changed

CLOSE_WITHIN: Final = 3.0  # seconds that operations under way get when the gateway closes


class Engine:
    """Runs operations. `async with` starts its worker and, at the end, lets what runs finish."""

    def __init__(
        self,
        store: Store,
        current: Current,
        business_central: BusinessCentral,
        connections: Connections,
        matching: Matching,
        *,
        clock: Clock,
    ) -> None:
        cache = LookupCache(clock)
        self._current = current
        self._tools = Tools(
            store, current.snapshot, business_central, connections, matching, cache, clock
        )
        self._courses: dict[str, tuple[Course, asyncio.Task[None]]] = {}
        self._awaited: dict[str, set[asyncio.Future[Operation | None]]] = {}
        self._leaving = False
        self._worker = Worker(store, clock, resume=self.resume, living=lambda: [*self._courses])

    async def __aenter__(self) -> Self:
        self._worker.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._worker.stop()
        tasks = [task for _, task in self._courses.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=CLOSE_WITHIN)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def prepare(
        self,
        connection: Connection,
        plan: Plan,
        document: object,
        *,
        snapshot: Snapshot,
        target: Mapping[str, object] | None = None,
    ) -> Prepared:
        """What `run` would send without a key: lookups, the record and the journal are read,
        nothing is written.

        A reference that another operation has used is a problem. Raises what reads raise.
        """
        now = self._tools.clock.now()
        names = names_for(plan, document, connection, now=now, target=target)
        prepared = await self._with(snapshot).prepare(connection, plan, names)
        made = _made(plan, prepared)
        if made is None:
            return prepared
        entity, anchor = made
        new = self._new(
            snapshot, connection, plan, names, key=None, target={}, now=now, accepted=False
        )
        place = journal.place_name(journal.place_of(connection))
        taken = await self._tools.store.anchor_conflict(
            changed(new, entity=entity, anchor=journal.fold(anchor), place=place)
        )
        return prepared if taken is None else prepared._replace(problem=taken)

    async def run(
        self,
        connection: Connection,
        plan: Plan,
        document: object,
        *,
        snapshot: Snapshot,
        key: str | None,
        target: Mapping[str, object] | None = None,
        if_match: Sequence[str] = (),
        wait: float = 60.0,
        prefer_async: bool = False,
    ) -> Outcome:
        """Carry out one write; `key` is the Idempotency-Key header, `wait` is in seconds.

        `snapshot` is the one that `plan` is of: the operation keeps it.
        `target` names the record: `id`, or `key` for an upsert. `if_match` are the canonical
        ETags one of which it must have, none: any will do. 201 with the canonical record, 200
        when there was one already, 204 when it was deleted, or 202 when the caller would rather
        not wait or has waited long enough. Raises the problem the operation ended with, and what
        `journal.repeated` raises for a key that was used before. A caller who goes away cancels
        nothing.
        """
        now = self._tools.clock.now()
        names = names_for(plan, document, connection, now=now, target=target)
        check_document(snapshot.schemas, plan, names)
        await breath()
        named: dict[str, object] = dict(target or {})
        if if_match:
            named[journal.IF_MATCH] = list(if_match)
        new = self._new(
            snapshot,
            connection,
            plan,
            names,
            key=key,
            target=named,
            now=now,
            accepted=prefer_async,
        )
        await breath()
        try:
            began = await self._tools.store.begin(new)
        except CommitLost:  # if its row is there, the worker takes it up
            raise journal.perhaps_begun(new.id) from None
        if not began.fresh:
            return journal.repeated(new, began.operation)
        patience = None if prefer_async else self._tools.within(wait)
        self._start(snapshot, began.operation, patience)
        if prefer_async:
            return Outcome(began.operation, 202, None)
        ended = await self._end_of(new.id, wait)
        return journal.outcome_of(ended) if ended is not None else await self._accept(new.id)

    async def retry(self, operation: Operation) -> Operation:
        """Take up an operation that waits, at once. Raises what `settling.retried` raises."""
        calls = await self._tools.store.calls(operation.id)
        after = await self._settle(operation, settling.retried(operation, calls))
        await self.resume(after.id)
        return await self._tools.store.operation(after.id) or after

    async def cancel(self, operation: Operation) -> Operation:
        """Give up an operation that waits. Raises what `settling.cancelled` raises."""
        calls, now = await self._tools.store.calls(operation.id), self._tools.clock.now()
        after = await self._settle(operation, settling.cancelled(operation, calls, now))
        self._tell(after.id, after)
        return after

    async def _settle(self, operation: Operation, changes: dict[str, object]) -> Operation:
        after = await self._tools.store.settle(operation, **changes)
        if after is None:
            raise OperationInProgress(
                "The operation has gone on meanwhile; ask for it again.",
                operation=operation.id,
                retry_after=journal.AGAIN_AFTER,
            )
        return after

    async def resume(self, operation_id: str) -> None:
        """Take up an operation that nobody lives for, if it is still so."""
        if operation_id in self._courses:
            return
        claimed = await self._tools.store.claim(operation_id)
        if claimed is not None:
            # One that waits by itself has a cause and keeps its mapping; a person who has taken
            # it up may have mended the mapping meanwhile.
            waited = claimed.cause is not None
            snapshot = self._current.of(claimed.snapshot) if waited else self._current.snapshot
            self._start(snapshot, claimed)

    def _with(self, snapshot: Snapshot) -> Tools:
        """The tools of an operation of this snapshot, which nearly always are those of the last."""
        if self._tools.snapshot is not snapshot:
            self._tools = replace(self._tools, snapshot=snapshot)
        return self._tools

    def _new(
        self,
        snapshot: Snapshot,
        connection: Connection,
        plan: Plan,
        names: Names,
        *,
        key: str | None,
        target: Mapping[str, object],
        now: datetime,
        accepted: bool,
    ) -> Operation:
        document: object = {} if plan.input is None else names[plan.input]
        anchor = _reference(plan, names)
        identity, effective = journal.operation_id(
            connection.id, plan.resource, plan.verb, key=key, anchor=anchor
        )
        return Operation(
            id=identity,
            connection_id=connection.id,
            organization=connection.organization,
            resource=plan.resource,
            verb=plan.verb,
            hash=journal.request_hash(plan.resource, plan.verb, target, document),
            snapshot=snapshot.hash,
            created_at=now,
            updated_at=now,
            document=document,
            target=target,
            key=effective,
            accepted=accepted,
        )

    def _start(
        self, snapshot: Snapshot, operation: Operation, patience: Deadline | None = None
    ) -> None:
        course = Course(self._with(snapshot), operation, patience)
        task = asyncio.create_task(self._follow(course), name=f"operation {operation.id}")
        self._courses[operation.id] = (course, task)
        task.add_done_callback(lambda _: self._forget(course))

    def _forget(self, course: Course) -> None:
        """A course is over; a later one of the same operation stays."""
        living = self._courses.get(course.operation.id)
        if living is not None and living[0] is course:
            del self._courses[course.operation.id]

    async def _follow(self, course: Course) -> None:
        """Follow a course to where it ends or waits, and tell the caller who waits for the end."""
        identity = course.operation.id
        try:
            await course.follow()
        except StorageUnavailable:
            # Its lease runs out, and the worker takes it up from what the journal holds.
            self._tell(identity, journal.unsettled(identity))
        else:
            if course.settled:
                self._tell(identity, course.operation)

    def _tell(self, operation_id: str, end: Operation | GatewayError) -> None:
        for awaited in self._awaited.pop(operation_id, ()):
            if awaited.done():
                continue
            if isinstance(end, Operation):
                awaited.set_result(end)
            else:
                awaited.set_exception(end)

    def let_go(self) -> None:
        """Let nobody wait any longer: whoever does is told to come back, with 202."""
        self._leaving = True
        for waiting in self._awaited.values():
            for end in waiting:
                _leave_open(end)

    async def _end_of(self, operation_id: str, wait: float) -> Operation | None:
        """The operation once it is settled, or None after `wait` seconds of the clock."""
        wait = 0.0 if self._leaving else wait
        end: asyncio.Future[Operation | None] = asyncio.get_running_loop().create_future()
        waiting = self._awaited.setdefault(operation_id, set())
        waiting.add(end)
        over = self._tools.clock.call_later(wait, partial(_leave_open, end))
        try:
            return await end
        finally:
            over.cancel()
            waiting.discard(end)
            if not waiting and self._awaited.get(operation_id) is waiting:
                del self._awaited[operation_id]

    async def _accept(self, operation_id: str) -> Outcome:
        """Tell the caller to come back; unless it ended at this very moment."""
        living = self._courses.get(operation_id)
        if living is not None:
            living[0].accepted = True
        try:
            operation = await self._tools.store.accept(operation_id)
        except StorageUnavailable:
            raise journal.unsettled(operation_id) from None
        if operation.state in {"queued", "running", "sending", "uncertain"}:
            return Outcome(operation, 202, None)
        return journal.outcome_of(operation)


def _reference(plan: Plan, names: Names) -> str | None:
    """The caller's own reference, where it stands for a key."""
    if plan.anchor is None or not (plan.walks or plan.steps[0].kind == "create"):
        return None
    return plan.anchor.value(names) if plan.anchor.early else None


def _made(plan: Plan, prepared: Prepared) -> tuple[str, str] | None:
    """The entity and the reference of the record that would be made; None without one."""
    if plan.anchor is None or prepared.problem is not None:
        return None
    for step in plan.steps:
        makes = step.kind == "create" and (step.anchor is not None or not plan.walks)
        if makes and prepared.of_step(step.name):
            anchor = plan.anchor.value(prepared.names)
            return None if anchor is None else (step.entity, anchor)
    return None


def _leave_open(end: asyncio.Future[Operation | None]) -> None:
    """Whoever waits for the end has waited long enough."""
    if not end.done():
        end.set_result(None)
