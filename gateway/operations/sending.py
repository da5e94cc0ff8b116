"""From the document of an operation to Business Central's answer: prepare, send, look again.

The course of an operation comes here whenever nothing is in doubt but what `Past` says. What is
raised here means that nothing was written by the calls of this run.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, cast

from gateway.businesscentral import Answer, Deadline
from gateway.clock import breath
from gateway.errors import (
    AlreadyExists,
    BusinessCentralRefused,
    Conflict,
    GatewayError,
    OperationInProgress,
    OutcomeUnknown,
    RecordChanged,
    RecordGone,
    RecordLocked,
    StorageUnavailable,
    UnexpectedAnswer,
    Violation,
)
from gateway.mapping import Names, Plan
from gateway.operations.actions import Acting
from gateway.operations.changes import Baseline
from gateway.operations.compare import same_value
from gateway.operations.elements import AGENDA, ELEMENT, Element, looked_again, read_agenda
from gateway.operations.entry import Entry
from gateway.operations.journal import AGAIN_AFTER, IF_MATCH, place_of
from gateway.operations.prepare import Prepared
from gateway.operations.tools import WRITE_WITHIN, Tools
from gateway.storage import Call, Connection
from gateway.wire import Entity, is_guid, key_of

MOST_TIMES: Final = 5  # that a locked or changed record is tried
PAUSE: Final = 1.0  # seconds, doubled each time

_SAYS_WHY: Final = (
    "Business Central refused the request: `business_central.message` says why, with `…` for "
    "what you sent."
)


@dataclass(slots=True)
class Past:
    """What this operation knows of the record from before: what stood in its fields when it
    looked first, the canonical ETag it had, and what was to become of the elements of its parts.
    `doubt` is a change whose outcome is unknown.
    """

    fields: dict[str, object] = field(default_factory=dict)
    record: object = None
    elements: tuple[Element, ...] = ()
    doubt: Call | None = None

    @classmethod
    def of(cls, calls: Sequence[Call]) -> Past:
        """What the calls of the last step that was sent tell."""
        past = cls()
        step = last_of(calls).step if calls else None
        own = [call for call in calls if call.step == step]
        for call in own:
            if "record" in call.request and "action" not in call.request:
                baseline = cast("Mapping[str, object]", call.request["baseline"])
                past.learn(baseline, call.request["record"])
                if ELEMENT not in call.request:
                    past.elements = past.elements or read_agenda(call.request)
                past.doubt = call if call.answer is None else past.doubt
        if any(has_written(call) for call in own):
            past.doubt = None
        return past

    def learn(self, fields: Mapping[str, object], record: object) -> None:
        """Remember what stood there; what is known already stays."""
        self.fields = {**fields, **self.fields}
        self.record = self.record or record

    def overtaken(
        self, entity: Entity, baseline: Baseline, body: Mapping[str, object] | None
    ) -> None:
        """See that nobody changed meanwhile what is about to be sent, or deleted.

        Raises `RecordChanged` naming the fields.
        """
        changed = [
            name
            for name in body or {}
            if not same_value(entity.fields[name], self.fields[name], baseline.fields[name])
        ]
        if changed:
            raise RecordChanged(
                "Somebody changed the same fields in Business Central meanwhile. "
                "Nothing was written.",
                violations=[
                    Violation("changed", "This field was changed meanwhile.", target=name)
                    for name in changed
                ],
            )
        if body is None and baseline.canonical_etag != self.record:
            raise RecordChanged(
                "Somebody changed the record in Business Central meanwhile. It was not deleted."
            )


@dataclass(slots=True)
class Sending:
    """One run of an operation. Pauses that Business Central asks for end within `patience`.
    `noted` stands in the journal beside what is sent. `by` is what `run` used.
    """

    tools: Tools
    entry: Entry
    patience: Deadline
    noted: Mapping[str, object] = field(default_factory=dict)
    by: tuple[Connection, Names] | None = None

    async def run(self, past: Past) -> Call | Prepared | None:
        """The call that has written; or what was prepared, when nothing of it had to be sent;
        None: it is up to the resolver.
        """
        operation, tools = self.entry.operation, self.tools
        plan = tools.plan(operation)
        connection = await tools.connections.require(operation.connection_id)
        names = tools.names(plan, operation, connection)
        self.by = connection, names
        return await self.call(plan, names, connection, past)

    async def call(
        self, plan: Plan, names: Names, connection: Connection, past: Past
    ) -> Call | Prepared | None:
        """The one call of a plan of one step, as `run` makes it."""
        tools = self.tools
        await self._take_key(connection, plan, names)
        for again in range(1, MOST_TIMES + 1):
            prepared = await self._prepared(connection, plan, names, past)
            if not prepared.of_step(plan.steps[0].name):
                return prepared
            await tools.connections.verify_target(connection)
            await breath()
            try:
                return await self._send_once(connection, plan, prepared)
            except RecordLocked:
                if again == MOST_TIMES:
                    raise
                await tools.clock.sleep(jittered(PAUSE * 2 ** (again - 1)))
            except (RecordChanged, AlreadyExists):
                if again == MOST_TIMES or plan.steps[0].kind == "create":
                    raise
                if again > 1:  # several change the record at once: not all again at one moment
                    await tools.clock.sleep(jittered(PAUSE / 4 * 2**again))
        raise AssertionError(MOST_TIMES)

    async def _take_key(self, connection: Connection, plan: Plan, names: Names) -> None:
        """Of several upserts of one key one is under way: what it finds, nobody changes."""
        by = plan.steps[0].by
        if by is None:
            return
        for again in range(MOST_TIMES):
            try:
                await self.entry.take_anchor(
                    plan.entity, str(by.value(names)), place_of(connection)
                )
            except Conflict as error:
                holder = await self.tools.store.operation(error.operation or "")
                if holder is not None and holder.state == "parked":
                    raise
                pause = jittered(PAUSE / 4 * 2**again)
                if again + 1 == MOST_TIMES or pause >= self.patience.left(self.tools.clock):
                    raise OperationInProgress(
                        f"Operation {error.operation} is writing the same record.",
                        operation=error.operation,
                        retry_after=AGAIN_AFTER,
                    ) from None
                await self.tools.clock.sleep(pause)
            else:
                return

    async def _prepared(
        self, connection: Connection, plan: Plan, names: Names, past: Past
    ) -> Prepared:
        """What is to be sent, seen against what this operation saw before."""
        operation = self.entry.operation
        step = plan.steps[0]
        # One step of several is not about the record of the address.
        if_match = cast("Sequence[str]", () if plan.part else operation.target.get(IF_MATCH, ()))
        checked = operation.snapshot == self.tools.snapshot.hash  # before it began
        prepared = await self.tools.prepare(connection, plan, names, if_match, checked=checked)
        if prepared.problem is not None:
            raise prepared.problem
        baseline = prepared.baseline
        if past.doubt is not None and (baseline is None or baseline.id != past.doubt.request["id"]):
            raise RecordGone
        if baseline is not None:
            if baseline.etag is None:
                raise UnexpectedAnswer("Business Central gave the record no ETag.")
            if step.action is not None:
                return prepared
            past.learn(baseline.fields, baseline.canonical_etag)
            for request in prepared.of_step(step.name):
                past.overtaken(self.tools.entity(plan, plan.entity), baseline, request.body)
            entities = partial(self.tools.entity, plan)
            seen = looked_again(past.elements, baseline.parts, entities, ours=False)
            past.elements = tuple(seen) or prepared.elements
        if past.elements == prepared.elements:
            return prepared
        return prepared._replace(elements=past.elements)

    async def _send_once(
        self, connection: Connection, plan: Plan, prepared: Prepared
    ) -> Call | None:
        """Intent, call, result."""
        entry, tools = self.entry, self.tools
        before: dict[str, object] = dict(self.noted)
        if prepared.elements:
            before[AGENDA] = [one.written for one in prepared.elements]
        if plan.steps[0].action is not None and prepared.baseline is not None:
            before |= await Acting(tools, connection, plan).before(prepared.baseline)
        request = entry.ready(plan, prepared, tools.snapshot.hash, place_of(connection), before)
        try:
            answer = await tools.at(plan).write(
                connection,
                request,
                deadline=tools.within(WRITE_WITHIN),
                lane=request.path.partition("/")[0],
                if_match=None if prepared.baseline is None else prepared.baseline.etag,
                journal=entry,
                patience=self.patience,
                api=plan.api,
            )
        except StorageUnavailable:
            raise
        except OutcomeUnknown as error:
            await entry.uncertain(error)
            return None
        except GatewayError as error:
            await self._refused(plan, prepared, error)
            return None
        acts = plan.steps[0].action is not None
        if not _is_believed(tools.entity(plan, plan.entity), prepared, answer, acts=acts):
            await entry.uncertain(OutcomeUnknown())
            return None
        return await entry.answered(answer)

    async def _refused(self, plan: Plan, prepared: Prepared, error: GatewayError) -> None:
        """A definite refusal. Raises it, in the mapping's words where it has some."""
        entry, creating = self.entry, plan.steps[0].kind == "create"
        if plan.steps[0].action is not None and plan.steps[0].effect == "irreversible":
            # It may have been done all the same (bc/pitfalls.md 2): that is looked for first.
            await entry.refused(in_words_of(plan, error), state="uncertain", cause=error.code)
            return
        if isinstance(error, AlreadyExists) and creating and prepared.anchor is not None:
            await entry.refused(error, state="uncertain", cause=error.code)
            return
        changes: dict[str, Any] = {"anchor": None} if creating else {}
        if isinstance(error, RecordLocked | RecordChanged | AlreadyExists):
            changes["attempt"] = entry.operation.attempt + 1
        await entry.refused(error, **changes)
        raise in_words_of(plan, error) from error


def last_of(calls: Sequence[Call]) -> Call:
    """The call that was sent last; of several of one moment the one without an answer."""
    return max(calls, key=lambda call: (call.attempt, call.sent_at, call.answer is None))


def has_written(call: Call) -> bool:
    """Whether a call has an answer that is a success; refusals are kept in another form."""
    return call.answer is not None and "body" in call.answer


def carried_out(calls: Sequence[Call]) -> str:
    """The steps among `calls` that have written, for people; empty where none has."""
    return ", ".join(dict.fromkeys(call.step for call in calls if has_written(call)))


def _is_believed(entity: Entity, prepared: Prepared, answer: Answer, *, acts: bool) -> bool:
    """A success names its record, but for a deletion and an action, which say nothing."""
    if prepared.requests[0].method == "DELETE":
        return answer.body is None
    if acts or prepared.requests[0].body is None:
        return True
    key = key_of(entity, answer.body or {})
    return key is not None and (entity.fields[entity.key[0]].type != "guid" or is_guid(key))


def in_words_of(plan: Plan, error: GatewayError) -> GatewayError:
    """Business Central's refusal as the rejection the mapping has for its code, else with word
    of where its reason stands.
    """
    if not isinstance(error, BusinessCentralRefused) or error.fault is None:
        return error
    code = plan.problems.get(error.fault.code)
    if code is None:
        if error.fault.message:
            error.detail = _SAYS_WHY
        return error
    rejected = plan.rejections[code].raised(error.violations)
    rejected.fault = error.fault
    return rejected


def jittered(seconds: float) -> float:
    """Between half of `seconds` and all of it, so that many do not come back at once."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - nobody's secret
