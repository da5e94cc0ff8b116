"""Makes the schema files of Business Central's API v2.0 from `catalogue.json`.

    python schemas/bc/generate.py            writes v2.0/*.schema.json
    python schemas/bc/generate.py --check    exit 1 when one of them is stale
    python schemas/bc/generate.py --facts F  first makes catalogue.json anew from the fact file F

Run by whoever changes the catalogue; `make check` runs it with --check. Every text in the files
made is composed here from names and types.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

Facts = Mapping[str, Any]

HERE: Final = Path(__file__).resolve().parent
CATALOGUE: Final = HERE / "catalogue.json"
ROUTE: Final = "v2.0"

_TYPES: Final = {
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
_SCHEMAS: Final[Mapping[str, Mapping[str, object]]] = {
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
_FLAGS: Final = ("maxLength", "enum", "readOnly", "code", "since", "blankRefused", "computed")


def catalogue_from_facts(source: Facts) -> dict[str, object]:
    """The entity sets of API v2.0 in `source`, only what the gateway needs of them."""
    entities = [_entity_facts(entity) for entity in source["entities"] if entity["route"] == ROUTE]
    return {"api": ROUTE, "entities": sorted(entities, key=lambda entity: entity["entitySet"])}


def schema_of(entity: Facts, others: Mapping[str, Facts]) -> dict[str, object]:
    """The schema file of `entity`; `others` are all entities of the catalogue by their set."""
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
        "description": f"The entity set {entity['entitySet']} of Business Central's API {ROUTE}.",
        "x-business-central": {
            "api": ROUTE,
            **{key: value for key, value in entity.items() if key != "fields"},
            "fields": entity["fields"],
        },
        "$defs": {
            "create": _create(entity, writable, parts) if "post" in entity["verbs"] else False,
            "update": _body(writable, {}) if "patch" in entity["verbs"] else False,
            "record": _record(entity),
        },
    }


def _entity_facts(entity: Facts) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "entitySet": entity["entitySet"],
        "entityName": entity["entityName"],
        "key": entity["key"],
        "verbs": entity["verbs"],
        "fields": {field["name"]: _field_facts(field) for field in entity["fields"]},
    }
    if entity["parts"]:
        facts["parts"] = {part["name"]: _part_facts(part) for part in entity["parts"]}
    if entity["actions"]:
        facts["actions"] = [action["name"] for action in entity["actions"]]
    if required := _required(entity):
        facts["required"] = required
    if entity["since"]:
        facts["since"] = entity["since"]
    if entity.get("listNeedsFilter"):
        facts["listNeedsFilter"] = True
    return facts


def _field_facts(field: Facts) -> dict[str, object]:
    kind = "collection" if field["type"].startswith("Collection(") else "string"
    facts: dict[str, object] = {"type": _TYPES.get(field["type"], kind)}
    return facts | {flag: field[flag] for flag in _FLAGS if field.get(flag)}


def _part_facts(part: Facts) -> dict[str, object]:
    facts = {"entitySet": part["entitySet"], "many": part["multiplicity"] == "Many"}
    return facts | ({"since": part["since"]} if part.get("since") else {})


def _required(entity: Facts) -> list[list[str]]:
    """Groups of fields, a create needs one of each; sets keyed by code need the code."""
    groups = [list(group) for group in entity.get("requiredOnPost", ())]
    code: Facts = next((field for field in entity["fields"] if field["name"] == "code"), {})
    if "post" in entity["verbs"] and code.get("code") and code.get("blankRefused"):
        groups.append(["code"])
    return groups


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
    schema = {"description": _described(name, facts)} | dict(_SCHEMAS[facts["type"]])
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
        name: dict(_SCHEMAS[facts["type"]])
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


def files(catalogue: Facts) -> dict[Path, str]:
    """Every schema file `catalogue` makes, with its text."""
    entities = {entity["entitySet"]: entity for entity in catalogue["entities"]}
    return {
        HERE / ROUTE / f"{name}.schema.json": render(schema_of(entity, entities))
        for name, entity in entities.items()
    }


def stale(wanted: Mapping[Path, str]) -> list[Path]:
    """Files that are missing, differ from `wanted`, or are there and not wanted."""
    there = set((HERE / ROUTE).glob("*.schema.json"))
    differ = {
        path
        for path, text in wanted.items()
        if path not in there or path.read_text(encoding="utf-8") != text
    }
    return sorted(differ | (there - set(wanted)))


def main() -> int:
    """Do what the arguments say; the exit code."""
    arguments = argparse.ArgumentParser(description="Make Business Central's schema files.")
    arguments.add_argument("--check", action="store_true", help="exit 1 when a file is stale")
    arguments.add_argument("--facts", type=Path, help="make the catalogue from this file first")
    chosen = arguments.parse_args()
    if chosen.facts:
        facts = json.loads(chosen.facts.read_text(encoding="utf-8"))
        CATALOGUE.write_text(render(catalogue_from_facts(facts)), encoding="utf-8")
    wanted = files(json.loads(CATALOGUE.read_text(encoding="utf-8")))
    out = stale(wanted)
    if chosen.check:
        for path in out:
            print(f"{path.relative_to(HERE)} is stale: run python schemas/bc/generate.py")
        return 1 if out else 0
    (HERE / ROUTE).mkdir(exist_ok=True)
    for path in out:
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
    print(f"{len(wanted)} schema files, {len(out)} of them changed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
