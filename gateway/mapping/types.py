"""Types of values, as the schemas of both sides tell them.

A type is read from a canonical schema or from an entity of Business Central. Objects hold their
properties lazily, because entities refer to each other in circles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, Final, Literal, cast

from gateway.wire import Entity, Field

Kind = Literal["text", "integer", "decimal", "boolean", "list", "object", "null", "any"]
Form = Literal["date", "datetime", "guid"]
Side = Literal["input", "answer"]

_KEPT: Final = 256  # types of each kind; some thirty count

WORDS: Final[Mapping[str, str]] = {
    "text": "text",
    "integer": "a whole number",
    "decimal": "a number",
    "boolean": "true or false",
    "list": "a list",
    "object": "an object",
    "null": "null",
    "any": "anything",
    "date": "a date",
    "datetime": "a date with time",
    "guid": "a GUID",
}


@dataclass(frozen=True, slots=True)
class Type:
    """What is known of a value. `max_length` counts characters; `enum` are all texts it can be."""

    kind: Kind
    max_length: int | None = None
    enum: tuple[str, ...] | None = None
    form: Form | None = None
    nullable: bool = False
    items: Type | None = None
    shape: Shape | None = None

    @property
    def words(self) -> str:
        """The type as a person says it, with its size."""
        word = WORDS[self.form or self.kind]
        if self.enum is not None:
            return f"one of {', '.join(self.enum[:8])}{', …' if len(self.enum) > 8 else ''}"
        sized = self.max_length is not None and self.form is None
        return f"{word} of up to {self.max_length} characters" if sized else word

    @property
    def number(self) -> bool:
        """Whether this is a number of either kind."""
        return self.kind in {"integer", "decimal"}

    def or_null(self) -> Type:
        """The same, or null."""
        return self if self.nullable else self._with_null(nullable=True)

    def not_null(self) -> Type:
        """The same, and surely not null."""
        return self._with_null(nullable=False) if self.nullable else self

    def _with_null(self, *, nullable: bool) -> Type:
        """What `dataclasses.replace` does, which is slow: most of all types are made here."""
        return Type(
            self.kind, self.max_length, self.enum, self.form, nullable, self.items, self.shape
        )


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an object. `optional`: it may be missing. `refused` says why it cannot be
    read or written here at all. `field` is there for those of Business Central.
    """

    type: Type
    optional: bool = False
    refused: str | None = None
    field: Field | None = None


class Shape:
    """What an object holds. `required` are groups of which one property must be there; `others`
    is the type of properties without a name of their own. `sure`: such a property that is
    missing is always an error.
    """

    def __init__(
        self,
        name: str,
        made: Callable[[], dict[str, Property]],
        *,
        required: tuple[tuple[str, ...], ...] = (),
        entity: Entity | None = None,
        others: Type | None = None,
        sure: bool = False,
    ) -> None:
        self.name = name
        self.sure = sure
        self.required = required
        self.entity = entity
        self.others = others
        self._made = made

    @cached_property
    def properties(self) -> dict[str, Property]:
        """The named properties."""
        return self._made()


DEEPEST: Final = 16  # lists within lists, or maps within maps, that a schema tells of

ANY: Final = Type("any")
NULL: Final = Type("null", nullable=True)
TEXT: Final = Type("text")
INTEGER: Final = Type("integer")
DECIMAL: Final = Type("decimal")
BOOLEAN: Final = Type("boolean")
GUID: Final = Type("text", 36, form="guid")
DATETIME: Final = Type("text", 35, form="datetime")


FAULTY: Final = Type("any", shape=Shape("anything", dict))
"""What a mistake leaves unknown, and all that is in it: nothing more is told of it."""


def object_of(name: str, properties: dict[str, Property]) -> Type:
    """An object with these properties, none of them required."""
    return Type("object", shape=Shape(name, lambda: properties))


def map_of(name: str, others: Type) -> Type:
    """An object with properties of one type, where a missing one is always an error."""
    return Type("object", shape=Shape(name, dict, others=others, sure=True))


def table_type(name: str, table: Mapping[str, object]) -> Type:
    """A value table of a file: what it has is known, what else is asked for is an error."""
    known = {key: constant_type(value) for key, value in table.items()}
    properties = {key: Property(type_) for key, type_ in known.items()}
    others = merged(list(known.values()))
    return Type("object", shape=Shape(name, lambda: properties, others=others, sure=True))


def constant_type(value: object) -> Type:
    """The type of a value that stands in a file."""
    match value:
        case None:
            return NULL
        case bool():
            return BOOLEAN
        case int():
            return INTEGER
        case Decimal():
            return DECIMAL
        case str():
            return Type("text", len(value), enum=(value,))
        case _:
            return ANY


def merged(types: list[Type]) -> Type:
    """The type of a value that has any one of `types`."""
    known = [one for one in types if one.kind != "null"]
    if not known:
        return NULL if types else ANY
    nullable = len(known) < len(types) or any(one.nullable for one in known)
    kinds = {one.kind for one in known}
    if kinds == {"integer", "decimal"}:
        return Type("decimal", nullable=nullable)
    if len(kinds) > 1:
        return Type("any", nullable=nullable)
    first = known[0]
    lengths = [one.max_length for one in known]
    enums = [one.enum for one in known]
    forms = {one.form for one in known}
    return replace(
        first,
        nullable=nullable,
        max_length=max(cast("list[int]", lengths)) if None not in lengths else None,
        enum=tuple(dict.fromkeys(word for enum in enums for word in enum or ()))
        if None not in enums
        else None,
        form=first.form if len(forms) == 1 else None,
    )


def canonical_type(schema: Mapping[str, Any], side: Side, name: str) -> Type:
    """The type that a canonical schema describes for what is sent or for what is answered."""
    return _described(_Same(schema), side, name)


class _Same:
    """A schema that is the same as itself alone: what is made of it is made once."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.schema is other.schema

    def __hash__(self) -> int:
        return id(self.schema)


@lru_cache(maxsize=_KEPT)
def _described(root: _Same, side: Side, name: str) -> Type:
    return _Canonical(root.schema, side).type(root.schema, name)


class _Canonical:
    def __init__(self, root: Mapping[str, Any], side: Side) -> None:
        self._root = root
        self._hidden = "readOnly" if side == "input" else "writeOnly"
        self._why = (
            "The schema says readOnly: a caller never sends it."
            if side == "input"
            else "The schema says writeOnly: an answer never has it."
        )

    def type(self, schema: object, name: str, depth: int = 0) -> Type:
        """The type of a part. `depth` counts lists in lists and maps in maps, which may refer to
        themselves: whoever reads further than `DEEPEST` of them is told nothing.
        """
        if depth > DEEPEST:
            return ANY.or_null()
        schema, nullable = self._resolved(schema)
        kinds = schema.get("type", ())
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
        nullable = nullable or "null" in kinds
        kinds = [kind for kind in kinds if kind != "null"]
        members = schema.get("enum", [schema["const"]] if "const" in schema else None)
        if not kinds and members is not None:
            return self._members(members, nullable=nullable)
        match kinds:
            case ["string"]:
                return self._text(schema, members, nullable=nullable)
            case ["integer"] | ["boolean"]:
                return Type(cast("Kind", kinds[0]), nullable=nullable)
            case ["number"]:
                return Type("decimal", nullable=nullable)
            case ["array"]:
                items = self.type(schema.get("items", {}), f"{name}[]", depth + 1)
                return Type("list", nullable=nullable, items=items)
            case ["object"]:
                return Type("object", nullable=nullable, shape=self._shape(schema, name, depth))
            case _:
                return Type("any", nullable=True)

    def _resolved(self, schema: object) -> tuple[Mapping[str, Any], bool]:
        """The schema behind references and behind "this or null", and whether null is one."""
        nullable = False
        for _ in range(32):
            if not isinstance(schema, Mapping):
                return {}, nullable
            if isinstance(target := schema.get("$ref"), str) and target.startswith("#"):
                schema = _at(self._root, target[1:])
                continue
            choices = schema.get("anyOf") or schema.get("oneOf") or []
            rest = [one for one in choices if one != {"type": "null"}]
            if len(rest) == 1:
                nullable = nullable or len(choices) > 1
                schema = rest[0]
                continue
            return schema, nullable
        return {}, nullable

    def _members(self, members: list[object], *, nullable: bool) -> Type:
        found = merged([constant_type(member) for member in members])
        return found.or_null() if nullable else found

    def _text(self, schema: Mapping[str, Any], members: object, *, nullable: bool) -> Type:
        if isinstance(members, list):
            texts = tuple(member for member in members if isinstance(member, str))
            longest = max(map(len, texts), default=0)
            return Type("text", longest, enum=texts, nullable=nullable or None in members)
        forms: dict[str, Form] = {"date": "date", "date-time": "datetime", "uuid": "guid"}
        form = forms.get(schema.get("format", ""))
        length = schema.get("maxLength", {"date": 10, "guid": 36}.get(form or ""))
        return Type("text", length, form=form, nullable=nullable)

    def _shape(self, schema: Mapping[str, Any], name: str, depth: int) -> Shape:
        required = frozenset(schema.get("required", ()))
        parts: Mapping[str, object] = schema.get("properties", {})
        hidden = {key for key, part in parts.items() if self._resolved_mark(part)}
        rest = schema.get("additionalProperties", False)
        others = None if rest is False else self.type({} if rest is True else rest, name, depth + 1)

        def made() -> dict[str, Property]:
            return {
                key: Property(
                    self.type(part, f"{name}.{key}"),
                    optional=key not in required,
                    refused=self._why if key in hidden else None,
                )
                for key, part in parts.items()
            }

        groups = tuple((key,) for key in parts if key in required and key not in hidden)
        return Shape(name, made, required=groups, others=others)

    def _resolved_mark(self, part: object) -> bool:
        if isinstance(part, Mapping) and part.get(self._hidden) is True:
            return True
        return self._resolved(part)[0].get(self._hidden) is True


def _at(root: object, pointer: str) -> object:
    for word in pointer.split("/")[1:]:
        key = word.replace("~1", "/").replace("~0", "~")
        if isinstance(root, Mapping):
            root = root.get(key)
        elif isinstance(root, list) and key.isdecimal() and int(key) < len(root):
            root = root[int(key)]
    return root


@lru_cache(maxsize=_KEPT)
def patched_type(type_: Type) -> Type:
    """What a document of this type may be like once a patch is merged into a record: anything
    of it may be missing, but for what is inside of a list.
    """
    shape = type_.shape
    if type_.kind != "object" or shape is None:
        return type_

    def made() -> dict[str, Property]:
        return {
            name: replace(found, type=patched_type(found.type).or_null(), optional=True)
            for name, found in shape.properties.items()
        }

    return replace(type_, shape=Shape(shape.name, made, others=shape.others))
