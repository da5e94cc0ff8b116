"""The lookups of a verb, read from Business Central: batched, checked row by row, cached."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, cast

from gateway.businesscentral import BusinessCentral, Deadline
from gateway.clock import Clock
from gateway.errors import FilterNotApplied
from gateway.mapping import Lookup, Names, Plan, Question
from gateway.matching import ItemMatch, Matching
from gateway.operations.changes import identified, reading
from gateway.operations.reader import Reader
from gateway.operations.sources import NOTHING, Absent, Found
from gateway.storage import Connection
from gateway.validation import Schemas
from gateway.wire import (
    Condition,
    Entity,
    batches,
    decode,
    filter_text,
    fits,
    matches,
    query,
)

MOST_CACHED: Final = 10_000  # records of all connections

_Key = tuple[object, ...]
_Where = tuple[tuple[str, object], ...]


class LookupCache:
    """Records that lookups found, and when. Never holds an absence.

    How old one may be is up to who asks: a lookup that allows less, or nothing, is not answered by
    what another has found, nor by what a draft in a dry run allows itself.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[_Key, tuple[float, Found]] = OrderedDict()

    def get(self, key: _Key, seconds: float) -> Found | None:
        """The record, if it was found less than so many seconds ago."""
        kept = self._kept.get(key)
        if kept is None or self._clock.time() - kept[0] >= seconds:
            return None
        return kept[1]

    def put(self, key: _Key, record: Found) -> None:
        """Keep a record that was found now; the oldest ones make room."""
        self._kept[key] = (self._clock.time(), record)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_CACHED:
            self._kept.popitem(last=False)


class RemoteLookups:
    """Answers the lookups of one operation from its connection."""

    def __init__(
        self,
        business_central: BusinessCentral,
        matching: Matching,
        schemas: Schemas,
        cache: LookupCache,
        *,
        connection: Connection,
        plan: Plan,
        deadline: Deadline,
    ) -> None:
        self._business_central = business_central
        self._matching = matching
        self._schemas = schemas
        self._cache = cache
        self._connection = connection
        self._plan = plan
        self._deadline = deadline

    async def find(
        self, lookup: Lookup, questions: Sequence[Question]
    ) -> Sequence[Found | Absent | None]:
        """The decoded records. Raises what reading raises, and `FilterNotApplied`."""
        if lookup.item_match:
            return await self._items(questions)
        entity = self._schemas.entity(self._plan.api, cast("str", lookup.entity))
        found: dict[_Where, Found | Absent] = {}
        open_questions: list[_Where] = []
        for question in questions:
            cached = self._cache.get(self._cache_key(lookup, question.where), lookup.cache)
            if cached is not None:
                found[question.where] = cached
            elif _can_be_found(entity, question.where):
                open_questions.append(question.where)
        for some in _together(entity, open_questions):
            found.update(await self._read(lookup, entity, some))
        return [found.get(question.where, NOTHING) for question in questions]

    async def current(self, plan: Plan, names: Names) -> Found | None:
        """The decoded record that a change is about. Raises what reading raises, `NotFound` for
        what cannot be an id, and `Ambiguous`.
        """
        entity = self._schemas.entity(plan.api, plan.entity)
        by = plan.steps[0].by
        reader = Reader(self._business_central, self._connection, self._deadline, self._part)
        if by is None:
            return await reader.by_id(entity, identified(plan, names), reading(entity, plan))
        condition = Condition(by.field, "eq", (by.value(names),))
        return await reader.by_key(entity, condition, reading(entity, plan, condition))

    def after(self, plan: Plan, names: Names) -> Found | None:  # noqa: ARG002 - the protocol's
        """Nobody knows before it is done."""
        return None

    async def _items(self, questions: Sequence[Question]) -> list[Found | Absent | None]:
        skus = cast("list[str]", [question.key for question in questions])
        known = await self._matching.items(self._connection, skus, self._deadline)
        return [_matched(known[sku]) for sku in skus]

    async def _read(
        self, lookup: Lookup, entity: Entity, asked: Sequence[_Where]
    ) -> dict[_Where, Found | Absent]:
        """One batch: several values of one field, or all the fields of one question."""
        conditions = _conditions(asked)
        names = dict.fromkeys([*lookup.select, *(item.field for item in conditions)])
        text = query(select=tuple(names), filter_=filter_text(entity, conditions))
        rows = await self._rows(entity, text, conditions)
        found: dict[_Where, Found | Absent] = {}
        for where in asked:
            fitting = [row for row in rows if matches(entity, row, _conditions([where]))]
            if len(fitting) > 1:
                found[where] = Absent(ambiguous=True)
            elif fitting:
                found[where] = fitting[0]
                if lookup.cache > 0:
                    self._cache.put(self._cache_key(lookup, where), fitting[0])
        return found

    async def _rows(
        self, entity: Entity, text: str, conditions: Sequence[Condition]
    ) -> list[dict[str, object]]:
        found = await self._business_central.read_all(
            self._connection, entity.entity_set, text, deadline=self._deadline, api=entity.api
        )
        rows = [decode(entity, row, self._part) for row in found]
        if not all(matches(entity, row, conditions) for row in rows):
            raise FilterNotApplied
        return rows

    def _part(self, entity_set: str) -> Entity:
        return self._schemas.entity(self._plan.api, entity_set)

    def _cache_key(self, lookup: Lookup, where: _Where) -> _Key:
        connection = self._connection
        return (
            connection.tenant,
            connection.environment,
            connection.company_id,
            connection.principal,
            self._plan.api,
            lookup.entity,
            lookup.select,
            where,
        )


def _matched(match: ItemMatch) -> Found | Absent:
    """What expressions see of a match: its item, and the variant and unit where they are known."""
    if match.status == "matched":
        _, item, variant = match.candidates[0]
        return {
            "id": item.id,
            "number": item.number,
            "variant_id": None if variant is None else variant.id,
            "unit_of_measure": match.unit_of_measure,
        }
    return Absent(ambiguous=match.status == "ambiguous", reason=match.reason)


def _can_be_found(entity: Entity, where: _Where) -> bool:
    """Nothing is looked for by a blank, nor by what the field could not hold."""
    return all(value is not None and fits(entity.fields[name], value) for name, value in where)


def _together(entity: Entity, questions: Sequence[_Where]) -> list[list[_Where]]:
    """Questions about the same single field share reads; others are read one by one."""
    single: dict[str, dict[object, _Where]] = {}
    alone: list[list[_Where]] = []
    for where in questions:
        if len(where) == 1:
            [(name, value)] = where
            single.setdefault(name, {})[value] = where
        else:
            alone.append([where])
    for name, by_value in single.items():
        alone.extend(
            [by_value[value] for value in condition.values]
            for condition in batches(entity, name, list(by_value))
        )
    return alone


def _conditions(asked: Sequence[_Where]) -> list[Condition]:
    if len(asked) == 1:
        return [Condition(name, "eq", (value,)) for name, value in asked[0]]
    return [Condition(asked[0][0][0], "eq", tuple(where[0][1] for where in asked))]
