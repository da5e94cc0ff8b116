"""Which change of an override a finding is for, where it is the override that makes it so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.documents import Document, Finding
from gateway.mapping import EXTENDS, REMOVE, Findings, extended
from gateway.snapshot.compiling import because

_UNUSED: Final = (
    *("no-anchor", "input-never-used", "lookup-never-used", "step-never-used"),
    *("table-never-used", "param-never-used", "rejection-never-used"),
)


@dataclass(frozen=True, slots=True)
class Laid:
    """An override over its base, and what is `found` in a mapping that is both together."""

    base: Document
    over: Document
    found: Callable[[Document], Sequence[Finding]]

    def blamed(self, finding: Finding) -> Finding:
        """A finding of both together; one in the base is said to be for the override. What is not
        used any more has its place there: at the change without which it would be used.
        """
        told = finding
        if finding.place.file == self.base.file:
            told = because(finding, self.over.file)
        elif finding.name != "no-anchor":  # of a verb as a whole, and so of either file
            return finding
        if finding.name not in _UNUSED:
            return told
        for path in _changes(self.over.value):
            left = replace(self.over, value=_without(self.over.value, path))
            merged = extended(self.base, left, Findings(left))
            others = self.found(merged)
            same = [
                one for one in others if (one.name, one.message) == (finding.name, finding.message)
            ]
            if not same and all(one.severity != "error" for one in others):
                place, length = self.over.place(path, key=True), self.over.length(path, key=True)
                return replace(told, message=finding.message, place=place, length=length)
        return told


def _changes(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of what an override says, the deepest ones."""
    if not isinstance(value, dict) or REMOVE in value or not value:
        yield path
        return
    for key, inner in value.items():
        if path or key != EXTENDS:
            yield from _changes(inner, (*path, key))


def _without(value: object, path: tuple[str, ...]) -> object:
    """The value without what is at `path`."""
    if not isinstance(value, dict):
        return value
    rest = {key: inner for key, inner in value.items() if key != path[0]}
    return rest if len(path) == 1 else value | {path[0]: _without(value[path[0]], path[1:])}
