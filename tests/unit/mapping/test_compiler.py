"""What plans are and do, on the small mapping."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gateway.errors import InvalidInput, MappingError
from gateway.mapping import FieldUse, Plan, Question
from tests.unit.mapping.small import GUID, body, changed, compiled, names, plan


@pytest.fixture(scope="module")
def create() -> Plan:
    return plan("create")


def test_the_small_mapping_has_no_finding_but_what_it_does_not_read() -> None:
    names = {finding.name for finding in compiled().findings}
    assert names == {"input-never-used", "may-be-null"}


def test_a_body_comes_in_the_order_of_sending_whatever_the_file_says(create: Plan) -> None:
    order: Any = create.steps[0].render(
        names(
            lines=[{"sku": "A", "quantity": Decimal("1.50"), "price": 3, "text": "x" * 60}],
            shipping={"amount": Decimal("4.20")},
        )
        | {"params": {"freight": "F-1"}}
    )
    assert (order.step, order.method, order.path) == ("create", "POST", "orders")
    assert list(order.body.items()) == [
        ("customerId", GUID),
        ("postingDate", "2026-11-23"),
        ("externalDocumentNumber", "R-1"),
        ("kind", "Retail_x0020_Sale"),
        (
            "orderLines",
            [
                {
                    "sequence": 10000,
                    "lineType": "Item",
                    "lineObjectNumber": "N-A",
                    "quantity": Decimal("1.50"),
                    "unitPrice": 3,
                    "description": "x" * 50,
                },
                {
                    "sequence": 9000000,
                    "lineType": "Charge_x0020__x0028_Item_x0029_",
                    "lineObjectNumber": "F-1",
                    "quantity": 1,
                    "unitPrice": Decimal("4.20"),
                },
            ],
        ),
    ]
    assert list(order.body["orderLines"][0]) == [
        *("sequence", "lineType", "lineObjectNumber", "quantity", "unitPrice", "description"),
    ]


def test_the_same_input_gives_the_same_request(create: Plan) -> None:
    first, second = (create.steps[0].render(names(remark="x")) for _ in range(2))
    assert str(first.body) == str(second.body)


def test_explicit_nothings_are_kept() -> None:
    text = changed(("    urgent?", '    copies?: "{{ order.count }}"\n    urgent?'))
    made = body(text, count=0, urgent=False, remark="", weight=Decimal("0.00"))
    assert (made["copies"], made["urgent"], made["remark"]) == (0, False, "")
    assert str(made["weight"]) == "0.00"
    assert body(text, count=None).keys() == body(text).keys()


def test_what_is_missing_or_null_is_left_out_where_the_key_says_so() -> None:
    assert "remark" not in body()
    assert "remark" not in body(remark=None)


def test_null_becomes_the_blank_of_the_field() -> None:
    made = body(
        changed(
            (
                '    remark?: "{{ order.remark | truncate_to(100) }}"',
                '    remark: "{{ order.remark | or_null }}"'.replace("remark |", "nick |"),
            ),
            (
                '    postingDate: "{{ order.day }}"',
                '    postingDate: "{{ order.day if order.urgent is present else none }}"',
            ),
            ('kind: "{{ order.kind | choose(tables.kind) }}"', "kind: null"),
        )
    )
    assert (made["remark"], made["postingDate"], made["kind"]) == ("", "0001-01-01", "_x0020_")


def asked(questions: list[Question]) -> list[tuple[object, ...]]:
    return [(one.key, one.where, one.pointers) for one in questions]


def test_questions_are_asked_once_with_everywhere_they_come_from(create: Plan) -> None:
    lines = [{"sku": sku, "quantity": 1} for sku in ("000", "1e5", "000")]
    buyer, items = create.lookups
    assert asked(buyer.ask(names())) == [(None, (("number", "10000"),), ("/buyer/number",))]
    assert asked(items.ask(names(lines=lines))) == [
        ("000", (), ("/lines/0/sku", "/lines/2/sku")),
        ("1e5", (), ("/lines/1/sku",)),
    ]


def test_lookups_select_the_key_what_they_find_by_and_what_is_read(create: Plan) -> None:
    buyer, items = create.lookups
    assert (buyer.entity, buyer.each, buyer.item_match, buyer.cache) == (
        "customers",
        False,
        False,
        300,
    )
    assert buyer.select == ("id", "number", "blocked")
    assert (buyer.on_missing, items.on_missing) == ("unknown_buyer", "unmatched")
    assert (items.entity, items.each, items.item_match, items.cache) == (None, True, True, 0)
    assert set(create.rejections) >= {buyer.ambiguous, items.ambiguous}


def test_an_empty_key_of_a_lookup_is_the_input_s_fault(create: Plan) -> None:
    with pytest.raises(InvalidInput) as caught:
        create.lookups[1].ask(names(lines=[{"sku": "", "quantity": 1}]))
    assert caught.value.violations[0].pointer == "/lines/0/sku"


def test_a_lookup_of_an_entity_per_element() -> None:
    text = changed(
        (
            '      item_match: true\n      key: "{{ line.sku }}"\n      on_missing: {reject: unmatched}',
            (
                '      entity: items\n      where: {number: "{{ line.sku }}"}\n      key: "{{ line.sku }}"\n'
                "      on_missing: null"
            ),
        ),
        ("lookups.items[line.sku].number", "lookups.items[line.sku].number | default('NONE')"),
    )
    create = plan("create", text)
    lookup = create.lookups[1]
    assert asked(lookup.ask(names())) == [("A", (("number", "A"),), ("/lines/0/sku",))]
    assert (lookup.select, lookup.on_missing) == (("id", "number"), None)
    found = {**names(), "lookups": {"buyer": {"id": GUID}, "items": {"A": None}}}
    made: Any = create.steps[0].render(found).body
    assert made["orderLines"][0]["lineObjectNumber"] == "NONE"


def test_all_guards_that_say_bad_are_reported_with_their_pointers(create: Plan) -> None:
    bad: Any = names(shipping={"amount": 5})
    assert [error.own_code for error in create.guards(bad)] == ["no_freight"]
    bad["lookups"]["buyer"]["blocked"] = "All"
    blocked, freight = create.guards(bad)
    assert (blocked.own_code, blocked.violations[0].pointer) == (
        "blocked",
        "/buyer/number",
    )
    assert freight.violations[0].pointer == "/shipping/amount"
    assert create.guards(names(shipping={"amount": 0})) == ()


def test_the_anchor_is_the_value_or_nothing(create: Plan) -> None:
    assert create.anchor is not None
    assert create.anchor.value(names()) == "R-1"
    assert (create.anchor.field, create.anchor.also_in) == ("externalDocumentNumber", ("orders",))
    optional = plan(
        "create",
        changed(
            ('value: "{{ order.reference }}"', 'value: "{{ order.nick }}"'),
            ('Number: "{{ order.reference }}"', 'Number?: "{{ order.nick }}"'),
        ),
    )
    assert optional.anchor is not None
    assert [optional.anchor.value(names(nick=nick)) for nick in (None, "", "N")] == [
        None,
        None,
        "N",
    ]
    assert optional.anchor.value(names()) is None


def test_effects_and_problems(create: Plan) -> None:
    assert (create.steps[0].kind, create.steps[0].effect) == ("create", "anchored")
    assert (create.answer_step, create.input, create.schema) == ("create", "order", "order")
    assert create.problems == {"Internal_Invalid": "unmatched"}
    assert create.rejections["unknown_buyer"].remedy == "Create the buyer first"
    without = plan(
        "create",
        changed(
            (
                '  anchor: {field: externalDocumentNumber, value: "{{ order.reference }}", also_in: [orders]}\n',
                "",
            )
        ),
    )
    assert without.anchor is None
    assert without.steps[0].effect == "irreversible"


def test_a_record_is_read_as_far_as_it_is_needed(create: Plan) -> None:
    record = create.record
    assert record.select == (
        *("id", "externalDocumentNumber", "postingDate", "customerNumber", "remark"),
        *("status", "kind"),
    )
    assert record.expand == {
        "orderLines": ("description", "lineObjectNumber", "lineType", "quantity")
    }


BC = {
    "id": GUID,
    "externalDocumentNumber": "R-1",
    "kind": None,
    "postingDate": "2026-11-23",
    "status": "In Work",
    "remark": None,
    "customerNumber": "10000",
    "orderLines": [
        {
            "lineType": "Item",
            "lineObjectNumber": "A",
            "quantity": Decimal("1.0"),
            "description": None,
        },
        {"lineType": None, "lineObjectNumber": None, "quantity": 0, "description": "a remark"},
    ],
}


def test_a_record_becomes_a_canonical_document(create: Plan) -> None:
    assert create.record.answer(BC, names()) == {
        "id": GUID,
        "reference": "R-1",
        "kind": "wholesale",
        "day": "2026-11-23",
        "state": "done",
        "buyer": {"number": "10000"},
        "lines": [{"sku": "A", "quantity": Decimal("1.0")}],
    }


def test_a_record_that_cannot_be_mapped_is_no_fault_of_the_caller(create: Plan) -> None:
    with pytest.raises(MappingError) as caught:
        create.record.answer({**BC, "status": "Geheim 4711"}, names())
    violation = caught.value.violations[0]
    assert (violation.target, violation.pointer) == ("state", None)
    assert violation.place is not None
    assert "Geheim" not in f"{caught.value} {violation}"
    assert caught.value.__context__ is None
    with pytest.raises(MappingError) as caught:
        create.record.answer({**BC, "orderLines": [BC["orderLines"][0], {"lineType": "Item"}]}, {})  # type: ignore[index]  # a list
    assert caught.value.violations[0].target == "lines[1].sku"


def test_a_list_leaves_out_what_it_omits_and_reads_what_it_filters_by() -> None:
    listed = plan("list").list
    assert listed is not None
    assert "lines" not in listed.record.answer(BC, names())
    assert listed.record.expand == {}
    assert {"weight", "urgent", "copies", "lastModifiedDateTime"} <= set(listed.record.select)


def test_a_plan_knows_its_fields(create: Plan) -> None:
    uses = {(use.entity, use.field, use.access) for use in create.fields}
    assert uses >= {
        ("orders", "customerId", "write"),
        ("orderLines", "unitPrice", "write"),
        ("customers", "blocked", "read"),
        ("customers", "number", "read"),
        ("orderLines", "lineType", "read"),
        ("orders", "status", "read"),
    }
    assert all(
        isinstance(use, FieldUse) and use.place.file == "orders.yaml" for use in create.fields
    )
    price = next(use for use in create.fields if use.field == "unitPrice")
    assert (price.place.line, price.place.column) == (67, 11)


def test_verbs_are_those_the_file_has() -> None:
    assert sorted(compiled().plans) == ["create", "list", "read"]
    assert sorted(compiled(changed(("read: {}\n", ""))).plans) == ["create", "list"]
    read = plan("read")
    assert (read.verb, read.input, read.steps, read.list) == ("read", None, (), None)
