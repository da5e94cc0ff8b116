"""What the plans of update, upsert and delete are and do, on the small mapping."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import InvalidInput, MappingError
from gateway.mapping import Change, Plan
from gateway.mapping.change import Fixed
from tests.unit.mapping.small import CHANGES, GUID, MAPPING, compiled, names, plan

TEXT = MAPPING + CHANGES


@pytest.fixture(scope="module")
def update() -> Plan:
    return plan("update", TEXT)


@pytest.fixture(scope="module")
def upsert() -> Plan:
    return plan("upsert", TEXT)


def change_of(made: Plan) -> Change:
    (step,) = made.steps
    assert isinstance(step.change, Change)
    return step.change


def rendered(made: Plan, patch: dict[str, Any], **desired: object) -> dict[str, object]:
    known = names() | {"order": desired or patch, "target": {"id": GUID, "key": "R-9"}}
    return change_of(made).render(known, patch)


def test_steps_say_what_they_do_and_what_doing_it_twice_would_do(
    update: Plan, upsert: Plan
) -> None:
    facts = [
        (one.verb, step.name, step.kind, step.effect, one.answer_step)
        for one in (update, upsert, plan("delete", TEXT))
        for step in one.steps
    ]
    assert facts == [
        ("update", "update", "update", "repeatable", "update"),
        ("upsert", "upsert", "upsert", "anchored", "upsert"),
        ("delete", "delete", "delete", "repeatable", None),
    ]
    assert plan("delete", TEXT).input is None
    with pytest.raises(ValueError, match="creates nothing"):
        update.steps[0].render(names())


def test_a_change_reads_what_the_record_reads_and_what_may_be_sent(update: Plan) -> None:
    change = change_of(update)
    assert set(change.select) == {*update.record.select, "urgent", "weight", "copies", "customerId"}
    assert change.expand == update.record.expand
    assert change.select[0] == "id"


def test_each_field_knows_the_paths_that_it_is_made_of_through_lookups_too(update: Plan) -> None:
    reads = {one.field: (one.reads, set(one.lookups)) for one in change_of(update).fields}
    assert reads["customerId"] == ((("buyer", "number"),), {"buyer"})
    assert reads["weight"] == ((("shipping", "amount"),), set())
    assert list(reads)[:2] == ["customerId", "postingDate"]
    assert change_of(update).asks({"remark": "x"}) == {"other"}
    assert change_of(update).asks({"buyer": None}) == {"other", "buyer"}


def test_what_no_field_writes_cannot_be_changed(update: Plan) -> None:
    fixed = change_of(update).fixed
    assert Fixed(("reference",), code=True) in fixed
    assert Fixed(("buyer", "name"), code=False) in fixed
    assert Fixed(("lines",), code=False) in fixed
    assert not {("remark",), ("buyer", "number")} & {one.path for one in fixed}


def test_only_what_the_patch_names_is_rendered_as_business_central_takes_it(update: Plan) -> None:
    assert rendered(update, {"kind": "retail"}) == {"kind": "Retail_x0020_Sale"}
    assert rendered(update, {"remark": "x" * 120}) == {"remark": "x" * 100}
    assert rendered(update, {}) == {}
    made = rendered(update, {"buyer": {"number": "1"}, "urgent": False})
    assert list(made.items()) == [("customerId", GUID), ("urgent", False)]


def test_null_clears_what_can_be_blank(update: Plan) -> None:
    patch = {"remark": None, "day": None, "kind": None}
    assert rendered(update, patch, x=1) == {
        "postingDate": "0001-01-01",
        "kind": "_x0020_",
        "remark": "",
    }
    known: dict[str, Any] = names() | {"order": {"x": 1}}
    known["lookups"] = {"buyer": None, "other": None}
    cleared = change_of(update).render(known, {"buyer": None})
    assert cleared == {"customerId": "00000000-0000-0000-0000-000000000000"}


def test_null_of_what_cannot_be_blank_is_refused_with_its_pointer(update: Plan) -> None:
    with pytest.raises(InvalidInput) as caught:
        rendered(update, {"urgent": None, "shipping": None, "remark": None}, x=1)
    found = [(one.pointer, one.target) for one in caught.value.violations]
    assert found == [("/urgent", "urgent"), ("/shipping/amount", "weight")]
    assert "cannot be cleared" in caught.value.violations[0].detail
    assert rendered(update, {"count": None}, x=1) == {"copies": 1}


def test_a_lookup_asks_only_where_there_is_something_to_ask(update: Plan) -> None:
    buyer = next(one for one in update.lookups if one.name == "buyer")
    assert buyer.ask({"order": {}}) == []
    assert buyer.ask({"order": {"buyer": {"number": None}}}) == []
    (question,) = buyer.ask({"order": {"buyer": {"number": "7"}}})
    assert (question.where, question.pointers) == ((("number", "7"),), ("/buyer/number",))
    assert buyer.select == ("id", "number")


def test_a_guard_that_reads_lookups_alone_points_to_what_led_to_them(update: Plan) -> None:
    known: dict[str, Any] = names()
    known["lookups"] = {"other": {"id": GUID}}
    (refused,) = update.guards(known)
    assert [one.pointer for one in refused.violations] == ["/reference"]


def test_an_upsert_makes_what_it_finds(upsert: Plan) -> None:
    (step,) = upsert.steps
    known = names() | {"target": {"key": "R-9"}}
    request = step.render(known)
    assert (request.method, request.path) == ("POST", "orders")
    assert request.body == {
        "customerId": GUID,
        "postingDate": "2026-11-23",
        "externalDocumentNumber": "R-9",
        "kind": "Retail_x0020_Sale",
        "urgent": True,
    }
    assert step.by is not None
    assert (step.by.field, step.by.value(known)) == ("externalDocumentNumber", "R-9")
    assert step.own_key == ("reference",)
    assert upsert.anchor is not None
    assert (upsert.anchor.field, upsert.anchor.value(known)) == ("externalDocumentNumber", "R-9")


def test_an_upsert_changes_all_but_what_is_for_the_create_alone(upsert: Plan) -> None:
    change = change_of(upsert)
    assert [one.field for one in change.fields] == ["customerId", "postingDate", "remark", "kind"]
    assert change.fixed == ()
    assert rendered(upsert, {"remark": "x", "weight": 5}) == {"remark": "x"}


def test_a_lookup_whose_answer_is_missing_is_no_fault_of_the_caller(upsert: Plan) -> None:
    known = names() | {"lookups": {}}
    with pytest.raises(MappingError):
        change_of(upsert).render(known, {"buyer": {"number": "1"}})


def test_input_that_nothing_reads_is_told_down_to_the_elements_of_lists() -> None:
    (create, upsert) = [one for one in compiled(TEXT).findings if one.name == "input-never-used"]
    assert "order.lines[].gift" in create.message
    assert "order.lines[].quantity" not in create.message
    assert "order.lines[].quantity" in upsert.message
    assert "order.reference" not in upsert.message
