from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from gateway.config import shipped
from gateway.errors import InvalidInput, MappingError, Place, Rejected
from gateway.mapping import Lookup, Names, Plan, Question
from gateway.mapping.plan import Anchor, Guard, Rejection, Step
from gateway.mapping.record import Record
from gateway.operations.prepare import (
    Absent,
    Found,
    GivenAnswers,
    Prepared,
    names_for,
    prepare,
    target_of,
)
from gateway.storage import Connection
from gateway.validation import load_schemas

SCHEMAS = load_schemas([shipped("schemas")])
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PLACE = Place("sales-orders.yaml", 1, 1)
CUSTOMER = "5f8c0000-0000-4000-8000-000000000001"
ORDER: dict[str, Any] = {
    "external_reference": "D-1042",
    "customer": {"number": "10000"},
    "lines": [{"sku": "000", "quantity": 2}, {"sku": "1e5", "quantity": 1}],
}

Answers = Sequence[Found | Absent | None]


def of(names: Names, *path: str | int) -> Any:  # noqa: ANN401 - whatever stands there
    found: Any = names
    for step in path:
        found = found[step]
    return found


def body(names: Names) -> dict[str, object]:
    items = of(names, "lookups", "items")
    return {
        "externalDocumentNumber": of(names, "order", "external_reference"),
        "customerId": of(names, "lookups", "customer", "id"),
        "salesOrderLines": [
            {
                "lineType": "Item",
                "lineObjectNumber": items[line["sku"]] and items[line["sku"]]["number"],
                "quantity": line["quantity"],
            }
            for line in of(names, "order", "lines")
        ],
    }


PLAN = Plan(
    resource="sales-orders",
    verb="create",
    title="Sales orders",
    schema="sales-order",
    api="v2.0",
    entity="salesOrders",
    file="sales-orders.yaml",
    record=Record(("id", "number"), {}, lambda names: names),
    input="order",
    lookups=(
        Lookup(
            "customer",
            "customers",
            item_match=False,
            each=False,
            select=("id", "blocked"),
            cache=0,
            on_missing="unknown_customer",
            asked=lambda names: [
                (None, (("number", of(names, "order", "customer", "number")),), ())
            ],
            pointers=(("customer", "number"),),
        ),
        Lookup(
            "items",
            None,
            item_match=True,
            each=True,
            select=("number",),
            cache=0,
            on_missing="unmatched_item",
            asked=lambda names: [
                (line["sku"], (), (index,))
                for index, line in enumerate(of(names, "order", "lines"))
            ],
            pointers=(("lines", 0, "sku"),),
        ),
    ),
    checks=(
        Guard(
            Rejection("customer_blocked", "The customer is blocked"),
            lambda names: of(names, "lookups", "customer")["blocked"] == "All",
            ("/customer/number",),
            PLACE,
        ),
        Guard(
            Rejection("too_many", "Too many of one thing"),
            lambda names: any(line["quantity"] > 99 for line in of(names, "order", "lines")),
            (),
            PLACE,
        ),
    ),
    steps=(Step("create", "create", "anchored", "salesOrders", body),),
    anchor=Anchor(
        "externalDocumentNumber", (), lambda names: of(names, "order").get("external_reference")
    ),
    rejections={
        code: Rejection(code, title, "Mend it")
        for code, title in (
            ("unknown_customer", "The customer is not in Business Central"),
            ("unmatched_item", "A SKU has no item"),
            ("ambiguous_items", "A SKU has several items"),
        )
    },
)
ANSWERS: dict[str, Any] = {
    "customer": {"id": CUSTOMER, "blocked": None},
    "items": {"000": {"number": "1896-S"}, "1e5": {"number": "1900-S"}},
}


async def prepared(
    plan: Plan = PLAN, order: Mapping[str, Any] = ORDER, **answers: object
) -> Prepared:
    names = names_for(plan, order, None, now=NOW)
    return await prepare(SCHEMAS, plan, names, GivenAnswers({**ANSWERS, **answers}))


async def test_a_document_becomes_requests() -> None:
    found = await prepared()

    assert found.problem is None
    [request] = found.requests
    assert (request.step, request.method, request.path) == ("create", "POST", "salesOrders")
    lines = cast("list[dict[str, object]]", request.body["salesOrderLines"])
    assert [line["lineObjectNumber"] for line in lines] == ["1896-S", "1900-S"]
    assert found.anchor == "D-1042"
    assert [(one.name, one.asked, one.found, one.missing) for one in found.lookups] == [
        ("customer", 1, 1, ()),
        ("items", 2, 2, ()),
    ]


async def test_twice_the_same_gives_the_same() -> None:
    assert (await prepared()).requests == (await prepared()).requests


async def test_a_document_that_does_not_fit_asks_nothing() -> None:
    class Nobody:
        async def find(self, lookup: Lookup, questions: Sequence[Question]) -> Answers:
            raise AssertionError(lookup.name, questions)

    names = names_for(PLAN, {"lines": "none", "other": 1}, None, now=NOW)
    found = await prepare(SCHEMAS, PLAN, names, Nobody())

    assert isinstance(found.problem, InvalidInput)
    pointers = {violation.pointer for violation in found.problem.violations}
    assert {"/lines", "/other"} <= pointers
    assert found.requests == ()


async def test_everything_missing_is_named_at_once() -> None:
    found = await prepared(customer=None, items={"000": None, "1e5": None})

    assert isinstance(found.problem, Rejected)
    assert found.problem.own_code == "unknown_customer"
    assert found.problem.remedy == "Mend it"
    assert [(one.rule, one.pointer) for one in found.problem.violations] == [
        ("unknown_customer", "/customer/number"),
        ("unmatched_item", "/lines/0/sku"),
        ("unmatched_item", "/lines/1/sku"),
    ]
    assert found.lookups[1].missing == ("/lines/0/sku", "/lines/1/sku")
    assert found.requests == ()


async def test_a_reason_says_more_and_several_are_ambiguous() -> None:
    class Source:
        async def find(self, lookup: Lookup, questions: Sequence[Question]) -> Answers:
            if lookup.name == "customer":
                return [{"id": CUSTOMER, "blocked": None}]
            assert [question.key for question in questions] == ["000", "1e5"]
            return [Absent(reason="The item is blocked."), Absent(ambiguous=True)]

    found = await prepare(SCHEMAS, PLAN, names_for(PLAN, ORDER, None, now=NOW), Source())

    assert isinstance(found.problem, Rejected)
    assert [(one.rule, one.detail) for one in found.problem.violations] == [
        ("unmatched_item", "The item is blocked."),
        ("ambiguous_items", "A SKU has several items."),
    ]


async def test_what_may_be_missing_is_null() -> None:
    items = replace(PLAN.lookups[1], on_missing=None)
    plan = replace(PLAN, lookups=(PLAN.lookups[0], items))
    found = await prepared(plan, items={"000": None, "1e5": {"number": "1900-S"}})

    assert of(found.names, "lookups", "items") == {"000": None, "1e5": {"number": "1900-S"}}
    assert found.lookups[1].found == 1


async def test_guards_speak_together() -> None:
    order = {**ORDER, "lines": [{"sku": "000", "quantity": 100}]}
    found = await prepared(order=order, customer={"id": CUSTOMER, "blocked": "All"})

    assert isinstance(found.problem, Rejected)
    assert found.problem.own_code == "customer_blocked"
    assert [one.rule for one in found.problem.violations] == ["customer_blocked", "too_many"]


async def test_a_reference_is_refused_and_never_cut() -> None:
    def anchored(names: Names) -> object:
        return of(names, "order", "external_reference") * 6

    plan = replace(PLAN, anchor=Anchor("externalDocumentNumber", (), anchored))
    found = await prepared(plan)

    assert isinstance(found.problem, InvalidInput)
    [violation] = found.problem.violations
    assert (violation.rule, violation.target) == ("maxLength", "externalDocumentNumber")
    assert "D-1042" not in violation.detail


async def test_what_does_not_fit_business_central_is_named_by_its_target() -> None:
    found = await prepared(items={"000": {"number": "1896-S"}, "1e5": {"number": 7}})

    assert isinstance(found.problem, InvalidInput)
    [violation] = found.problem.violations
    assert violation.target == "salesOrderLines[1].lineObjectNumber"
    assert violation.pointer is None


async def test_what_cannot_be_mapped_is_a_problem_not_an_error() -> None:
    def broken(names: Names) -> dict[str, object]:
        raise MappingError(f"{len(names)} names, and none fits.")

    plan = replace(PLAN, steps=(replace(PLAN.steps[0], body=broken),))

    assert isinstance((await prepared(plan)).problem, MappingError)


async def test_a_question_without_an_answer_is_an_error_of_the_caller() -> None:
    with pytest.raises(InvalidInput, match="nothing for the lookup items") as raised:
        await prepared(items={"000": {"number": "1896-S"}})

    assert [one.pointer for one in raised.value.violations] == ["/lines/1/sku"]


def test_expressions_may_name_the_connection() -> None:
    connection = Connection(
        "con_1", "harwick", NOW, NOW, company_id="c", company_name="Harwick", params={"rate": 2}
    )
    names = names_for(PLAN, ORDER, connection, now=NOW, target={"id": "7"})

    assert names["connection"] == {
        "id": "con_1",
        "organization": "harwick",
        "company": {"id": "c", "name": "Harwick"},
    }
    assert (names["params"], names["target"]) == ({"rate": 2}, {"id": "7"})
    assert names["now"] == "2026-11-23T09:30:00.000Z"
    assert names["order"] is ORDER


@pytest.mark.parametrize(
    ("pointer", "target"),
    [
        ("", ""),
        ("/number", "number"),
        ("/salesOrderLines/3/quantity", "salesOrderLines[3].quantity"),
    ],
)
def test_a_pointer_into_the_body_is_a_target(pointer: str, target: str) -> None:
    assert target_of(pointer) == target
