"""Makes the second half of `resources.md` from the shipped mappings and canonical schemas, and of
`simulator.md` the menu of faults and the report of what is simulated; the pages of the rules; and
the reference of the mapping language.

    python docs/generate.py

Run by whoever changes a mapping, a schema, a fault, a rule or the language; a test tells when a
page is stale.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from docs import reference, rule_pages
from gateway.config import folders
from gateway.mapping import Filter, ListPlan
from gateway.simulator.catalogue.entities import LATEST, EntitySet, load_catalogue
from gateway.simulator.control.coverage import LATER
from gateway.simulator.control.kinds import Kind
from gateway.simulator.control.menu import MENU
from gateway.snapshot import ResourcePlans, Snapshot, load_snapshot
from gateway.wire import Field

PAGE: Final = Path(__file__).with_name("resources.md")
MARK: Final = "<!-- Made by docs/generate.py from here on. -->\n"
SIMULATOR: Final = Path(__file__).with_name("simulator.md")
MENU_STARTS: Final = "<!-- The menu is made by docs/generate.py. -->\n"
MENU_ENDS: Final = "<!-- The menu ends here. -->\n"
REPORT_STARTS: Final = "<!-- The report is made by docs/generate.py. -->\n"

_TYPES: Final = {
    "string": "a text",
    "integer": "a whole number",
    "decimal": "an amount",
    "boolean": "`true` or `false`",
    "date": "a day",
    "datetime": "a moment",
    "guid": "an id",
}
_OPERATORS: Final = {
    "eq": "is",
    "ge": "is at or after",
    "gt": "is after",
    "le": "is at or before",
    "lt": "is before",
}
_FORMATS: Final = {"uuid": "id", "date": "day", "date-time": "moment"}

Shape = Mapping[str, Any]


def rendered(snapshot: Snapshot) -> str:
    """Every resource with its verbs, filters and fields, as Markdown."""
    known = snapshot.resources
    return "".join(_resource(snapshot, known[name]) for name in sorted(known))


def _resource(snapshot: Snapshot, plans: ResourcePlans) -> str:
    schema = cast("Shape", snapshot.schemas.canonical(plans.schema).value)
    listed = next((plan.list for plan in plans.verbs.values() if plan.list), None)
    entity = next(iter(plans.verbs.values())).entity
    verbs = ", ".join(f"`{verb}`" for verb in sorted(set(plans.verbs) - set(plans.actions)))
    actions = ", ".join(f"`{action}`" for action in plans.actions)
    text = f"\n## {plans.resource}\n\n{schema['description']} `{entity}` in Business Central. "
    text += f"Verbs: {verbs}.{f' Actions: {actions}.' if actions else ''}\n"
    if listed is not None:
        text += _filters(listed)
    text += "\n| field | is | in | means |\n| --- | --- | --- | --- |\n"
    return text + "".join(_fields(schema))


def _filters(listed: ListPlan) -> str:
    rows = "".join(
        f"| `{name}` | {_finds(known, listed.entity.fields[known.field])} |\n"
        for name, known in listed.filters.items()
    )
    omitted = ", ".join(f"`{name}`" for name in listed.omit)
    left_out = f"\nLists leave out {omitted}.\n" if omitted else ""
    return f"\n| filter | finds records whose |\n| --- | --- |\n{rows}{left_out}"


def _finds(known: Filter, field: Field) -> str:
    operator = _OPERATORS[known.operator]
    if known.values is not None:
        return f"`{field.name}` is one of {_words(known.values)}"
    given = "a code, in any case" if field.code else _TYPES[field.type]
    return f"`{field.name}` {operator} {given}"


def _fields(schema: Shape, before: str = "", where: str = "both") -> Iterator[str]:
    for name, shape in schema["properties"].items():
        path, side = f"{before}{name}", _side(shape, where)
        yield f"| `{path}` | {_type(shape)} | {side} | {shape.get('description', '')} |\n"
        if "properties" in shape:
            yield from _fields(shape, f"{path}.", side)
        elif "properties" in shape.get("items", {}):
            yield from _fields(shape["items"], f"{path}[].", side)


def _side(shape: Shape, where: str) -> str:
    if shape.get("readOnly"):
        return "answers"
    return "input" if shape.get("writeOnly") else where


def _type(shape: Shape) -> str:
    if "enum" in shape:
        return f"one of {_words(shape['enum'])}"
    said: str | list[str] = shape["type"]
    kind = said if isinstance(said, str) else next(one for one in said if one != "null")
    kind = {"string": "text", "array": "list"}.get(kind, kind)
    return _FORMATS.get(shape.get("format", ""), kind)


def _words(values: Mapping[str, object] | list[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def menu() -> str:
    """Every kind of fault by its group: where it strikes, what it does, its details."""
    groups: dict[str, list[Kind]] = {}
    for kind in MENU.values():
        groups.setdefault(kind.group, []).append(kind)
    return "".join(_group(name, kinds) for name, kinds in groups.items())


def _group(name: str, kinds: list[Kind]) -> str:
    head = f"\n### {name}\n\n| kind | strikes | does |\n| --- | --- | --- |\n"
    text = head + "".join(
        f"| `{kind.name}`{' *' if kind.lasts else ''} | {kind.scope.does} | {_does(kind)} |\n"
        for kind in kinds
    )
    shown = [(kind, example) for kind in kinds for example in kind.examples if example.says]
    if not shown:
        return text
    wishes = "".join(
        f"| {example.says} | `{json.dumps({'kind': kind.name, **example.wish})}` |\n"
        for kind, example in shown
    )
    return f"{text}\n| for example | armed by |\n| --- | --- |\n{wishes}"


def _does(kind: Kind) -> str:
    details = [
        f"`{detail.name}`{'' if detail.needed else ', optional'}: {detail.does} ({detail.shape.says}"
        f"{'' if detail.default is None else f', without it {json.dumps(detail.default)}'})"
        for detail in kind.details
    ]
    return "; ".join([kind.does, *details])


def report() -> str:
    """What is simulated, entity set by entity set, and what answers 501."""
    later = "".join(f"| {what} | {which} |\n" for what, which in LATER.items())
    head = (
        "\n| entity set | since | verbs | actions | parts | streams | webhooks |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
    )
    rows = "".join(_row(one) for _, one in sorted(load_catalogue(LATEST).sets.items()))
    return f"\n| answers 501 | which |\n| --- | --- |\n{later}{head}{rows}"


def _row(one: EntitySet) -> str:
    verbs = " ".join(verb.upper() for verb in one.verbs)
    parts = [way.name for way in one.navigation if way.part]
    streams = [field.name for field in one.fields if field.type == "Edm.Stream"]
    cells = (
        f"`{one.name}`",
        one.since or "platform",
        verbs,
        ", ".join(one.actions),
        ", ".join(parts),
        ", ".join(streams),
        "yes" if one.webhook else "",
    )
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    """Write the pages anew; what is not made here stays."""
    page, _, _ = SIMULATOR.read_text(encoding="utf-8").partition(REPORT_STARTS)
    before, _, rest = page.partition(MENU_STARTS)
    _, _, after = rest.partition(MENU_ENDS)
    made = before + MENU_STARTS + menu() + MENU_ENDS + after + REPORT_STARTS + report()
    SIMULATOR.write_text(made, encoding="utf-8")
    snapshot = load_snapshot(mappings=folders("mappings", None), schemas=folders("schemas", None))
    written, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    PAGE.write_text(written + MARK + rendered(snapshot), encoding="utf-8")
    reference.PAGE.write_text(reference.rendered(), encoding="utf-8")
    for path, text in rule_pages.written().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
