"""Mappings and schemas, loaded, checked and compiled as a whole: one immutable Snapshot.

`app.py` loads one at start, the commands of the mappings load one per call. A file with an error
makes no snapshot at all: every finding comes at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

from gateway.config import shipped
from gateway.documents import Document, Finding, load_document, read_document, suggest
from gateway.errors import InvalidFiles, MethodNotAllowed, Place, UnknownResource
from gateway.mapping import Plan, compile_document
from gateway.validation import Schemas, load_schemas

_TEST: Final = ".test.yaml"
_DRAFT: Final = "draft.yaml"  # how findings name a mapping that is no file


@dataclass(frozen=True, slots=True)
class ResourcePlans:
    """A resource and the plans of its verbs and actions. `schema` names its canonical schema."""

    resource: str
    title: str
    schema: str
    verbs: Mapping[str, Plan]

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
    """Everything the gateway speaks. `hash` is of the bytes of all files it was made from."""

    hash: str
    schemas: Schemas = field(repr=False)
    resources: Mapping[str, ResourcePlans] = field(repr=False)

    def plan(self, resource: str, verb: str) -> Plan:
        """The plan of a verb. Raises `UnknownResource` or `MethodNotAllowed`, with what exists."""
        found = self.resources.get(resource)
        if found is None:
            near = suggest(resource, self.resources)
            known = ", ".join(sorted(self.resources)) or "none"
            hint = f'Did you mean "{near}"?' if near else f"There are: {known}."
            raise UnknownResource(f"This gateway has no such resource. {hint}")
        return found.plan(verb)


def load_snapshot(*, mappings: Sequence[Path], schemas: Sequence[Path]) -> Snapshot:
    """The snapshot of the files in these folders; later folders win.

    Raises `InvalidFiles` with every finding in every file.
    """
    findings, snapshot = load_checked(mappings=mappings, schemas=schemas)
    if snapshot is None:
        raise InvalidFiles([one for one in findings if one.severity == "error"])
    return snapshot


def check(*, mappings: Sequence[Path], schemas: Sequence[Path]) -> list[Finding]:
    """Every finding in the files of these folders, warnings too."""
    return load_checked(mappings=mappings, schemas=schemas)[0]


def drafted(text: str, schemas: Schemas) -> ResourcePlans:
    """The plans of a mapping that is no file yet, tried against the schemas of a snapshot.

    Raises `InvalidFiles` with every finding that is an error.
    """
    shape = load_document(shipped("schemas") / "gateway" / "mapping.schema.json")
    document = read_document(_DRAFT, text)
    compiled = compile_document(document, cast("Mapping[str, Any]", shape.value), schemas)
    wrong = [one for one in compiled.findings if one.severity == "error"]
    if wrong:
        raise InvalidFiles(wrong)
    plan = next(iter(compiled.plans.values()))
    return ResourcePlans(plan.resource, plan.title, plan.schema, compiled.plans)


def load_checked(
    *, mappings: Sequence[Path], schemas: Sequence[Path]
) -> tuple[list[Finding], Snapshot | None]:
    """Every finding in the files of these folders, warnings too, and the snapshot of files
    without an error.
    """
    try:
        known = load_schemas(schemas)
    except InvalidFiles as error:
        return [one for one in error.findings if isinstance(one, Finding)], None
    shape = load_document(shipped("schemas") / "gateway" / "mapping.schema.json")
    findings: list[Finding] = []
    documents = _documents(mappings, findings)
    resources: dict[str, ResourcePlans] = {}
    for document in documents:
        named = replace(document, file=_known_as(document))
        compiled = compile_document(named, cast("Mapping[str, Any]", shape.value), known)
        findings += [_in_file(one, document) for one in compiled.findings]
        for plan in list(compiled.plans.values())[:1]:
            resources[plan.resource] = ResourcePlans(
                plan.resource, plan.title, plan.schema, compiled.plans
            )
    if any(one.severity == "error" for one in findings):
        return findings, None
    return findings, Snapshot(_hash(documents, known), known, resources)


def _known_as(document: Document) -> str:
    """How problems name a mapping: its folder and itself, wherever that folder is."""
    path = Path(document.file).resolve()
    return f"{path.parent.name}/{path.name}"


def _in_file(finding: Finding, document: Document) -> Finding:
    """A finding by the path at which the file can be opened."""
    return replace(finding, place=replace(finding.place, file=document.file))


def _documents(folders: Sequence[Path], findings: list[Finding]) -> list[Document]:
    """The mapping files, one for each resource: that of the last folder that has one."""
    found: dict[object, Document] = {}
    for folder in folders:
        here: dict[object, Document] = {}
        findings += [_unread(path) for path in sorted(folder.glob("*.yml"))]
        for path in sorted(folder.glob("*.yaml")):
            if path.name.endswith(_TEST) or not path.is_file():
                continue
            try:
                document = load_document(path)
            except InvalidFiles as error:
                findings += [one for one in error.findings if isinstance(one, Finding)]
                continue
            name = _resource(document)
            if name in here:
                findings.append(_doubled(document, here[name]))
            here[name] = document
        found |= here
    return list(found.values())


def _unread(path: Path) -> Finding:
    message = "Mapping files end in .yaml, so this one would not be read."
    hint = f"Name it {path.stem}.yaml."
    return Finding("D104", "other-suffix", message, Place(str(path), 1, 1), hint=hint, quoted=False)


def _resource(document: Document) -> object:
    """What tells mappings apart: the resource, or the file where it says none."""
    value = document.value
    resource = value.get("resource") if isinstance(value, dict) else None
    return resource if isinstance(resource, str) else (document.file,)


def _doubled(document: Document, other: Document) -> Finding:
    place = document.place(("resource",))
    message = f"{other.file} is a mapping of this resource already."
    return Finding("M105", "double-resource", message, place)


def _hash(documents: Sequence[Document], schemas: Schemas) -> str:
    canonical = [schemas.canonical(name) for name in schemas.canonical_names()]
    entities = [
        schemas.entity_file(api, name)
        for api in schemas.apis()
        for name in schemas.entity_sets(api)
    ]
    digest = hashlib.sha256()
    for document in [*documents, *canonical, *entities]:
        data = document.text.encode()
        digest.update(len(data).to_bytes(8))
        digest.update(data)
    return digest.hexdigest()
