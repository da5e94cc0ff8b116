"""The course of one operation through its states, as design has it: durable intent, send,
durable result, read back; what is uncertain is looked for before anything is sent again.

The engine follows a course in a task of its own. Every step that must survive a crash is in the
journal before the next one begins.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.businesscentral import Deadline
from gateway.errors import (
    AlreadyExists,
    CallerError,
    ConnectionNeedsConsent,
    ConnectionNotReady,
    ConnectionStateError,
    ConnectionUnauthorized,
    GatewayError,
    RateLimited,
    RecordChanged,
    RecordGone,
    RecordLocked,
    StorageUnavailable,
    TargetChanged,
)
from gateway.logs import about
from gateway.mapping import Change
from gateway.operations import failures, journal
from gateway.operations.actions import Acting
from gateway.operations.completion import completed, half_done, parked_in_part, unchanged
from gateway.operations.elements import ELEMENT
from gateway.operations.entry import Entry
from gateway.operations.parts import Parts
from gateway.operations.prepare import Prepared
from gateway.operations.resolver import (
    is_elsewhere,
    look,
    look_at_change,
    look_at_element,
    next_look,
)
from gateway.operations.sending import Past, Sending, has_written, jittered, last_of
from gateway.operations.tools import READ_WITHIN, Tools
from gateway.operations.verdicts import Verdict
from gateway.operations.walking import Walking
from gateway.storage import ENDED, Call, CommitLost, LeaseLost, Operation
from gateway.telemetry import span

LONGEST_PAUSE: Final = 300.0  # seconds between two attempts, or two looks
WAIT_AT_MOST: Final = timedelta(hours=24)  # for Business Central to come back, or to allow it
WAITS_FOR_CONNECTION: Final = frozenset(
    kind.code
    for kind in (
        ConnectionNotReady,
        ConnectionNeedsConsent,
        ConnectionUnauthorized,
        TargetChanged,
    )
)

FORBIDDEN: Final = "permission_missing"  # the cause of what Business Central does not allow

_LOG = structlog.get_logger("gateway.operations")


class Course:
    """Follows one operation of ours. `operation` is its row as last written; `accepted` says
    that its caller was told to come back, so that it may wait. `patience` is until when a caller
    who was not told waits.
    """

    def __init__(
        self, tools: Tools, operation: Operation, patience: Deadline | None = None
    ) -> None:
        self._tools = tools
        self._entry = Entry(tools.store, tools.clock, operation)
        self._patience = patience or tools.within(READ_WITHIN)
        self.accepted = operation.accepted

    @property
    def operation(self) -> Operation:
        """The row as last written."""
        return self._entry.operation

    @property
    def settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.operation.state in ENDED or self.operation.state == "parked"

    async def follow(self) -> None:
        """Go on until the operation has ended or waits. Raises `StorageUnavailable`."""
        identity, what = self.operation.id, f"{self.operation.verb} {self.operation.resource}"
        with (
            about(operation=identity),
            span(what, bc_gateway__operation=identity) as traced,
        ):
            try:
                await self._follow()
            except LeaseLost:
                _LOG.warning("operation_taken")
            traced.note(bc_gateway__state=self.operation.state)

    async def _follow(self) -> None:
        try:
            async with self._alone():
                while self.operation.owner is not None:
                    await (self._run() if self.operation.state == "running" else self._resolve())
        except LeaseLost:
            raise
        except StorageUnavailable as error:
            await self._stop_unsent(error)
        except RateLimited as error:  # its lane was not free: nothing has happened in this course
            await self._stop_or_wait(error)
        except Exception as error:  # noqa: BLE001 - it must not make the same mistake for ever
            await self._stumble(error)

    def _alone(self) -> AbstractAsyncContextManager[None]:
        """The lane of the record that is changed, from reading it until the outcome is known or
        waits: of several changes here each one finds what those before it have made of it.
        """
        record_id = self.operation.target.get("id")
        if record_id is None:
            return nullcontext()
        lane = f"{self.operation.resource} {str(record_id).lower()}"
        connection = self.operation.connection_id
        return self._tools.business_central.lane(connection, lane, self._patience)

    async def _run(self) -> None:
        """From the last result on: nothing is in doubt here but what the past tells."""
        calls, how = await self._entry.calls(), self._how()
        await (self._call_once(calls) if how is None else self._one_by_one(calls, how))

    async def _call_once(self, calls: Sequence[Call]) -> None:
        """The one call of a verb, unless it is done."""
        call, past = next(filter(has_written, calls), None), Past.of(calls)
        if call is None and await self._parked_elsewhere(calls):
            return
        sending = Sending(self._tools, self._entry, self._patience)
        if call is None:
            try:
                sent = await sending.run(past)
                if isinstance(sent, Prepared) and past.doubt is None:
                    await self._entry.end(
                        "succeeded", **unchanged(self._tools, self.operation, sent)
                    )
                    return
            except StorageUnavailable:
                raise
            except GatewayError as error:
                if past.doubt is not None:
                    await self._stop_in_doubt(error, past.doubt)
                else:
                    await self._stop(error)
                return
            if isinstance(sent, Prepared) and past.doubt is not None:
                # Nothing is left to be sent, so the call in doubt has been carried out.
                call = await self._entry.found(past.doubt, {"status": 200, "body": None})
            elif isinstance(sent, Call):
                call = sent
        if call is not None:
            done = await completed(self._tools, self.operation, call, sending.by)
            await self._entry.end("succeeded", **done)

    def _how(self) -> Walking | Parts | None:
        """How a verb of several calls goes, None for one of a single call; of a verb that is gone
        `Sending` tells what is wrong.
        """
        try:
            plan = self._tools.plan(self.operation)
        except CallerError:
            return None
        if plan.walks:
            return Walking(self._tools, self._entry, self._patience)
        change = plan.steps[0].change
        if isinstance(change, Change) and change.parts:
            return Parts(self._tools, self._entry, self._patience)
        return None

    async def _one_by_one(self, calls: Sequence[Call], how: Walking | Parts) -> None:
        """The calls of a verb of several, from the first that is not done."""
        if await self._parked_elsewhere(calls):
            return
        try:
            done = await how.run(calls)
        except StorageUnavailable:
            raise
        except GatewayError as error:
            now = await self._entry.calls()
            doubt = Past.of(now).doubt
            if doubt is not None:
                await self._stop_in_doubt(error, doubt)
            else:
                await self._stop(error, written=[call for call in now if has_written(call)])
            return
        if done is not None:
            await self._entry.end("succeeded", **done)

    async def _parked_elsewhere(self, calls: Sequence[Call]) -> bool:
        """Park what was sent to another place than the connection leads to now: what is not
        found here proves nothing, and sent here it would stand twice.
        """
        if not calls:
            return False
        connection = await self._tools.store.connection(self.operation.connection_id)
        if connection is None or not is_elsewhere(calls, connection):
            return False
        await self._park(Verdict("elsewhere"))
        return True

    async def _stop_in_doubt(self, error: GatewayError, doubt: Call) -> None:
        """It cannot go on, and the change in `doubt` may have been made nevertheless."""
        if isinstance(error, RecordGone) and doubt.request["method"] == "DELETE":
            await self._entry.found(doubt, {"status": 204, "body": None})
        elif error.retryable or isinstance(error, ConnectionStateError):
            later = self._tools.clock.now() + timedelta(seconds=LONGEST_PAUSE)
            await self._entry.end("uncertain", cause=error.code, not_before=later)
        else:
            await self._park(Verdict("overtaken"))

    async def _stop(self, error: GatewayError, written: Sequence[Call] = ()) -> None:
        """It cannot go on. Who was told to come back may wait, and so does what has `written`
        already: it goes on from there by itself, or when a person says so.
        """
        waits = error.retryable or isinstance(error, ConnectionStateError)
        remedy, told = getattr(error, "remedy", None) or error.detail, self._entry.told(error)
        facts: dict[str, Any] = {
            "cause": getattr(error, "own_code", error.code),
            "remedy": half_done(remedy, written) if written else remedy,
            "problem": parked_in_part(told, written) if written else told,
            "restartable": waits and not written,
        }
        if not written:
            facts["anchor"] = None
        now = self._tools.clock.now()
        too_long = now - self.operation.created_at > WAIT_AT_MOST
        if not waits and written:
            await self._entry.end("parked", **facts)
        elif not waits or not (self.accepted or written):
            keyed = self.operation.key is not None and self.operation.sent_at is not None
            if keyed and not waits and error.fault is not None:
                facts["problem"] = {**told, "detail": f"{told['detail']} {journal.ANEW}"}
            await self._entry.end("failed", **facts)
        elif isinstance(error, ConnectionStateError):
            if too_long and error.fault is not None and error.fault.status == 403:
                facts["cause"] = FORBIDDEN  # the connection works, so nothing would release it
            later = now + timedelta(seconds=LONGEST_PAUSE)
            await self._entry.end("parked", **facts, not_before=later)
        elif isinstance(error, RecordLocked) or too_long:
            await self._entry.end("parked", **facts)
        else:
            facts["problem"] = told  # it goes on by itself
            pause = jittered(min(LONGEST_PAUSE, 2.0**self.operation.attempt))
            pause = max(pause, error.retry_after or 0.0)
            await self._entry.end("queued", **facts, not_before=now + timedelta(seconds=pause))

    async def _stop_unsent(self, error: StorageUnavailable) -> None:
        """Say so in the journal before the caller is told. Raises `error` where it is not sure."""
        begun = self.operation.state == "running" and self.operation.sent_at is None
        if not begun or isinstance(error, CommitLost):
            raise error
        await self._stop(error)

    async def _resolve(self) -> None:
        """Find out what became of the last call. Only this leads out of `uncertain`."""
        tools, operation = self._tools, self.operation
        try:
            calls = await self._entry.calls()
            call = Past.of(calls).doubt or last_of(calls)
            plan = tools.plan_of(operation, call)
            changing, element = "record" in call.request, ELEMENT in call.request
            if call.request["anchor"] is None and not (changing or element):
                await self._park(Verdict("unanchored"))
                return
            if await self._parked_elsewhere(calls):
                return
            connection = await tools.connections.require(operation.connection_id)
            if "action" in call.request:
                verdict = await Acting(tools, connection, plan).look(call)
            else:
                looks = look_at_change if changing else look_at_element if element else look
                verdict = await looks(tools, connection, plan, call)
        except StorageUnavailable:
            raise
        except CallerError as error:
            # The connection or the mapping is gone, so nobody can look any more.
            await self._entry.end("parked", cause=error.code, problem=self._entry.told(error))
            return
        except GatewayError as error:
            # Not having looked is not having found nothing: nothing is sent again for that.
            _LOG.warning("resolver_waits", operation=operation.id, code=error.code)
            now = tools.clock.now()
            later = now + timedelta(seconds=LONGEST_PAUSE)
            await self._entry.end("uncertain", not_before=next_look(operation, now) or later)
            return
        await self._follow_up(call, verdict)

    async def _follow_up(self, call: Call, verdict: Verdict) -> None:
        """What a look at the outcome of `call` leads to."""
        if verdict.kind == "same":
            await self._entry.found(call, verdict.answer, cause=None)
        elif call.answer is not None and "action" in call.request:
            await self._refused_action(call, verdict)
        elif call.answer is not None:
            # A definite refusal, and what is there is not what we sent: it is somebody else's.
            await self._entry.end(
                "failed", cause=AlreadyExists.code, problem=call.answer, anchor=None
            )
        elif verdict.kind == "none":
            await self._look_again(call)
        elif verdict.kind == "unchanged":
            await self._send_again()
        elif verdict.kind == "kept":
            attempt = self.operation.attempt + 1
            await self._entry.found(call, failures.written(RecordChanged()), attempt=attempt)
        elif verdict.kind == "gone":
            await self._entry.found(call, failures.written(RecordGone()))
            before = [one for one in await self._entry.calls() if has_written(one)]
            await self._stop(RecordGone(), written=before)
        else:
            await self._park(verdict)

    async def _refused_action(self, call: Call, verdict: Verdict) -> None:
        """An action was refused, and it is known now what was done nevertheless."""
        if verdict.kind in {"partly", "ambiguous"}:
            await self._park(verdict)
            return
        before = [one for one in await self._entry.calls() if has_written(one)]
        await self._stop(failures.read(call.answer or {}), written=before)

    async def _send_again(self) -> None:
        """The record is still as it was when it was read. At once the first time, which is safe;
        a call that never gets through is repeated less and less often.
        """
        calls, now = await self._entry.calls(), self._tools.clock.now()
        doubts = sum(call.answer is None for call in calls)
        first = doubts == 1 and last_of(calls).answer is None
        pause = timedelta(seconds=min(LONGEST_PAUSE, 2.0**doubts))
        due = now if first else (self.operation.sent_at or now) + pause
        if not first and now - self.operation.created_at > WAIT_AT_MOST:
            await self._park(Verdict("overtaken"))
        elif now >= due:
            attempt = self.operation.attempt + 1
            await self._entry.advance(state="running", attempt=attempt, cause=None)
        else:
            await self._entry.end("uncertain", not_before=due)

    async def _look_again(self, call: Call) -> None:
        """Wait for the next look; when Business Central cannot be at it any more, send again."""
        now = self._tools.clock.now()
        time = next_look(self.operation, now)
        if time is not None:
            await self._entry.end("uncertain", not_before=time)
            return
        given_up: dict[str, Any] = {} if "action" in call.request else {"anchor": None}
        await self._entry.advance(
            state="running", attempt=self.operation.attempt + 1, cause=None, **given_up
        )

    async def _park(self, verdict: Verdict) -> None:
        error = verdict.problem(self.operation)
        await self._entry.end(
            "parked", cause=verdict.cause, remedy=verdict.remedy, problem=failures.written(error)
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
        await self._stop_or_wait(GatewayError())

    async def _stop_or_wait(self, error: GatewayError) -> None:
        """Stop with `error` where nothing is in doubt, else look later."""
        if self.operation.state == "running" and not await self._has_left():
            await self._stop(error)
        else:
            time = self._tools.clock.now() + timedelta(seconds=LONGEST_PAUSE)
            state = "running" if self.operation.state == "running" else "uncertain"
            await self._entry.end(state, not_before=time)

    async def _has_left(self) -> bool:
        """Whether something was sent that has written, or may have."""
        calls = await self._entry.calls()
        return any(has_written(call) for call in calls) or Past.of(calls).doubt is not None
