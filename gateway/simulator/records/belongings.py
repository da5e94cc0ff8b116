"""What belongs to a record, goes with it, and is handed on to what is made of it: lines, dimensions,
files, pictures. Called by ``writes``, and by ``documents`` where a document becomes another one.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.simulator.catalogue.entities import EntitySet, Navigation
from gateway.simulator.records.declared import parts_by
from gateway.simulator.records.store import Company, Record
from gateway.simulator.records.streams import forget

_FILES = ("attachments", "documentAttachments")
_CONTENT = "attachmentContent"


def remove(company: Company, name: str, record: Record) -> None:
    """Delete a record of the set ``name`` with all that belongs to it, each once.

    Of a record that is only worked out the bytes go that were kept of it.
    """
    for part_name, part in (*_below(company, name, record), (name, record)):
        forget(company, company.catalogue.sets[part_name], part)
        if company.get(part_name, part.id) is not None:
            company.delete(part_name, part)


def hand_on(company: Company, source: Record, name: str, made: Record) -> None:
    """What was made of ``source``, a record of the set ``name``, has copies of its files.

    A choice: a posted order hands them to its invoice, not to what is delivered (Business Central
    does it with document attachments, codeunit 1173 of Microsoft's published source).
    """
    ways = company.catalogue.sets[name].ways
    for kind in _FILES:
        for file in company.table(kind).where("parentId", source.id) if kind in ways else ():
            own_id = company.new_id()
            values = {**file.values, "parentId": made.id, **ways[kind].fixed, "id": own_id}
            company.insert(kind, values, own_id)
            content = company.streams.get((kind, file.id, _CONTENT))
            if content is not None:
                company.keep_stream((kind, own_id, _CONTENT), content)


def _below(company: Company, name: str, record: Record) -> Iterator[tuple[str, Record]]:
    """The parts of a record and theirs, but not the record itself, which may be a part of one."""
    left, seen = [(name, record)], {(name, record.id)}
    while left:
        owner, above = left.pop()
        entity_set = company.catalogue.sets[owner]
        for way in entity_set.navigation:
            for part in parts_by(company, above.values, way) if _owns(entity_set, way) else ():
                if (way.target, part.id) not in seen:
                    seen.add((way.target, part.id))
                    left.append((way.target, part))
                    yield way.target, part


def _owns(entity_set: EntitySet, way: Navigation) -> bool:
    """Whether what a way leads to goes with its owner, and is not only named by it."""
    if entity_set.custom or not way.part or not way.link:
        return entity_set.custom
    mine, theirs = way.link[0]
    return mine == theirs == "id" or (way.many and theirs != "id")
