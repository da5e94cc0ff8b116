"""What records of a custom route do by themselves: no two share a key, lines are counted up,
parts are renamed with their owner. Called by ``writes`` and by planting.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.simulator.catalogue.entities import Catalogue, EntitySet, Navigation
from gateway.simulator.documents.rules import LINE_STEP
from gateway.simulator.errors import already_exists, dialog
from gateway.simulator.records.store import Company, Record, Values

_LAST = 2**31 - 1


def refuse_double(company: Company, entity_set: EntitySet, values: Values, own: str | None) -> None:
    """Refuse values whose key another record has; ``own`` is the id of the record itself.

    Raises BusinessCentralError.
    """
    key = entity_set.unique
    for record in company.table(entity_set.name).group(key[0], values[key[0]]) if key else ():
        if record.id != own and all(record.values[one] == values[one] for one in key):
            told = ",".join(f"{entity_set.captioned(one)}='{values[one]}'" for one in key)
            raise already_exists(entity_set.caption, told)


def count_up(company: Company, entity_set: EntitySet, values: Values) -> None:
    """Give a line that has no number yet the next one of AL's ``AutoSplitKey``."""
    if not entity_set.counted or values[entity_set.unique[-1]]:
        return
    *scope, last = entity_set.unique
    table = company.table(entity_set.name)
    beside = table.group(scope[0], values[scope[0]]) if scope else table.records.values()
    values[last] = next_line(
        one.values[last]
        for one in beside
        if all(one.values[name] == values[name] for name in scope)
    )


def next_line(numbers: Iterable[int]) -> int:
    """The number after those of the lines that are there.

    Raises BusinessCentralError after the last one that there is; its text is a choice.
    """
    last = max(numbers, default=0)
    if last > _LAST - LINE_STEP:
        raise dialog(f"There is no number left for a line after {last}.")
    return last + LINE_STEP


def next_entry(company: Company, name: str) -> int:
    """The number after that of the last entry of a ledger.

    Raises BusinessCentralError after the last one that there is; its text is a choice.
    """
    entries = company.table(name).ordered()  # by their number; it stays in order as they come
    last = int(entries[-1].values["entryNumber"]) if entries else 0
    if last >= _LAST:
        raise dialog(f"There is no number left for an entry after {last}.")
    return last + 1


def parts_by(company: Company, values: Values, way: Navigation) -> list[Record]:
    """The parts of a record with these values, by all that links them."""
    (mine, theirs), *rest = way.link
    return [
        part
        for part in company.table(way.target).where(theirs, values[mine])
        if all(part.values[other] == values[own] for own, other in rest)
    ]


def follow(
    company: Company, catalogue: Catalogue, entity_set: EntitySet, values: Values, before: Values
) -> None:
    """Keep the parts of a record whose key was renamed, as a table relation in AL does."""
    for way in entity_set.navigation:
        if all(values[mine] == before[mine] for mine, _ in way.link):
            continue
        for part in parts_by(company, before, way):
            was = dict(part.values)
            company.edit(way.target, part)
            part.values.update({theirs: values[mine] for mine, theirs in way.link})
            company.table(way.target).moved(part, was)
            follow(company, catalogue, catalogue.sets[way.target], part.values, was)
