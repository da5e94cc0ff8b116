"""What a schema file of Business Central says about an entity set, as values.

The compiler of mappings, the codec of values and the paths all work from an `Entity`. Its facts
come from the `x-business-central` part of a schema file under `schemas/bc/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from gateway.wire.names import decode_name
from gateway.wire.send_order import send_order

FieldType = Literal[
    "string", "integer", "decimal", "boolean", "date", "datetime", "guid", "stream", "collection"
]

BLANK_DATE = "0001-01-01"
BLANK_DATETIME = "0001-01-01T00:00:00Z"
BLANK_GUID = "00000000-0000-0000-0000-000000000000"
BLANK_MEMBER = "_x0020_"

BLANKS: Mapping[str, str] = {
    "string": "",
    "date": BLANK_DATE,
    "datetime": BLANK_DATETIME,
    "guid": BLANK_GUID,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity (bc/api.md §10).

    `enum` holds the members decoded (`Sales Order`), without the blank one. `blank` is what
    Business Central sends and takes for nothing, None where the type has no blank. `since` is the
    release the field appeared in, None when it was always there. `computed` fields cannot be
    filtered or sorted by.
    """

    name: str
    type: FieldType
    max_length: int | None
    enum: tuple[str, ...] | None
    read_only: bool
    code: bool
    blank: str | None
    since: str | None
    blank_refused: bool
    computed: bool

    @property
    def filterable(self) -> bool:
        """Whether records can be found by this field."""
        return not self.computed and self.type not in {"stream", "collection"}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an entity: `many` is a list of records of `entity_set`, else at most one."""

    name: str
    entity_set: str
    many: bool
    since: str | None


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity set of one API.

    `verbs` are of get, post, patch, delete. `required` are groups: a create needs one field of
    each. `parameters` are those of the bound actions that have any, by action and name. `enums`
    are the names of the fields with members.
    `send_order` holds the names of fields and parts in the order they must be sent in.
    """

    entity_set: str
    entity_name: str
    api: str
    key: tuple[str, ...]
    verbs: frozenset[str]
    since: str | None
    fields: Mapping[str, Field]
    parts: Mapping[str, Part]
    actions: tuple[str, ...]
    parameters: Mapping[str, Mapping[str, Field]]
    required: tuple[tuple[str, ...], ...]
    list_needs_filter: bool
    send_order: tuple[str, ...]
    enums: frozenset[str]

    def __hash__(self) -> int:
        """Of its name: the maps have no hash, and there is one entity of a name in one place."""
        return hash((self.api, self.entity_set))


def entity_from_schema(schema: Mapping[str, object]) -> Entity:
    """The entity a schema file describes. `schema` must have the shape `load_schemas` checks."""
    said = cast("Mapping[str, Any]", schema["x-business-central"])
    fields = {name: _field(name, facts) for name, facts in said["fields"].items()}
    parts = {
        name: Part(name, facts["entitySet"], facts["many"], facts.get("since"))
        for name, facts in said.get("parts", {}).items()
    }
    return Entity(
        entity_set=said["entitySet"],
        entity_name=said["entityName"],
        api=said["api"],
        key=tuple(said["key"]),
        verbs=frozenset(said["verbs"]),
        since=said.get("since"),
        fields=fields,
        parts=parts,
        actions=tuple(said.get("actions", ())),
        parameters={
            action: {name: _field(name, facts) for name, facts in given.items()}
            for action, given in said.get("parameters", {}).items()
        },
        required=tuple(tuple(group) for group in said.get("required", ())),
        list_needs_filter=said.get("listNeedsFilter", False),
        send_order=send_order(
            {name: field.type for name, field in fields.items()},
            tuple(parts),
        ),
        enums=frozenset(name for name, field in fields.items() if field.enum is not None),
    )


def _field(name: str, facts: Mapping[str, Any]) -> Field:
    members: list[str] | None = facts.get("enum")
    if members is None:
        blank = BLANKS.get(facts["type"])
    else:
        blank = BLANK_MEMBER if BLANK_MEMBER in members else None
    return Field(
        name=name,
        type=facts["type"],
        max_length=facts.get("maxLength"),
        enum=_decoded(members) if members is not None else None,
        read_only=facts.get("readOnly", False),
        code=facts.get("code", False),
        blank=blank,
        since=facts.get("since"),
        blank_refused=facts.get("blankRefused", False),
        computed=facts.get("computed", False),
    )


def _decoded(members: list[str]) -> tuple[str, ...]:
    return tuple(decode_name(member) for member in members if member != BLANK_MEMBER)
