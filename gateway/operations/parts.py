"""A change of a record and of elements of its parts, carried out: one call after the other.

The record comes first, since what is changed of it may change its elements too. Then each element
that differs gets its own call, held against what stood there when this operation looked. All of
it is in the journal with the first intent, so that whoever goes on after a crash knows what was
meant, and what nobody may have changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

from gateway.businesscentral import Deadline
from gateway.errors import GatewayError, RecordGone
from gateway.mapping import Plan
from gateway.operations.changes import reading
from gateway.operations.completion import brought, completed, unchanged
from gateway.operations.elements import (
    AGENDA,
    ELEMENT,
    Element,
    due,
    left_of,
    looked_again,
    overtaken,
    plan_for,
    read_agenda,
    refused,
)
from gateway.operations.entry import Entry
from gateway.operations.etags import etag
from gateway.operations.prepare import Prepared
from gateway.operations.resolver import element_there, look_at_element
from gateway.operations.sending import Past, Sending, has_written
from gateway.operations.tools import Tools
from gateway.operations.verdicts import Row
from gateway.storage import Call, Connection

MOST_ROUNDS: Final = 3  # calls for one element, each for what the one before has changed besides


@dataclass(frozen=True, slots=True)
class Parts:
    """One run of a change of a record with parts. `patience` as in `Sending`."""

    tools: Tools
    entry: Entry
    patience: Deadline

    async def run(self, calls: Sequence[Call]) -> dict[str, Any] | None:
        """The last fields of the operation. None: it is up to the resolver.

        `calls` are what was sent before. Raises what a call or a read raises.
        """
        tools, operation = self.tools, self.entry.operation
        plan = tools.plan(operation)
        connection = await tools.connections.require(operation.connection_id)
        own = [call for call in calls if call.step == plan.steps[0].name]
        begun = next((one for one in calls if {AGENDA, ELEMENT} <= one.request.keys()), None)
        written = next(filter(has_written, own), None)
        if begun is not None:
            agenda = read_agenda(begun.request)
        else:
            past = Past.of(own)
            sent: Call | Prepared | None = written
            if written is None:
                sent = await Sending(tools, self.entry, self.patience).run(past)
            if sent is None:
                return None
            if isinstance(sent, Prepared) and past.doubt is not None:
                # Nothing is left to be sent, so the call in doubt has been carried out.
                sent = await self.entry.found(past.doubt, {"status": 200, "body": None})
            if isinstance(sent, Call) and AGENDA not in sent.request:
                return await completed(tools, operation, sent)
            if isinstance(sent, Call):
                at_once = written is None and past.doubt is None
                agenda = await self._looked_again(connection, plan, sent, ours=at_once)
            else:
                agenda = tuple(due(sent.elements, partial(tools.entity, plan)))
                if not agenda:
                    return unchanged(tools, operation, sent)
        noted: Sequence[Element] = () if begun is not None else agenda
        known = {call.step: [one for one in calls if one.step == call.step] for call in calls}
        for element in agenda:
            if not await self._brought(connection, plan, element, noted, known):
                return None
            noted = ()
        done = await self.entry.calls()
        record_id = next(
            str(read_agenda(one.request)[0].of) for one in done if AGENDA in one.request
        )
        return await brought(tools, operation, plan, record_id, done)

    async def _looked_again(
        self, connection: Connection, plan: Plan, sent: Call, *, ours: bool
    ) -> tuple[Element, ...]:
        """The elements that are left to do once the record itself was changed; `ours` as there."""
        elements, entities = read_agenda(sent.request), partial(self.tools.entity, plan)
        entity = entities(plan.entity)
        reader = self.tools.reader(plan, connection)
        row = await reader.by_id(entity, str(sent.request["id"]), reading(entity, plan))
        if row is None:
            raise RecordGone
        rows = {one.part: cast("Sequence[Row]", row.get(one.part) or ()) for one in elements}
        return tuple(due(looked_again(elements, rows, entities, ours=ours), entities))

    async def _brought(
        self,
        connection: Connection,
        plan: Plan,
        element: Element,
        agenda: Sequence[Element],
        known: Mapping[str, Sequence[Call]],
    ) -> bool:
        """Bring an element to what is wanted; False: it is up to the resolver.

        A value may change others when it is taken, as a quantity does the price (bc/pitfalls.md
        4): these are brought to what is wanted by a further call. Raises as `_sent` does.
        """
        for _ in range(MOST_ROUNDS):
            before = known.get(element.name, ())
            sent: Call | Prepared | None = next(filter(has_written, before), None)
            if sent is None:
                sent = await self._sent(connection, plan, element, agenda, before)
            if not isinstance(sent, Call):
                return sent is not None
            after = left_of(element, sent.answer, partial(self.tools.entity, plan))
            if after is None:
                return True
            element, agenda = after, ()
        return True

    async def _sent(
        self,
        connection: Connection,
        plan: Plan,
        element: Element,
        agenda: Sequence[Element],
        before: Sequence[Call],
    ) -> Call | Prepared | None:
        """The call of an element that has written; or that nothing of it had to be sent; None: it
        is up to the resolver.

        Raises `RecordChanged` when somebody was faster, and what a call or a read raises.
        """
        own, tools = plan_for(plan, element), self.tools
        past = Past.of(before)
        if element.kind != "create":
            past.learn(element.stood, etag(element.stood))
        elif (made := await self._made(connection, plan, element, before)) is not None:
            return made
        noted: dict[str, object] = {ELEMENT: element.written}
        if agenda:
            noted[AGENDA] = [one.written for one in agenda]
        sending = Sending(tools, self.entry, self.patience, noted)
        names = tools.names(plan, self.entry.operation, connection)
        try:
            sent = await sending.call(own, names, connection, past)
        except RecordGone:
            if element.kind == "update":
                raise overtaken(element, "Somebody deleted the element meanwhile.") from None
            if past.doubt is not None:
                return await self.entry.found(past.doubt, {"status": 204, "body": None})
            return Prepared()
        except GatewayError as error:
            raise refused(element, error) from None
        if isinstance(sent, Prepared) and past.doubt is not None:
            return await self.entry.found(past.doubt, {"status": 200, "body": None})
        return sent

    async def _made(
        self, connection: Connection, plan: Plan, element: Element, before: Sequence[Call]
    ) -> Call | None:
        """The call of ours that has made an element, if it is there.

        Raises `RecordChanged` when somebody else has made one with its key.
        """
        doubt = next((call for call in before if call.answer is None), None)
        if doubt is not None:
            verdict = await look_at_element(self.tools, connection, plan, doubt)
            if verdict.kind == "same":
                return await self.entry.found(doubt, verdict.answer)
        if await element_there(self.tools, connection, plan, element) is not None:
            raise overtaken(element, "Somebody added the element meanwhile.")
        return None
