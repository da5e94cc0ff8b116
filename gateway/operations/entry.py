"""The entry of an operation in the journal, while it is ours: every state it comes into, durable.

The course of an operation goes through it, and so does the client of Business Central, which
tells it when a call really leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from gateway.businesscentral import Answer
from gateway.clock import Clock
from gateway.errors import GatewayError, OutcomeUnknown
from gateway.mapping import Plan, Request
from gateway.operations import failures
from gateway.operations.journal import Place, fold, place_name
from gateway.operations.prepare import Prepared
from gateway.storage import Call, Operation, Store

FOUND_AFTER: Final = "found_after"  # in an answer that was found by looking: what came before

_LOG = structlog.get_logger("gateway.operations")


class Entry:
    """`operation` is its row as last written; `sent` is the call that has left and has no answer
    in the journal yet.
    """

    def __init__(self, store: Store, clock: Clock, operation: Operation) -> None:
        self._store = store
        self._clock = clock
        self._next: tuple[Plan, Prepared, str, Place, Mapping[str, object]] | None = None
        self.operation = operation
        self.sent: Call | None = None

    async def calls(self) -> Sequence[Call]:
        """What it has sent so far."""
        if self.operation.sent_at is None:
            return []
        return await self._store.calls(self.operation.id)

    def ready(
        self,
        plan: Plan,
        prepared: Prepared,
        snapshot: str,
        place: Place,
        before: Mapping[str, object],
    ) -> Request:
        """Say what will be sent where; nothing of it is in the journal before it leaves. `before`
        is what tells later whether an action was carried out.
        """
        self._next = (plan, prepared, snapshot, place, before)
        return prepared.requests[0]

    async def leaves(self) -> None:
        """The intent. Raises `Conflict` when another operation has the anchor, `LeaseLost`."""
        if self._next is None:
            raise AssertionError("nothing is ready to be sent")
        plan, prepared, snapshot, place, before = self._next
        anchor, entity = self.operation.anchor, self.operation.entity
        if prepared.anchor is not None:
            anchor, entity = fold(prepared.anchor), plan.entity
        self.operation, self.sent = await self._store.intent(
            self.operation,
            prepared.requests[0].step,
            {**_request(prepared, place), **before, **_steps_before(plan, prepared)},
            entity=entity or plan.entity,
            anchor=anchor,
            place=place_name(place),
            snapshot=snapshot,
        )

    async def came_to_nothing(self, error: GatewayError) -> None:
        """What was sent did nothing, and will be sent again."""
        if self.sent is not None:
            await self.refused(error, attempt=self.operation.attempt + 1)

    async def refused(self, error: GatewayError, **changes: object) -> None:
        """Note a definite refusal, if anything was sent: nothing was written by it."""
        if self.sent is not None:
            await self._note(self.sent, self.told(error), **changes)

    def told(self, error: GatewayError) -> dict[str, object]:
        """An error as the journal keeps it: nothing in it tells what the caller sent."""
        return failures.written(error, self.operation.document, self.operation.target)

    async def answered(self, answer: Answer) -> Call:
        """Keep the answer as it came, before anybody interprets it."""
        if self.sent is None:
            raise AssertionError("nothing was sent")
        came = {
            "status": answer.status,
            "body": answer.body,
            "correlation_id": answer.correlation_id,
        }
        return await self._note(self.sent, came)

    async def found(self, call: Call, answer: Mapping[str, object], **changes: object) -> Call:
        """Note what became of a call whose answer was lost, or was a refusal that is not to be
        believed, as it was found by looking. `changes` as in `advance`.
        """
        after = "no_answer" if call.answer is None else "refusal"
        return await self._note(call, {**answer, FOUND_AFTER: after}, **changes)

    async def _note(self, call: Call, answer: Mapping[str, object], **changes: object) -> Call:
        """Note what became of a call: back to running, unless `changes` say otherwise."""
        self.operation, noted = await self._store.result(self.operation, call, answer, **changes)
        self.sent = None
        return noted

    async def uncertain(self, error: OutcomeUnknown) -> None:
        """The call may have arrived until just now: count from here."""
        self.sent = None
        await self.advance(state="uncertain", cause=error.code, sent_at=self._clock.now())

    async def take_anchor(self, entity: str, anchor: str, place: Place) -> None:
        """Be the only operation that writes this there. Raises `Conflict`, `LeaseLost`."""
        self.operation = await self._store.take_anchor(
            self.operation, entity, fold(anchor), place_name(place)
        )

    async def advance(self, **changes: object) -> None:
        """Write a change. Raises `LeaseLost`."""
        self.operation = await self._store.advance(self.operation, **changes)

    async def end(self, state: str, **changes: object) -> None:
        """Write the state and give the operation back."""
        await self.advance(state=state, owner=None, lease_until=None, **changes)
        _LOG.info(
            "operation",
            operation=self.operation.id,
            connection=self.operation.connection_id,
            resource=self.operation.resource,
            verb=self.operation.verb,
            state=self.operation.state,
            cause=self.operation.cause,
            attempt=self.operation.attempt,
        )


def _steps_before(plan: Plan, prepared: Prepared) -> dict[str, object]:
    """The answers of the steps before this one, so that none of them has to be asked again."""
    return {"steps": prepared.names["steps"]} if plan.part else {}


def _request(prepared: Prepared, place: Place) -> dict[str, object]:
    """What is sent where, and of a change what stood there: the resolver works from this alone."""
    request, baseline = prepared.requests[0], prepared.baseline
    sent: dict[str, object] = {
        "method": request.method,
        "path": request.path,
        "body": request.body,
        "anchor": prepared.anchor,
        "place": place,
    }
    if baseline is not None:
        sent |= {
            "id": baseline.id,
            "number": baseline.number,
            "etag": baseline.etag,
            "baseline": baseline.fields,
            "record": baseline.canonical_etag,
        }
    return sent
