"""Mappings that are no files yet: what is wrong with them, and their plans."""

from __future__ import annotations

from typing import Final

from gateway.documents import Document, Finding, read_document
from gateway.errors import InvalidFiles
from gateway.mapping import EXTENDS, Findings, compile_document, extended
from gateway.overrides import extended_resource, orphans
from gateway.snapshot.compiling import because, plans_of, shape
from gateway.snapshot.values import ResourcePlans, Snapshot

DRAFT: Final = "draft.yaml"  # how findings name a mapping that is no file


def drafted(text: str, snapshot: Snapshot) -> tuple[list[Finding], ResourcePlans | None]:
    """Every finding in a mapping that is no file yet, warnings too, and its plans where none is
    an error. It is tried with the schemas of a snapshot, and may extend a mapping of it.
    """
    try:
        document = read_document(DRAFT, text)
    except InvalidFiles as error:
        return [one for one in error.findings if isinstance(one, Finding)], None
    about = Findings(document)
    mapping = _whole(document, snapshot, about)
    if mapping is None or about.failed:
        return about.found, None
    compiled = compile_document(mapping, shape(), snapshot.schemas)
    for one in compiled.findings:
        if one.place.file == DRAFT:
            about.found.append(one)
        elif one.severity == "error":
            about.found.append(because(one, DRAFT))
    plans = [] if about.failed else plans_of(DRAFT, mapping, compiled.plans)
    return about.found, next(iter(plans), None)


def _whole(document: Document, snapshot: Snapshot, about: Findings) -> Document | None:
    """The mapping that a draft is, or makes of one of the snapshot. Reported where there is none."""
    if not isinstance(document.value, dict) or EXTENDS not in document.value:
        return document
    resource = extended_resource(document, about.found)
    base = snapshot.resources.get(resource or "")
    if resource is not None and base is None:
        about.found += orphans({"": {resource: document}}, sorted(snapshot.resources))
    return None if base is None else extended(base.mapping, document, about)
