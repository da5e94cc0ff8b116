"""What the course of an operation works with: the rooms below, and the plan it follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from gateway.businesscentral import BusinessCentral, Deadline
from gateway.clock import Clock
from gateway.connections import Connections
from gateway.errors import Conflict
from gateway.mapping import Names, Plan
from gateway.matching import Matching
from gateway.operations.elements import ELEMENT, plan_for, read_element
from gateway.operations.journal import IF_MATCH
from gateway.operations.lookups import LookupCache, RemoteLookups
from gateway.operations.prepare import Prepared, names_for, prepare
from gateway.operations.reader import Reader
from gateway.operations.walk import rehearsed
from gateway.snapshot import Snapshot
from gateway.storage import Call, Connection, Operation, Store
from gateway.wire import Entity

READ_WITHIN: Final = 60.0  # seconds for the lookups of an operation, or for reading back
WRITE_WITHIN: Final = 480.0  # seconds; Business Central gives up on a call after eight minutes


@dataclass(frozen=True, slots=True)
class Tools:
    """The rooms an operation goes through. `clock` is the one that tests move."""

    store: Store
    snapshot: Snapshot
    business_central: BusinessCentral
    connections: Connections
    matching: Matching
    cache: LookupCache
    clock: Clock

    def plan(self, operation: Operation) -> Plan:
        """The plan of an operation. Raises `UnknownResource`, `MethodNotAllowed`."""
        return self.verb(operation, operation.verb)

    def verb(self, operation: Operation, verb: str) -> Plan:
        """The plan of a verb where an operation is. Raises as `plan` does."""
        owners = operation.connection_id, operation.organization
        return self.snapshot.plan(operation.resource, verb, *owners)

    def plan_of(self, operation: Operation, call: Call) -> Plan:
        """The plan of what `call` was: of a verb of several steps that of its step, of an element
        of a part that of this one.

        Raises as `plan` does, and `Conflict` when the mapping has no such step any more.
        """
        plan = self.plan(operation)
        if ELEMENT in call.request:
            return plan_for(plan, read_element(call.request[ELEMENT]))
        if not plan.walks:
            return plan
        step = plan.step_named(call.step)
        if step is None:
            raise Conflict(
                f"The mapping of {operation.resource} has no step {call.step} any more, and this "
                "was sent by it. Put it back, then retry.",
                operation=operation.id,
            )
        return plan.at(step)

    def entity(self, plan: Plan, entity_set: str) -> Entity:
        """An entity of the plan's API."""
        return self.snapshot.schemas.entity(plan.api, entity_set)

    def within(self, seconds: float) -> Deadline:
        """A deadline so many seconds from now."""
        return Deadline.within(self.clock, seconds)

    def names(self, plan: Plan, operation: Operation, connection: Connection) -> Names:
        """What the expressions of `plan` may name when they are about `operation`."""
        return names_for(
            plan,
            operation.document,
            connection,
            now=operation.created_at,
            target={key: one for key, one in operation.target.items() if key != IF_MATCH},
        )

    def reader(self, plan: Plan, connection: Connection) -> Reader:
        """Reads the one record that a change is about."""
        entities = partial(self.entity, plan)
        return Reader(self.at(plan), connection, self.within(READ_WITHIN), entities)

    def at(self, plan: Plan) -> BusinessCentral:
        """Business Central as the mapping of a plan asks for it."""
        return self.business_central.pinned(plan.schema_version)

    def source(self, connection: Connection, plan: Plan) -> RemoteLookups:
        """Reads what the plan asks for from `connection`."""
        return RemoteLookups(
            self.at(plan),
            self.matching,
            self.snapshot.schemas,
            self.cache,
            connection=connection,
            plan=plan,
            deadline=self.within(READ_WITHIN),
        )

    async def prepare(
        self,
        connection: Connection,
        plan: Plan,
        names: Names,
        if_match: Sequence[str] = (),
        *,
        checked: bool = False,
    ) -> Prepared:
        """From names to requests, with everything read from `connection`; `checked` as there."""
        source = self.source(connection, plan)
        if plan.walks:
            return await rehearsed(self.snapshot.schemas, plan, names, source)
        return await prepare(self.snapshot.schemas, plan, names, source, if_match, checked=checked)
