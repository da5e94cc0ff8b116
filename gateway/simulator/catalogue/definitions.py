"""What a route tells about itself in rows: captions and the routes there are (bc/api.md §1).

Both sets stand beside the companies, have string keys and are made from the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.simulator.catalogue.captions import caption_of
from gateway.simulator.catalogue.entities import Catalogue, EntitySet
from gateway.simulator.records.store import Record, Values
from gateway.simulator.records.values import decode_member

_ENGLISH = 1033  # the language code of the captions; a choice: the simulator knows no other
_MICROSOFT = (("microsoft", "automation", "v2.0"), ("microsoft", "powerbi", "v2.0"))


def _captions(text: str) -> list[Values]:
    return [{"languageCode": _ENGLISH, "caption": text}]


def _entity_definition(one: EntitySet) -> Values:
    members = {member: None for field in one.fields for member in field.enum}
    return {
        "entityName": one.entity,
        "entitySetName": one.name,
        "entityCaptions": _captions(caption_of(one.entity)),
        "entitySetCaptions": _captions(caption_of(one.name)),
        "properties": [
            {"name": field.name, "captions": _captions(caption_of(field.name))}
            for field in one.fields
        ],
        "actions": [
            {"name": name, "captions": _captions(caption_of(name))} for name in one.actions
        ],
        "enumMembers": [
            {"name": member, "value": at, "captions": _captions(decode_member(member))}
            for at, member in enumerate(members)
        ],
    }


def _entity_definitions(catalogue: Catalogue) -> list[Values]:
    return [_entity_definition(one) for one in catalogue.sets.values()]


def _routes(_: Catalogue) -> list[Values]:
    own: Values = {"route": "v2.0", "publisher": "", "group": "", "version": "v2.0"}
    others: list[Values] = [
        {"route": "/".join(parts), "publisher": parts[0], "group": parts[1], "version": parts[2]}
        for parts in _MICROSOFT
    ]
    return [own, *others]


_MADE: dict[str, Callable[[Catalogue], list[Values]]] = {
    "apicategoryroutes": _routes,
    "entityDefinitions": _entity_definitions,
}
DEFINITIONS = frozenset(_MADE)


def definition_records(catalogue: Catalogue, name: str) -> list[Record]:
    """The rows of one of ``DEFINITIONS`` as records, whose id is their key."""
    key = catalogue.sets[name].key[0]
    return [Record(str(row[key]), row, 0) for row in _MADE[name](catalogue)]
