"""Mappings and schemas, loaded, checked and compiled as a whole: one immutable Snapshot.

`app.py` loads one at start, the commands of the mappings load one per call. A file with an error
makes no snapshot at all: every finding comes at once.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from gateway.config import Config, folders, shipped
from gateway.documents import Document, Finding, load_document, read_document, suggest
from gateway.errors import InvalidFiles, MethodNotAllowed, UnknownResource
from gateway.mapping import EXTENDS, Coverage, Findings, Plan, compile_document, extended
from gateway.overrides import (
    documents_in,
    doubled,
    extended_resource,
    orphans,
    read_overrides,
)
from gateway.validation import Schemas, load_schemas

Overrides = Mapping[str, Mapping[str, Document]]

KEPT: Final = 3  # earlier snapshots, for operations that began with one and wait
DRAFT: Final = "draft.yaml"  # how findings name a mapping that is no file


@dataclass(frozen=True, slots=True)
class ResourcePlans:
    """A resource and the plans of its verbs and actions. `schema` names its canonical schema,
    `file` is where its mapping, or the override of it, can be opened; `mapping` is what the plans
    were made of, both together where there is an override.
    """

    resource: str
    title: str
    schema: str
    file: str
    verbs: Mapping[str, Plan]
    mapping: Document = field(repr=False)

    def plan(self, verb: str) -> Plan:
        """The plan of a verb or an action. Raises `MethodNotAllowed`, with what exists."""
        if verb not in self.verbs:
            known = ", ".join(self.verbs)
            raise MethodNotAllowed(f"{self.title} have no {verb}; they have: {known}.")
        return self.verbs[verb]

    @property
    def actions(self) -> tuple[str, ...]:
        """The names among `verbs` that are actions of the mapping's own."""
        return tuple(sorted(name for name, plan in self.verbs.items() if plan.action))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the gateway speaks. `hash` is of the bytes of all files it was made from.

    `resources` are for all; `overrides` are, by connection or organization, the resources that
    are different there.
    """

    hash: str
    schemas: Schemas = field(repr=False)
    resources: Mapping[str, ResourcePlans] = field(repr=False)
    overrides: Mapping[str, Mapping[str, ResourcePlans]] = field(repr=False, default_factory=dict)

    def resource(self, resource: str, *owners: str) -> ResourcePlans | None:
        """The plans of a resource for the first of `owners` that has an override of it: ids of a
        connection and of its organization, in that order.
        """
        for owner in owners:
            if resource in self.overrides.get(owner, ()):
                return self.overrides[owner][resource]
        return self.resources.get(resource)

    def of(self, *owners: str) -> dict[str, ResourcePlans]:
        """Every resource, for whom as `resource` has it."""
        lain = [self.overrides.get(owner, {}) for owner in reversed(owners)]
        return {name: plans for layer in (self.resources, *lain) for name, plans in layer.items()}

    def plan(self, resource: str, verb: str, *owners: str) -> Plan:
        """The plan of a verb, for whom as `resource` has it.

        Raises `UnknownResource` or `MethodNotAllowed`, with what exists.
        """
        found = self.resource(resource, *owners)
        if found is None:
            raise _unknown(resource, self.resources)
        return found.plan(verb)


class Current:
    """The snapshot that counts now. A reload brings another one; who works on something takes
    it once and goes on with what it took.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._earlier: tuple[Snapshot, ...] = ()

    def adopt(self, snapshot: Snapshot) -> None:
        """From here on `snapshot` counts."""
        self._earlier = (self.snapshot, *self._earlier)[:KEPT]
        self.snapshot = snapshot

    def of(self, wanted: str) -> Snapshot:
        """The snapshot with this hash, if it is one of the last; else the one that counts now."""
        known = (one for one in self._earlier if one.hash == wanted)
        return self.snapshot if self.snapshot.hash == wanted else next(known, self.snapshot)


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
        raise _unknown(resource, [one for one in map(_resource, bases) if isinstance(one, str)])
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


def _unknown(resource: str, known: Iterable[str]) -> UnknownResource:
    names = sorted(known)
    near = suggest(resource, names)
    hint = f'Did you mean "{near}"?' if near else f"There are: {', '.join(names) or 'none'}."
    return UnknownResource(f"This gateway has no such resource. {hint}")


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
    compiled = compile_document(mapping, _shape(), snapshot.schemas)
    for one in compiled.findings:
        if one.place.file == DRAFT:
            about.found.append(one)
        elif one.severity == "error":
            about.found.append(_because(one, DRAFT))
    plans = [] if about.failed else _plans(DRAFT, mapping, compiled.plans)
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


def mapping_documents(folders: Sequence[Path]) -> list[Document]:
    """The mapping files of these folders that can be read, one for each resource."""
    return _documents(folders, [])


def compile_mapping(
    document: Document, schemas: Schemas, coverage: Coverage | None = None
) -> Mapping[str, Plan]:
    """The plans of one mapping, none where it has errors. `coverage`: as of `compile_document`."""
    return compile_document(document, _shape(), schemas, coverage).plans


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


@cache
def _shape() -> Mapping[str, Any]:
    """The JSON Schema of mapping files."""
    shape = load_document(shipped("schemas") / "gateway" / "mapping.schema.json")
    return cast("Mapping[str, Any]", shape.value)


class _Making:
    """Mappings and the overrides of them, compiled one after the other."""

    def __init__(self, schemas: Schemas) -> None:
        self._shape = _shape()
        self._schemas = schemas
        self._bases: dict[object, tuple[_Named, tuple[Finding, ...]]] = {}
        self.findings: list[Finding] = []
        self.resources: dict[str, ResourcePlans] = {}
        self.overrides: dict[str, dict[str, ResourcePlans]] = {}

    def base(self, document: Document) -> None:
        """A mapping."""
        named = _Named.of(document, 1)
        compiled = compile_document(named.document, self._shape, self._schemas)
        self.findings += [_in_file(one, named) for one in compiled.findings]
        self._bases[_resource(document)] = (named, compiled.findings)
        for plans in _plans(document.file, named.document, compiled.plans):
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
            compiled = compile_document(merged, self._shape, self._schemas)
            about.found += [
                _because(one, named.document.file) if one.place.file == base.document.file else one
                for one in compiled.findings
                if one not in known
            ]
            for plans in _plans(document.file, merged, compiled.plans):
                self.overrides.setdefault(owner, {})[resource] = plans
        self.findings += [_in_file(one, base, named) for one in about.found]


def _plans(file: str, mapping: Document, verbs: Mapping[str, Plan]) -> list[ResourcePlans]:
    """The plans of one mapping together; of none nothing."""
    return [
        ResourcePlans(plan.resource, plan.title, plan.schema, file, verbs, mapping)
        for plan in list(verbs.values())[:1]
    ]


def _because(finding: Finding, override: str) -> Finding:
    """A finding in a mapping that is right without the file of an override."""
    why = f"It is {override} that makes it so."
    unread = finding.name == "input-never-used"  # the schema is for all, so it stays as it is
    hint = (
        "Read it in the override, or leave there what the mapping has." if unread else finding.hint
    )
    return replace(finding, message=f"{finding.message} {why}", hint=hint)


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
    """The mapping files, one for each resource: that of the last folder that has one."""
    found: dict[object, Document] = {}
    for folder in folders:
        here: dict[object, Document] = {}
        for document in documents_in(folder, findings):
            name = _resource(document)
            if name in here:
                findings.append(doubled(document, "resource", here[name]))
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
