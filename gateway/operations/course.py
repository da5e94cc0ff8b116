"""The course of one operation through its states, as design has it: durable intent, send,
durable result, read back; what is uncertain is looked for before anything is sent again.

The engine follows a course in a task of its own. Every step that must survive a crash is in the
journal before the next one begins.
"""

from __future__ import annotations

import random
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.businesscentral import Answer
from gateway.errors import (
    AlreadyExists,
    BusinessCentralRefused,
    CallerError,
    ConnectionNeedsConsent,
    ConnectionNotReady,
    ConnectionStateError,
    ConnectionUnauthorized,
    GatewayError,
    OutcomeUnknown,
    RecordLocked,
    StorageUnavailable,
    TargetChanged,
)
from gateway.mapping import Plan
from gateway.operations import failures
from gateway.operations.completion import completed
from gateway.operations.journal import fold
from gateway.operations.prepare import Prepared, names_for
from gateway.operations.resolver import Verdict, look, next_look
from gateway.operations.tools import WRITE_WITHIN, Tools
from gateway.storage import ENDED, Call, Connection, LeaseLost, Operation
from gateway.wire import is_guid

MOST_LOCKED: Final = 5  # times a locked record is tried
LOCKED_PAUSE: Final = 1.0  # seconds, doubled each time
LONGEST_PAUSE: Final = 300.0  # seconds between two attempts, or two looks
WAIT_AT_MOST: Final = timedelta(hours=24)  # for Business Central to come back
WAITS_FOR_CONNECTION: Final = frozenset(
    kind.code
    for kind in (
        ConnectionNotReady,
        ConnectionNeedsConsent,
        ConnectionUnauthorized,
        TargetChanged,
    )
)

_LOG = structlog.get_logger("gateway.operations")


class Course:
    """Follows one operation of ours. `operation` is its row as last written; `accepted` says
    that its caller was told to come back, so that it may wait.
    """

    def __init__(self, tools: Tools, operation: Operation) -> None:
        self._tools = tools
        self.operation = operation
        self.accepted = operation.accepted

    @property
    def settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.operation.state in ENDED or self.operation.state == "parked"

    async def follow(self) -> None:
        """Go on until the operation has ended or waits. Raises `StorageUnavailable`."""
        try:
            try:
                await self._go_on()
            except (LeaseLost, StorageUnavailable):
                raise
            except Exception as error:  # noqa: BLE001 - it must not make the same mistake for ever
                await self._stumble(error)
        except LeaseLost:
            _LOG.warning("operation_taken", operation=self.operation.id)

    async def _go_on(self) -> None:
        while self.operation.owner is not None:
            if self.operation.state == "running":
                await self._run()
            else:
                await self._resolve()

    async def _run(self) -> None:
        """From the last result on: nothing is in doubt here."""
        call = await self._written()
        if call is None:
            try:
                call = await self._send()
            except StorageUnavailable:
                raise
            except GatewayError as error:
                await self._stop(error)
        if call is not None:
            done = await completed(self._tools, self.operation, call)
            await self._end("succeeded", **done)

    async def _written(self) -> Call | None:
        """The call that has written, if one has."""
        if self.operation.sent_at is None:
            return None
        calls = await self._tools.store.calls(self.operation.id)
        return next((call for call in calls if call.answer and "body" in call.answer), None)

    async def _send(self) -> Call | None:
        """Prepare and send. None: it is up to the resolver. What is raised: nothing was written."""
        operation, tools = self.operation, self._tools
        plan = tools.plan(operation)
        connection = await tools.connections.require(operation.connection_id)
        names = names_for(
            plan, operation.document, connection, now=operation.created_at, target=operation.target
        )
        prepared = await tools.prepare(connection, plan, names)
        if prepared.problem is not None:
            raise prepared.problem
        await tools.connections.verify_target(connection)
        return await self._send_once(connection, plan, prepared)

    async def _send_once(
        self, connection: Connection, plan: Plan, prepared: Prepared
    ) -> Call | None:
        """Intent, call, result. Again only while the record is locked, and with a new intent."""
        tools = self._tools
        for again in range(MOST_LOCKED):
            call = await self._intent(plan, prepared)
            try:
                answer = await tools.business_central.write(
                    connection,
                    prepared.requests[0],
                    deadline=tools.within(WRITE_WITHIN),
                    lane=prepared.requests[0].path,
                )
            except StorageUnavailable:
                raise
            except RecordLocked as error:
                await self._refused(call, error, anchor=None, attempt=self.operation.attempt + 1)
                if again + 1 == MOST_LOCKED:
                    raise
                await tools.clock.sleep(_jittered(LOCKED_PAUSE * 2**again))
            except OutcomeUnknown as error:
                await self._uncertain(error)
                return None
            except GatewayError as error:
                if isinstance(error, AlreadyExists) and prepared.anchor is not None:
                    await self._refused(call, error, state="uncertain", cause=error.code)
                    return None
                await self._refused(call, error, anchor=None)
                raise _in_words_of(plan, error) from error
            else:
                if not is_guid(str((answer.body or {}).get("id"))):
                    await self._uncertain(OutcomeUnknown())
                    return None
                return await self._answered(call, answer)
        raise AssertionError(MOST_LOCKED)

    async def _uncertain(self, error: OutcomeUnknown) -> None:
        """The call may have left until just now, after waiting for its turn: count from here."""
        now = self._tools.clock.now()
        await self._advance(state="uncertain", cause=error.code, sent_at=now)

    async def _intent(self, plan: Plan, prepared: Prepared) -> Call:
        request = prepared.requests[0]
        self.operation, call = await self._tools.store.intent(
            self.operation,
            request.step,
            {
                "method": request.method,
                "path": request.path,
                "body": request.body,
                "anchor": prepared.anchor,
            },
            entity=plan.entity,
            anchor=None if prepared.anchor is None else fold(prepared.anchor),
            snapshot=self._tools.snapshot.hash,
        )
        return call

    async def _answered(self, call: Call, answer: Answer) -> Call:
        """Keep the answer as it came, before anybody interprets it."""
        came = {
            "status": answer.status,
            "body": answer.body,
            "correlation_id": answer.correlation_id,
        }
        self.operation, answered = await self._tools.store.result(self.operation, call, came)
        return answered

    async def _refused(self, call: Call, error: GatewayError, **changes: object) -> None:
        """Note a definite refusal: nothing was written by `call`."""
        self.operation, _ = await self._tools.store.result(
            self.operation, call, failures.written(error), **changes
        )

    async def _stop(self, error: GatewayError) -> None:
        """It cannot go on and nothing was written. Who was told to come back may wait."""
        waits = error.retryable or isinstance(error, ConnectionStateError)
        facts: dict[str, Any] = {
            "cause": getattr(error, "own_code", error.code),
            "remedy": getattr(error, "remedy", None) or error.detail,
            "problem": failures.written(error),
            "restartable": waits,
            "anchor": None,
        }
        now = self._tools.clock.now()
        if not (self.accepted and waits):
            await self._end("failed", **facts)
        elif isinstance(error, ConnectionStateError):
            await self._end("parked", **facts, not_before=now + timedelta(seconds=LONGEST_PAUSE))
        elif isinstance(error, RecordLocked) or now - self.operation.created_at > WAIT_AT_MOST:
            await self._end("parked", **facts)
        else:
            pause = _jittered(min(LONGEST_PAUSE, 2.0**self.operation.attempt))
            pause = max(pause, error.retry_after or 0.0)
            await self._end("queued", **facts, not_before=now + timedelta(seconds=pause))

    async def _resolve(self) -> None:
        """Find out what became of the last call. Only this leads out of `uncertain`."""
        tools, operation = self._tools, self.operation
        try:
            plan = tools.plan(operation)
            call = (await tools.store.calls(operation.id))[-1]
            if operation.anchor is None:
                await self._park(Verdict("unanchored"))
                return
            connection = await tools.connections.require(operation.connection_id)
            verdict = await look(tools, connection, plan, call)
        except StorageUnavailable:
            raise
        except CallerError as error:
            # The connection or the mapping is gone, so nobody can look any more.
            await self._end("parked", cause=error.code, problem=failures.written(error))
            return
        except GatewayError as error:
            # Not having looked is not having found nothing: nothing is sent again for that.
            _LOG.warning("resolver_waits", operation=operation.id, code=error.code)
            now = tools.clock.now()
            later = now + timedelta(seconds=LONGEST_PAUSE)
            await self._end("uncertain", not_before=next_look(operation, now) or later)
            return
        if verdict.kind == "same":
            self.operation, _ = await tools.store.result(
                operation, call, verdict.answer, cause=None
            )
        elif call.answer is not None:
            # A definite refusal, and what is there is not what we sent: it is somebody else's.
            await self._end("failed", cause=AlreadyExists.code, problem=call.answer, anchor=None)
        elif verdict.kind == "none":
            await self._look_again()
        else:
            await self._park(verdict)

    async def _look_again(self) -> None:
        """Wait for the next look; when Business Central cannot be at it any more, send again."""
        now = self._tools.clock.now()
        time = next_look(self.operation, now)
        if time is not None:
            await self._end("uncertain", not_before=time)
            return
        await self._advance(
            state="running", attempt=self.operation.attempt + 1, cause=None, anchor=None
        )

    async def _park(self, verdict: Verdict) -> None:
        error = verdict.problem(self.operation)
        await self._end(
            "parked", cause=verdict.kind, remedy=verdict.remedy, problem=failures.written(error)
        )

    async def _stumble(self, error: Exception) -> None:
        """A mistake of ours. What may have written is looked for, later; anything else fails."""
        frames = traceback.extract_tb(error.__traceback__)
        _LOG.error(
            "unexpected_error",
            operation=self.operation.id,
            error=type(error).__name__,
            at=[f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames],
        )
        if self.operation.state == "running" and await self._written() is None:
            await self._stop(GatewayError())
        else:
            time = self._tools.clock.now() + timedelta(seconds=LONGEST_PAUSE)
            state = "running" if self.operation.state == "running" else "uncertain"
            await self._end(state, not_before=time)

    async def _advance(self, **changes: object) -> None:
        self.operation = await self._tools.store.advance(self.operation, **changes)

    async def _end(self, state: str, **changes: object) -> None:
        """Write the state and give the operation back."""
        await self._advance(state=state, owner=None, lease_until=None, **changes)
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


def _in_words_of(plan: Plan, error: GatewayError) -> GatewayError:
    """Business Central's refusal as the rejection the mapping has for its code."""
    if not isinstance(error, BusinessCentralRefused) or error.fault is None:
        return error
    code = plan.problems.get(error.fault.code)
    if code is None:
        return error
    rejected = plan.rejections[code].raised(error.violations)
    rejected.fault = error.fault
    return rejected


def _jittered(seconds: float) -> float:
    """Between half of `seconds` and all of it, so that many do not come back at once."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - nobody's secret
