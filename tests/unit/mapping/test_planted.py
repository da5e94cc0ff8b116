"""Mistakes planted in the shipped mappings, as integrators make them, and what of them is found.

`planted/*.yaml` hold them: the rule, a text of the file, and the text put in its place, where it
stands first. `^` marks where the finding must stand and is taken out; where it stands elsewhere a
fourth text, the first of its kind in the file with the mistake, has the mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import pytest

from gateway.cases import cases_of, check_cases
from gateway.config import folders, shipped
from gateway.documents import Finding, load_document, read_document
from gateway.errors import InvalidFiles
from gateway.mapping import compile_document
from gateway.mapping.rules import RULES
from gateway.snapshot import Snapshot, load_snapshot

HERE: Final = Path(__file__).parent / "planted"
ROOT: Final = Path(__file__).parents[3]
LEAST: Final = 200  # mistakes
SHARE: Final = 0.98  # of them that must be found exactly
ELSEWHERE: Final = {  # between files, and in what no shipped mapping has: test_rules.py
    *("double-resource", "newer-field", "no-base", "not-overridable", "nothing-to-remove"),
}

Spot = tuple[str, int, int]


@dataclass(frozen=True)
class Mistake:
    file: str
    rule: str
    old: str
    new: str
    at: str | None

    def text(self) -> str:
        """The file with the mistake in it."""
        whole = source(self.file)
        assert self.old in whole, f"{self.old!r} stands nowhere"
        return whole.replace(self.old, self.new.replace("^", ""), 1)

    def expected(self) -> Spot:
        """The rule, and the line and column of the mark."""
        marked = source(self.file).replace(self.old, self.new, 1)
        if self.at is not None:
            bare, text = self.at.replace("^", ""), self.text()
            assert bare in text, f"{bare!r} stands nowhere"
            marked = text.replace(bare, self.at, 1)
        assert marked.count("^") == 1, f"{self.new!r} has no mark"
        before = marked.partition("^")[0]
        return self.rule, before.count("\n") + 1, len(before) - before.rfind("\n")


@cache
def source(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


@cache
def snapshot() -> Snapshot:
    return load_snapshot(mappings=folders("mappings", None), schemas=folders("schemas", None))


@cache
def shape() -> dict[str, Any]:
    path = shipped("schemas") / "gateway" / "mapping.schema.json"
    return cast("dict[str, Any]", load_document(path).value)


def planted() -> Iterator[Mistake]:
    for path in sorted(HERE.glob("*.yaml")):
        said = cast("dict[str, Any]", load_document(path).value)
        for rule, old, new, *at in said["mistakes"]:
            yield Mistake(said["file"], rule, old, new, at[0] if at else None)


def found(file: str, text: str) -> list[Finding]:
    """Everything `check` says of a mapping, or of a file of tests, with this text."""
    try:
        document = read_document(file, text)
    except InvalidFiles as error:
        return [cast("Finding", one) for one in error.findings]
    if not file.endswith(".test.yaml"):
        return list(compile_document(document, shape(), snapshot().schemas).findings)
    try:
        return check_cases(cases_of(document, (ROOT / file).parent), snapshot())
    except InvalidFiles as error:
        return [cast("Finding", one) for one in error.findings]


def spot(finding: Finding) -> Spot:
    return finding.rule, finding.place.line, finding.place.column


@pytest.mark.timeout(60)  # some four seconds where nothing else runs
def test_mistakes_are_found_at_their_line_and_column() -> None:
    mistakes = list(planted())
    misses = []
    for mistake in mistakes:
        findings = found(mistake.file, mistake.text())
        if mistake.expected() not in map(spot, findings):
            told = ", ".join(f"{one.rule} {one.place}" for one in findings) or "nothing"
            misses.append(f"{mistake.new!r}: wanted {mistake.expected()}, found {told}")
    print(  # noqa: T201 - shown where it fails
        f"{len(mistakes) - len(misses)} of {len(mistakes)} planted mistakes found.",
        *misses,
        sep="\n",
    )
    assert len(mistakes) >= LEAST
    assert len(misses) <= (1 - SHARE) * len(mistakes), "\n".join(misses)


def test_nothing_is_found_in_the_files_as_they_are() -> None:
    for file in {mistake.file for mistake in planted()}:
        assert found(file, source(file)) == []


def test_mistakes_are_planted_over_all_rules() -> None:
    ids = {mistake.rule for mistake in planted()}
    assert {rule.name for rule in RULES.values() if rule.id not in ids} <= ELSEWHERE
