"""Schema files, read and checked: what is wrong with any of them is a finding with its place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

from gateway.documents import Document, Finding, load_document, meant, to_be_read
from gateway.errors import InvalidFiles, Violation
from gateway.validation.keywords import draft_findings, type_hint, word_findings
from gateway.validation.schemas import Schemas, references
from gateway.validation.validator import Validator, at_pointer

_SUFFIX: Final = ".schema.json"
_KEPT: Final = 4  # sets of files; one counts, and a few are tried
_FIELD: Final = {
    "type": "object",
    "required": ["type"],
    "additionalProperties": False,
    "properties": {
        "type": {
            "enum": [
                *("string", "integer", "decimal", "boolean", "date", "datetime", "guid"),
                *("stream", "collection"),
            ]
        },
        "maxLength": {"type": "integer", "minimum": 1},
        "enum": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "since": {"type": "string"},
        **{flag: {"type": "boolean"} for flag in ("readOnly", "code", "blankRefused", "computed")},
    },
}
_PART: Final = {
    "type": "object",
    "required": ["entitySet", "many"],
    "additionalProperties": False,
    "properties": {
        "entitySet": {"type": "string"},
        "many": {"type": "boolean"},
        "since": {"type": "string"},
    },
}
_NAMES: Final = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_ENTITY: Final[dict[str, object]] = {
    "type": "object",
    "required": ["x-business-central", "$defs"],
    "properties": {
        "x-business-central": {
            "type": "object",
            "required": ["api", "entitySet", "entityName", "key", "verbs", "fields"],
            "additionalProperties": False,
            "properties": {
                "api": {"type": "string"},
                "entitySet": {"type": "string"},
                "entityName": {"type": "string"},
                "key": _NAMES,
                "verbs": {"type": "array", "items": {"enum": ["get", "post", "patch", "delete"]}},
                "since": {"type": "string"},
                "fields": {"type": "object", "additionalProperties": _FIELD, "minProperties": 1},
                "parts": {"type": "object", "additionalProperties": _PART},
                "actions": _NAMES,
                "parameters": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "additionalProperties": _FIELD,
                        "minProperties": 1,
                    },
                },
                "required": {"type": "array", "items": _NAMES},
                "listNeedsFilter": {"type": "boolean"},
            },
        },
        "$defs": {"type": "object", "required": ["create", "update", "record"]},
    },
}
_CANONICAL: Final[dict[str, object]] = {
    "type": "object",
    "required": ["title", "type", "properties"],
    "properties": {"type": {"const": "object"}},
}
_IS_SCHEMA: Final = Validator({"$ref": "https://json-schema.org/draft/2020-12/schema"})
_IS_ENTITY: Final = Validator(_ENTITY)
_IS_CANONICAL: Final = Validator(_CANONICAL)


@dataclass(frozen=True, slots=True)
class _File:
    """A schema file as it is now. `api` is the route it is of, None for a canonical one."""

    path: Path
    api: str | None
    facts: tuple[int, int, int]  # when it was written, its size, which file it is


def load_schemas(folders: Sequence[Path]) -> Schemas:
    """The schema files under `canonical/` and `bc/` of each folder; later folders win.

    While no file changes they are the same `Schemas`, with the validators that were made of them.
    Raises `InvalidFiles` with every finding in every file.
    """
    return _loaded(tuple(file for folder in folders for file in _files(folder)))


@lru_cache(maxsize=_KEPT)
def _loaded(files: tuple[_File, ...]) -> Schemas:
    findings: list[Finding] = []
    unread: set[tuple[str, str]] = set()
    canonical: dict[str, Document] = {}
    entities: dict[tuple[str, str], Document] = {}
    for file in files:
        document = _read(file.path, findings)
        if document is None:
            unread.add((file.api or "", _name(file.path)))
            continue
        if file.api is None:
            canonical[_name(file.path)] = document
        else:
            entities[file.api, _name(file.path)] = document
    for document in canonical.values():
        findings += _canonical_findings(document)
    for (api, entity_set), document in entities.items():
        findings += _entity_findings(document, api, entity_set, entities, unread)
    if findings:
        raise InvalidFiles(findings)
    return Schemas(canonical, entities)


def _files(folder: Path) -> Iterator[_File]:
    """The schema files of a folder, the canonical ones first."""
    for kind in ("canonical", "bc"):
        inner = folder / kind
        found = inner.rglob(f"*{_SUFFIX}") if inner.is_dir() else ()
        for path in sorted(filter(to_be_read, found)):
            api = PurePosixPath(path.parent.relative_to(inner)).as_posix()
            seen = path.stat() if path.exists() else path.lstat()
            facts = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
            yield _File(path, None if kind == "canonical" else api, facts)


def _name(path: Path) -> str:
    return path.name.removesuffix(_SUFFIX)


def _read(path: Path, findings: list[Finding]) -> Document | None:
    try:
        return load_document(path)
    except InvalidFiles as error:
        findings += [finding for finding in error.findings if isinstance(finding, Finding)]
        return None


def _canonical_findings(document: Document) -> Iterator[Finding]:
    found = _shape_findings(document, _IS_CANONICAL)
    found = found or [*word_findings(document), *_reference_findings(document, {})]
    yield from found
    if not found:
        yield from _compile_findings(document)


def _entity_findings(
    document: Document,
    api: str,
    entity_set: str,
    others: Mapping[tuple[str, str], Document],
    unread: Collection[tuple[str, str]],
) -> Iterator[Finding]:
    """`unread` are files of which only that is told."""
    found = _shape_findings(document, _IS_ENTITY)
    if found:
        yield from found
        return
    beside = {name + _SUFFIX: other for (route, name), other in others.items() if route == api}
    told = {name + _SUFFIX for route, name in unread if route == api}
    yield from _reference_findings(document, beside, told)
    said: Any = document.value
    facts = said["x-business-central"]
    for key, wanted in (("api", api), ("entitySet", entity_set)):
        if facts[key] != wanted:
            message = f'The place of this file says "{wanted}", the file itself does not.'
            yield _finding(document, ("x-business-central", key), "S104", "other-name", message)
    yield from _name_findings(document, facts)


def _name_findings(document: Document, facts: Mapping[str, Any]) -> Iterator[Finding]:
    groups: dict[tuple[str | int, ...], list[str]] = {("key",): facts["key"]}
    for at, group in enumerate(facts.get("required", ())):
        groups["required", at] = group
    for path, names in groups.items():
        for at, name in enumerate(names):
            if name not in facts["fields"]:
                yield _finding(
                    document,
                    ("x-business-central", *path, at),
                    "S105",
                    "unknown-field",
                    f'This entity has no field "{name}".',
                    hint=meant(name, facts["fields"]),
                )


def _shape_findings(document: Document, shape: Validator) -> list[Finding]:
    for rule, name, wanted in (("S101", "no-schema", _IS_SCHEMA), ("S102", "wrong-shape", shape)):
        violations = wanted.violations(document.value)
        if violations:
            return [_shape_finding(document, rule, name, violation) for violation in violations]
    return list(draft_findings(document))


def _shape_finding(document: Document, rule: str, name: str, violation: Violation) -> Finding:
    path = _path(document.value, violation.pointer or "")
    unknown = violation.rule == "additionalProperties"
    untyped = rule == "S101" and "type" in path[-2:]
    return Finding(
        rule,
        name,
        "This is no type of JSON Schema." if untyped else violation.detail,
        document.place(path, key=unknown),
        length=document.length(path, key=unknown),
        hint=type_hint(at_pointer(document.value, violation.pointer or ""))
        if untyped
        else violation.hint,
    )


def _path(value: object, pointer: str) -> tuple[str | int, ...]:
    """The steps of `pointer` in `value`; the last one may lead to nothing."""
    path: list[str | int] = []
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            path.append(int(name))
            value = value[int(name)]
        else:
            path.append(name)
            value = value.get(name) if isinstance(value, dict) else None
    return tuple(path)


def _reference_findings(
    document: Document, beside: Mapping[str, Document], unread: Collection[str] = ()
) -> Iterator[Finding]:
    for path, target in references(document.value):
        file, _, fragment = target.partition("#")
        if file in unread:
            continue
        if file and file not in beside:
            message = "A schema may refer to itself and to files beside it; this is neither."
            hint = meant(file, beside)
            yield _finding(document, path, "S103", "unknown-reference", message, hint=hint)
            continue
        try:
            at_pointer(beside[file].value if file else document.value, fragment)
        except (LookupError, TypeError, ValueError):
            message = "There is nothing at the end of this reference."
            yield _finding(document, path, "S103", "unknown-reference", message)


def _compile_findings(document: Document) -> Iterator[Finding]:
    schema: Any = document.value
    try:
        Validator(schema)
    except ValueError:
        message = "This schema cannot be compiled. A pattern may use no look-around."
        yield _finding(document, (), "S106", "not-compiled", message)


def _finding(
    document: Document,
    path: tuple[str | int, ...],
    rule: str,
    name: str,
    message: str,
    *,
    hint: str | None = None,
) -> Finding:
    place, length = document.place(path), document.length(path)
    return Finding(rule, name, message, place, length=length, hint=hint)
