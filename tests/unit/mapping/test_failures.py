"""What goes wrong at run time names its element, and never a value."""

from __future__ import annotations

import pytest

from gateway.errors import GatewayError, InvalidInput, MappingError
from tests.unit.mapping.small import changed, names, plan

CANARY = "canary-4711"


def failure(text: str, **changes: object) -> GatewayError:
    create = plan("create", text)
    with pytest.raises((InvalidInput, MappingError)) as caught:
        create.steps[0].render(names(**changes))
    assert CANARY not in f"{caught.value!r} {caught.value.violations}"
    assert caught.value.__context__ is None
    return caught.value


def test_a_missing_path_names_element_pointer_and_place() -> None:
    error = failure(changed(), lines=[{"sku": "A", "quantity": 1}, {"sku": "B"}])
    violation = error.violations[0]
    assert isinstance(error, InvalidInput)
    assert violation.target == "orderLines[1].quantity"
    assert violation.pointer == "/lines/1/quantity"
    assert violation.place is not None
    assert (violation.place.line, violation.place.column) == (69, 21)


def test_the_second_part_of_a_concatenation_counts_on() -> None:
    error = failure(changed(), shipping={"amount": 1})
    assert isinstance(error, MappingError)
    assert error.violations[0].target == "orderLines[1].lineObjectNumber"


def test_a_missing_answer_of_a_lookup_is_no_fault_of_the_caller() -> None:
    error = failure(changed(), lines=[{"sku": CANARY, "quantity": 1}])
    assert isinstance(error, MappingError)
    assert error.violations[0].target == "orderLines[0].lineObjectNumber"


@pytest.mark.parametrize(
    ("leaf", "changes"),
    [
        ('copies: "{{ order.buyer.number | integer }}"', {"buyer": {"number": CANARY}}),
        ('weight: "{{ order.buyer.number | decimal }}"', {"buyer": {"number": CANARY}}),
        ('postingDate: "{{ order.buyer.number | date }}"', {"buyer": {"number": CANARY}}),
        ("weight: \"{{ (1 / order.lines | sum('quantity')) | decimal(2) }}\"", {"lines": []}),
        ("remark: \"{{ order.lines | pluck('sku') | first }}\"", {"lines": []}),
        ('kind: "{{ order.buyer.number | choose(tables.kind) }}"', {"buyer": {"number": CANARY}}),
    ],
)
def test_a_value_that_does_not_fit_is_the_input_s_fault(
    leaf: str, changes: dict[str, object]
) -> None:
    field = leaf.split(":", maxsplit=1)[0]
    old = {
        "postingDate": '    postingDate: "{{ order.day }}"\n',
        "remark": '    remark?: "{{ order.remark | truncate_to(100) }}"\n',
        "kind": '    kind: "{{ order.kind | choose(tables.kind) }}"\n',
        "weight": '    weight?: "{{ order.weight }}"\n',
    }.get(field, "problems:\n")
    new = f"    {leaf}\n" + ("problems:\n" if old == "problems:\n" else "")
    error = failure(changed((old, new)), **changes)
    assert isinstance(error, InvalidInput)
    assert error.violations[0].target == field
    assert error.violations[0].pointer


def test_a_pick_without_a_choice_is_an_error() -> None:
    text = changed(
        (
            "        - $when: (order.shipping.amount | default(0)) > 0\n",
            (
                "        - $pick:\n            - {$when: order.kind == 'wholesale', lineType: Item}\n"
                "        - $when: (order.shipping.amount | default(0)) > 0\n"
            ),
        )
    )
    error = failure(text)
    assert error.violations[0].target == "orderLines[1]"
    assert "no choice applies" in str(error)


def test_names_that_the_engine_forgot_are_a_mapping_error() -> None:
    create = plan("create")
    with pytest.raises(MappingError, match="a name that is not there"):
        create.steps[0].render({"order": {}})


def test_a_document_of_another_shape_is_no_crash() -> None:
    shapes: list[object] = [None, 5, {"a": 1}, [None], [[]], ["x"], [{"sku": [], "quantity": 1}]]
    for lines in shapes:
        failure(changed(), lines=lines)
