"""Facts of an entity set → its schema file: what a create takes, a change, and what is read.

`schemas/bc/generate.py` makes the files of API v2.0 with it, `bc-gateway schemas pull` those of a
custom API. Every text in the files is composed here from names and types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

Facts = Mapping[str, Any]
"""An entity set as `x-business-central` of its file has it, without `api`."""

TYPES: Final[Mapping[str, str]] = {
    "Edm.String": "string",
    "Edm.Int32": "integer",
    "Edm.Int64": "integer",
    "Edm.Decimal": "decimal",
    "Edm.Boolean": "boolean",
    "Edm.Date": "date",
    "Edm.DateTimeOffset": "datetime",
    "Edm.Guid": "guid",
    "Edm.Stream": "stream",
}
JSON_TYPES: Final[Mapping[str, Mapping[str, object]]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "decimal": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "guid": {"type": "string", "format": "uuid"},
    "collection": {"type": "array"},
}
_WORDS: Final = {
    "string": "text",
    "integer": "whole number",
    "decimal": "number",
    "boolean": "true or false",
    "date": "date",
    "datetime": "date and time in UTC",
    "guid": "GUID",
    "stream": "content, read and written apart",
    "collection": "list",
}


def schema_of(entity: Facts, others: Mapping[str, Facts], api: str) -> dict[str, object]:
    """The schema file of `entity`; `others` are all entities of the route `api` by their set."""
    name = _words(entity["entitySet"])
    writable = {
        field: facts
        for field, facts in entity["fields"].items()
        if not facts.get("readOnly") and facts["type"] != "stream"
    }
    parts = _sent_parts(entity, others)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{name[0].upper()}{name[1:]} ({entity['entitySet']})",
        "description": f"The entity set {entity['entitySet']} of Business Central's API {api}.",
        "x-business-central": {
            "api": api,
            **{key: value for key, value in entity.items() if key != "fields"},
            "fields": entity["fields"],
        },
        "$defs": {
            "create": _create(entity, writable, parts) if "post" in entity["verbs"] else False,
            "update": _body(writable, {}) if "patch" in entity["verbs"] else False,
            "record": _record(entity),
            **{
                action_body(name): _body(given, {})
                for name, given in entity.get("parameters", {}).items()
            },
        },
    }


def action_body(action: str) -> str:
    """What the `$defs` of a schema file call the parameters of a bound action."""
    return f"action.{action}"


def _sent_parts(entity: Facts, others: Mapping[str, Facts]) -> dict[str, object]:
    """The lists that may stand in a create: a deep insert writes them with their header."""
    return {
        name: {
            "description": f"{_words(name).capitalize()}, written with the record.",
            "type": "array",
            "items": {"$ref": f"{part['entitySet']}.schema.json#/$defs/create"},
        }
        for name, part in entity.get("parts", {}).items()
        if part["many"] and "post" in others[part["entitySet"]]["verbs"]
    }


def _create(entity: Facts, fields: Mapping[str, Facts], parts: Facts) -> dict[str, object]:
    body = _body(fields, parts)
    groups = entity.get("required", ())
    if single := [group[0] for group in groups if len(group) == 1]:
        body["required"] = single
    if several := [group for group in groups if len(group) > 1]:
        choices = [{"anyOf": [{"required": [name]} for name in group]} for group in several]
        body |= choices[0] if len(choices) == 1 else {"allOf": choices}
    return body


def _body(fields: Mapping[str, Facts], parts: Facts) -> dict[str, object]:
    properties = {name: _sent(name, facts) for name, facts in fields.items()}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties | dict(parts),
    }


def _sent(name: str, facts: Facts) -> dict[str, object]:
    schema = {"description": _described(name, facts)} | dict(JSON_TYPES[facts["type"]])
    if "maxLength" in facts:
        schema["maxLength"] = facts["maxLength"]
    if facts.get("blankRefused") and facts["type"] == "string" and "enum" not in facts:
        schema["minLength"] = 1
    if "enum" in facts:
        schema["enum"] = facts["enum"]
    return schema


def _record(entity: Facts) -> dict[str, object]:
    """Names and types only: apps lengthen fields and add members, releases add fields."""
    properties: dict[str, object] = {
        name: dict(JSON_TYPES[facts["type"]])
        for name, facts in entity["fields"].items()
        if facts["type"] != "stream"
    }
    for name, part in entity.get("parts", {}).items():
        record = {"$ref": f"{part['entitySet']}.schema.json#/$defs/record"}
        properties[name] = {"type": "array", "items": record} if part["many"] else record
    return {"type": "object", "properties": properties}


def _described(name: str, facts: Facts) -> str:
    kind = "code" if facts.get("code") else _WORDS[facts["type"]]
    if "enum" in facts:
        kind = "one of a list"
    elif "maxLength" in facts:
        kind += f" of up to {facts['maxLength']} characters"
    since = f", since {facts['since']}" if "since" in facts else ""
    return f"{_words(name).capitalize()}: {kind}{since}."


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])", " ", name).lower()


def render(schema: Facts) -> str:
    """`schema` as the text of its file: one line per field."""
    text = json.dumps(schema, indent=1, ensure_ascii=False)
    flat = re.compile(r"[\[{]\n\s+([^\[\]{}]*?)\n\s*[\]}]")
    return flat.sub(_one_line, flat.sub(_one_line, text)) + "\n"


def _one_line(match: re.Match[str]) -> str:
    whole = match.group()
    line = whole[0] + re.sub(r"\n\s+", " ", match.group(1)) + whole[-1]
    return line if len(line) <= 300 else whole
