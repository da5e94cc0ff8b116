"""Values as people are shown them."""

from __future__ import annotations

from decimal import Decimal

from gateway.documents import NOTHING, shown


def test_values_are_shown_as_json() -> None:
    assert shown({"a": Decimal("1.50"), "b": None}) == '{"a":1.50,"b":null}'
    assert shown(NOTHING) == "nothing"
