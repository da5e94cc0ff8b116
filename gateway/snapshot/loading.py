"""The files of mappings, schemas and overrides → one Snapshot, or everything that is wrong."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.config import Config, folders
from gateway.documents import Document, Finding
from gateway.errors import InvalidFiles
from gateway.mapping import Findings, compile_document, extended
from gateway.overrides import documents_in, doubled, orphans, read_overrides
from gateway.snapshot.blaming import Laid
from gateway.snapshot.compiling import Compiling, plans_of, shape
from gateway.snapshot.values import ResourcePlans, Snapshot, unknown_resource
from gateway.validation import Schemas, load_schemas

Overrides = Mapping[str, Mapping[str, Document]]


def load_snapshot(
    *, mappings: Sequence[Path], schemas: Sequence[Path], overrides: Path | None = None
) -> Snapshot:
    """The snapshot of the files in these folders; later folders win.

    Raises `InvalidFiles` with every finding in every file.
    """
    findings, snapshot = load_checked(mappings=mappings, schemas=schemas, overrides=overrides)
    if snapshot is None:
        raise InvalidFiles([one for one in findings if one.severity == "error"])
    return snapshot


def load_configured(config: Config) -> Snapshot:
    """The snapshot of the folders of a configuration. Raises `InvalidFiles` as `load_snapshot`."""
    return load_snapshot(
        mappings=folders("mappings", config.mappings),
        schemas=folders("schemas", config.schemas),
        overrides=config.overrides,
    )


def check(
    *, mappings: Sequence[Path], schemas: Sequence[Path], overrides: Path | None = None
) -> list[Finding]:
    """Every finding in the files of these folders, warnings too."""
    return load_checked(mappings=mappings, schemas=schemas, overrides=overrides)[0]


def merged_mapping(
    resource: str, *owners: str, mappings: Sequence[Path], overrides: Path | None = None
) -> Document:
    """The mapping of a resource for the first of `owners` that has an override of it, as one
    document. Raises `InvalidFiles`, `UnknownResource`.
    """
    findings: list[Finding] = []
    bases, lain = _documents(mappings, findings), read_overrides(overrides, findings)
    base = next((one for one in bases if _resource(one) == resource), None)
    if base is None and not findings:
        raise unknown_resource(
            resource, [one for one in map(_resource, bases) if isinstance(one, str)]
        )
    over = next((lain[one][resource] for one in owners if resource in lain.get(one, ())), None)
    if base is None or over is None:
        merged = base
    else:
        about = Findings(over)
        merged = extended(base, over, about)
        findings += about.found
    if findings or merged is None:
        raise InvalidFiles(findings)
    return merged


def mapping_documents(folders: Sequence[Path]) -> list[Document]:
    """The mapping files of these folders that can be read, one for each resource."""
    return _documents(folders, [])


def load_checked(
    *, mappings: Sequence[Path], schemas: Sequence[Path], overrides: Path | None = None
) -> tuple[list[Finding], Snapshot | None]:
    """Every finding in the files of these folders, warnings too, and the snapshot of files
    without an error.
    """
    with _uncollected():
        return _loaded(mappings, schemas, overrides)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the garbage collector: what is made here stays, and looking takes a third of a load."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _loaded(
    mappings: Sequence[Path], schemas: Sequence[Path], overrides: Path | None
) -> tuple[list[Finding], Snapshot | None]:
    try:
        known = load_schemas(schemas)
    except InvalidFiles as error:
        return [one for one in error.findings if isinstance(one, Finding)], None
    findings: list[Finding] = []
    documents = _documents(mappings, findings)
    unread = [Path(one.place.file).stem for one in findings]  # most are named like their resource
    lain = read_overrides(overrides, findings)
    making = _Making(known)
    for document in documents:
        making.base(document)
    for owner, files in lain.items():
        for resource, document in files.items():
            making.override(owner, resource, document)
    findings += making.findings
    named = [one for one in map(_resource, documents) if isinstance(one, str)]
    findings += orphans(lain, [*named, *unread])
    if any(one.severity == "error" for one in findings):
        return findings, None
    hashed = _hash(documents, lain, known)
    return findings, Snapshot(hashed, known, making.resources, making.overrides)


class _Making:
    """Mappings and the overrides of them, compiled one after the other."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._compiling = Compiling(schemas)
        self._bases: dict[object, tuple[_Named, tuple[Finding, ...]]] = {}
        self.findings: list[Finding] = []
        self.resources: dict[str, ResourcePlans] = {}
        self.overrides: dict[str, dict[str, ResourcePlans]] = {}

    def base(self, document: Document) -> None:
        """A mapping."""
        named = _Named.of(document, 1)
        compiled = self._compiling.compiled(named.document, named.document)
        self.findings += [_in_file(one, named) for one in compiled.findings]
        self._bases[_resource(document)] = (named, compiled.findings)
        for plans in plans_of(document.file, named.document, compiled.plans):
            self.resources[plans.resource] = plans

    def override(self, owner: str, resource: str, document: Document) -> None:
        """What is different for `owner`, over a mapping that is right by itself."""
        base, known = self._bases.get(resource, (None, ()))
        if base is None or resource not in self.resources:
            return
        named = _Named.of(document, 2)
        about = Findings(named.document)
        merged = extended(base.document, named.document, about)
        if not about.failed:
            compiled = self._compiling.compiled(merged, base.document, named.document)
            laid = Laid(base.document, named.document, self._found)
            about.found += [laid.blamed(one) for one in compiled.findings if one not in known]
            for plans in plans_of(document.file, merged, compiled.plans):
                self.overrides.setdefault(owner, {})[resource] = plans
        self.findings += [_in_file(one, base, named) for one in about.found]

    def _found(self, merged: Document) -> Sequence[Finding]:
        return compile_document(merged, shape(), self._schemas).findings


@dataclass(frozen=True, slots=True)
class _Named:
    """A document as problems name its file, and the path at which that can be opened."""

    document: Document
    file: str

    @classmethod
    def of(cls, document: Document, folders: int) -> _Named:
        """Named by the last of its folders and itself, wherever they are."""
        name = Path(*Path(document.file).resolve().parts[-folders - 1 :]).as_posix()
        return cls(replace(document, file=name), document.file)


def _in_file(finding: Finding, *layers: _Named) -> Finding:
    """A finding in one of these files, by the path at which that can be opened."""
    files = {layer.document.file: layer.file for layer in layers}
    return replace(finding, place=replace(finding.place, file=files[finding.place.file]))


def _documents(folders: Sequence[Path], findings: list[Finding]) -> list[Document]:
    """One mapping for each resource: the last folder's, under the file name of all of them."""
    found: dict[object, Document] = {}
    for folder in folders:
        here: dict[object, Document] = {}
        for document in documents_in(folder, findings):
            name = _resource(document)
            if name in here:
                findings.append(doubled(document, "resource", here[name]))
            elif name in found and Path(found[name].file).name != Path(document.file).name:
                findings.append(doubled(document, "resource", found[name], replacing=True))
            here[name] = document
        found |= here
    return list(found.values())


def _resource(document: Document) -> object:
    """What tells mappings apart: the resource, or the file where it says none."""
    value = document.value
    resource = value.get("resource") if isinstance(value, dict) else None
    return resource if isinstance(resource, str) else (document.file,)


def _hash(documents: Sequence[Document], overrides: Overrides, schemas: Schemas) -> str:
    canonical = [schemas.canonical(name) for name in schemas.canonical_names()]
    entities = [
        schemas.entity_file(api, name)
        for api in schemas.apis()
        for name in schemas.entity_sets(api)
    ]
    lain = [
        part
        for owner, files in overrides.items()
        for document in files.values()
        for part in (owner, document.text)
    ]
    digest = hashlib.sha256()
    for text in [*(one.text for one in (*documents, *canonical, *entities)), *lain]:
        data = text.encode()
        digest.update(len(data).to_bytes(8))
        digest.update(data)
    return digest.hexdigest()
