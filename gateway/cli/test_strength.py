"""What `bc-gateway test` tells of the tests themselves: what they reach, and what they notice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import track

from gateway.cases import (
    CaseFile,
    Noticed,
    OwnCases,
    Reached,
    files_of,
    flips,
    is_own,
    noticed,
    reached,
    told_once,
)
from gateway.documents import Document, Finding, format_findings
from gateway.snapshot import Snapshot

_Told = TypeVar("_Told", Reached | None, Noticed | None)


@dataclass(frozen=True, slots=True)
class Strength:
    """What the tests beside one mapping reach and notice; None where nobody asked."""

    file: str
    reached: Reached | None
    noticed: Noticed | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What no test reaches, then what none notices."""
        return tuple(
            finding
            for one in (self.reached, self.noticed)
            if one is not None
            for finding in one.findings
        )

    def text(self) -> str:
        """For people: a line of counts, and the findings."""
        counts = []
        if self.reached is not None:
            for word, (hit, all_) in (
                ("leaves", self.reached.leaves),
                ("branches", self.reached.branches),
            ):
                counts.append(f"{hit} of {all_} {word} reached")
        if self.noticed is not None:
            flipped = self.noticed.flips
            counts.append(f"{flipped - len(self.noticed.findings)} of {flipped} flips noticed")
        line = f"{click.style(self.file, bold=True)}: {', '.join(counts)}."
        return f"{line}\n{format_findings(self.findings, 'text')}" if self.findings else line

    def as_json(self) -> dict[str, object]:
        """For programs; a part that nobody asked for is not there."""
        told: dict[str, object] = {"file": self.file}
        if self.reached is not None:
            for word, (hit, all_) in (
                ("leaves", self.reached.leaves),
                ("branches", self.reached.branches),
            ):
                told[word] = {"all": all_, "reached": hit}
        if self.noticed is not None:
            flipped = self.noticed.flips
            told["flips"] = {"all": flipped, "noticed": flipped - len(self.noticed.findings)}
        return {**told, "findings": json.loads(format_findings(self.findings, "json"))}


def strength_of(
    documents: Sequence[Document],
    cases: Sequence[CaseFile],
    snapshot: Snapshot,
    own: OwnCases,
    *,
    coverage: bool,
    mutate: bool,
) -> list[Strength]:
    """What the tests of each mapping reach and notice, then those of the overrides of them; flips
    are counted on a bar.
    """
    looking = _Looking(snapshot, coverage=coverage, mutate=mutate)
    resources = [_resource(document) for document in documents]
    found = [
        looking.at(document, [file for file in cases if file.resource == resource])
        for document, resource in zip(documents, resources, strict=True)
    ]
    for owner, lain in snapshot.overrides.items():
        for resource in sorted(lain.keys() & set(resources)):
            files = files_of(resource, cases, own.get(owner, ()))
            found.append(looking.at(lain[resource].mapping, files, owner))
    return found


def _resource(document: Document) -> str:
    value = document.value
    return str(value.get("resource")) if isinstance(value, dict) else ""


class _Looking:
    """Looks at one mapping after the other."""

    def __init__(self, snapshot: Snapshot, *, coverage: bool, mutate: bool) -> None:
        self._snapshot = snapshot
        self._coverage = coverage
        self._mutate = mutate
        self._console = Console(stderr=True)

    def at(self, document: Document, files: Sequence[CaseFile], *owner: str) -> Strength:
        """What the tests of a mapping hold, or of the override of it that `owner` has."""
        snapshot, there, seen = self._snapshot, None, None
        if self._coverage:
            there = asyncio.run(reached(document, files, snapshot, *owner))
        if self._mutate:
            every = [
                flip
                for flip in flips(document)
                if not owner or is_own(document, flip.path, snapshot)
            ]
            tried = track(
                every if there is None else told_once(every, document, there),
                description=document.file,
                console=self._console,
                disable=not self._console.is_terminal,
                transient=True,
            )
            seen = asyncio.run(noticed(document, tried, files, snapshot, *owner))
        if not owner:
            return Strength(document.file, there, seen)
        file = snapshot.overrides[owner[0]][_resource(document)].file
        return Strength(file, _in_file(there, file), _in_file(seen, file))


def _in_file(told: _Told, file: str) -> _Told:
    """The same, with findings at the path at which an override can be opened."""
    if told is None:
        return told
    findings = tuple(replace(one, place=replace(one.place, file=file)) for one in told.findings)
    return replace(told, file=file, findings=findings)
