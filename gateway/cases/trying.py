"""How well the tests beside a mapping hold it: what they never reach, and what they do not notice.

Both answer with findings at the mapping, so they are shown as those of the checker are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from gateway.cases.judging import passes, run_cases
from gateway.cases.mutants import Flip, verbs_of, with_flip
from gateway.cases.reading import CaseFile
from gateway.documents import Document, Finding
from gateway.errors import Place
from gateway.mapping import Coverage, Plan, Point
from gateway.snapshot import Snapshot, compile_mapping

Path = tuple[str | int, ...]

_MISSED: Final = {
    "leaf": "No test reaches this.",
    "left-out": "In every test this is there.",
    "true": "In no test this is true.",
    "false": "In no test this is false.",
    "then": "No test takes this side.",
    "else": "No test takes this side.",
    "value": "In no test there is a value, so that the default is not needed.",
    "default": "No test needs this default.",
    "other": "No test has a value that the table does not know.",
    "entry": "No test uses this entry.",
    "filter": "No test asks for this filter.",
}
_REACH: Final = "Write the test that is missing, or take out what nobody needs."
_NOTICE: Final = "Have a test expect what this makes, with a value that no other field has."


@dataclass(frozen=True, slots=True)
class Reached:
    """How much of a mapping its tests reach: leaves, and branches of any kind. Of what is `missed`
    the findings tell all but what lies in a leaf that no test reaches anyhow.
    """

    file: str
    leaves: tuple[int, int]
    branches: tuple[int, int]
    findings: tuple[Finding, ...]
    missed: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Noticed:
    """How many flips of a mapping its tests notice, and those they do not."""

    file: str
    flips: int
    findings: tuple[Finding, ...]


async def reached(
    document: Document, files: Sequence[CaseFile], snapshot: Snapshot, *owner: str
) -> Reached:
    """What of a mapping without errors its tests reach; of the override that `owner` has, what
    stands in it.
    """
    coverage = Coverage()
    value = cast("Mapping[str, Any]", document.value)
    for name, table in value.get("tables", {}).items():
        for key in table:
            coverage.point(("tables", name, key), "entry")
    filters: Mapping[str, Any] = (value.get("list") or {}).get("filters", {})
    for name in filters:
        coverage.point(("list", "filters", name), "filter")
    marked = _having(snapshot, compile_mapping(document, snapshot.schemas, coverage), *owner)
    for file in files:
        await run_cases(file, marked, *owner)
        _mark_filters(file, filters, value.get("tables", {}), coverage)
    points, missed = (
        tuple(one for one in some if not owner or is_own(document, one.path, snapshot))
        for some in (coverage.points, coverage.missed)
    )
    leaves = [point for point in points if point.what == "leaf"]
    cleared = {point.path for point in coverage.points if point.what == "left-out"} - {
        point.path for point in missed if point.what == "left-out"
    }
    gone = {point.path for point in missed if point.what == "leaf"}
    told = [point for point in missed if point.what == "leaf" or point.path not in gone]
    bare = sum(point.what == "leaf" for point in missed)
    return Reached(
        document.file,
        (len(leaves) - bare, len(leaves)),
        (
            len(points) - len(leaves) - len(missed) + bare,
            len(points) - len(leaves),
        ),
        tuple(sorted((_missed(document, point, cleared) for point in told), key=_order)),
        missed,
    )


def told_once(tried: Iterable[Flip], document: Document, there: Reached) -> list[Flip]:
    """The flips without those of which it is told already that no test reaches them."""
    gone = {point.path for point in there.missed if point.what in {"leaf", "entry", "filter"}}
    sides = {(point.path, point.what) for point in there.missed}
    places = {_constant_place(document, one) for one in there.missed if one.offset is not None}
    return [
        flip
        for flip in tried
        if not any(flip.path[: len(path)] == path for path in gone)
        and flip.place not in places
        and not (flip.values == ("true",) and (flip.path, "false") in sides)
        and not (flip.values == ("false",) and (flip.path, "true") in sides)
    ]


def _constant_place(document: Document, point: Point) -> Place:
    """Where the value begins that a point inside of a leaf is about."""
    value: Any = document.value
    for step in point.path:
        value = value[step]
    offset = point.offset or 0
    argument = re.compile(r"default\s*\(\s*").match(str(value), offset)
    return document.place_in(point.path, argument.end() if argument else offset)


async def noticed(
    document: Document,
    tried: Iterable[Flip],
    files: Sequence[CaseFile],
    snapshot: Snapshot,
    *owner: str,
) -> Noticed:
    """Which of these flips of a mapping without errors its tests do not notice."""
    count = 0
    findings: list[Finding] = []
    for flip in tried:
        survivor = await _survivor(flip, document, files, snapshot, *owner)
        count += survivor is not None
        if isinstance(survivor, Finding):
            findings.append(survivor)
    return Noticed(document.file, count, tuple(findings))


async def _survivor(
    flip: Flip, document: Document, files: Sequence[CaseFile], snapshot: Snapshot, *owner: str
) -> Finding | bool | None:
    """A finding when no test notices `flip`, False when one does, None when it cannot be made."""
    verbs = [flip.verb] if flip.verb else verbs_of(document)
    for value, instead in zip(flip.values, flip.instead, strict=True):
        made = False
        for verb in verbs:
            plans = _plans(flip, value, verb, document, snapshot)
            if plans is None:
                break
            made = True
            mutated = _having(snapshot, plans, *owner)
            for file in files:
                if not await passes(file, mutated, verb, *owner):
                    return False
        else:
            if made:
                return _survived(flip, instead)
    return None


def _plans(
    flip: Flip, value: object, verb: str, document: Document, snapshot: Snapshot
) -> Mapping[str, Plan] | None:
    changed = with_flip(document, flip, value, verb)
    return compile_mapping(changed, snapshot.schemas) or None


def is_own(document: Document, path: Path, snapshot: Snapshot) -> bool:
    """Whether what stands at `path` of a mapping with an override is of the override."""
    value = cast("Mapping[str, Any]", document.value)
    base = snapshot.resources[value["resource"]].mapping
    return document.place(path).file != base.file


def _having(snapshot: Snapshot, plans: Mapping[str, Plan], *owner: str) -> Snapshot:
    """The snapshot with these plans of a resource instead of those it has, or an owner has."""
    resource = next(iter(plans.values())).resource
    for one in owner:
        there = replace(snapshot.overrides[one][resource], verbs=plans)
        overrides = {**snapshot.overrides, one: {**snapshot.overrides[one], resource: there}}
        return replace(snapshot, overrides=overrides)
    found = replace(snapshot.resources[resource], verbs=plans)
    return replace(snapshot, resources={**snapshot.resources, resource: found})


def _survived(flip: Flip, instead: str) -> Finding:
    what = f"`{instead}` instead of `{flip.was}`" if instead else f"`{flip.was}` left out"
    return Finding(
        "T302",
        "not-noticed",
        f"No test notices {what}.",
        flip.place,
        length=flip.length,
        hint=_NOTICE,
    )


def _mark_filters(
    file: CaseFile, filters: Mapping[str, Any], tables: Mapping[str, Any], coverage: Coverage
) -> None:
    """The filters that the lists of these tests ask for, and the entries of tables they use."""
    for case in file.cases:
        for name, word in case.query.items():
            if name not in filters or "filter" not in case.expect:
                continue
            coverage.hit(coverage.point(("list", "filters", name), "filter"))
            table = filters[name].get("values", "").removeprefix("tables.")
            for key, value in tables.get(table, {}).items():
                if value == word:
                    coverage.hit(coverage.point(("tables", table, key), "entry"))


def _missed(document: Document, point: Point, cleared: set[Path]) -> Finding:
    """`cleared` are the leaves that a test leaves out, or clears."""
    message = _MISSED[point.what]
    if point.what == "leaf" and point.path in cleared:
        message = "In every test this is left out or cleared."
    key = point.what in {"entry", "filter"}
    place = document.place(point.path, key=key)
    length = document.length(point.path, key=key)
    if point.offset is not None:
        place, length = document.place_in(point.path, point.offset), 1
    return Finding("T301", "never-reached", message, place, length=length, hint=_REACH)


def _order(finding: Finding) -> tuple[int, int]:
    return finding.place.line, finding.place.column
