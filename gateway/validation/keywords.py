"""The words of JSON Schema. What it does not have it passes over, so a typo would change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.documents import Document, Finding, did_you_mean, meant
from gateway.validation.sides import MANY, NAMED, ONE

Path = tuple[str | int, ...]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
TYPES: Final = ("string", "integer", "number", "boolean", "object", "array", "null")
_KEYWORDS: Final = (
    *ONE,
    *MANY,
    *NAMED,
    *("$schema", "$id", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor", "$comment"),
    *("type", "const", "enum", "format", "pattern", "required", "dependentRequired"),
    *("multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"),
    *("maxLength", "minLength", "maxItems", "minItems", "uniqueItems"),
    *("maxContains", "minContains", "maxProperties", "minProperties"),
    *("title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples"),
    *("unevaluatedItems", "unevaluatedProperties"),
    *("contentEncoding", "contentMediaType", "contentSchema"),
)
_FORMATS: Final = (
    *("date", "date-time", "time", "duration", "uuid", "email", "idn-email", "regex"),
    *("hostname", "idn-hostname", "ipv4", "ipv6", "uri", "uri-reference", "uri-template"),
    *("iri", "iri-reference", "json-pointer", "relative-json-pointer"),
)
_ELSEWHERE: Final = {  # words of other drafts and of OpenAPI
    "definitions": 'Write "$defs".',
    "nullable": 'Write "type": ["string", "null"].',
    "example": 'Write "examples": […].',
}
_RULES: Final = {
    "S101": "no-schema",
    "S107": "unknown-keyword",
    "S108": "required-nothing",
}
_COMBINED: Final = frozenset(  # with them, properties may be named in another schema
    {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "patternProperties"}
)


def draft_findings(document: Document) -> Iterator[Finding]:
    """A `$schema` of another draft: its keywords would mean something else."""
    value = document.value
    if isinstance(value, dict) and value.get("$schema", DRAFT).removesuffix("#") != DRAFT:
        message = "This is another draft of JSON Schema; the files here are of 2020-12."
        hint = f'Write "{DRAFT}", or leave it out.'
        yield _finding(document, ("$schema",), "S101", message, hint)


def word_findings(
    document: Document, schema: object = None, path: Path = (), *, alone: bool = True
) -> Iterator[Finding]:
    """Every unknown keyword and format of a schema, and what is required without a property.

    `alone`: no other schema speaks of the same object.
    """
    schema = document.value if not path else schema
    if not isinstance(schema, Mapping):
        return
    for key, value in schema.items():
        yield from _of_keyword(document, (*path, key), value)
        for below, part in _parts(key, value):
            beside = key in MANY and key != "prefixItems"
            apart = not beside and key not in {"not", "if", "then", "else"}
            yield from word_findings(document, part, (*path, key, *below), alone=apart)
    if alone:
        yield from _required_nothing(document, schema, path)


def _of_keyword(document: Document, path: Path, value: object) -> Iterator[Finding]:
    key = str(path[-1])
    if key not in _KEYWORDS and not key.startswith("x-"):
        message = f'JSON Schema has no keyword "{key}", and would pass over it.'
        hint = _ELSEWHERE.get(key) or did_you_mean(key, _KEYWORDS)
        yield _finding(document, path, "S107", message, hint, key=True)
    elif key == "format" and value not in _FORMATS:
        message = f'JSON Schema has no format "{value}", and would pass over it.'
        yield _finding(document, path, "S107", message, did_you_mean(str(value), _FORMATS))


def _parts(key: str, value: object) -> Iterator[tuple[Path, object]]:
    """The schemas under a keyword, each with the way to it."""
    if key in NAMED and isinstance(value, Mapping):
        yield from (((name,), part) for name, part in value.items())
    elif key in MANY and isinstance(value, list):
        yield from (((at,), part) for at, part in enumerate(value))
    elif key in ONE:
        yield (), value


def _required_nothing(
    document: Document, schema: Mapping[str, object], path: Path
) -> Iterator[Finding]:
    names, properties = schema.get("required"), schema.get("properties")
    if not isinstance(names, list) or not isinstance(properties, Mapping):
        return
    if _COMBINED & schema.keys():
        return
    for at, name in enumerate(names):
        if name not in properties:
            message = f'"{name}" is required, and there is no property of that name.'
            hint = did_you_mean(name, properties)
            here = (*path, "required", at)
            yield _finding(document, here, "S108", message, hint)


def type_hint(value: object) -> str:
    """What to write for a `type` that JSON Schema does not have."""
    near = meant(value, TYPES) if isinstance(value, str) else None
    return near or f"Known are {', '.join(TYPES)}."


def _finding(
    document: Document, path: Path, rule: str, message: str, hint: str | None, *, key: bool = False
) -> Finding:
    place, length = document.place(path, key=key), document.length(path, key=key)
    return Finding(rule, _RULES[rule], message, place, length=length, hint=hint)
