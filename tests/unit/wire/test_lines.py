from __future__ import annotations

from collections.abc import Callable

from gateway.simulator.documents.rules import LINE_IDENTITY
from gateway.wire import Entity, following, unchangeable

ALL = {"unitPrice", "unitCost", "discountPercent", "discountAmount", "description"}


def test_a_line_keeps_what_it_is_about(entity: Callable[[str], Entity]) -> None:
    line, order = entity("salesOrderLines"), entity("salesOrders")
    assert unchangeable(line) == set(LINE_IDENTITY) - {"documentId"}
    assert unchangeable(order) == frozenset()


def test_what_follows_a_quantity(entity: Callable[[str], Entity]) -> None:
    line, order = entity("salesOrderLines"), entity("salesOrders")
    assert following(line, {"quantity"}, {"quantity"}, ALL) == (
        "unitPrice",
        "unitCost",
        "discountPercent",
    )
    assert following(line, {"quantity"}, {"unitPrice", "discountAmount"}, ALL) == ("unitCost",)
    assert following(line, {"quantity"}, (), {"discountAmount"}) == ("discountAmount",)
    assert following(line, {"description"}, (), ALL) == ()
    assert following(line, {"quantity", "unitOfMeasureCode"}, (), ALL) == ()
    assert following(order, {"quantity"}, (), ALL) == ()
