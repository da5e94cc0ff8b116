"""A Change: how a record that is there is brought to what a patch asks for. Pure.

`update` and `upsert` have one. The engine merges the patch into the record, renders the fields
that the patch touches, and sends those that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute

from gateway.errors import InvalidInput, MappingError, Place, Violation
from gateway.mapping.patch import Steps, at, meet, merge_patch, named
from gateway.mapping.record import Names
from gateway.validation import json_pointer
from gateway.wire import same_code


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of Business Central that a change may send.

    `reads` are the paths of the input it is made of, without the input's name, and `lookups` the
    lookups; the paths of these lookups are among `reads`. `valued` gives the value as Business
    Central takes it: the blank for null, members encoded.
    """

    field: str
    reads: tuple[Steps, ...]
    lookups: frozenset[str]
    place: Place
    valued: Callable[[Names], object] = attribute(repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """Where the canonical record shows the elements of a part: `path` leads to the list, `names`
    are what the fields of the key are called in its elements.
    """

    path: Steps
    names: tuple[str, ...]

    def keys(self, record: object) -> list[tuple[object, ...]]:
        """The keys of the elements that a canonical record shows."""
        elements = at(record, self.path)
        if not isinstance(elements, list):
            return []
        return [tuple(element.get(name) for name in self.names) for element in elements]


@dataclass(frozen=True, slots=True)
class PartChange:
    """A part of Business Central whose elements a change may make, change and delete one by one.

    `entity` is the entity set of the elements, `key` the fields they are known by. `shown` is there
    where those that the input does not name are deleted: of these the ones that the caller can
    know of. `reads`, `lookups` and `place` as of a `FieldChange`; `valued` gives the elements as
    Business Central takes them, each with its key.
    """

    part: str
    entity: str
    key: tuple[str, ...]
    shown: Shown | None
    spared: frozenset[str]
    listed: Steps | None
    reads: tuple[Steps, ...]
    lookups: frozenset[str]
    place: Place
    valued: Callable[[Names], list[dict[str, object]]] = attribute(repr=False)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A path of the input that a change writes nowhere. `code`: case means nothing in it."""

    path: Steps
    code: bool


@dataclass(frozen=True, slots=True)
class Change:
    """The fields in the order of sending, the parts, and what must be read of the record
    beforehand.

    `guarded` are the lookups that guards read.
    """

    fields: tuple[FieldChange, ...]
    parts: tuple[PartChange, ...]
    fixed: tuple[Fixed, ...]
    guarded: frozenset[str]
    select: tuple[str, ...]
    expand: Mapping[str, tuple[str, ...]]

    def desired(self, record: Mapping[str, object], patch: object) -> object:
        """The canonical `record` with `patch` merged into it.

        Raises `InvalidInput` when the patch would change what this change never writes.
        """
        wanted = merge_patch(dict(record), patch)
        paths = list(named(patch))
        violations = [
            Violation("fixed", "This cannot be changed here.", json_pointer(fixed.path))
            for fixed in self.fixed
            if any(meet(fixed.path, path) for path in paths)
            and not _same(at(record, fixed.path), at(wanted, fixed.path), code=fixed.code)
        ]
        if violations:
            message = "This patch would change what cannot be changed here."
            raise InvalidInput(message, violations=violations)
        return wanted

    def touched(self, patch: object) -> tuple[FieldChange, ...]:
        """The fields that read a path which `patch` names, or one above or below it."""
        paths = list(named(patch))
        return tuple(field for field in self.fields if _meets(field.reads, paths))

    def touched_parts(self, patch: object) -> tuple[PartChange, ...]:
        """The parts that read a path which `patch` names, or one above or below it."""
        paths = list(named(patch))
        return tuple(part for part in self.parts if _meets(part.reads, paths))

    def touches(self, patch: object) -> tuple[str, ...]:
        """The names of the fields that `patch` touches."""
        return tuple(field.field for field in self.touched(patch))

    def asks(self, patch: object) -> frozenset[str]:
        """The names of the lookups that this patch needs: of what it touches, and of guards."""
        fields, parts = self.touched(patch), self.touched_parts(patch)
        return self.guarded.union(*(one.lookups for one in fields), *(one.lookups for one in parts))

    def render(self, names: Names, patch: object) -> dict[str, object]:
        """Field → value of everything that `patch` touches, in the order of sending.

        The input among `names` is what `desired` gave. Raises `InvalidInput` with all that the
        input has no translation for, `MappingError` when something else has none.
        """
        values: dict[str, object] = {}
        violations: list[Violation] = []
        for field in self.touched(patch):
            try:
                values[field.field] = field.valued(names)
            except InvalidInput as error:
                violations += error.violations
            except MappingError as error:
                raise MappingError(error.detail, violations=error.violations) from None
        if violations:
            raise InvalidInput("The mapping cannot translate this document.", violations=violations)
        return values


@dataclass(frozen=True, slots=True)
class Overwrite:
    """The change of a step: its whole body over what is there, whatever the caller named.

    `fields` are those it may send; one that ends in `?` is not sent where nothing is there for it.
    """

    fields: tuple[str, ...]
    select: tuple[str, ...]
    expand: Mapping[str, tuple[str, ...]]
    body: Callable[[Names], dict[str, object]] = attribute(repr=False)

    def touches(self, patch: object) -> tuple[str, ...]:  # noqa: ARG002 - as of a `Change`
        """The names of the fields that may be sent."""
        return self.fields

    def asks(self, patch: object) -> frozenset[str]:  # noqa: ARG002 - as of a `Change`
        """Lookups are asked before the first step."""
        return frozenset()

    def render(self, names: Names, patch: object) -> dict[str, object]:  # noqa: ARG002 - as of a `Change`
        """Field → value, in the order of sending. Raises `InvalidInput`, `MappingError`."""
        return self.body(names)


def _meets(reads: tuple[Steps, ...], paths: list[Steps]) -> bool:
    return any(meet(read, path) for read in reads for path in paths)


def _same(before: object, after: object, *, code: bool) -> bool:
    if code and isinstance(before, str) and isinstance(after, str):
        return same_code(before, after)
    return before == after
