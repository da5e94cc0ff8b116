"""What a mapping file says: the file, its verbs, lookups and guards, and the templates of bodies.

The loader makes these values, the compiler reads them. Each keeps its path in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.documents import Document
from gateway.mapping.plan import Effect, Kind
from gateway.mapping.rules import Path


@dataclass(frozen=True, slots=True)
class Expression:
    """A bare expression, as in `$when`."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A constant, or a text with `{{ }}` in it."""

    path: Path
    value: object


@dataclass(frozen=True, slots=True)
class Entry:
    """A field of an object and what it gets. `optional`: its key ends in `?`."""

    name: str
    path: Path
    optional: bool
    template: Template


@dataclass(frozen=True, slots=True)
class Fields:
    """An object; with `when` it is there only if that holds."""

    path: Path
    entries: tuple[Entry, ...]
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """`$each`, `$as` and `$index`."""

    over: Expression
    name: str
    index: str | None = None


@dataclass(frozen=True, slots=True)
class Keyed:
    """`$key` and `$others`: by which fields the elements of a part are known in a change, and what
    becomes of those that it does not name.
    """

    path: Path
    fields: tuple[str, ...]
    others: Literal["keep", "delete"]


@dataclass(frozen=True, slots=True)
class Each:
    """A list with one object per element of another."""

    path: Path
    loop: Loop
    body: Fields
    keyed: Keyed | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of elements, and of the elements of lists, one after the other."""

    path: Path
    parts: tuple[Template, ...]
    keyed: Keyed | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """The first of some objects whose `when` holds."""

    path: Path
    choices: tuple[Fields, ...]


Template = Leaf | Fields | Each | Listing | Pick


@dataclass(frozen=True, slots=True)
class LookupSource:
    """A lookup. `where` are fields and what they must be; with `optional` it asks only where
    that is there and not null. `on_missing` is a rejection, or None.
    """

    name: str
    path: Path
    entity: str | None
    where: tuple[tuple[str, Leaf], ...]
    optional: bool
    loop: Loop | None
    key: Leaf | None
    cache: float
    on_missing: str | None

    @property
    def item_match(self) -> bool:
        """Whether it asks for matches of items and not for records of an entity."""
        return self.entity is None


@dataclass(frozen=True, slots=True)
class GuardSource:
    """A guard: what is bad, and the rejection."""

    path: Path
    when: Expression
    reject: str


@dataclass(frozen=True, slots=True)
class AnchorSource:
    """The anchor of a create."""

    path: Path
    field: str
    value: Leaf
    also_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteSource:
    """What `create`, `update` and `upsert` have in common. `stray`: a key stands there that no
    verb has, and may be meant for one that lacks.
    """

    path: Path
    input: str
    lookups: tuple[LookupSource, ...]
    guards: tuple[GuardSource, ...]
    body: Fields
    stray: bool = False


@dataclass(frozen=True, slots=True)
class CreateSource:
    """The verb `create`."""

    write: WriteSource
    anchor: AnchorSource | None


@dataclass(frozen=True, slots=True)
class UpsertSource:
    """The verb `upsert`. `by` is the field it finds by and its value; the fields that
    `create_only` names are written when there is no record yet, and never after.
    """

    write: WriteSource
    by: tuple[str, Leaf]
    create_only: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepSource:
    """A step. `entity` is what it is about, and of the rest there is what its `kind` takes.

    `where` and `on_missing` are those of a find, `action` and `effect` those of an action.
    """

    name: str
    path: Path
    kind: Kind
    entity: str
    when: Expression | None
    guards: tuple[GuardSource, ...]
    id: Leaf | None = None
    find: LookupSource | None = None
    by: tuple[str, Leaf] | None = None
    create_only: tuple[str, ...] = ()
    body: Fields | None = None
    anchor: AnchorSource | None = None
    action: str | None = None
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class StepsSource:
    """A verb or an action of several steps. `write` has everything but a body; its input is ""
    where it takes none. `schema` names the canonical schema of what it takes, None: that of the
    resource. `record` is what it answers where that is not the record of the resource.
    """

    write: WriteSource
    verb: str
    steps: tuple[StepSource, ...]
    answer: str | None
    schema: str | None = None
    record: Fields | None = None
    action: bool = False


@dataclass(frozen=True, slots=True)
class FilterSource:
    """A filter of a list. `table` is the name of a table of values."""

    name: str
    path: Path
    field: str
    operator: str
    table: str | None


@dataclass(frozen=True, slots=True)
class ListSource:
    """The verb `list`."""

    path: Path
    omit: tuple[str, ...]
    filters: tuple[FilterSource, ...]


@dataclass(frozen=True, slots=True)
class MappingFile:
    """A whole file. `params` is a JSON Schema of the parameters, `problems` leads from a code of
    Business Central to a rejection. `walks` are the verbs and actions of several steps.
    """

    document: Document
    resource: str
    title: str
    schema: str
    entity: str
    api: str
    schema_version: str | None
    params: Mapping[str, object]
    tables: Mapping[str, Mapping[str, object]]
    rejections: Mapping[str, tuple[str, str | None]]
    record: Fields
    list: ListSource | None
    read: bool
    create: CreateSource | None
    update: WriteSource | None
    upsert: UpsertSource | None
    delete: bool
    walks: tuple[StepsSource, ...]
    problems: Mapping[str, str]

    @property
    def writes(self) -> tuple[WriteSource, ...]:
        """The verbs that write, and the actions."""
        found = [
            *(walk.write for walk in self.walks),
            None if self.create is None else self.create.write,
            self.update,
            None if self.upsert is None else self.upsert.write,
        ]
        return tuple(one for one in found if one is not None)
