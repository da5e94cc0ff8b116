"""The tests of a mapping, run on what overrides make of it as well.

Test files beside the overrides have tests of their own. One that is named like a test of the
mapping stands for it there: so an override may say what is different on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gateway.cases.judging import CaseResult, run_cases
from gateway.cases.reading import CaseFile, case_files, read_cases
from gateway.documents import Finding
from gateway.errors import InvalidFiles
from gateway.overrides import owners_in
from gateway.snapshot import Snapshot

OwnCases = Mapping[str, Sequence[CaseFile]]


def own_cases(folder: Path | None, findings: list[Finding]) -> dict[str, list[CaseFile]]:
    """The test files beside the overrides, by organization or connection.

    What is wrong with one is added to `findings`.
    """
    found: dict[str, list[CaseFile]] = {}
    for inner in [] if folder is None else owners_in(folder):
        for path in case_files([inner]):
            try:
                found.setdefault(inner.name, []).append(read_cases(path))
            except InvalidFiles as error:
                findings += [one for one in error.findings if isinstance(one, Finding)]
    return found


async def run_all(files: Sequence[CaseFile], snapshot: Snapshot, own: OwnCases) -> list[CaseResult]:
    """The tests of all files, then for every override those of its mapping and its own."""
    results = [result for file in files for result in await run_cases(file, snapshot)]
    known = frozenset(finding for result in results for finding in result.findings)
    for owner, resources in snapshot.overrides.items():
        for resource in resources:
            for file in files:
                if file.resource == resource:
                    results += await _on_override(file, snapshot, owner, own.get(owner, ()), known)
    for owner, beside in own.items():
        for file in beside:
            ran = await run_cases(file, snapshot, owner)
            results += [replace(one, owner=owner) for one in ran]
    return results


async def _on_override(
    file: CaseFile,
    snapshot: Snapshot,
    owner: str,
    own: Sequence[CaseFile],
    known: frozenset[Finding],
) -> list[CaseResult]:
    """The tests of a mapping for `owner`, without those that have another one there.

    Whether an answer is of any use was found out with the mapping itself. What is not `known` from
    there is for whoever wrote the override to mend, and they may not own the test.
    """
    kept = _without(file, own)
    results = await run_cases(kept, snapshot, owner)
    names = {case.name for case in kept.cases}
    override = Path(snapshot.overrides[owner][file.resource].file)
    return [
        replace(
            one,
            name=f"{one.name} (for {owner})",
            owner=owner,
            findings=tuple(
                found if found in known else _remedied(found, one.name, override, owner)
                for found in one.findings
            ),
        )
        for one in results
        if one.name in names
    ]


def _remedied(found: Finding, name: str, override: Path, owner: str) -> Finding:
    """A finding with what to do about it in the place of `override`."""
    hint = (
        f'Put {override} right. If the override means this, put a test named "{name}" into '
        f"{override.stem}.test.yaml beside it: for {owner} that one counts instead."
    )
    return replace(found, hint=hint)


def files_of(
    resource: str, files: Sequence[CaseFile], own: Sequence[CaseFile]
) -> tuple[CaseFile, ...]:
    """The tests that an override of `resource` is run with: its mapping's, and its `own`."""
    beside = [one for one in own if one.resource == resource]
    kept = [_without(file, beside) for file in files if file.resource == resource]
    return (*kept, *beside)


def _without(file: CaseFile, own: Sequence[CaseFile]) -> CaseFile:
    """A file without the tests that have another one of their name among `own`."""
    instead = {case.name for one in own if one.resource == file.resource for case in one.cases}
    return replace(file, cases=tuple(case for case in file.cases if case.name not in instead))
