"""The YAML blocks of Markdown files, checked as the mappings and the tests they are.

A block with `resource` is a mapping, with `tests` too it is a test file; mappings of a page stand
before the shipped ones for its tests. A manual shows a mapping in pieces: a block whose keys are
all keys of mappings, and new ones, goes on with the mapping above it. Any other block only has to
be YAML. One with `extends` means nothing without the file it changes and is not looked into.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

from gateway.cases import cases_of, check_cases
from gateway.config import shipped
from gateway.documents import Document, Finding, load_blocks, load_document, read_document
from gateway.errors import InvalidFiles
from gateway.mapping import compile_document
from gateway.snapshot import ResourcePlans, Snapshot
from gateway.validation import Schemas


def check_blocks(path: Path, schemas: Schemas, snapshot: Snapshot | None) -> list[Finding]:
    """Every finding in the blocks of a Markdown file. Without a snapshot tests are not looked at.

    Raises `InvalidFiles` when the file cannot be read.
    """
    documents, findings = load_blocks(path)
    shape: Any = load_document(shipped("schemas") / "gateway" / "mapping.schema.json").value
    mappings, tests = _sorted(documents, frozenset(shape["properties"]))
    resources = _compiled(mappings, shape, schemas, findings)
    if snapshot is not None:
        whole = replace(snapshot, resources={**snapshot.resources, **resources})
        for document in tests:
            findings += _of_tests(document, path.parent, whole)
    return findings


def _sorted(
    documents: Sequence[Document], keys: frozenset[str]
) -> tuple[list[Document], list[Document]]:
    """The mappings, each with the pieces that go on with it, and the test files."""
    mappings: list[Document] = []
    tests: list[Document] = []
    for document in documents:
        said = document.value.keys() if isinstance(document.value, dict) else set()
        if "extends" in said or not said:
            continue
        if "resource" in said:
            (tests if "tests" in said else mappings).append(document)
        elif mappings and said <= keys - cast("dict[str, object]", mappings[-1].value).keys():
            mappings[-1] = _joined(mappings[-1], document)
    return mappings, tests


def _joined(mapping: Document, piece: Document) -> Document:
    """Both as one document: each line stands where it stood. The mapping alone, where the piece is
    indented otherwise.
    """
    lines = zip_longest(mapping.text.split("\n"), piece.text.split("\n"), fillvalue="")
    try:
        return read_document(mapping.file, "\n".join(first or second for first, second in lines))
    except InvalidFiles:
        return mapping


def _compiled(
    documents: Sequence[Document],
    shape: Mapping[str, Any],
    schemas: Schemas,
    findings: list[Finding],
) -> dict[str, ResourcePlans]:
    resources: dict[str, ResourcePlans] = {}
    for document in documents:
        compiled = compile_document(document, shape, schemas)
        findings += compiled.findings
        for plan in list(compiled.plans.values())[:1]:
            resources[plan.resource] = ResourcePlans(
                plan.resource, plan.title, plan.schema, document.file, compiled.plans, document
            )
    return resources


def _of_tests(document: Document, folder: Path, snapshot: Snapshot) -> list[Finding]:
    try:
        return check_cases(cases_of(document, folder), snapshot)
    except InvalidFiles as error:
        return [one for one in error.findings if isinstance(one, Finding)]
