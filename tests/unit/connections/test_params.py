from __future__ import annotations

import pytest

from gateway.connections import params_violations

ORDERS = {
    "type": "object",
    "properties": {"freight": {"type": "string", "maxLength": 5}, "days": {"type": "integer"}},
    "required": ["days"],
}
ITEMS = {"type": "object", "properties": {"freight": {"type": "string", "minLength": 2}}}
DECLARED = [ORDERS, ITEMS, ORDERS, {}]


@pytest.mark.parametrize("params", [{}, {"freight": "FRT"}, {"days": 3, "freight": "FREIG"}])
def test_what_the_mappings_declare_is_taken(params: dict[str, object]) -> None:
    assert params_violations(params, DECLARED) == []


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"freigth": "FRT"}, "/params/freigth"),
        ({"days": "3"}, "/params/days"),
        ({"days": True}, "/params/days"),
        ({"freight": "FREIGHT"}, "/params/freight"),
        ({"freight": "F"}, "/params/freight"),
    ],
)
def test_anything_else_is_named(params: dict[str, object], pointer: str) -> None:
    assert [violation.pointer for violation in params_violations(params, DECLARED)] == [pointer]


def test_a_near_miss_is_named() -> None:
    (violation,) = params_violations({"freigth": "FRT"}, DECLARED)
    assert "freight" in (violation.hint or "")
