"""A verb of several steps, carried out: from what the journal knows to the last step.

What was written is never written again. Reads before the last write are taken from the journal,
since the guards have seen them so; those after it are done anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from gateway.businesscentral import Deadline
from gateway.errors import Conflict, InvalidQuery, MethodNotAllowed, RecordGone
from gateway.mapping import Names, Plan
from gateway.operations.actions import Acting
from gateway.operations.completion import walked
from gateway.operations.entry import Entry
from gateway.operations.etags import check_condition
from gateway.operations.journal import IF_MATCH
from gateway.operations.prepare import Prepared
from gateway.operations.sending import Past, Sending, has_written
from gateway.operations.tools import Tools
from gateway.operations.walk import Walk, begun
from gateway.storage import Call, Connection
from gateway.wire import decode, query


@dataclass(frozen=True, slots=True)
class Walking:
    """One run of an operation of several steps. `patience` as in `Sending`."""

    tools: Tools
    entry: Entry
    patience: Deadline

    async def run(self, calls: Sequence[Call]) -> dict[str, Any] | None:
        """The last fields of the operation. None: it is up to the resolver.

        `calls` are what was sent before. Raises what a step or a read raises, and `Conflict` when
        the mapping has other steps than those that were carried out.
        """
        operation, tools = self.entry.operation, self.tools
        plan = tools.plan(operation)
        connection = await tools.connections.require(operation.connection_id)
        names = tools.names(plan, operation, connection)
        source = tools.source(connection, plan)
        written = [call for call in calls if has_written(call)]
        done = await self._done(connection, plan, written)
        if not written:
            await self._check_condition(connection, plan, names)
        checked = operation.snapshot == tools.snapshot.hash
        schemas = tools.snapshot.schemas
        base = await begun(schemas, plan, names, source, checked=checked, resumed=bool(written))
        if base.problem is not None:
            raise base.problem
        walk = Walk(schemas, plan, base.names, source, done)
        while (step := await walk.until_write()) is not None:
            before = [call for call in calls if call.step == step.steps[0].name]
            sent = await self._write(connection, step, walk.names, before)
            if sent is None:
                return None
            walk.answered(await self._answer(connection, step, sent))
        return walked(tools, operation, walk.names, await self.entry.calls())

    async def _write(
        self, connection: Connection, plan: Plan, names: Names, before: Sequence[Call]
    ) -> Call | Prepared | None:
        past = Past.of(before)
        sending = Sending(self.tools, self.entry, self.patience)
        sent = await sending.call(plan, names, connection, past)
        if isinstance(sent, Prepared) and past.doubt is not None:
            # Nothing is left to be sent, so the call in doubt has been carried out.
            return await self.entry.found(past.doubt, {"status": 200, "body": None})
        return sent

    async def _answer(
        self, connection: Connection, plan: Plan, sent: Call | Prepared
    ) -> Mapping[str, object] | None:
        """What the steps behind see of a step that was carried out."""
        if isinstance(sent, Prepared):
            return None if sent.baseline is None else sent.baseline.record
        if plan.steps[0].action is not None:
            return await Acting(self.tools, connection, plan).came_of(sent)
        body = cast("Mapping[str, object]", sent.answer)["body"]
        if plan.steps[0].kind == "delete":
            return None
        if not isinstance(body, Mapping):
            return {"id": sent.request.get("id")}
        entities = partial(self.tools.entity, plan)
        return decode(entities(plan.entity), body, entities)

    async def _done(
        self, connection: Connection, plan: Plan, written: Sequence[Call]
    ) -> dict[str, object]:
        """The answers of the steps that are done: up to the last one that has written.

        Raises `Conflict` when the plan has not got them any more.
        """
        if not written:
            return {}
        last = max(written, key=lambda call: _place(plan, call.step))
        steps = {step.name: step for step in plan.steps}
        done = dict(cast("Mapping[str, object]", last.request.get("steps", {})))
        strange = [name for name in (*done, last.step) if name not in steps]
        if strange:
            raise Conflict(
                f"The mapping of {plan.resource} has no step {strange[0]} any more, and it was "
                "carried out. Put it back, then retry.",
                operation=self.entry.operation.id,
            )
        done[last.step] = await self._answer(connection, plan.at(steps[last.step]), last)
        return done

    async def _check_condition(self, connection: Connection, plan: Plan, names: Names) -> None:
        """Hold the ETags of the caller against the record of the address.

        Raises `PreconditionFailed`, `RecordGone`, `InvalidQuery`.
        """
        operation, tools = self.entry.operation, self.tools
        if_match = cast("Sequence[str]", operation.target.get(IF_MATCH, ()))
        if not if_match:
            return
        try:
            record = tools.verb(operation, "read").record
        except MethodNotAllowed:
            record = None
        if record is None or "id" not in operation.target:
            raise InvalidQuery("If-Match is not taken here: no record has been read by its id.")
        entity = tools.entity(plan, plan.entity)
        row = await tools.reader(plan, connection).by_id(
            entity,
            str(operation.target["id"]),
            query(select=record.select, expand=record.expand),
        )
        if row is None:
            raise RecordGone
        check_condition(if_match, record.answer(row, names))


def _place(plan: Plan, step: str) -> int:
    """Which step of the plan it is; one that is gone comes last, where it is noticed."""
    names = [one.name for one in plan.steps]
    return names.index(step) if step in names else len(names)
