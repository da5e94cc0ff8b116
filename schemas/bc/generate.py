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
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gateway.wire import TYPES, Facts, render, schema_of

HERE: Final = Path(__file__).resolve().parent
CATALOGUE: Final = HERE / "catalogue.json"
ROUTE: Final = "v2.0"

_FLAGS: Final = ("maxLength", "enum", "readOnly", "code", "since", "blankRefused", "computed")


def catalogue_from_facts(source: Facts) -> dict[str, object]:
    """The entity sets of API v2.0 in `source`, only what the gateway needs of them."""
    entities = [_entity_facts(entity) for entity in source["entities"] if entity["route"] == ROUTE]
    return {"api": ROUTE, "entities": sorted(entities, key=lambda entity: entity["entitySet"])}


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
    facts: dict[str, object] = {"type": TYPES.get(field["type"], kind)}
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


def files(catalogue: Facts) -> dict[Path, str]:
    """Every schema file `catalogue` makes, with its text."""
    entities = {entity["entitySet"]: entity for entity in catalogue["entities"]}
    return {
        HERE / ROUTE / f"{name}.schema.json": render(schema_of(entity, entities, ROUTE))
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
