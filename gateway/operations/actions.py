"""Bound actions: what stands in Business Central before one is called, and what came of it.

An action answers nothing, and its error proves nothing (bc/pitfalls.md 2). What each leaves
behind is a table in `wire/`; what cannot be told is left to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from gateway.errors import Ambiguous
from gateway.mapping import Plan
from gateway.operations.changes import Baseline, reading
from gateway.operations.tools import Tools
from gateway.operations.verdicts import Row, Verdict
from gateway.storage import Call, Connection
from gateway.wire import Condition, Entity, Made, Trace, filter_text, query, trace_of

_Sent = Mapping[str, object]

_NOTHING_KNOWN: Final = Trace()


@dataclass(frozen=True, slots=True)
class Acting:
    """The bound action of a plan of one step, on its connection."""

    tools: Tools
    connection: Connection
    plan: Plan

    async def before(self, baseline: Baseline) -> dict[str, object]:
        """What must be known beforehand to tell later whether the action was carried out.

        Raises what reading raises.
        """
        trace = self._trace
        made = await self._made(trace.makes, baseline.number)
        half = await self._made(trace.half, baseline.number)
        return {
            "action": self.plan.steps[0].action,
            "status": baseline.record.get("status"),
            "made": [row["id"] for row in made],
            "half": [row["id"] for row in half],
            "elements": await self._elements(baseline.id),
        }

    async def look(self, call: Call) -> Verdict:
        """What became of `call`. Raises what reading raises.

        `none`: nothing has happened so far; of a repeatable one `unchanged`, since it may be
        called again. `partly`: a part of it has. `overtaken`: the record is another now, and
        whose doing that is cannot be told.
        """
        sent, entity = call.request, self._entity
        reader = self.tools.reader(self.plan, self.connection)
        row = await reader.by_id(entity, str(sent["id"]), reading(entity, self.plan))
        return (
            await self._by_what_it_makes(sent)
            or self._by_status(sent, row)
            or await self._by_elements(sent)
            or await self._by_half(sent)
            or self._by_record(sent, row)
        )

    async def came_of(self, call: Call) -> Mapping[str, object]:
        """`steps.<name>` of an action that was carried out: the id of what it made, else of what
        it was called on. Raises `Ambiguous`, and what reading raises.
        """
        body = cast("Mapping[str, object]", call.answer).get("body")
        if isinstance(body, Mapping) and "id" in body:
            return {"id": body["id"]}
        makes = self._trace.makes
        if makes is None:
            return {"id": call.request["id"]}
        made = await self._new(makes, call.request, "made")
        if len(made) > 1:
            there = f"There are {len(made)} new records of {makes.entity_set}"
            raise Ambiguous(f"{there}, and it cannot be told which came of this one.")
        return {"id": made[0]["id"] if made else None}

    @property
    def _trace(self) -> Trace:
        action = self.plan.steps[0].action or ""
        return trace_of(self.plan.entity, action) or _NOTHING_KNOWN

    @property
    def _entity(self) -> Entity:
        return self.tools.entity(self.plan, self.plan.entity)

    async def _by_what_it_makes(self, sent: _Sent) -> Verdict | None:
        makes = self._trace.makes
        made = await self._new(makes, sent, "made") if makes is not None else []
        if makes is None or not made:
            return None
        if len(made) > 1:
            return Verdict("ambiguous", candidates=tuple((makes.entity_set, one) for one in made))
        return _done(made[0]["id"])

    def _by_status(self, sent: _Sent, row: Row | None) -> Verdict | None:
        if row is None:
            return _done(sent["id"]) if self._trace.goes else None
        status = row.get("status")
        reached = status in self._trace.reaches and status != sent["status"]
        return _done(sent["id"]) if reached else None

    async def _by_elements(self, sent: _Sent) -> Verdict | None:
        if self._trace.empties is None:
            return None
        elements = await self._elements(str(sent["id"]))
        if elements == sent["elements"]:
            return None
        return Verdict("overtaken") if elements else _done(sent["id"])

    async def _by_half(self, sent: _Sent) -> Verdict | None:
        half = self._trace.half
        found = [] if half is None else await self._new(half, sent, "half")
        if half is None or not found:
            return None
        return Verdict("partly", candidates=tuple((half.entity_set, one) for one in found))

    def _by_record(self, sent: _Sent, row: Row | None) -> Verdict:
        """Nothing shows that it was carried out; that it was not shows the record as it was."""
        if row is None:
            return Verdict("overtaken")
        still = bool(self._trace.reaches) and row.get("status") == sent["status"]
        if not still and row.get("@odata.etag") != sent["etag"]:
            return Verdict("overtaken", candidates=((self.plan.entity, row),))
        return Verdict("unchanged" if self.plan.steps[0].effect == "repeatable" else "none")

    async def _new(self, made: Made, sent: _Sent, name: str) -> list[Row]:
        """The records of this kind that were not there before."""
        there = cast("list[object]", sent[name])
        rows = await self._made(made, cast("str | None", sent["number"]))
        return [row for row in rows if row["id"] not in there]

    async def _made(self, made: Made | None, number: str | None) -> list[Row]:
        """The records that name this number."""
        if made is None or number is None:
            return []
        entity = self.tools.entity(self.plan, made.entity_set)
        condition = Condition(made.field, "eq", (number,))
        select = tuple(name for name in ("id", "number", made.field) if name in entity.fields)
        asked = query(select=select, filter_=filter_text(entity, [condition]))
        reader = self.tools.reader(self.plan, self.connection)
        return await reader.all_where(entity, condition, asked)

    async def _elements(self, record_id: str) -> list[str]:
        """The ids of the elements of the part that the action empties, if it empties one."""
        part, entity = self._trace.empties, self._entity
        if part is None:
            return []
        asked = query(select=entity.key, expand={part: ("id",)})
        reader = self.tools.reader(self.plan, self.connection)
        row = await reader.by_id(entity, record_id, asked)
        rows = cast("list[Row]", (row or {}).get(part, []))
        return sorted(str(one["id"]) for one in rows)


def _done(record_id: object) -> Verdict:
    return Verdict("same", {"status": 204, "body": {"id": record_id}})
