"""One mistake is one finding, also where all that stands behind it depends on it."""

from __future__ import annotations

import pytest

from tests.unit.mapping.small import MAPPING, compiled, errors

GUARD = "when: (order.shipping.amount | default(0)) > 0 and params.freight is not present"
LOOP = "        - $each: order.lines\n          $as: line\n          $index: i\n"
PRICE = '          unitPrice?: "{{ line.price }}"\n'
SENT = '    weight?: "{{ order.weight }}"\n'


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        # a list that is none, or written otherwise than it should be
        (LOOP, LOOP.replace("order.lines", '"^{{ order.lines }}"'), "braces-in-a-condition"),
        (LOOP, LOOP.replace("order.lines", "^order.buyer"), "wrong-type"),
        (LOOP, LOOP.replace("order.lines", "^order.linse"), "unknown-input"),
        # a name that cannot be one, and what was meant by it
        (LOOP, LOOP.replace("$as: line", "$as: ^order"), "bad-name"),
        (LOOP, LOOP.replace("$as: line", "$as: ^bc"), "bad-name"),
        (LOOP, LOOP.replace("$index: i", "$index: ^line"), "bad-name"),
        (LOOP, LOOP.replace("          $as: line\n", "").replace("$each", "^$each"), "misplaced-key"),
        ("  input: order\n  anchor", "  input: ^lookups\n  anchor", "bad-name"),
        # conditions that cannot be read, and what they would have proven
        (GUARD, GUARD.replace(" and ", " ^&& "), "syntax"),
        (GUARD, GUARD.replace("is not present", "^is not defined"), "unknown-test"),
        (GUARD, GUARD.replace("params.freight ", "^params.freigt "), "unknown-input"),
        (PRICE, '          unitPrice: "{{ line.price if line.price ^is defined else 0 }}"\n', "unknown-test"),
        # two rules that say the same
        ('"{{ lookups.buyer.id }}"', "^lookups.buyer.id", "looks-like-an-expression"),
        (PRICE, """          unitPrice: "{{ ^'1' + line.sku }}"\n""", "wrong-type"),
        (SENT, SENT + '    ^total: "{{ order.reference }}"\n', "read-only"),
        (SENT, '    weight?: ^"{ order.weight }}"\n', "looks-like-an-expression"),
        ("{field: externalDocumentNumber, value: \"{{ order.reference }}\"", "{field: externalDocumentNumber, value: ^\"{ order.reference }\"", "looks-like-an-expression"),
        # a key that is misspelt, and what stands under it
        ("rejections:\n", "^rejecions:\n", "unknown-key"),
        ("tables:\n", "^tabels:\n", "unknown-key"),
        ("  lookups:\n    buyer", "  ^lookps:\n    buyer", "unknown-key"),
        ("record:\n", "^recrod:\n", "unknown-key"),
        ("create:\n", "^creat:\n", "unknown-key"),
        # a key that is misspelt, and that it lacks
        ("        - $each: order.lines\n", "        - ^$ech: order.lines\n", "misplaced-key"),
        ("        - $when: (order", "        - ^when: (order", "unknown-field"),
        ("    buyer:\n      entity", "    ^buyr:\n      entity", None),
        ('    customerId: "{{', '    ^custmerId: "{{', "unknown-field"),
        ("{title: The buyer is blocked}", "{^titl: The buyer is blocked}", "unknown-key"),
        ("{title: A SKU has", "{^title A SKU has", "unknown-key"),
        ("      $each: order.lines\n      $as: line\n      item", "      ^each: order.lines\n      $as: line\n      item", "unknown-key"),
        ("(order.shipping.amount | default(0)) > 0 and", "(order.shipping.amount | ^defalt(0)) > 0 and", "unknown-filter"),
        ("reject: blocked}", "^reject:blocked}", "unknown-key"),
        ("  blocked: {title", "  ^blocked:{title", "wrong-shape"),
        ("  anchor: {field", "  ^anker: {field", "unknown-key"),
        ("  body:\n    orderLines", "  ^boddy:\n    orderLines", "unknown-key"),
    ],
)  # fmt: skip
def test_what_depends_on_a_mistake_is_not_told(old: str, new: str, rule: str | None) -> None:
    assert old in MAPPING
    before, after = new.split("^")
    text = MAPPING.replace(old, f"{before}{after}", 1)
    usual = {one.message for one in compiled(MAPPING).findings}
    told = [one for one in compiled(text).findings if one.message not in usual]
    if rule is None:  # where it is used it is unknown, and nothing else is told
        assert {one.name for one in told} == {"unknown-input"}
        return
    (found,) = told
    assert found.name == rule
    at = text.index(f"{before}{after}") + len(before)
    place = (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    assert (found.place.line, found.place.column) == place


def test_what_stands_under_a_misspelt_key_is_looked_at() -> None:
    text = MAPPING.replace("  body:\n    orderLines", "  boddy:\n    orderLines")
    text = text.replace("order.remark | truncate_to", "order.remrk | truncate_to")
    found = errors(compiled(text))
    assert [(one.name, one.place.line) for one in found] == [
        ("unknown-key", text[: text.index("  boddy:")].count("\n") + 1),
        ("unknown-input", text[: text.index("order.remrk")].count("\n") + 1),
    ]
    odd = text.replace("  boddy:\n", "  boddy: 5\n  others:\n")
    assert {one.name for one in errors(compiled(odd))} == {"unknown-key", "wrong-type"}


def test_a_name_that_was_introduced_under_another_is_told_once() -> None:
    text = MAPPING.replace("  input: order\n  anchor", "  input: ordr\n  anchor")
    (found,) = [one for one in errors(compiled(text)) if one.name != "may-be-null"]
    assert found.name == "unknown-name"
    assert found.message.startswith('There is no name "order" here, nor in ')
    assert found.hint == 'Did you mean "ordr"?'


def test_what_does_not_depend_on_it_is() -> None:
    text = MAPPING.replace(GUARD, GUARD.replace(" and ", " && "))
    text = text.replace("order.remark | truncate_to(100)", "order.remrk")
    text = text.replace('weight?: "{{ order', 'weight: "{{ order')
    assert {one.name for one in errors(compiled(text))} == {
        "syntax",
        "unknown-input",
        "may-be-missing",
    }
    looped = MAPPING.replace("$index: i", "$index: line").replace("truncate_to(50)", "truncate(50)")
    assert [one.name for one in errors(compiled(looped))] == ["bad-name", "unknown-filter"]
