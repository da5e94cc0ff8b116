"""`/docs`: the OpenAPI document as one page for people, without a script and without a stranger.

The problems' `type` leads here: every code has its own anchor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import aiohttp_jinja2
from aiohttp import web

from gateway.api.calls import Code, own_codes
from gateway.api.keys import snapshot_of
from gateway.api.looks import look, page_headers
from gateway.api.openapi import DESCRIPTION
from gateway.snapshot import Snapshot

_Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Call:
    """One operation as the page shows it."""

    method: str
    path: str
    described: _Json
    takes: str | None
    answers: tuple[tuple[str, str | None], ...]
    codes: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class _Property:
    """One row of a schema's table: `lines[].quantity`, its type and bounds, its text."""

    path: str
    kind: str
    required: bool
    text: str


async def start(_request: web.Request) -> web.StreamResponse:
    """The root leads to the page."""
    return web.Response(status=302, headers={"Location": "/docs"})


async def page(request: web.Request) -> web.StreamResponse:
    """The page."""
    description = request.app[DESCRIPTION].of(snapshot_of(request))
    schemas = cast("_Json", description)["components"]["schemas"]
    values = {
        "style": look("docs").style,
        "description": description,
        "sections": _sections(description),
        "codes": _codes(snapshot_of(request)),
        "schemas": {name: list(_properties(schema, schema)) for name, schema in schemas.items()},
        "examples": {
            name: json.dumps(schema["examples"][0], indent=2, ensure_ascii=False, default=str)
            for name, schema in schemas.items()
            if schema.get("examples")
        },
    }
    response = aiohttp_jinja2.render_template("docs.html", request, values)
    response.headers.update(page_headers(look("docs"), "'none'"))
    return response


def _sections(description: _Json) -> dict[str, list[_Call]]:
    """The operations by tag, in the order of the document."""
    sections: dict[str, list[_Call]] = {}
    for path, methods in description["paths"].items():
        for method, described in methods.items():
            sections.setdefault(described["tags"][0], []).append(_call(method, path, described))
    return sections


def _call(method: str, path: str, described: _Json) -> _Call:
    takes = described.get("requestBody")
    responses = described["responses"].items()
    return _Call(
        method=method.upper(),
        path=path,
        described=described,
        takes=_schema_of(takes) if takes else None,
        answers=tuple(
            (status, _schema_of(response)) for status, response in responses if status < "300"
        ),
        codes=tuple(
            (status, tuple(response["x-codes"]))
            for status, response in responses
            if status >= "400"
        ),
    )


def _schema_of(body: _Json) -> str | None:
    """The name of the schema a body refers to; for a list, that of its elements."""
    content: _Json = body.get("content", {})
    schema: _Json = next((part["schema"] for part in content.values()), {})
    if "properties" in schema and "data" in schema["properties"]:
        schema = schema["properties"]["data"]["items"]
    reference = schema.get("$ref")
    return reference.rpartition("/")[2] if reference else None


def _properties(schema: _Json, root: _Json, path: str = "") -> Iterator[_Property]:
    """Every property of a schema, the nested ones after their parent."""
    schema = _resolved(schema, root)
    for name, given in schema.get("properties", {}).items():
        child = _resolved(given, root)
        here = f"{path}{name}"
        yield _Property(here, _kind(child), name in schema.get("required", []), _text(given, child))
        if "items" in child:
            yield from _properties(child["items"], root, f"{here}[].")
        yield from _properties(child, root, f"{here}.")


def _resolved(schema: _Json, root: _Json) -> _Json:
    """The schema a local reference within `root` leads to; others are shown by their name."""
    reference = str(schema.get("$ref", ""))
    _, mark, name = reference.partition("/$defs/")
    return cast("_Json", root["$defs"][name]) if mark else schema


def _kind(schema: _Json) -> str:
    """Type and bounds in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(choice) for choice in schema["anyOf"])
    kind = schema.get("type", "text" if "const" in schema else "any")
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "format" in schema:
        words += f" ({schema['format']})"
    if "maxLength" in schema:
        words += f", up to {schema['maxLength']} characters"
    if "const" in schema:
        words += f": {schema['const']}"
    if "enum" in schema:
        words += ": " + ", ".join(str(choice) for choice in schema["enum"])
    return words


def _text(given: _Json, child: _Json) -> str:
    return str(given.get("description") or child.get("description") or "")


def _codes(snapshot: Snapshot) -> list[Code]:
    """The gateway's codes, then what the mappings declare."""
    declared = {
        rejection.code: Code(
            rejection.code,
            422,
            f"{rejection.title}. {rejection.remedy}."
            if rejection.remedy
            else f"{rejection.title}.",
        )
        for resources in (*snapshot.overrides.values(), snapshot.resources)
        for plans in resources.values()
        for plan in plans.verbs.values()
        for rejection in plan.rejections.values()
    }
    return [*own_codes(), *(declared[code] for code in sorted(declared))]
