"""What `bc-gateway test` tells of the tests themselves: what they reach, and what they notice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

import click
from rich.console import Console
from rich.progress import track

from gateway.cases import CaseFile, Noticed, Reached, flips, noticed, reached, told_once
from gateway.documents import Document, Finding, format_findings
from gateway.snapshot import Snapshot


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
    *,
    coverage: bool,
    mutate: bool,
) -> list[Strength]:
    """What the tests of each mapping reach and notice; flips are counted on a bar."""
    console = Console(stderr=True)
    found = []
    for document in documents:
        value = document.value
        resource = value.get("resource") if isinstance(value, dict) else None
        beside = [file for file in cases if file.resource == resource]
        there = asyncio.run(reached(document, beside, snapshot)) if coverage else None
        seen = None
        if mutate:
            all_ = list(flips(document))
            tried = track(
                all_ if there is None else told_once(all_, document, there),
                description=document.file,
                console=console,
                disable=not console.is_terminal,
                transient=True,
            )
            seen = asyncio.run(noticed(document, tried, beside, snapshot))
        found.append(Strength(document.file, there, seen))
    return found
