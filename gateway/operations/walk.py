"""The way through the steps of a verb: what is read, what is skipped, and which write is next.

The engine goes it for real, a dry run and the tests beside the mappings go it with answers that
they were given. No I/O but through a `Source`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from gateway.errors import CallerError, GatewayError, MappingError, RecordGone
from gateway.mapping import Names, Plan, Question, Request, Step
from gateway.operations.prepare import (
    LookupReport,
    Prepared,
    check_document,
    judged,
    look_up,
    prepare,
    together,
)
from gateway.operations.sources import Found, Source
from gateway.validation import Schemas
from gateway.wire import decode

_PERHAPS_DONE: Final = (
    "Business Central has no such record: deleted, posted, or not visible to this user. Where the "
    "action was carried out before, what it made is found by the number of this record."
)


class Walk:
    """The steps of one operation, one after the other. `names` has the answers so far.

    `done` are the answers of steps that were carried out before: they are not carried out again.
    """

    def __init__(
        self,
        schemas: Schemas,
        plan: Plan,
        names: Names,
        source: Source,
        done: Mapping[str, object],
    ) -> None:
        self._schemas = schemas
        self._plan = plan
        self._source = source
        self._left = [step for step in plan.steps if step.name not in done]
        self._steps: dict[str, object] = dict(done)
        self.names: Names = {**names, "steps": self._steps}
        self.reports: list[LookupReport] = []

    @property
    def left(self) -> tuple[str, ...]:
        """The steps that are still to be carried out."""
        return tuple(step.name for step in self._left)

    @property
    def writes(self) -> bool:
        """Whether anything is left that may change something."""
        return any(step.writes for step in self._left)

    async def until_write(self) -> Plan | None:
        """Read on to the next step that writes; it is the plan of that step alone. None: all is
        done.

        Raises what a guard or a find refuses, `RecordGone`, `InvalidInput`, `MappingError`, and
        what `source` raises.
        """
        while self._left:
            step = self._left[0]
            if step.when is not None and not step.when(self.names):
                self.answered(None)
                continue
            plan = self._plan.at(step)
            if step.writes:
                return plan
            self.answered(await self._read(plan, step))
            refused = plan.guards(self.names)
            if refused:
                raise together(refused)
        return None

    def answered(self, answer: object) -> None:
        """The step at hand is done, and this is what came of it."""
        self._steps[self._left.pop(0).name] = answer

    async def _read(self, plan: Plan, step: Step) -> Found | None:
        if step.lookup is None:
            row = await self._source.current(plan, self.names)
            if row is None:
                raise RecordGone(_PERHAPS_DONE if plan.action and self.writes else None)
            return self._decoded(plan, row)
        questions: list[Question] = step.lookup.ask(self.names)
        answers = await self._source.find(step.lookup, questions)
        report, found, refused = judged(plan, step.lookup, questions, answers)
        self.reports.append(report)
        if refused:
            raise together(refused)
        return self._decoded(plan, found) if isinstance(found, Mapping) else None

    def _decoded(self, plan: Plan, row: Found) -> Found:
        """Decoding what is decoded changes nothing."""
        entity = self._schemas.entity(plan.api, plan.entity)
        return decode(entity, row, partial(self._schemas.entity, plan.api))


async def begun(
    schemas: Schemas, plan: Plan, names: Names, source: Source, *, checked: bool, resumed: bool
) -> Prepared:
    """Everything before the first step: the document, the lookups, the guards of the verb.

    `checked` as in `prepare`. `resumed`: something was written already, so nothing is refused any
    more for what the guards of the verb say. Raises only what `source` raises.
    """
    try:
        if not checked:
            check_document(schemas, plan, names)
        everything = [lookup.name for lookup in plan.lookups]
        base = await look_up(plan, Prepared(names=names), source, everything)
        if base.problem is None and not resumed:
            refused = plan.guards(base.names)
            base = base._replace(problem=together(refused)) if refused else base
    except (CallerError, MappingError) as error:
        return Prepared(problem=error, names=names)
    return base


async def rehearsed(
    schemas: Schemas, plan: Plan, names: Names, source: Source, *, whole: bool = False
) -> Prepared:
    """The calls of a verb, of several steps as far as they are known beforehand.

    What follows a write whose answer nobody knows yet is named in `then`; so are the reads that
    follow the last write, unless the `whole` walk is wanted. Raises only what `source` raises.
    """
    if not plan.walks:
        return await prepare(schemas, plan, names, source)
    base = await begun(schemas, plan, names, source, checked=False, resumed=False)
    if base.problem is not None:
        return base
    walk = Walk(schemas, plan, base.names, source, {})
    requests: list[Request] = []
    problem: GatewayError | None = None
    try:
        while (step := await walk.until_write()) is not None:
            prepared = await prepare(schemas, step, walk.names, source, checked=True)
            if prepared.problem is not None:
                problem = prepared.problem
                break
            requests += prepared.requests
            after = source.after(step, walk.names)
            walk.answered(after)
            if after is None or not (whole or walk.writes):
                break
    except (CallerError, MappingError, RecordGone) as error:
        problem = error
    return base._replace(
        requests=tuple(requests),
        lookups=(*base.lookups, *walk.reports),
        problem=problem,
        then=() if problem is not None else walk.left,
        names=walk.names,
    )
