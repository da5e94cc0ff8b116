"""What a declaration of a custom route is made of, and how its mistakes are told."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal, TypeVar

import msgspec

from gateway.simulator.errors import did_you_mean


class Api(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A route. ``enums`` has the members of each enum as people read them."""

    publisher: str
    group: str
    version: str
    entity_sets: dict[str, dict[str, Any]]
    enums: dict[str, list[str]] = {}


class Set(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """An API page. ``unique`` is the primary key of its table where ``key``, AL's
    ``ODataKeyFields``, is a guid.
    """

    entity_name: str
    fields: dict[str, str | dict[str, Any]]
    key: list[str] = msgspec.field(default_factory=lambda: ["id"])
    unique: list[str] = []
    auto_split_key: bool = False
    insert_allowed: bool = True
    modify_allowed: bool = True
    delete_allowed: bool = True
    parts: dict[str, Part] = {}
    actions: dict[str, dict[str, Any]] = {}


class FieldOf(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A field of a page; its type as in AL."""

    type: str
    editable: bool = True
    not_blank: bool = False
    relates_to: str | None = None


class Part(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A part; the link has fields of the part with those of its owner."""

    entity_set: str
    sub_page_link: dict[str, str]
    multiplicity: Literal["Many", "ZeroOrOne"] = "Many"


class Action(msgspec.Struct, forbid_unknown_fields=True):
    """A bound action, and its result by AL's ``WebServiceActionResultCode``. It ``takes``
    parameters as fields.
    """

    sets: dict[str, Any] = {}
    parameters: dict[str, str] = {}
    takes: dict[str, str] = {}
    requires: dict[str, Any] = {}
    result: Literal["Updated", "Created", "Deleted"] = "Updated"


Shape = TypeVar("Shape", bound=msgspec.Struct)


def shaped(given: object, shape: type[Shape], place: str) -> Shape:
    """What is given as that shape. Raises ValueError with the place."""
    if not isinstance(given, dict):
        raise wrong(place, "this is an object")
    known = [field.encode_name for field in msgspec.structs.fields(shape)]
    for name in given:
        if name not in known:
            raise wrong(place, f"'{name}' is not known here", name, known)
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$")
        raise wrong(place + where.rstrip("`").replace("[...]", ".…"), text) from None


def wrong(place: str, text: str, word: str = "", known: Collection[str] = ()) -> ValueError:
    """A mistake in a declaration, with what may have been meant by a word of it."""
    return ValueError(f"{place}: {text}.{did_you_mean(word, known)}")
