"""A file → what it says. The shape is checked first, then everything that has a meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.documents import Document, check_shape, suggest
from gateway.mapping.load_steps import VERBS, read_walks, single_calls
from gateway.mapping.load_writes import VERB_KEYS, known_rejection, read_anchor, read_by, read_write
from gateway.mapping.model import (
    CreateSource,
    FilterSource,
    ListSource,
    MappingFile,
    UpsertSource,
)
from gateway.mapping.names import new_name
from gateway.mapping.rules import SHAPE, Findings, Path
from gateway.mapping.templates import read_fields
from gateway.mapping.types import WORDS, Kind, constant_type

_MOST: Final = 100  # unknown keys of one object that are looked at


def load_mapping(
    document: Document, shape: Mapping[str, object], findings: Findings
) -> MappingFile | None:
    """What the file says, or None when its shape leaves nothing to read.

    `shape` is `schemas/gateway/mapping.schema.json`. Everything wrong goes to `findings`.
    """
    value: Any = document.value
    if isinstance(value, dict) and "extends" in value:
        message = "A mapping extends nothing; an override of it lies under `overrides`."
        hint = "Put it into overrides/<organization or connection>/."
        findings.at(("extends",), "not-an-override", message, key=True, hint=hint)
        return None
    shaped = check_shape(document, shape, SHAPE)
    findings.found += shaped
    if any(one.name == "unknown-key" for one in shaped) and type(document) is Document:
        document = findings.document = _meant(document, shape)
        value = document.value
        told, shaped = shaped, check_shape(document, shape, SHAPE)
        findings.found += [one for one in shaped if one not in told]
    # Beside a key too many everything else can be read; behind one that lacks nothing can.
    if any(finding.name != "unknown-key" or finding.expected for finding in shaped):
        return None
    single = single_calls(value, findings)
    return MappingFile(
        document=document,
        resource=value["resource"],
        title=value["title"],
        schema=value["schema"],
        entity=value["entity"],
        api=value["api"],
        schema_version=value.get("schema_version"),
        params=_params(value.get("params", {}), findings),
        tables=_tables(value.get("tables", {}), findings),
        rejections={
            code: (facts["title"], facts.get("remedy"))
            for code, facts in value.get("rejections", {}).items()
        },
        record=read_fields(value["record"], ("record",), findings),
        list=_list(value["list"]) if "list" in value else None,
        read="read" in value,
        create=_create(value["create"], findings) if "create" in single else None,
        update=read_write(value["update"], ("update",), findings) if "update" in single else None,
        upsert=_upsert(value["upsert"], findings) if "upsert" in single else None,
        delete="delete" in single,
        walks=read_walks(value, findings),
        problems=_problems(value, findings),
    )


def _meant(document: Document, shape: Mapping[str, Any]) -> Document:
    """The file with the keys that were meant where its parts and those of its verbs are misspelt,
    so that what stands under them is read.
    """
    whole: Any = document.value
    paths: list[tuple[str, ...]] = [(), *((verb,) for verb in VERBS)]
    known = {path: [*VERB_KEYS] if path else [*shape["properties"]] for path in paths}
    for path in paths:
        said = whole.get(path[0]) if path else whole
        lost = [key for key in known[path] if key not in said] if isinstance(said, dict) else []
        if "answer" in lost and "steps" not in said:
            lost.remove("answer")  # which has no place there
        stray = [key for key in said if key not in known[path]][:_MOST] if lost else []
        meant = {key: near for key in stray if (near := suggest(key, lost)) is not None}
        if meant and len(set(meant.values())) == len(meant):
            document = document.renamed(path, meant)
            whole = document.value
    return document


def _params(params: Mapping[str, Any], findings: Findings) -> dict[str, object]:
    for name, facts in params.items():
        _check_param(name, facts, findings)
    properties = {
        name: {key: fact for key, fact in facts.items() if key != "optional"}
        for name, facts in params.items()
    }
    required = [name for name, facts in params.items() if not facts.get("optional")]
    return {"type": "object", "properties": properties, "required": required}


_TEXT_ONLY: Final = ("maxLength", "format")
_KINDS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "string": ("text",),
    "integer": ("integer",),
    "number": ("integer", "decimal"),
    "boolean": ("boolean",),
}


def _check_param(name: str, facts: Mapping[str, Any], findings: Findings) -> None:
    """What is said of a param must go with its type."""
    path, type_ = ("params", name), facts["type"]
    new_name(name, path, findings, key=True)
    for key in _TEXT_ONLY:
        if key in facts and type_ != "string":
            message = f"`{key}` goes with `type: string`."
            findings.at((*path, key), "misplaced-key", message, key=True)
    for index, member in enumerate(facts.get("enum", ())):
        given = constant_type(member)
        if given.kind not in _KINDS[type_]:
            message = f"This member is not of the type {type_}."
            findings.at((*path, "enum", index), "wrong-type", message, actual=WORDS[given.kind])


def _tables(
    tables: Mapping[str, Mapping[str, object]], findings: Findings
) -> Mapping[str, Mapping[str, object]]:
    """The tables; the values of each are of one type."""
    for name, table in tables.items():
        types = {key: constant_type(value) for key, value in table.items()}
        first = next(iter(types.values()))
        for key, type_ in types.items():
            if type_.kind != first.kind and not (type_.number and first.number):
                message = "The values of one table are of one type."
                findings.at(
                    ("tables", name, key),
                    "wrong-type",
                    message,
                    expected=WORDS[first.kind],
                    actual=WORDS[type_.kind],
                )
    return tables


def _problems(value: Mapping[str, Any], findings: Findings) -> dict[str, str]:
    problems: dict[str, str] = {}
    for index, problem in enumerate(value.get("problems", ())):
        path: Path = ("problems", index)
        known_rejection(problem["reject"], (*path, "reject"), findings)
        if problem["code"] in problems:
            findings.at((*path, "code"), "misplaced-key", "This code stands here twice.")
        problems[problem["code"]] = problem["reject"]
    return problems


def _list(value: Mapping[str, Any]) -> ListSource:
    filters = tuple(
        FilterSource(
            name,
            ("list", "filters", name),
            facts["field"],
            facts.get("operator", "eq"),
            facts["values"].removeprefix("tables.") if "values" in facts else None,
        )
        for name, facts in value.get("filters", {}).items()
    )
    return ListSource(("list",), tuple(value.get("omit", ())), filters)


def _create(value: Mapping[str, Any], findings: Findings) -> CreateSource:
    path: Path = ("create",)
    return CreateSource(read_write(value, path, findings), read_anchor(value, path))


def _upsert(value: Mapping[str, Any], findings: Findings) -> UpsertSource:
    path: Path = ("upsert",)
    create_only = tuple(value.get("create_only", ()))
    return UpsertSource(read_write(value, path, findings), read_by(value, path), create_only)
