"""Custom API routes: what a seed file declares becomes entity sets like all others.

A declaration says what an API page in AL says, in AL's words: publisher, group, version, entity
set and entity, fields with their types, what may be inserted, modified and deleted, parts with
their links, bound actions (bc/api.md §1). What an action does is a choice: it sets fields.
Called with the seed file; ``shapes`` has what a declaration is made of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from gateway.simulator.catalogue.entities import (
    STANDARD,
    Effect,
    EntitySet,
    Field,
    Navigation,
    encode_member,
    load_stored,
)
from gateway.simulator.catalogue.metadata import NAMESPACE
from gateway.simulator.catalogue.shapes import Action, Api, FieldOf, Part, Set, shaped, wrong
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.records.values import MODIFIED, read_value

_TYPES = {
    "BigInteger": "Edm.Int64",
    "Boolean": "Edm.Boolean",
    "Date": "Edm.Date",
    "DateTime": "Edm.DateTimeOffset",
    "Decimal": "Edm.Decimal",
    "Guid": "Edm.Guid",
    "Integer": "Edm.Int32",
}
_TEXT = re.compile(r"(Code|Text)\[([1-9][0-9]{0,3})\]")
_LONGEST = 2048  # of a text in a table
_ENUM = re.compile(r"Enum (\w+)")
_KNOWN_TYPES = ("Code[20]", "Text[100]", *_TYPES, "Enum name")
_ID = "id"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_SEGMENT = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")  # camelCase, alphanumeric (bc/api.md §1)
_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,3}|beta")
_STATUSES = {"Updated": 200, "Created": 201, "Deleted": 204}  # by AL's result code (§3)
_OF_EVERY_ROUTE = frozenset(
    {"companies", "entityDefinitions", "apicategoryroutes", "subscriptions"}
)
_SYSTEM = frozenset({*MODIFIED, "systemCreatedAt"})


def read_declared(given: object) -> tuple[EntitySet, ...]:
    """The entity sets that ``apis`` of a seed file declares. Raises ValueError with the place."""
    if not isinstance(given, list):
        raise wrong("apis", "this is a list of routes")
    apis = {f"apis[{at}]": shaped(one, Api, f"apis[{at}]") for at, one in enumerate(given)}
    routes: set[str] = set()
    for place, api in apis.items():
        route = _route(place, api)
        if route in routes:
            raise wrong(place, f"{route} is declared twice")
        routes.add(route)
    shared = Counter(name for api in apis.values() for name in api.entity_sets)
    taken = load_stored().sets.keys() | {name for name, times in shared.items() if times > 1}
    return tuple(
        one for place, api in apis.items() for one in _Reader(place, api, taken).entity_sets()
    )


def _route(place: str, api: Api) -> str:
    for word, text in (("publisher", api.publisher), ("group", api.group)):
        if not _SEGMENT.fullmatch(text):
            raise wrong(f"{place}.{word}", f"'{text}' is no name of letters and digits")
    if not _VERSION.fullmatch(api.version):
        raise wrong(f"{place}.version", f"'{api.version}' is no version such as v1.0 or beta")
    if api.publisher.lower() == "microsoft":
        raise wrong(f"{place}.publisher", "the routes of microsoft are not yours to declare")
    return f"{api.publisher}/{api.group}/{api.version}"


def _name(place: str, name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise wrong(place, f"'{name}' is no name of {what}: letters, digits and _, a letter first")


def _known(place: str, name: str, known: Collection[str], what: str) -> None:
    if name not in known:
        raise wrong(place, f"there is no {what} '{name}'", name, known)


def _apart(place: str, names: Iterable[str]) -> None:
    """AL does not tell names apart by their case."""
    seen: dict[str, str] = {}
    for name in names:
        if seen.setdefault(name.lower(), name) != name:
            raise wrong(place, f"'{seen[name.lower()]}' and '{name}' are one name in AL")


class _Reader:
    """One route. ``taken`` are names of entity sets that others have as well: such a set is
    known to the simulator by route and name.
    """

    def __init__(self, place: str, api: Api, taken: Collection[str]) -> None:
        self._place = place
        self._route = _route(place, api)
        self._enums = {name: self._members(name, told) for name, told in api.enums.items()}
        self._sets = {
            name: shaped(told, Set, f"{place}.entitySets.{name}")
            for name, told in api.entity_sets.items()
        }
        for name, told in self._sets.items():
            for word, names in (("key", told.key), ("unique", told.unique)):
                if len(set(names)) != len(names) or (word == "key" and not names):
                    place = f"{self._place}.entitySets.{name}.{word}"
                    raise wrong(place, "these are names of fields, each once")
        self._names = {
            name: f"{self._route}/{name}" if name in taken else name for name in self._sets
        }
        self._fields = {name: self._fields_of(name, told) for name, told in self._sets.items()}

    def entity_sets(self) -> Iterator[EntitySet]:
        """What is declared. Raises ValueError."""
        entities = Counter(told.entity_name for told in self._sets.values())
        for name, told in self._sets.items():
            place = f"{self._place}.entitySets.{name}"
            _name(place, name, "an entity set")
            _name(f"{place}.entityName", told.entity_name, "an entity")
            if name in _OF_EVERY_ROUTE:
                raise wrong(place, "every route has an entity set of this name already")
            if entities[told.entity_name] > 1:
                raise wrong(f"{place}.entityName", f"'{told.entity_name}' is there twice")
            yield self._entity_set(place, name, told)

    def _entity_set(self, place: str, name: str, told: Set) -> EntitySet:
        fields = self._fields[name]
        _apart(f"{place}.actions", told.actions)
        _apart(place, (*fields, *told.parts))
        for word, names in (("key", told.key), ("unique", told.unique)):
            for one in names:
                _known(f"{place}.{word}", one, fields, "field")
        unique = tuple(told.unique) or (() if self._is_guid(name, told) else tuple(told.key))
        if told.auto_split_key and (not unique or fields[unique[-1]].type != "Edm.Int32"):
            raise wrong(f"{place}.autoSplitKey", "the last field of the key is no Integer")
        allowed = {
            "post": told.insert_allowed,
            "patch": told.modify_allowed,
            "delete": told.delete_allowed,
        }
        return EntitySet(
            name=self._names[name],
            shown=name if self._names[name] != name else None,
            entity=told.entity_name,
            key=tuple(told.key),
            unique=unique,
            counted=told.auto_split_key,
            verbs=("get", *(verb for verb, may in allowed.items() if may)),
            fields=tuple(fields.values()),
            route=self._route,
            # Sources with a composite key can not be subscribed to (bc/pitfalls.md, webhooks).
            webhook=len(told.key) == 1,
            navigation=tuple(
                self._part(f"{place}.parts.{way}", fields, way, part)
                for way, part in told.parts.items()
            ),
            actions=tuple(told.actions),
            required=tuple((one.name,) for one in fields.values() if one.blank_refused),
            effects={
                action: self._effect(f"{place}.actions.{action}", action, told, fields)
                for action in told.actions
            },
        )

    def _is_guid(self, name: str, told: Set) -> bool:
        return len(told.key) == 1 and self._fields[name][told.key[0]].type == "Edm.Guid"

    def _members(self, name: str, members: list[str]) -> tuple[str, ...]:
        place = f"{self._place}.enums.{name}"
        _name(place, name, "an enum")
        encoded = tuple(encode_member(one) for one in members)
        if not encoded or len(set(encoded)) != len(encoded):
            raise wrong(place, "an enum has members, each once")
        return encoded

    def _fields_of(self, name: str, told: Set) -> dict[str, Field]:
        """The fields by their name; a key that is not among them but ``id`` is the SystemId."""
        place = f"{self._place}.entitySets.{name}"
        given = (
            told.fields if told.key != [_ID] or _ID in told.fields else {_ID: "Guid", **told.fields}
        )
        fields = {}
        for field, what in given.items():
            where = f"{place}.fields.{field}"
            _name(where, field, "a field")
            said = what if not isinstance(what, str) else {"type": what}
            fields[field] = self._field(where, field, shaped(said, FieldOf, where), told.key)
        return fields

    def _field(self, place: str, name: str, told: FieldOf, key: list[str]) -> Field:
        kind, length, members = self._type(place, told.type)
        if name == _ID and kind != "Edm.Guid":
            raise wrong(f"{place}.type", "id is the SystemId of a record, a Guid")
        if name in _SYSTEM and kind != "Edm.DateTimeOffset":
            raise wrong(f"{place}.type", f"{name} is a DateTime")
        kept = name in _SYSTEM or name == _ID or (key == [name] and kind == "Edm.Guid")
        return Field(
            name,
            kind,
            max_length=length,
            enum=members,
            read_only=kept or not told.editable,
            code=told.type.startswith("Code["),
            blank_refused=told.not_blank,
            ref=None if told.relates_to is None else self._related(place, told.relates_to),
        )

    def _type(self, place: str, text: str) -> tuple[str, int | None, tuple[str, ...]]:
        """Type, length and members."""
        found = _TEXT.fullmatch(text)
        if found and int(found[2]) <= _LONGEST:
            return "Edm.String", int(found[2]), ()
        if found := _ENUM.fullmatch(text):
            _known(f"{place}.type", found[1], self._enums, "enum")
            return f"{NAMESPACE}.{found[1]}", None, self._enums[found[1]]
        if text not in _TYPES:
            says = f"'{text}' is no type; types are {', '.join(_KNOWN_TYPES)}"
            raise wrong(f"{place}.type", says, text, _TYPES)
        return _TYPES[text], None, ()

    def _related(self, place: str, name: str) -> str:
        """An entity set of this route, or Microsoft's, which ``v2.0/`` before its name says too."""
        standard = {one.name for one in load_stored().sets.values() if one.route == STANDARD}
        whole = {f"{STANDARD}/{one}" for one in standard}
        _known(f"{place}.relatesTo", name, [*self._sets, *standard, *whole], "entity set")
        if name not in self._sets:
            return name.removeprefix(f"{STANDARD}/")
        target = self._sets[name]
        if len(target.unique or target.key) != 1:
            raise wrong(f"{place}.relatesTo", f"{name} is known by several fields, not by one")
        return self._names[name]

    def _part(self, place: str, fields: Mapping[str, Field], name: str, told: Part) -> Navigation:
        _name(place, name, "a part")
        if name in fields:
            raise wrong(place, "a field has this name")
        _known(f"{place}.entitySet", told.entity_set, self._sets, "entity set of this route")
        theirs, link = self._fields[told.entity_set], f"{place}.subPageLink"
        if not told.sub_page_link:
            raise wrong(link, "this says which field of the part equals which field of the owner")
        for other, mine in told.sub_page_link.items():
            _known(link, other, theirs, f"field of {told.entity_set}")
            _known(link, mine, fields, "field of the owner")
            if theirs[other].type != fields[mine].type:
                raise wrong(link, f"{other} and {mine} are of different types")
        pairs = tuple((mine, other) for other, mine in told.sub_page_link.items())
        many = told.multiplicity == "Many"
        return Navigation(name, self._names[told.entity_set], many=many, part=True, link=pairs)

    def _effect(self, place: str, name: str, told: Set, fields: Mapping[str, Field]) -> Effect:
        _name(place, name, "an action")
        action = shaped(told.actions[name], Action, place)
        for field in (*action.sets, *action.takes):
            if field in {*told.key, *told.unique}:
                raise wrong(f"{place}.sets.{field}", "an action does not change a key")
        given = {
            one: self._field(f"{place}.parameters.{one}", one, FieldOf(kind), [])
            for one, kind in action.parameters.items()
        }
        for one in given:
            _name(f"{place}.parameters.{one}", one, "a parameter")
        for field, one in action.takes.items():
            _known(f"{place}.takes", field, fields, "field")
            _known(f"{place}.takes.{field}", one, given, "parameter")
            if given[one].type != fields[field].type:
                raise wrong(f"{place}.takes.{field}", f"{one} is of another type")
        return Effect(
            parameters=tuple(given.values()),
            takes=action.takes,
            sets=_stored(f"{place}.sets", action.sets, fields),
            requires=_stored(f"{place}.requires", action.requires, fields),
            status=_STATUSES[action.result],
        )


def _stored(place: str, given: dict[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    """Values as they are stored. Raises ValueError."""
    stored = {}
    for name, value in given.items():
        _known(place, name, fields, "field")
        try:
            stored[name] = read_value(fields[name], value)
        except BusinessCentralError as error:
            text = f"{msgspec.json.encode(value).decode()} is no value of it: {error}"
            raise wrong(f"{place}.{name}", text.rstrip(".")) from None
    return stored
