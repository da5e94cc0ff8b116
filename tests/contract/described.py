"""What a `$metadata` document says there is, read as any client reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an entity type: its type as written, and how long a text may be."""

    name: str
    type: str
    longest: int | None


@dataclass(slots=True)
class Described:
    """An entity type. `ways` are its navigation properties with the entity type they lead to."""

    name: str
    properties: list[Property] = field(default_factory=list)
    ways: dict[str, str] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Service:
    """Entity sets with their types, entity types by name, and the members of enum types."""

    sets: dict[str, Described]
    types: dict[str, Described]
    enums: dict[str, tuple[str, ...]]


def described(document: bytes) -> Service:
    """The service that a CSDL document describes. Raises `KeyError` for a type it lacks."""
    root = ET.fromstring(document)  # noqa: S314 - the simulator's own
    types: dict[str, Described] = {}
    enums: dict[str, tuple[str, ...]] = {}
    for schema in root.iter(f"{EDM}Schema"):
        space = schema.attrib["Namespace"]
        for entity in schema.iter(f"{EDM}EntityType"):
            types[f"{space}.{entity.attrib['Name']}"] = _entity(entity)
        for enum in schema.iter(f"{EDM}EnumType"):
            members = tuple(member.attrib["Name"] for member in enum.iter(f"{EDM}Member"))
            enums[f"{space}.{enum.attrib['Name']}"] = members
    for action in root.iter(f"{EDM}Action"):
        bound = action.find(f"{EDM}Parameter")
        if bound is not None and bound.attrib["Type"] in types:
            types[bound.attrib["Type"]].actions.append(action.attrib["Name"])
    sets = {one.attrib["Name"]: types[one.attrib["EntityType"]] for one in _sets(root)}
    return Service(sets, types, enums)


def _sets(root: ET.Element) -> list[ET.Element]:
    return list(root.iter(f"{EDM}EntitySet"))


def _entity(element: ET.Element) -> Described:
    found = Described(element.attrib["Name"])
    for one in element.iter(f"{EDM}Property"):
        longest = one.attrib.get("MaxLength", "")
        bound = int(longest) if longest.isdigit() else None
        found.properties.append(Property(one.attrib["Name"], one.attrib["Type"], bound))
    for way in element.iter(f"{EDM}NavigationProperty"):
        kind = way.attrib["Type"].removeprefix("Collection(").removesuffix(")")
        found.ways[way.attrib["Name"]] = kind
    return found
