"""Query parameters of lists as conditions."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gateway.errors import InvalidQuery
from gateway.mapping import ListPlan
from gateway.wire import Condition
from tests.unit.mapping.small import changed, plan

A_MOMENT = "The filter since takes a moment with its offset from UTC such as 2026-11-23T09:30:00Z."


@pytest.fixture(scope="module")
def listed() -> ListPlan:
    found = plan("list").list
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "text", "condition"),
    [
        ("reference", "O'Brien", Condition("externalDocumentNumber", "eq", ("O'Brien",))),
        ("state", "done", Condition("status", "eq", ("In Work",))),
        ("weight", "-1.50", Condition("weight", "ge", (Decimal("-1.50"),))),
        ("urgent", "true", Condition("urgent", "eq", (True,))),
        ("copies", "5", Condition("copies", "lt", (5,))),
        (
            "since",
            "2026-11-23T09:30:00Z",
            Condition("lastModifiedDateTime", "ge", ("2026-11-23T09:30:00Z",)),
        ),
    ],
)
def test_a_parameter_is_a_condition(
    listed: ListPlan, name: str, text: str, condition: Condition
) -> None:
    assert listed.conditions({name: text}) == (condition,)


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("referense", "x", "unknownParameter"),
        ("$filter", "x", "unknownParameter"),
        ("reference", "x" * 11, "maxLength"),
        ("state", "Draft", "enum"),
        ("weight", "1e5", "type"),
        ("weight", "1.2.3", "type"),
        ("weight", ".", "type"),
        ("weight", "٣", "type"),
        ("weight", "9" * 40, "type"),
        ("urgent", "yes", "type"),
        ("copies", "5.0", "type"),
        ("copies", "²", "type"),
        ("copies", "--5", "type"),
        ("since", "yesterday", "type"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused(
    listed: ListPlan, name: str, text: str, rule: str
) -> None:
    with pytest.raises(InvalidQuery) as caught:
        listed.conditions({name: text})
    violation = caught.value.violations[0]
    assert (violation.rule, violation.pointer) == (rule, name)
    assert text not in violation.detail or len(text) < 3


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("copies", "many", "The filter copies takes a whole number."),
        ("weight", "much", "The filter weight takes a number."),
        ("urgent", "yes", "The filter urgent takes true or false."),
        ("reference", "x" * 11, "The filter reference has at most 10 characters."),
        ("state", "x", "The filter state is one of draft, done."),
        (
            "since",
            "2026-11-23T10:30:00 01:00",
            f"{A_MOMENT} In an address `+` is written `%2B`.",
        ),
        ("since", "2026-11-23 10:30", A_MOMENT),
    ],
)
def test_what_is_refused_is_named_by_its_filter(
    listed: ListPlan, name: str, text: str, sentence: str
) -> None:
    with pytest.raises(InvalidQuery) as caught:
        listed.conditions({name: text})
    assert caught.value.detail == sentence


def test_all_bad_parameters_come_at_once(listed: ListPlan) -> None:
    with pytest.raises(InvalidQuery) as caught:
        listed.conditions({"stat": "x", "weight": "y", "reference": "R-1"})
    hints = [violation.hint for violation in caught.value.violations]
    assert hints == ['Did you mean "state"?', None]


def test_several_values_may_mean_one_word() -> None:
    text = changed(
        ("  state: {Draft: draft, In Work: done}", "  state: {Draft: done, In Work: done}")
    )
    found = plan("list", text).list
    assert found is not None
    assert found.conditions({"state": "done"}) == (Condition("status", "eq", ("Draft", "In Work")),)
