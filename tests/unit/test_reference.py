"""The reference of the mapping language is made from its specifications, and its examples run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jinja2 import nodes

from docs.reference import EXAMPLES, PAGE, rendered
from gateway.config import shipped
from gateway.errors import InvalidInput
from gateway.mapping.expressions import FOREIGN, Walk
from gateway.mapping.functions import FILTERS, TESTS
from gateway.mapping.syntax import parse_expression
from gateway.snapshot import Snapshot
from tests.unit.mapping.ours import REFUSED, evaluated

SHOWN = [
    *(one for kind in ("filters", "tests") for known in EXAMPLES[kind].values() for one in known),
    *EXAMPLES["forms"],
]


@pytest.mark.parametrize("shown", SHOWN, ids=lambda one: one["example"])
def test_an_example_comes_to_what_the_page_shows(shown: dict[str, Any]) -> None:
    world = EXAMPLES["order"], EXAMPLES["schema"], EXAMPLES["tables"]
    if "refused" in shown:
        with pytest.raises(InvalidInput):
            evaluated(shown["example"], *world, harmless=frozenset())
        return
    value = evaluated(shown["example"], *world, harmless=frozenset())
    assert value is not REFUSED
    assert value == shown["gives"]
    assert isinstance(value, bool) == isinstance(shown["gives"], bool)


def test_every_filter_and_test_has_an_example_and_no_other() -> None:
    assert EXAMPLES["filters"].keys() == FILTERS.keys()
    assert EXAMPLES["tests"].keys() == TESTS.keys()


def test_every_form_of_an_expression_is_shown() -> None:
    parsed = [parse_expression(form["example"]) for form in EXAMPLES["forms"]]
    shown = {type(node) for whole in parsed for node in (whole, *whole.find_all(nodes.Expr))}
    known = Walk._WRITTEN.keys()
    assert shown == known
    assert not shown & FOREIGN.keys()


def test_the_page_is_that_of_the_specifications() -> None:
    assert PAGE.read_text(encoding="utf-8") == rendered(), "run python -m docs.generate"


def described(schema: dict[str, Any], at: object, path: str = "") -> Iterator[tuple[str, bool]]:
    """Each key of a schema by its path, and whether something is said of it."""
    if isinstance(at, dict):
        properties = at.get("properties", {})
        for name, one in properties.items() if isinstance(properties, dict) else ():
            definition = schema["$defs"].get(one.get("$ref", "").removeprefix("#/$defs/"), {})
            yield f"{path}/{name}", "description" in one or "description" in definition
        for name, one in at.items():
            yield from described(schema, one, f"{path}/{name}")
    elif isinstance(at, list):
        for one in at:
            yield from described(schema, one, path)


@pytest.mark.parametrize("name", ["mapping", "case"])
def test_every_key_of_the_files_is_described(name: str) -> None:
    path = shipped("schemas") / "gateway" / f"{name}.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    told = dict(described(schema, schema))
    assert len(told) > 30
    assert [path for path, there in told.items() if not there] == []


def test_the_effects_of_steps_are_those_of_the_plans(snapshot: Snapshot) -> None:
    path = shipped("schemas") / "gateway" / "mapping.schema.json"
    known = json.loads(path.read_text(encoding="utf-8"))["$defs"]["step"]["properties"]
    steps = {
        (step.kind, step.effect)
        for plans in snapshot.resources.values()
        for plan in plans.verbs.values()
        for step in plan.steps
    }
    assert {"create", "update", "upsert", "read", "action"} <= {kind for kind, _ in steps}
    for kind, effect in steps:
        assert effect in known[kind]["description"].partition("Effect:")[2]
