"""How records are named in addresses."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InvalidQuery
from gateway.wire import Entity, entity_from_schema, key_conditions, key_of, record_path

GUID = "5f8c0000-0000-4000-8000-000000000001"
FIELDS = {
    "id": {"type": "guid"},
    "code": {"type": "string", "maxLength": 20, "code": True},
    "line": {"type": "integer"},
    "rate": {"type": "decimal"},
    "main": {"type": "boolean"},
    "day": {"type": "date"},
}


def entity(*key: str) -> Entity:
    facts = {"entitySet": "things", "entityName": "thing", "api": "a/b/v1.0", "key": list(key)}
    return entity_from_schema({"x-business-central": {**facts, "verbs": ["get"], "fields": FIELDS}})


@pytest.mark.parametrize(
    ("key", "row", "name", "path"),
    [
        (("id",), {"id": GUID}, GUID, f"things({GUID})"),
        (("code",), {"code": "O'B/1"}, "O'B/1", "things('O''B%2F1')"),
        (("line",), {"line": 10}, "10", "things(10)"),
        (
            ("code", "line"),
            {"code": "A,B", "line": 10},
            "A%2CB,10",
            "things(code='A%2CB',line=10)",
        ),
        (
            ("day", "main", "rate"),
            {"day": "2026-11-27", "main": True, "rate": Decimal("1.50")},
            "2026-11-27,true,1.50",
            "things(day=2026-11-27,main=true,rate=1.50)",
        ),
    ],
)
def test_a_record_by_its_key(
    key: tuple[str, ...], row: dict[str, object], name: str, path: str
) -> None:
    assert key_of(entity(*key), row) == name
    assert record_path(entity(*key), name) == path


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (("id",), "x"),
        (("line",), "x"),
        (("line",), "1.5"),
        (("code",), "X" * 21),
        (("code", "line"), "A"),
        (("code", "line"), "A,1,2"),
        (("main",), "yes"),
        (("day",), "2026-02-30"),
    ],
)
def test_what_is_no_key(key: tuple[str, ...], text: str) -> None:
    with pytest.raises(InvalidQuery):
        record_path(entity(*key), text)


def test_a_part_that_is_missing_names_nothing() -> None:
    assert key_of(entity("code", "line"), {"code": "A"}) is None
    assert key_of(entity("code"), {"code": ""}) is None


@given(code=st.text(min_size=1, max_size=20), line=st.integers(-(10**9), 10**9))
def test_a_key_names_the_values_it_is_made_of(code: str, line: int) -> None:
    thing = entity("code", "line")
    key = key_of(thing, {"code": code, "line": line})
    assert key is not None
    assert [one.values[0] for one in key_conditions(thing, key)] == [code, line]
