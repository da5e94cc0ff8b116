from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from gateway.config import shipped
from gateway.errors import InvalidInput, MappingError, Place, RecordGone, Rejected
from gateway.mapping import Lookup, Names, Plan, Question
from gateway.mapping.plan import Anchor, Guard, Rejection, Step
from gateway.mapping.record import Record
from gateway.operations.prepare import Prepared, names_for, prepare, target_of
from gateway.operations.sources import Absent, Found, GivenAnswers
from gateway.storage import Connection
from gateway.validation import load_schemas
from tests.unit.operations.conftest import snapshot

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
            ways=(("customer", "number"),),
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
            ways=(("lines", 0, "sku"),),
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
    assert request.body is not None
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
    class Nobody(GivenAnswers):
        async def find(self, lookup: Lookup, questions: Sequence[Question]) -> Answers:
            raise AssertionError(lookup.name, questions)

    names = names_for(PLAN, {"lines": "none", "other": 1}, None, now=NOW)
    found = await prepare(SCHEMAS, PLAN, names, Nobody({}))

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
    class Reasons(GivenAnswers):
        async def find(self, lookup: Lookup, questions: Sequence[Question]) -> Answers:
            if lookup.name == "customer":
                return [{"id": CUSTOMER, "blocked": None}]
            assert [question.key for question in questions] == ["000", "1e5"]
            return [Absent(reason="The item is blocked."), Absent(ambiguous=True)]

    found = await prepare(SCHEMAS, PLAN, names_for(PLAN, ORDER, None, now=NOW), Reasons({}))

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


FLORA = {
    "id": CUSTOMER,
    "number": "30000",
    "displayName": "Flora & Sons",
    "type": "Company",
    "city": "",
    "creditLimit": Decimal("10.00"),
    "balanceDue": 0,
    "blocked": "_x0020_",
}


async def changed(verb: str, document: object, record: object = FLORA, **target: str) -> Prepared:
    plan = snapshot().plan("customers", verb)
    names = names_for(plan, document, None, now=NOW, target=target)
    change = snapshot().plan("customers", "update").steps[0].change
    assert change is not None
    if isinstance(record, dict):
        record = {**dict.fromkeys([*change.select, *change.expand]), **record}
    source = GivenAnswers({}, {} if record is ... else {"read": record})
    return await prepare(snapshot().schemas, plan, names, source)


class TestChanges:
    async def test_a_patch_becomes_the_fields_that_differ(self) -> None:
        patch = {"name": "Flora", "credit_limit": Decimal(10), "address": {"city": None}}
        found = await changed("update", patch, id=CUSTOMER)
        assert found.problem is None
        [request] = found.requests
        assert (request.step, request.method) == ("update", "PATCH")
        assert (request.path, request.body) == (f"customers({CUSTOMER})", {"displayName": "Flora"})
        assert found.baseline is not None
        assert found.baseline.fields == {
            "displayName": "Flora & Sons",
            "city": None,
            "creditLimit": Decimal(10),
        }

    async def test_nothing_differs(self) -> None:
        found = await changed("update", {"credit_limit": 10, "blocked": None}, id=CUSTOMER)
        assert (found.problem, found.requests) == (None, ())

    async def test_an_upsert_makes_or_changes(self) -> None:
        made = await changed("upsert", {"name": "Flora"}, None, key="N-1")
        assert (made.requests[0].method, made.anchor) == ("POST", "N-1")
        assert made.requests[0].body == {"number": "N-1", "displayName": "Flora"}
        one = await changed("upsert", {"name": "Flora"}, key="30000")
        assert (one.requests[0].method, one.anchor) == ("PATCH", None)
        assert one.requests[0].body == {"displayName": "Flora"}

    async def test_a_deletion_has_no_body(self) -> None:
        [request] = (await changed("delete", None, id=CUSTOMER)).requests
        assert (request.method, request.body) == ("DELETE", None)

    async def test_what_is_not_there_or_not_said(self) -> None:
        for verb in ("update", "delete"):
            found = await changed(verb, {"name": "Flora"}, None, id=CUSTOMER)
            assert isinstance(found.problem, RecordGone)
        unsaid = await changed("update", {"name": "Flora"}, ..., id=CUSTOMER)
        assert isinstance(unsaid.problem, InvalidInput)
