"""Values as people are shown them."""

from __future__ import annotations

from decimal import Decimal

from gateway.documents import NOTHING, pretty, shown


def test_values_are_shown_as_json() -> None:
    assert shown({"a": Decimal("1.50"), "b": None}) == '{"a":1.50,"b":null}'
    assert shown(NOTHING) == "nothing"


def test_json_is_shown_exactly() -> None:
    assert pretty({"a": [1, "x\n"], "b": {}, "c": [], "d": None}) == (
        '{\n  "a": [\n    1,\n    "x\\n"\n  ],\n  "b": {},\n  "c": [],\n  "d": null\n}'
    )
