from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.catalogue.entities import load_catalogue
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.odata.options import DEEPEST, Options, parse_options, split_top_level

SETS = load_catalogue().sets


def options(name: str, value: str) -> Options:
    return parse_options([(name, value)], SETS["salesOrders"], SETS)


def test_selected_names_may_have_any_case() -> None:
    assert options("$select", "NUMBER, customerid").select == frozenset({"number", "customerId"})
    assert options("$select", "number,*").select is None


def test_expansions_nest_and_carry_options() -> None:
    value = "dimensionSetLines, salesOrderLines($select=id;$top=2;$expand=dimensionSetLines($filter=code eq 'a;b(')),customer"
    first, lines, customer = options("$expand", value).expand
    assert [first.way.name, lines.way.name, customer.way.name] == [
        "dimensionSetLines",
        "salesOrderLines",
        "customer",
    ]
    assert (lines.options.select, lines.options.top) == (frozenset({"id"}), 2)
    assert lines.options.expand[0].options.filter is not None


def test_orders_have_directions() -> None:
    found = options("$orderby", "number DESC,orderDate asc, postingDate ").orderby
    assert found == (("number", True), ("orderDate", False), ("postingDate", False))


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("$select", "colour", 400),
        ("$expand", "colour", 400),
        ("$expand", "customer(", 400),
        ("$orderby", "number sideways", 400),
        ("$orderby", "number desc asc", 400),
        ("$orderby", "number,", 400),
        ("$orderby", "currencyCode", 501),
        ("$top", "-1", 400),
        ("$top", "ten", 400),
        ("$skip", "1.5", 400),
        ("$count", "maybe", 400),
        ("$apply", "aggregate(x)", 501),
        ("$colour", "red", 400),
    ],
)
def test_wrong_options(name: str, value: str, status: int) -> None:
    with pytest.raises(BusinessCentralError) as caught:
        options(name, value)
    assert caught.value.status == status


def test_other_parameters_are_left_alone() -> None:
    assert options("company", "Harwick") == Options()


@given(st.lists(st.text(alphabet="ab1 ", max_size=5), min_size=1, max_size=5))
def test_splitting_undoes_joining(parts: list[str]) -> None:
    assert split_top_level(",".join(parts), ",") == parts
    assert split_top_level(f"x('{','.join(parts)}')", ",") == [f"x('{','.join(parts)}')"]


def nested(levels: int) -> str:
    """As many levels, there and back again."""
    text = ""
    for level in range(levels, 0, -1):
        text = ("dimension" if level % 2 == 0 else "dimensionValues") + (
            text and f"($expand={text})"
        )
    return text


def test_expansions_are_as_deep_as_is_allowed() -> None:
    parse_options([("$expand", nested(DEEPEST))], SETS["dimensions"], SETS)
    with pytest.raises(BusinessCentralError, match=f"maximum depth allowed is {DEEPEST}") as caught:
        parse_options([("$expand", nested(DEEPEST + 1))], SETS["dimensions"], SETS)
    assert caught.value.status == 400
