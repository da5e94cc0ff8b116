"""No file makes the compiler crash, whatever stands in it."""

from __future__ import annotations

import copy
import json
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.documents import read_document
from gateway.errors import GatewayError
from gateway.mapping import compile_document
from tests.unit.mapping.small import MAPPING, compiled, errors, schemas, shape

VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, 0, "", "x", "{{", "{{ order }}", "{{ bc.lines[0] }}", "$each", "order.lines"),
        *([], {}, [1], {"$each": "order.lines"}, {"$concat": 5}, {"$pick": [{"a": 1}, 5]}, [[]]),
        *({"a?": 1, "a": 2}, {"$when": "true"}, {"$each": "order.lines", "$as": "order"}),
        "{{ order.lines[order.count] }}",
        "{{ {'a': order}['a'] }}",
    ]
)


def paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, child in children:
        found += paths(child, (*path, key))
    return found


BASE = cast("dict[str, Any]", read_document("orders.yaml", MAPPING).value)
PATHS = paths(BASE)


@settings(
    max_examples=80,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.tuples(st.sampled_from(PATHS), VALUES), min_size=1, max_size=3))
def test_a_mangled_file_gives_findings_or_plans(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    value = copy.deepcopy(BASE)
    for path, new in changes:
        parent: Any = value
        for key in path[:-1]:
            parent = parent[key] if _has(parent, key) else None
        if _has(parent, path[-1]):
            parent[path[-1]] = copy.deepcopy(new)
    document = read_document("orders.json", json.dumps(value, default=str))
    compiled = compile_document(document, shape(), schemas())
    failed = any(finding.severity == "error" for finding in compiled.findings)
    assert failed is not bool(compiled.plans)
    assert all(finding.place.line >= 1 for finding in compiled.findings)


def _has(parent: object, key: object) -> bool:
    if isinstance(parent, dict):
        return key in parent
    return isinstance(parent, list) and isinstance(key, int) and key < len(parent)


def codes_of(kind: type[GatewayError]) -> set[str]:
    return {kind.code}.union(
        *(codes_of(one) for one in kind.__subclasses__() if one.__module__.startswith("gateway."))
    )


def test_a_mapping_takes_no_code_that_callers_know_otherwise() -> None:
    names = shape()["properties"]["rejections"]["propertyNames"]["allOf"]
    assert set(names[1]["not"]["enum"]) == codes_of(GatewayError)
    for code in ("conflict", "internal_error"):
        (found,) = errors(compiled(MAPPING.replace("unmatched", code)))
        assert (found.rule, found.place.line) == ("M101", 14)


def test_a_filter_is_no_parameter_that_every_list_has() -> None:
    """It would have been read as that, and everything listed."""
    for name in ("limit", "cursor"):
        (found,) = errors(compiled(MAPPING.replace("    weight: {field", f"    {name}: {{field")))
        assert found.message.startswith(
            "This has not the right form: every list has this parameter"
        )
