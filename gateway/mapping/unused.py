"""What a file declares and nothing uses, and fields that not every tenant has.

Both are looked at once a file has no error, so that a misspelt name is told once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from gateway.mapping.model import MappingFile
from gateway.mapping.plan import FieldUse
from gateway.mapping.rules import Findings, Path
from gateway.wire import Entity

OLDEST: Final = (26, 0)  # the release that every tenant has reached (bc/api.md §1)

_READ: Final = re.compile(r"\b(tables|params)\s*(?:\.\s*|\[\s*['\"])([a-z][a-z0-9_]*)")
_RELEASE: Final = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,3}))?")
_DECLARED: Final = ("params", "tables", "rejections")


def check_declared(file: MappingFile, findings: Findings) -> None:
    """Report params, tables and rejections that nothing uses."""
    value: Any = file.document.value
    used = set(_used({key: part for key, part in value.items() if key not in _DECLARED}))
    used |= {("rejections", f"ambiguous_{name}") for name in _lookups(file)}
    for kind, rule, message in (
        ("params", "param-never-used", "Nothing reads params.{}."),
        ("tables", "table-never-used", "Nothing uses tables.{}."),
        ("rejections", "rejection-never-used", "Nothing rejects with {}."),
    ):
        for name in value.get(kind, {}):
            if (kind, name) not in used and _is_own((kind, name), findings):
                findings.at((kind, name), rule, message.format(name), key=True)


def check_releases(
    uses: Iterable[FieldUse], entities: Callable[[str], Entity | None], findings: Findings
) -> None:
    """Report every field and part that came with a release later than `OLDEST`; an entity that
    did is reported once.
    """
    told: set[str] = set()
    for use in uses:
        entity = entities(use.entity)
        if entity is None or use.entity in told:
            continue
        known = entity.fields.get(use.field) or entity.parts.get(use.field)
        if _is_newer(entity.since):
            told.add(use.entity)
            message = f"{use.entity} is there since release {entity.since} only."
            findings.report("newer-field", message, use.place)
        elif known is not None and _is_newer(known.since):
            message = f"{use.entity}.{use.field} is there since release {known.since} only."
            findings.report("newer-field", message, use.place, length=len(use.field))


def _is_own(path: Path, findings: Findings) -> bool:
    """Whether this file declares it: what an override leaves unused stands in the mapping."""
    document = findings.document
    return document.place(path, key=True).file == document.file


def _is_newer(since: str | None) -> bool:
    found = _RELEASE.match(since or "")
    return found is not None and (int(found[1]), int(found[2] or 0)) > OLDEST


def _used(value: object) -> Iterator[tuple[str, str]]:
    """Tables and params that a text names, and codes that something rejects with."""
    if isinstance(value, str):
        yield from ((found[1], found[2]) for found in _READ.finditer(value))
    elif isinstance(value, list):
        for element in value:
            yield from _used(element)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "reject" and isinstance(inner, str):
                yield "rejections", inner
            yield from _used(inner)


def _lookups(file: MappingFile) -> Iterator[str]:
    yield from (lookup.name for write in file.writes for lookup in write.lookups)
    for walk in file.walks:
        yield from (step.find.name for step in walk.steps if step.find is not None)
