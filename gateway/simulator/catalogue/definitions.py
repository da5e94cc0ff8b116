"""What is told of the routes in rows: captions, the routes there are (bc/api.md §1), and what
can be subscribed to (§9).

These sets are the same for every company, have string keys and are made from the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.simulator.catalogue.entities import ROUTES, Catalogue, EntitySet, load_catalogue
from gateway.simulator.records.store import Record, Values
from gateway.simulator.records.values import decode_member

_ENGLISH = 1033  # the language code of the captions; a choice: the simulator knows no other


def _captions(text: str) -> list[Values]:
    return [{"languageCode": _ENGLISH, "caption": text}]


def _entity_definition(one: EntitySet) -> Values:
    members = {member: None for field in one.fields for member in field.enum}
    return {
        "entityName": one.entity,
        "entitySetName": one.segment,
        "entityCaptions": _captions(one.captioned(one.entity)),
        "entitySetCaptions": _captions(one.captioned(one.segment)),
        "properties": [
            {"name": field.name, "captions": _captions(one.captioned(field.name))}
            for field in one.fields
        ],
        "actions": [
            {"name": name, "captions": _captions(one.captioned(name))} for name in one.actions
        ],
        "enumMembers": [
            {"name": member, "value": at, "captions": _captions(decode_member(member))}
            for at, member in enumerate(members)
        ],
    }


def _entity_definitions(catalogue: Catalogue) -> list[Values]:
    return [_entity_definition(one) for one in catalogue.sets.values()]


def _routes(catalogue: Catalogue) -> list[Values]:
    own: Values = {"route": "v2.0", "publisher": "", "group": "", "version": "v2.0"}
    declared = dict.fromkeys(one.route for one in catalogue.declared)
    others: list[Values] = [
        {"route": route, **dict(zip(("publisher", "group", "version"), parts, strict=True))}
        for route, parts in ((route, route.split("/")) for route in (*ROUTES[1:], *declared))
    ]
    return [own, *others]


def _supported(catalogue: Catalogue) -> list[Values]:
    """What notifications are sent of, as ``{route}/{entity set}``."""
    known = [
        (route, one)
        for route in ROUTES
        for one in load_catalogue(catalogue.release, route).sets.values()
    ]
    known += [(one.route, one) for one in catalogue.declared]
    return [{"resource": f"{route}/{one.segment}"} for route, one in known if one.webhook]


_MADE: dict[str, Callable[[Catalogue], list[Values]]] = {
    "apicategoryroutes": _routes,
    "entityDefinitions": _entity_definitions,
    "webhookSupportedResources": _supported,
}
DEFINITIONS = frozenset(_MADE)


def definition_records(catalogue: Catalogue, name: str) -> list[Record]:
    """The rows of one of ``DEFINITIONS`` as records, whose id is their key."""
    key = catalogue.sets[name].key[0]
    return [Record(str(row[key]), row, 0) for row in _MADE[name](catalogue)]
