"""Every entity set of API v2.0 as data: fields, types, lengths, verbs, parts.

The facts are in ``catalogue.json`` beside this module; ``catalogue_source`` wrote them. Every
room of the simulator that needs to know an entity asks here; nothing is written per entity.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import msgspec

from gateway.simulator.catalogue.captions import caption_of

DATA = Path(__file__).with_name("catalogue.json")

# What the store holds for a field: text for dates, moments, guids and enums.
Value = str | Decimal | int

ZERO_GUID = "00000000-0000-0000-0000-000000000000"
BLANK_DATE = "0001-01-01"
BLANK_TIME = "0001-01-01T00:00:00Z"
BLANK_ENUM = "_x0020_"


class Field(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One property of an entity. ``ref`` is the entity set it relates to."""

    name: str
    type: str
    max_length: int | None = None
    enum: tuple[str, ...] = ()
    read_only: bool = False
    code: bool = False
    computed: bool = False
    blank_refused: bool = False
    ref: str | None = None

    @property
    def blank(self) -> Value:
        """The value that stands for «nothing»; Business Central has no null (bc/api.md §10)."""
        if self.enum:
            return BLANK_ENUM if BLANK_ENUM in self.enum else self.enum[0]
        return _BLANKS.get(self.type, "")


class Navigation(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A way from one entity to others: a part of it, or a relation.

    ``link`` pairs a field of the owner with the field of the target that must be equal;
    ``fixed`` are fields of the target that have one value here (the parent's type).
    """

    name: str
    target: str
    many: bool = False
    part: bool = False
    link: tuple[tuple[str, str], ...] = ()
    fixed: dict[str, str] = {}


class EntitySet(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", dict=True):
    """One entity set. ``verbs`` are HTTP methods in lower case."""

    name: str
    entity: str
    key: tuple[str, ...]
    verbs: tuple[str, ...]
    fields: tuple[Field, ...]
    navigation: tuple[Navigation, ...] = ()
    actions: tuple[str, ...] = ()
    required: tuple[tuple[str, ...], ...] = ()
    needs_filter: str | None = None

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Fields by their name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def folded(self) -> dict[str, str]:
        """Names of fields and navigations by their lower-case form."""
        names = [field.name for field in self.fields]
        names += [navigation.name for navigation in self.navigation]
        return {name.lower(): name for name in names}

    @cached_property
    def ways(self) -> dict[str, Navigation]:
        """Navigations by their name."""
        return {navigation.name: navigation for navigation in self.navigation}

    @cached_property
    def blanks(self) -> dict[str, Any]:
        """A record without any value, in the order of the fields; streams are left out."""
        return {field.name: field.blank for field in self.fields if field.type != "Edm.Stream"}

    @cached_property
    def natural_key(self) -> str | None:
        """The field people know a record by, and lists are ordered by."""
        names = ("number", "code", "sequence", "lineNumber", "entryNumber")
        return next((name for name in names if name in self.by_name), None)

    @property
    def has_unique_key(self) -> bool:
        """Whether two records can not share the natural key (within one parent)."""
        return self.natural_key is not None and self.natural_key != "entryNumber"

    @property
    def caption(self) -> str:
        """The name of the table in messages."""
        return caption_of(self.entity)


class Catalogue:
    """All entity sets, found by name."""

    def __init__(self, sets: tuple[EntitySet, ...]) -> None:
        self.sets = {entity_set.name: entity_set for entity_set in sets}
        self._owners: dict[str, list[tuple[EntitySet, Navigation]]] = {}
        for owner in sets:
            for way in owner.navigation:
                if way.part and way.many:
                    self._owners.setdefault(way.target, []).append((owner, way))

    def owners(self, name: str) -> list[tuple[EntitySet, Navigation]]:
        """Whoever has many entities of the set ``name`` as a part, with the way there."""
        return self._owners.get(name, [])

    def scope(self, name: str) -> frozenset[str]:
        """Fields of the set ``name`` that say whose part an entity is."""
        return frozenset(theirs for _, way in self.owners(name) for _, theirs in way.link)


_BLANKS: dict[str, Value] = {
    "Edm.Boolean": False,
    "Edm.Date": BLANK_DATE,
    "Edm.DateTimeOffset": BLANK_TIME,
    "Edm.Decimal": 0,
    "Edm.Guid": ZERO_GUID,
    "Edm.Int32": 0,
    "Edm.Int64": 0,
}


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """The catalogue this version ships with, read once per process."""
    return Catalogue(msgspec.json.decode(DATA.read_bytes(), type=tuple[EntitySet, ...]))


def encode_member(name: str) -> str:
    """An enum member as it goes over the wire: ``Sales Order`` → ``Sales_x0020_Order``.

    bc/api.md §10.
    """
    return "".join(c if c.isalnum() else f"_x{ord(c):04X}_" for c in name) or BLANK_ENUM
