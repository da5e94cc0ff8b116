"""A file → what it says. The shape is checked first, then everything that has a meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.documents import Document, check_shape
from gateway.mapping.load_steps import read_walks, single_calls
from gateway.mapping.load_writes import known_rejection, read_anchor, read_by, read_write
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
    if any(finding.name != "unknown-key" for finding in shaped):
        return None
    single = single_calls(value, findings)
    return MappingFile(
        document=document,
        resource=value["resource"],
        title=value["title"],
        schema=value["schema"],
        entity=value["entity"],
        api=value["api"],
        params=_params(value.get("params", {}), findings),
        tables=value.get("tables", {}),
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


def _params(params: Mapping[str, Any], findings: Findings) -> dict[str, object]:
    for name in params:
        new_name(name, ("params", name), findings)
    properties = {
        name: {key: fact for key, fact in facts.items() if key != "optional"}
        for name, facts in params.items()
    }
    required = [name for name, facts in params.items() if not facts.get("optional")]
    return {"type": "object", "properties": properties, "required": required}


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
