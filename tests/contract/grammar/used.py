"""Which parts of the grammar there are, and which of them a mapping uses.

The parts come from the same places as the language itself: the schema of mapping files, the table
of filters and tests, the nodes that expressions are made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jinja2 import nodes

from gateway.mapping.functions import FILTERS, TESTS
from gateway.mapping.syntax import Mistake, parse_expression, parse_leaf

Json = Mapping[str, Any]

BODY_KEYS: Final = (  # of bodies and records: mapping-language.md, "Grammar of bodies"
    *("$when", "$each", "$as", "$index", "$concat", "$pick", "$key", "$others"),
    *("$others: keep", "$others: delete", "a key that ends in ?", "a list", "a constant", "a text"),
)
SYNTAX: Final = (
    *("Name", "Getattr", "Getitem", "Const", "List", "Dict", "Filter", "Test", "Compare"),
    *("And", "Or", "Not", "CondExpr", "Add", "Sub", "Mul", "Div", "Concat", "Neg"),
)
NAMES: Final = ("target", "lookups", "steps", "params", "tables", "connection", "now", "bc")
_CONDITIONS: Final = ("$when", "$each", "when")
_COMPARED: Final = {"eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "in": "in"}


def parts(schema: Json) -> set[str]:
    """Every part of the grammar. `schema` is that of mapping files."""
    return {
        *_declared(schema, schema, "mapping", set()),
        *BODY_KEYS,
        *(f"| {name}" for name in FILTERS),
        *(f"is {name}" for name in TESTS),
        *(f"expression: {name}" for name in SYNTAX),
        *(f"name: {name}" for name in NAMES),
        *(f"expression: {sign}" for sign in _COMPARED.values()),
    }


def used(schema: Json, mapping: Json) -> set[str]:
    """The parts that a mapping uses."""
    found = set(_said(schema, schema, mapping, "mapping"))
    for text, bare in _texts(mapping):
        found |= set(_written(text, bare=bare))
    return found | set(_shaped(mapping))


def _resolved(root: Json, schema: Json, where: str) -> tuple[Json, str]:
    target = schema.get("$ref")
    if target is None:
        return schema, where
    name = str(target).rpartition("/")[2]
    return root["$defs"][name], name


def _declared(root: Json, schema: Json, where: str, seen: set[str]) -> Iterator[str]:
    schema, where = _resolved(root, schema, where)
    if where in seen:
        return
    seen.add(where)
    yield from (f"{where}: {member}" for member in schema.get("enum", ()))
    for name, inner in schema.get("properties", {}).items():
        yield f"{where}.{name}"
        yield from _declared(root, inner, f"{where}.{name}", seen)
    for key in ("additionalProperties", "items"):
        if isinstance(schema.get(key), dict):
            yield from _declared(root, schema[key], f"{where}[]", seen)
    for inner in schema.get("anyOf", ()):
        if inner.get("type") == "null":
            yield f"{where}: null"
        else:
            yield from _declared(root, inner, f"{where}|", seen)


def _said(root: Json, schema: Json, value: object, where: str) -> Iterator[str]:
    schema, where = _resolved(root, schema, where)
    if value in schema.get("enum", ()):
        yield f"{where}: {value}"
    for inner in schema.get("anyOf", ()):
        null = inner.get("type") == "null"
        if null and value is None:
            yield f"{where}: null"
        elif not null and value is not None:
            yield from _said(root, inner, value, f"{where}|")
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for one in value:
            yield from _said(root, schema["items"], one, f"{where}[]")
    elif isinstance(value, dict):
        yield from _members(root, schema, value, where)


def _members(root: Json, schema: Json, value: Json, where: str) -> Iterator[str]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name, one in value.items():
        if name in known:
            yield f"{where}.{name}"
            yield from _said(root, known[name], one, f"{where}.{name}")
        elif isinstance(others, dict):
            yield from _said(root, others, one, f"{where}[]")


def _shaped(value: object, *, body: bool = False) -> Iterator[str]:
    """What bodies and records are made of."""
    if isinstance(value, list):
        for one in value:
            yield from _shaped(one, body=body)
    elif isinstance(value, dict):
        for key, one in value.items():
            inside = body or key in {"body", "record", "where"}
            if key.startswith("$"):
                yield from (key, f"{key}: {one}")
            elif inside:
                yield from _entry(key, one, body=body)
            yield from _shaped(one, body=inside)


def _entry(key: str, value: object, *, body: bool) -> Iterator[str]:
    if key.endswith("?"):
        yield "a key that ends in ?"
    if isinstance(value, list):
        yield "a list"
    if isinstance(value, str) and "{{" not in value and body:
        yield "a constant"
    if isinstance(value, str) and "{{" in value[2:]:
        yield "a text"


def _texts(value: object, key: str = "") -> Iterator[tuple[str, bool]]:
    """Every expression, and whether it stands without braces."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, key)
    elif isinstance(value, str) and (key in _CONDITIONS or "{{" in value):
        yield value, key in _CONDITIONS


def _written(text: str, *, bare: bool) -> Iterator[str]:
    try:
        found = [parse_expression(text)] if bare else parse_leaf(text).parts
    except Mistake:
        return
    for part in found:
        if isinstance(part, str):
            continue
        for node in nodes.Output([part]).find_all(nodes.Node):
            yield f"expression: {type(node).__name__}"
            if isinstance(node, nodes.Filter):
                yield f"| {node.name}"
            elif isinstance(node, nodes.Test):
                yield f"is {node.name}"
            elif isinstance(node, nodes.Name):
                yield f"name: {node.name}"
            elif isinstance(node, nodes.Operand):
                yield f"expression: {_COMPARED.get(node.op, node.op)}"
