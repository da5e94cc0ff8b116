"""A file → what it says. The shape is checked first, then everything that has a meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.documents import Document, check_shape
from gateway.mapping.model import (
    AnchorSource,
    CreateSource,
    FilterSource,
    GuardSource,
    Leaf,
    ListSource,
    LookupSource,
    MappingFile,
    UpsertSource,
    WriteSource,
)
from gateway.mapping.names import new_name
from gateway.mapping.rules import SHAPE, Findings, Path
from gateway.mapping.templates import read_condition, read_fields, read_loop

_LATER: Final = ("extends", "actions")
_LATER_IN_WRITES: Final = ("steps", "answer", "schema")
_WRITES: Final = ("create", "update", "upsert")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


def load_mapping(
    document: Document, shape: Mapping[str, object], findings: Findings
) -> MappingFile | None:
    """What the file says, or None when its shape leaves nothing to read.

    `shape` is `schemas/gateway/mapping.schema.json`. Everything wrong goes to `findings`.
    """
    value: Any = document.value
    later = _report_later(value, findings)
    shaped = [
        finding
        for finding in check_shape(document, shape, SHAPE)
        if finding.place not in {document.place(path, key=True) for path in later}
    ]
    findings.found += shaped
    if any(finding.name != "unknown-key" for finding in shaped) or (
        isinstance(value, dict) and "extends" in value
    ):
        return None
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
        create=_create(value["create"], findings) if "create" in value else None,
        update=_write(value["update"], ("update",), findings) if "update" in value else None,
        upsert=_upsert(value["upsert"], findings) if "upsert" in value else None,
        delete="delete" in value,
        problems=_problems(value, findings),
    )


def _report_later(value: object, findings: Findings) -> list[Path]:
    """Report the parts of the language that a later release brings."""
    if not isinstance(value, dict):
        return []
    paths: list[Path] = [(key,) for key in _LATER if key in value]
    for verb in _WRITES:
        write = value.get(verb)
        if isinstance(write, dict):
            paths += [(verb, key) for key in _LATER_IN_WRITES if key in write]
    for path in paths:
        message = f"`{path[-1]}` comes with a later release."
        findings.at(path, "not-yet", message, key=True)
    return paths


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
        _known_rejection(problem["reject"], (*path, "reject"), value, findings)
        if problem["code"] in problems:
            findings.at((*path, "code"), "misplaced-key", "This code stands here twice.")
        problems[problem["code"]] = problem["reject"]
    return problems


def _known_rejection(code: str, path: Path, value: Mapping[str, Any], findings: Findings) -> None:
    known = list(value.get("rejections", {}))
    if code not in known:
        findings.unknown(
            path, "unknown-rejection", f'No rejection is called "{code}".', code, known
        )


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
    anchor = _anchor(value["anchor"], (*path, "anchor")) if "anchor" in value else None
    return CreateSource(_write(value, path, findings), anchor)


def _upsert(value: Mapping[str, Any], findings: Findings) -> UpsertSource:
    path: Path = ("upsert",)
    ((field, wanted),) = value["by"].items()
    by = (field, Leaf((*path, "by", field), wanted))
    return UpsertSource(_write(value, path, findings), by, tuple(value.get("create_only", ())))


def _write(value: Mapping[str, Any], path: Path, findings: Findings) -> WriteSource:
    whole: Any = findings.document.value
    guards = []
    for index, guard in enumerate(value.get("guards", ())):
        here = (*path, "guards", index)
        _known_rejection(guard["reject"], (*here, "reject"), whole, findings)
        when = read_condition(guard["when"], (*here, "when"), findings)
        guards.append(GuardSource(here, when, guard["reject"]))
    lookups = [
        _lookup(name, facts, (*path, "lookups", name), findings)
        for name, facts in value.get("lookups", {}).items()
    ]
    body = read_fields(value.get("body", {}), (*path, "body"), findings)
    if body.when is not None:
        message = "Whether a body is sent says a guard."
        findings.at((*body.path, "$when"), "misplaced-key", message, key=True)
    return WriteSource(
        path=path,
        input=new_name(value["input"], (*path, "input"), findings),
        lookups=tuple(lookups),
        guards=tuple(guards),
        body=body,
    )


def _anchor(value: Mapping[str, Any], path: Path) -> AnchorSource:
    leaf = Leaf((*path, "value"), value["value"])
    return AnchorSource(path, value["field"], leaf, tuple(value.get("also_in", ())))


def _lookup(name: str, value: dict[str, Any], path: Path, findings: Findings) -> LookupSource:
    on_missing = value.get("on_missing")
    code = on_missing["reject"] if isinstance(on_missing, dict) else None
    if code is not None:
        whole: Any = findings.document.value
        _known_rejection(code, (*path, "on_missing", "reject"), whole, findings)
    _check_companions(value, path, findings)
    conditions = value.get("where", {})
    where = tuple(
        (field.removesuffix("?"), Leaf((*path, "where", field), wanted))
        for field, wanted in conditions.items()
    )
    return LookupSource(
        name=new_name(name, path, findings),
        path=path,
        entity=value.get("entity") if not value.get("item_match") else None,
        where=where,
        optional=any(field.endswith("?") for field in conditions),
        loop=read_loop(value, path, findings) if "$each" in value else None,
        key=Leaf((*path, "key"), value["key"]) if "key" in value else None,
        cache=_seconds(value.get("cache", "0s")),
        on_missing=code,
    )


def _check_companions(value: Mapping[str, Any], path: Path, findings: Findings) -> None:
    """A lookup is of an entity by `where`, or a match of items by `key`; `$each` needs `key`."""
    needs = {"$each": "key", "key": "$each", "entity": "where", "where": "entity"}
    for key, companion in needs.items():
        if key in value and companion not in value:
            message = f"`{key}` needs `{companion}`."
            findings.at((*path, key), "misplaced-key", message, key=True)
    if ("entity" in value) == (value.get("item_match") is True):
        message = "A lookup has an `entity`, or is an `item_match`."
        findings.at(path, "misplaced-key", message, key=True)
    if value.get("item_match") is True and "$each" not in value:
        message = "`item_match` needs `$each` and `key`."
        findings.at((*path, "item_match"), "misplaced-key", message, key=True)
    for field in value.get("where", {}):
        if field.endswith("?") and "$each" in value:
            message = "With `$each` every element asks, so nothing may be missing."
            findings.at((*path, "where", field), "misplaced-key", message, key=True)


def _seconds(text: str) -> float:
    """`5m` in seconds; the shape has made sure of the form."""
    return int(text[:-1]) * _SECONDS[text[-1]]
