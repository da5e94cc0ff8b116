"""Mappings, compiled: each once for as long as neither its files nor the schemas change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar, Final, cast

from gateway.config import shipped
from gateway.documents import Document, Finding, load_document
from gateway.mapping import Compiled, Coverage, Plan, compile_document
from gateway.snapshot.values import ResourcePlans
from gateway.validation import Schemas

_LOADS: Final = 4  # whose mappings are kept; one load counts, and a few are tried

_Files = tuple[tuple[str, str], ...]
"""The names and texts of the files that a mapping is made of."""


class Compiling:
    """The mappings of one load. What one of the last loads made of the same files and the same
    schemas is taken from there: compiling is most of a load, and most files stay as they are.
    """

    _last: ClassVar[tuple[Mapping[tuple[Schemas, _Files], Compiled], ...]] = ()

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._made: dict[tuple[Schemas, _Files], Compiled] = {}
        Compiling._last = (self._made, *Compiling._last)[:_LOADS]

    def compiled(self, document: Document, *files: Document) -> Compiled:
        """The plans and findings of a mapping that is made of these files and of nothing else."""
        key = self._schemas, tuple((one.file, one.text) for one in files)
        known = next((made[key] for made in Compiling._last if key in made), None)
        if known is None:
            known = compile_document(document, shape(), self._schemas)
        self._made[key] = known
        return known


def compile_mapping(
    document: Document, schemas: Schemas, coverage: Coverage | None = None
) -> Mapping[str, Plan]:
    """The plans of one mapping, none where it has errors. `coverage`: as of `compile_document`."""
    return compile_document(document, shape(), schemas, coverage).plans


@cache
def shape() -> Mapping[str, Any]:
    """The JSON Schema of mapping files."""
    shape = load_document(shipped("schemas") / "gateway" / "mapping.schema.json")
    return cast("Mapping[str, Any]", shape.value)


def plans_of(file: str, mapping: Document, verbs: Mapping[str, Plan]) -> list[ResourcePlans]:
    """The plans of one mapping together; of none nothing."""
    return [
        ResourcePlans(plan.resource, plan.title, plan.schema, file, verbs, mapping)
        for plan in list(verbs.values())[:1]
    ]


def because(finding: Finding, override: str) -> Finding:
    """A finding in a mapping that is right without the file of an override."""
    why = f"It is {override} that makes it so."
    unread = finding.name == "input-never-used"  # the schema is for all, so it stays as it is
    hint = (
        "Read it in the override, or leave there what the mapping has." if unread else finding.hint
    )
    return replace(finding, message=f"{finding.message} {why}", hint=hint)
