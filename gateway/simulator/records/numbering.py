"""Natural keys of new records: numbers from their series, steps of lines, and none of them twice."""

from __future__ import annotations

from collections.abc import Collection

from gateway.simulator.catalogue.entities import Catalogue, EntitySet
from gateway.simulator.documents.rules import SERIES
from gateway.simulator.records.declared import count_up, next_line, refuse_double
from gateway.simulator.records.keys import same_key
from gateway.simulator.records.store import Company, Record, Values


def give_number(
    company: Company, catalogue: Catalogue, entity_set: EntitySet, values: Values
) -> None:
    """A number from the series, or the next step of a line (bc/api.md §10, §11)."""
    key = entity_set.natural_key
    if entity_set.custom:
        count_up(company, entity_set, values)
        return
    if key in {"sequence", "lineNumber"} and not values[key]:
        siblings = _siblings(company, catalogue, entity_set, values)
        values[key] = next_line(one.values[key] for one in siblings)
    series = SERIES.get(entity_set.name)
    if key != "number" or series is None:
        return
    table = company.table(entity_set.name)
    while not values["number"]:
        number = company.next_number(entity_set.name, series.start, series.step)
        if table.lookup(series.format(number)) is None:
            values["number"] = series.format(number)


def refuse_same(
    company: Company,
    catalogue: Catalogue,
    entity_set: EntitySet,
    values: Values,
    own: str | None,
) -> None:
    """Raise BusinessCentralError where another record than ``own`` has the natural key."""
    if entity_set.custom:
        refuse_double(company, entity_set, values, own)
        return
    key = entity_set.natural_key
    if key is None or not entity_set.has_unique_key:
        return
    for record in _siblings(company, catalogue, entity_set, values):
        if record.id != own and record.values[key] == values[key]:
            raise same_key(company, entity_set, values, key)


def _siblings(
    company: Company, catalogue: Catalogue, entity_set: EntitySet, values: Values
) -> Collection[Record]:
    """Records that may not share a key with these values."""
    table = company.table(entity_set.name)
    scope = sorted(catalogue.scope(entity_set.name))
    if not scope:
        key = entity_set.known_by
        return table.group(key, values[key])
    records = table.group(scope[0], values[scope[0]])
    if len(scope) == 1:
        return records
    return [r for r in records if all(r.values[name] == values[name] for name in scope)]
