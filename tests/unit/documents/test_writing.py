"""What is written as YAML is read as the same value."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import read_document, write_yaml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "1e5",
        "007",
        "NO",
        "12:30",
        "null",
        "true",
        "- a",
        "a: b",
        "# a",
        "{{ x }}",
        "~",
        "",
        "=",
        "a?",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.decimals(-(10**6), 10**6, places=3)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=3))
def test_it_is_read_as_it_was(value: dict[str, object]) -> None:
    assert read_document("a.yaml", write_yaml(value)).value == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": {"b?": "{{ bc.id }}", "c": []}}, 'a:\n  b?: "{{ bc.id }}"\n  c: []\n'),
        ({"a": [{"b": 1, "c": Decimal("1.50")}, "x"]}, "a:\n  - b: 1\n    c: 1.50\n  - x\n"),
    ],
)
def test_it_looks_as_people_write_it(value: object, text: str) -> None:
    assert write_yaml(value) == text
