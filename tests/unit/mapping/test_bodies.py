"""The grammar of bodies, form by form."""

from __future__ import annotations

import pytest

from gateway.errors import InvalidInput, MappingError
from tests.unit.mapping.small import GUID, body, changed, names, plan

REMARK = '    remark?: "{{ order.remark | truncate_to(100) }}"\n'
CHARGE = "        - $when: (order.shipping.amount | default(0)) > 0\n"


def remark(template: str, **changes: object) -> object:
    return body(changed((REMARK, f"    {template}\n")), **changes).get("remark")


def test_constants_stay_what_they_are() -> None:
    for text in ("000", "1e5", "None", "1 # note", "}}", "{% x %}", "O'Brien & Co/50%+#", "a\\nb"):
        quoted = text.replace("'", "''")
        assert remark(f"remark: '{quoted}'") == text
    assert remark('remark: "ends in a newline\\n"') == "ends in a newline\n"
    assert remark("remark: \"{{ '{{ x }}' }}\"") == "{{ x }}"


def test_text_around_expressions() -> None:
    text = "remark: \"No {{ order.reference }} / {{ order.lines | sum('quantity') | text }}\\n\""
    assert remark(text) == "No R-1 / 2\n"


@pytest.mark.parametrize(
    "value", ["000", "10115", "1e5", "0x10", "1 # note", "{{ x }}", "O'Brien & Co/50%+#", "a\n"]
)
def test_data_passes_unchanged(value: str) -> None:
    assert (
        remark("remark: \"{{ order.remark | default('') | truncate_to(100) }}\"", remark=value)
        == value
    )
    assert remark('remark: "<{{ order.buyer.number }}>"', buyer={"number": value}) == f"<{value}>"


def test_a_table_is_read_by_key() -> None:
    kind = '    kind: "{{ order.kind | choose(tables.kind) }}"\n    urgent'
    made = changed((kind, '    kind: "{{ tables.kind[order.kind] }}"\n    urgent'))
    assert body(made)["kind"] == "Retail_x0020_Sale"
    with pytest.raises(MappingError, match="missing"):
        body(made, kind="none of them")


def test_a_leaf_is_dropped_before_any_filter_runs() -> None:
    template = 'remark?: "{{ (order.buyer.name | upper ~ order.nick) | truncate_to(100) }}"'
    assert remark(template, buyer={"number": "1", "name": "ab"}, nick="c") == "ABc"
    assert remark(template, buyer={"number": "1", "name": "ab"}) is None
    assert remark(template, nick="c") is None
    assert remark(template, buyer={"number": "1", "name": None}, nick="c") is None


def test_a_leaf_is_dropped_by_the_branch_that_is_taken() -> None:
    template = "remark?: \"{{ order.nick if order.kind == 'retail' else order.buyer.name }}\""
    buyer = {"number": "1", "name": "B"}
    assert remark(template, nick="N") == "N"
    assert remark(template, buyer=buyer) is None
    assert remark(template, kind="wholesale", buyer=buyer) == "B"
    assert remark(template, kind="wholesale", nick="N") is None


def test_a_null_result_is_dropped_too() -> None:
    template = "remark?: \"{{ 'x' if order.kind == 'retail' else none }}\""
    assert remark(template) == "x"
    assert remark(template, kind="wholesale") is None


def test_keys_shadow_no_names() -> None:
    buyer = {"number": "1", "name": "lookups"}
    assert remark("remark: \"{{ order.buyer.name | default('') }}\"", buyer=buyer) == "lookups"


def test_pick_takes_the_first_that_applies() -> None:
    text = changed(
        (
            CHARGE,
            "        - $pick:\n"
            "            - {$when: order.kind == 'wholesale', lineType: Item, quantity: 1}\n"
            "            - {$when: order.urgent is present, lineType: Item, quantity: 2}\n"
            "            - {lineType: Item, quantity: 3}\n" + CHARGE,
        )
    )
    quantities = [
        body(text, **changes)["orderLines"][1]["quantity"]
        for changes in ({"kind": "wholesale"}, {"urgent": True}, {})
    ]
    assert quantities == [1, 2, 3]


def test_a_plain_list_has_its_elements_and_drops_by_when() -> None:
    text = changed(
        (
            CHARGE,
            "        - - {lineType: Item, quantity: 1}\n"
            "          - {$when: order.urgent is present, lineType: Item, quantity: 2}\n" + CHARGE,
        )
    )
    assert [line["quantity"] for line in body(text)["orderLines"]] == [2, 1]
    assert [line["quantity"] for line in body(text, urgent=False)["orderLines"]] == [2, 1, 2]


def test_one_element_is_a_list_and_none_is_an_empty_one() -> None:
    assert len(body()["orderLines"]) == 1
    assert body(lines=[])["orderLines"] == []


def test_a_list_of_each_may_be_left_out_with_what_it_goes_over() -> None:
    text = changed(
        (
            '  remark?: "{{ bc.remark }}"\n',
            '  remark?: "{{ bc.remark }}"\n  tags: ["{{ bc.customerNumber }}", fixed]\n',
        )
    )
    record = plan("read", text).record
    bc: dict[str, object] = {
        "id": "x",
        "externalDocumentNumber": "R",
        "kind": "Wholesale",
        "postingDate": "d",
        "status": "Draft",
        "remark": None,
        "customerNumber": "7",
        "orderLines": [],
    }
    assert record.answer(bc, names())["tags"] == ["7", "fixed"]
    optional = changed(
        (
            "      $concat:\n        - $each: order.lines\n          $as: line\n          $index: i\n",
            '      $each: order.tags\n      $as: tag\n      $index: i\n      description: "{{ tag }}"\n      lineType: Item\n',
        ),
        ("    orderLines:\n", "    orderLines?:\n"),
        *(
            (line, "")
            for line in (
                '          unitPrice?: "{{ line.price }}"\n',
                '          description?: "{{ line.text | truncate_to(50) }}"\n',
                '          quantity: "{{ line.quantity }}"\n',
                '          lineObjectNumber: "{{ lookups.items[line.sku].number }}"\n          lineType: Item\n',
                '          sequence: "{{ (i + 1) * 10000 }}"\n',
                CHARGE + "          sequence: 9000000\n          lineType: Charge (Item)\n"
                '          lineObjectNumber: "{{ params.freight }}"\n          quantity: 1\n'
                '          unitPrice: "{{ order.shipping.amount }}"\n',
            )
        ),
    )
    assert "orderLines" not in body(optional)
    assert body(optional, tags=[])["orderLines"] == []
    assert body(optional, tags=["a"])["orderLines"] == [{"lineType": "Item", "description": "a"}]


def test_loops_nest() -> None:
    text = changed(
        (
            CHARGE,
            "        - $each: order.lines | where('gift', true)\n          $as: given\n"
            '          lineType: Item\n          description: "{{ given.sku }}"\n' + CHARGE,
        )
    )
    lines = [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 1, "gift": True}]
    assert body(text, lines=lines)["orderLines"][2] == {"lineType": "Item", "description": "B"}


def test_an_object_of_the_record_is_there_by_when() -> None:
    text = changed(
        (
            '  remark?: "{{ bc.remark }}"\n',
            '  shipping: {$when: bc.weight > 0, amount: "{{ bc.weight }}"}\n',
        )
    )
    record = plan("read", text).record
    bc: dict[str, object] = {
        "id": "x",
        "externalDocumentNumber": "R",
        "kind": "Wholesale",
        "postingDate": "d",
        "status": "Draft",
        "customerNumber": "7",
        "orderLines": [],
        "weight": 2,
    }
    assert record.answer(bc, {})["shipping"] == {"amount": 2}
    assert "shipping" not in record.answer({**bc, "weight": 0}, {})


def test_constants_may_have_the_form_of_their_field() -> None:
    text = changed(
        ('    postingDate: "{{ order.day }}"\n', '    postingDate: "2028-02-29"\n'),
        ('    customerId: "{{ lookups.buyer.id }}"\n', f"    customerId: {GUID}\n"),
        (REMARK, "    remark: null\n    copies: 2\n"),
    )
    made = body(text)
    assert (made["postingDate"], made["customerId"]) == ("2028-02-29", GUID)
    assert (made["remark"], made["copies"]) == ("", 2)


def test_one_path_is_looked_at_once_in_a_leaf() -> None:
    template = 'remark?: "{{ (order.nick ~ order.nick) | truncate_to(9) }}"'
    assert remark(template, nick="ab") == "abab"


def test_a_condition_that_is_no_boolean_at_run_time_is_an_error() -> None:
    text = changed(
        (CHARGE, "        - {$when: order.urgent | default(false), lineType: Item}\n" + CHARGE)
    )
    with pytest.raises(InvalidInput, match="neither true nor false"):
        plan("create", text).steps[0].render(names(urgent="yes"))


def test_numbers_of_elements_and_padded_text() -> None:
    lines = [{"sku": "A", "quantity": -1}, {"sku": "B", "quantity": 2}]
    template = "remark: \"{{ (order.lines | where('quantity', -1)) | pluck('sku') | join(' ') }}\""
    assert remark(template, lines=lines) == "A"
    assert remark("remark: \"{{ order.buyer.number | pad_left(25, '0') }}\"") == "0" * 20 + "10000"


@pytest.mark.parametrize("day", ["0001-01-01", "0000-02-29"])
def test_a_date_that_is_none_to_business_central_is_no_date(day: str) -> None:
    """It would have come out as null, or been refused there without a word which field it was."""
    with pytest.raises(InvalidInput) as raised:
        body(day=day)
    (violation,) = raised.value.violations
    assert (violation.pointer, violation.target) == ("/day", "postingDate")


def test_a_guid_of_zeros_is_nobody() -> None:
    made = names()
    made["lookups"]["buyer"]["id"] = "00000000-0000-0000-0000-000000000000"  # type: ignore[index]  # a map
    with pytest.raises(MappingError, match="customerId: Business Central takes this for no value"):
        plan("create").steps[0].render(made)
