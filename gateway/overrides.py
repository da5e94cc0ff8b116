"""The files of overrides: which mapping each lies over, and for whom.

`overrides/<organization or connection>/sales-orders.yaml` says `extends: sales-orders` and what
is different there. The snapshot lays them over the mappings and compiles both together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from gateway.documents import Document, Finding, load_document, path_shown, to_be_read, unreadable
from gateway.errors import InvalidFiles, Place
from gateway.mapping import EXTENDS, Findings

TEST: Final = ".test.yaml"
_FILES: Final = ("*.yaml", "*.yml")


def read_overrides(folder: Path | None, findings: list[Finding]) -> dict[str, dict[str, Document]]:
    """The documents by organization or connection, and by the mapping they extend.

    What cannot be one of them is reported, so that none is passed over in silence.
    """
    if folder is None:
        return {}
    findings += [_astray(path) for pattern in _FILES for path in sorted(folder.glob(pattern))]
    findings += [_lost(path) for path in sorted(folder.iterdir()) if _leads_nowhere(path)]
    return {inner.name: _of_one(inner, findings) for inner in owners_in(folder)}


def owners_in(folder: Path) -> list[Path]:
    """The folders of organizations and connections. Hidden ones are the business of others, such
    as of what mounts the files.
    """
    return [
        inner
        for inner in sorted(folder.iterdir())
        if inner.is_dir() and not inner.name.startswith(".")
    ]


def documents_in(folder: Path, findings: list[Finding]) -> Iterator[Document]:
    """The mapping files directly in a folder, without their tests; what cannot be read, or would
    not be for its suffix, is reported.
    """
    try:  # not by `glob`, to which a folder that may not be read is an empty one
        inner = sorted(folder.iterdir())
    except OSError as error:
        findings.append(unreadable(str(folder), "This folder", error))
        return
    findings += [_unread(path) for path in inner if path.suffix == ".yml"]
    for path in [path for path in inner if path.suffix == ".yaml"]:
        if path.name.endswith(TEST) or not to_be_read(path):
            continue
        try:
            yield load_document(path)
        except InvalidFiles as error:
            findings += [one for one in error.findings if isinstance(one, Finding)]


def _unread(path: Path) -> Finding:
    message = "Mapping files end in .yaml, so this one would not be read."
    hint = f"Name it {path.stem}.yaml."
    return Finding(
        "D104", "other-suffix", message, Place(path_shown(path), 1, 1), hint=hint, quoted=False
    )


def doubled(document: Document, key: str, other: Document, *, replacing: bool = False) -> Finding:
    """What is said of a second file for one resource. `replacing`: it is in a later folder, where
    it may take the place of the other one.
    """
    message = f"{other.file} is a mapping of this resource already."
    hint = "Give it a resource of its own." if key == "resource" else "Put all of it into one file."
    if replacing:
        hint += f" To replace that one, name the file {Path(other.file).name}."
    place, length = document.place((key,)), document.length((key,))
    return Finding("M105", "double-resource", message, place, length=length, hint=hint)


def orphans(overrides: Mapping[str, Mapping[str, Document]], resources: list[str]) -> list[Finding]:
    """What is said of overrides of a mapping that is not there."""
    found: list[Finding] = []
    for documents in overrides.values():
        for resource, document in documents.items():
            if resource not in resources:
                findings = Findings(document)
                message = f'There is no mapping of "{resource}".'
                findings.unknown((EXTENDS,), "no-base", message, resource, resources)
                found += findings.found
    return found


def _of_one(folder: Path, findings: list[Finding]) -> dict[str, Document]:
    """The overrides of one organization or connection."""
    found: dict[str, Document] = {}
    deeper = [path for pattern in _FILES for path in folder.glob(f"*/**/{pattern}")]
    findings += [_astray(path) for path in sorted(deeper)]
    for document in documents_in(folder, findings):
        resource = extended_resource(document, findings)
        if resource is None:
            continue
        if resource in found:
            findings.append(doubled(document, EXTENDS, found[resource]))
        found[resource] = document
    return found


def extended_resource(document: Document, findings: list[Finding]) -> str | None:
    """The resource that a file is about; reported when it does not say it."""
    value = document.value
    resource = value.get(EXTENDS) if isinstance(value, dict) else None
    if isinstance(resource, str) and resource:
        return resource
    own = Findings(document)
    hint = f"Begin with `{EXTENDS}: ` and the resource."
    own.at((EXTENDS,), "no-base", "This file does not name the mapping that it changes.", hint=hint)
    findings += own.found
    return None


def _astray(path: Path) -> Finding:
    message = "An override lies in a folder named after the organization or the connection."
    hint = f"Put it into <organization or connection>/{path.name}."
    place = Place(path_shown(path), 1, 1)
    return Finding("D105", "astray", message, place, hint=hint, quoted=False)


def _leads_nowhere(path: Path) -> bool:
    return path.is_symlink() and not path.exists() and not path.name.startswith(".")


def _lost(link: Path) -> Finding:
    message = "This link leads nowhere, so the overrides behind it would not count."
    hint = "Put back what it leads to, or take it away."
    return Finding("D101", "unreadable", message, Place(str(link), 1, 1), hint=hint, quoted=False)
