"""What our compiler makes of one leaf, beside what plain Jinja makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.documents import Finding, read_document
from gateway.mapping.emission import Emission
from gateway.mapping.expressions import Walk
from gateway.mapping.failures import Spot
from gateway.mapping.leaves import write_leaf
from gateway.mapping.model import Leaf
from gateway.mapping.rules import Findings
from gateway.mapping.scope import Scope, Site, Value
from gateway.mapping.syntax import parse_expression
from gateway.mapping.types import (
    ANY,
    Property,
    canonical_type,
    object_of,
    table_type,
)

HARMLESS = frozenset(
    {
        *("may-be-missing", "default-behind-nothing", "not-in-the-enum", "table-misses-a-value"),
        *("can-never-drop", "too-long"),
    }
)
NULL = "This may be null."  # plain Jinja takes null for false, the language never does
REFUSED = object()
LEFT_OUT = object()

Tables = Mapping[str, Mapping[str, object]]


def _scope(schema: dict[str, Any], tables: Tables) -> Scope:
    found = {name: Property(table_type(f"tables.{name}", table)) for name, table in tables.items()}
    known = {
        "order": Value(canonical_type(schema, "input", "order"), "", ("order",)),
        "tables": Value(object_of("tables", found), "", ("tables",)),
    }
    return Scope(known, tables, input="order")


def _harm(found: list[Finding], harmless: frozenset[str]) -> bool:
    return any(one.name not in harmless or one.message == NULL for one in found)


def evaluated(
    text: str,
    order: object,
    schema: dict[str, Any],
    tables: Tables,
    harmless: frozenset[str] = HARMLESS,
) -> object:
    """The value of a bare expression, or `REFUSED`: it has findings that do harm."""
    findings = Findings(read_document("expression.yaml", "x: 1\n"))
    site = Site(findings, ("x",))
    emission = Emission("test")
    value = Walk(_scope(schema, tables), site, emission).value(parse_expression(text))
    if _harm(findings.found, harmless):
        return REFUSED
    emission.line(f"return {value.code}", Spot((), findings.document.place(), tuple(site.ways)))
    return emission.compiled("order")({"order": order})


def leaf_value(
    text: str,
    order: object,
    schema: dict[str, Any],
    tables: Tables,
    *,
    drops: bool,
    harmless: frozenset[str] = HARMLESS,
) -> object:
    """The value of a leaf, `LEFT_OUT` when it is left out, or `REFUSED`."""
    findings = Findings(read_document("expression.yaml", "x: 1\n"))
    site = Site(findings, ("x",))
    emission = Emission("test")
    written = write_leaf(
        Leaf(("x",), text), ANY, _scope(schema, tables), site, emission, drops=drops
    )
    if _harm(findings.found, harmless):
        return REFUSED
    spot = Spot((), findings.document.place(), tuple(site.ways))
    emission.line("try:", spot)
    with emission.indented():
        conditions = " and ".join(written.conditions) or "True"
        emission.line(f"if {conditions}: return {written.code}", spot)
    emission.line("except Dropped: pass", spot)
    emission.line("return left_out", spot)
    emission.constants["left_out"] = LEFT_OUT
    return emission.compiled("order")({"order": order})
