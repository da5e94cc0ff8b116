"""A finding: something wrong in a file, with its place, and how it is shown to a person."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gateway.errors import Place

Severity = Literal["error", "warning"]
Format = Literal["text", "json", "github"]

_LONGEST = 1_000  # characters of a sentence
_FEW = 12  # known words that are listed where none is near
_CONTEXT = 2  # lines shown above the line of a finding


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake in a file. It speaks of sizes and types, never of the values of a payload.

    `length` is how many characters the caret marks. `quoted` says that the line may be shown: the
    lines of a configuration may hold a secret that does not belong there. `input` and `target`
    are the two ends of a mapping's leaf, each with its type or size.
    """

    rule: str
    name: str
    message: str
    place: Place
    severity: Severity = "error"
    length: int = 1
    input: str | None = None
    target: str | None = None
    expected: str | None = None
    actual: str | None = None
    hint: str | None = None
    quoted: bool = True

    def __post_init__(self) -> None:
        """Cut what quotes a word of the file that is no word any more."""
        for name in ("message", "hint"):
            text = getattr(self, name)
            if text is not None and len(text) > _LONGEST:
                object.__setattr__(self, name, f"{text[:_LONGEST]}…")


def suggest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, or nothing."""
    choices, size = list(known), len(word)
    # Of words whose lengths differ by more none is that close, and a long one takes its time.
    alike = [one for one in choices if 7 * min(len(one), size) >= 3 * max(len(one), size)]
    close = difflib.get_close_matches(word, alike, n=1, cutoff=0.6) if alike else []
    if close:
        return close[0]
    least, bare = 3, word.lower()  # letters of a word that another one may hold: price, unitPrice
    within = [choice for choice in choices if len(bare) >= least and bare in choice.lower()]
    return within[0] if len(within) == 1 else None


def meant(word: str, known: Iterable[str]) -> str | None:
    """The hint that names the known word that `word` was probably meant to be, or nothing."""
    near = suggest(word, known)
    return f'Did you mean "{near}"?' if near else None


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """The hint for an unknown word: the nearest known one, or the list when it is short."""
    listed = f"Known here: {', '.join(known)}." if 0 < len(known) <= _FEW else None
    return meant(word, known) or listed


def format_findings(findings: Sequence[Finding], fmt: Format = "text") -> str:
    """All findings by file and place: for people, for programs, or as GitHub annotations."""
    ordered = sorted(findings, key=_order)
    if fmt == "json":
        return json.dumps([_as_json(finding) for finding in ordered], indent=2, ensure_ascii=False)
    if fmt == "github":
        return "\n".join(_as_annotation(finding) for finding in ordered)
    sources: dict[str, list[str]] = {}
    return "\n\n".join(_as_text(finding, sources) for finding in ordered)


def _order(finding: Finding) -> tuple[str, int, int, str]:
    return finding.place.file, finding.place.line, finding.place.column, finding.rule


def _as_json(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity,
        "message": finding.message,
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "input": finding.input,
        "target": finding.target,
        "expected": finding.expected,
        "actual": finding.actual,
        "hint": finding.hint,
    }


def _as_annotation(finding: Finding) -> str:
    text = finding.message if finding.hint is None else f"{finding.message} {finding.hint}"
    place = finding.place
    return (
        f"::{finding.severity} file={_in_command(place.file, ':,')},line={place.line},"
        f"col={place.column},title={finding.rule} {finding.name}::{_in_command(text)}"
    )


def _in_command(text: str, more: str = "") -> str:
    """`text` as GitHub's workflow commands take it; a property has `more` to escape."""
    return "".join(f"%{ord(one):02X}" if one in f"%\r\n{more}" else one for one in text)


def _as_text(finding: Finding, sources: dict[str, list[str]]) -> str:
    mark = "" if finding.severity == "error" else " (warning)"
    lines = [f"{finding.place}  {finding.rule} {finding.name}{mark}", *_excerpt(finding, sources)]
    lines.append(f"  what  {finding.message}")
    if finding.input and finding.target:
        lines.append(f"  from  {finding.input}  →  {finding.target}")
    elif finding.input or finding.target:
        lines.append(f"  at    {finding.input or finding.target}")
    if finding.expected:
        found = f", found {finding.actual}" if finding.actual else ""
        lines.append(f"  want  {finding.expected}{found}")
    if finding.hint:
        lines.append(f"  do    {finding.hint}")
    return "\n".join(lines)


def _excerpt(finding: Finding, sources: dict[str, list[str]]) -> list[str]:
    """The line of a finding with the lines above it, where the file can still be read.

    `sources` are the lines of the files that were read for findings before it.
    """
    place = finding.place
    if not finding.quoted:
        return []
    if place.file not in sources:
        sources[place.file] = _lines(place.file)
    source = sources[place.file]
    if not 1 <= place.line <= len(source):
        return []
    first = max(1, place.line - _CONTEXT)
    width = len(str(place.line))
    shown = [
        f"  {number:>{width}} | {source[number - 1]}" for number in range(first, place.line + 1)
    ]
    room = max(1, len(source[place.line - 1]) - place.column + 1)
    caret = "^" * max(1, min(finding.length, room))
    return [*shown, f"  {'':>{width}} | {'':>{place.column - 1}}{caret}"]


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return []
