"""The `$metadata` of a route → facts of its entity sets (bc/api.md §1, CSDL 4.0).

The document tells keys, types, lengths, members, parts and bound actions. It does not tell which
fields are codes, read-only or refused when blank; who knows better says so in the schema file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from xml.etree import ElementTree as ET

from gateway.wire.schema_files import TYPES, Facts

_EDM: Final = "{http://docs.oasis-open.org/odata/ns/edm}"
_EVERYWHERE: Final = frozenset(  # what every route has beside its own pages
    {
        "companies",
        "entityDefinitions",
        "apicategoryroutes",
        "subscriptions",
        "externaleventsubscriptions",
        "externalbusinesseventdefinitions",
    }
)
_ALL_VERBS: Final = ("get", "post", "patch", "delete")
_RESTRICTIONS: Final = {"Insertable": "post", "Updatable": "patch", "Deletable": "delete"}
_SET_BY_THE_SYSTEM: Final = frozenset(
    {
        "id",
        "systemId",
        "lastModifiedDateTime",
        "systemCreatedAt",
        "systemCreatedBy",
        "systemModifiedAt",
        "systemModifiedBy",
        "systemRowVersion",
    }
)
# What a person may have added to a file, and no document tells.
_KNOWN_BY_PEOPLE: Final = ("code", "readOnly", "blankRefused", "computed", "since")
_SAID_BY_PEOPLE: Final = ("verbs", "required", "since", "listNeedsFilter")


def facts_of(document: bytes) -> dict[str, dict[str, Any]]:
    """The facts of every entity set by its name. Raises `ValueError` for what is no such document.

    A document type or an entity of XML is refused: nobody needs one here.
    """
    if b"<!" in document:
        raise ValueError("The description holds declarations, which none of its kind has.")
    try:
        root = ET.fromstring(document)  # noqa: S314 - without declarations nothing can expand
    except (ET.ParseError, LookupError) as error:  # an encoding that nobody knows
        raise ValueError(f"The description is no XML: {error}.") from None
    found = _Document(root)
    return {name: found.facts(name) for name in found.sets if name not in _EVERYWHERE}


def kept(facts: Facts, before: Facts) -> dict[str, Any]:
    """`facts` with what a person added to those `before`, field by field."""
    fields = {
        name: {**field, **_added(before.get("fields", {}).get(name, {}), _KNOWN_BY_PEOPLE)}
        for name, field in facts["fields"].items()
    }
    return {**facts, **_added(before, _SAID_BY_PEOPLE), "fields": fields}


def _added(before: Facts, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: before[name] for name in names if name in before}


class _Document:
    def __init__(self, root: ET.Element) -> None:
        self._types = {one.get("Name", ""): one for one in root.iter(f"{_EDM}EntityType")}
        self._enums = {
            one.get("Name", ""): [member.get("Name", "") for member in one.iter(f"{_EDM}Member")]
            for one in root.iter(f"{_EDM}EnumType")
        }
        self._actions: dict[str, dict[str, dict[str, Any]]] = {}
        for action in root.iter(f"{_EDM}Action"):
            if parameters := action.findall(f"{_EDM}Parameter"):
                bound, *given = parameters
                told = {one.get("Name", ""): self._value(one) for one in given}
                kind = _bare(bound.get("Type", ""))
                self._actions.setdefault(kind, {})[action.get("Name", "")] = told
        self._elements = {
            one.get("Name", ""): one
            for one in root.iter(f"{_EDM}EntitySet")
            if _bare(one.get("EntityType", "")) in self._types
        }
        self.sets = {name: _bare(one.get("EntityType", "")) for name, one in self._elements.items()}
        if not self.sets:
            raise ValueError("The description has no entity sets.")

    def facts(self, name: str) -> dict[str, Any]:
        kind = self.sets[name]
        described = self._types[kind]
        facts: dict[str, Any] = {
            "entitySet": name,
            "entityName": kind,
            "key": [one.get("Name", "") for one in described.iter(f"{_EDM}PropertyRef")],
            "verbs": list(self._verbs(self._elements[name])),
            "fields": dict(self._fields(described)),
        }
        if not facts["key"] or any(one not in facts["fields"] for one in facts["key"]):
            raise ValueError(f"The description of {name} names no key.")
        if parts := dict(self._parts(described)):
            facts["parts"] = parts
        if actions := self._actions.get(kind):
            facts["actions"] = list(actions)
            if given := {name: told for name, told in actions.items() if told}:
                facts["parameters"] = given
        return facts

    def _fields(self, described: ET.Element) -> Iterator[tuple[str, dict[str, Any]]]:
        for one in described.findall(f"{_EDM}Property"):
            name, field = one.get("Name", ""), self._value(one)
            if name in _SET_BY_THE_SYSTEM:
                field["readOnly"] = True
            yield name, field

    def _value(self, one: ET.Element) -> dict[str, Any]:
        """The facts of a property, or of a parameter."""
        kind = one.get("Type", "")
        members = self._enums.get(_bare(kind))
        field: dict[str, Any] = {"type": TYPES.get(kind, "string" if members else "collection")}
        length = one.get("MaxLength", "")
        if length.isdecimal() and field["type"] == "string" and int(length) > 0:
            field["maxLength"] = int(length)
        if members:
            field["enum"] = members
        return field

    def _parts(self, described: ET.Element) -> Iterator[tuple[str, dict[str, Any]]]:
        by_type = {kind: name for name, kind in self.sets.items()}
        for one in described.findall(f"{_EDM}NavigationProperty"):
            kind = one.get("Type", "")
            target = by_type.get(_bare(kind))
            if target is not None and one.get("ContainsTarget") == "true":
                many = kind.startswith("Collection(")
                yield one.get("Name", ""), {"entitySet": target, "many": many}

    def _verbs(self, entity_set: ET.Element) -> Iterator[str]:
        refused = {
            _RESTRICTIONS.get(one.get("Property", ""))
            for one in entity_set.iter(f"{_EDM}PropertyValue")
            if one.get("Bool") == "false"
        }
        yield from (verb for verb in _ALL_VERBS if verb not in refused)


def _bare(kind: str) -> str:
    """`Collection(Microsoft.NAV.item)` as `item`."""
    return kind.removeprefix("Collection(").removesuffix(")").rpartition(".")[2]
