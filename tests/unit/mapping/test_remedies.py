"""What a finding says to do leads out of the mistake, and one mistake is one finding."""

from __future__ import annotations

import pytest

from tests.unit.mapping.small import MAPPING, changed, compiled, errors, plan
from tests.unit.mapping.test_rules import BUYER, DAY, QUANTITY, REMARK, URGENT, leaf

GUARD = """when: "lookups.buyer.blocked in ['Invoice', 'All']\""""
READ_KIND = """  kind: "{{ bc.kind | default('Wholesale') | choose(tables.kind_read) }}"\n"""
ITEMS = """      $as: line
      item_match: true
      key: "{{ line.sku }}"
"""
ACTION = """\
read: {}
actions:
  ship:
    steps:
      - {name: there, read: orders, id: "{{ target.id }}"}
      - {name: act, action: ^NAME, on: {entity: orders, id: "{{ target.id }}"}}
      - {name: again, read: orders, id: "{{ target.id }}"}
"""


def guard(condition: str) -> str:
    return f'when: "{condition}"'


@pytest.mark.parametrize(
    ("old", "new", "rule", "hint"),
    [
        # operators of other languages
        (GUARD, guard("lookups.buyer.blocked ^= 'All'"), "syntax", "Write `==`."),
        (GUARD, guard("lookups.buyer.blocked ==^= 'All'"), "syntax", "Write `==`."),
        (GUARD, guard("lookups.buyer.blocked <^> 'All'"), "syntax", "Write `!=`."),
        (GUARD, guard("lookups.buyer is present ^&& true"), "syntax", "Write `and`."),
        (GUARD, guard("lookups.buyer is present |^| true"), "syntax", "Write `or`."),
        (
            GUARD,
            guard("lookups.buyer.blocked == ^All"),
            "unknown-name",
            "Put a text in quotes: 'All'.",
        ),
        (
            GUARD,
            guard("lookups.buyer.blocked in [^Invoice]"),
            "unknown-name",
            "Put a text in quotes: 'Invoice'.",
        ),
        (REMARK, leaf("{{ 'a' if order.reference ^= 'b' else 'c' }}"), "syntax", "Write `==`."),
        # constants of another type
        (URGENT, "    urgent: ^yes\n", "wrong-type", "Write `true`, without quotes."),
        (URGENT, "    urgent: ^no\n", "wrong-type", "Write `false`, without quotes."),
        (
            URGENT,
            "    urgent: ^perhaps\n",
            "wrong-type",
            "Write `true` or `false`, without quotes.",
        ),
        (QUANTITY, "          quantity: ^1,5\n", "wrong-type", "Write 1.5, without quotes."),
        (QUANTITY, "          quantity: ^'12'\n", "wrong-type", "Write 12, without quotes."),
        (QUANTITY, "          quantity: ^few\n", "wrong-type", "Write a number, such as 1.5."),
        # the id beside the number
        (
            '"{{ lookups.buyer.id }}"',
            '"{{ ^lookups.buyer.number }}"',
            "wrong-type",
            "Take its id: `lookups.buyer.id`.",
        ),
        # names that are taken
        (
            ITEMS,
            ITEMS.replace("$as: line", "$as: ^order").replace("line.sku", "order.sku"),
            "bad-name",
            "Take another name.",
        ),
        (
            ITEMS,
            ITEMS.replace("$as: line\n", "$as: line\n      $index: ^order\n"),
            "bad-name",
            "Take another name.",
        ),
        (
            ITEMS,
            ITEMS.replace("$as: line\n", "$as: line\n      $index: ^lookups\n"),
            "bad-name",
            "Take another name.",
        ),
        # remedies that lead into the next mistake
        (
            REMARK,
            '    remark: "{{ ^order.remark | truncate_to(100) }}"\n',
            "may-be-missing",
            "End the key in `?`, or say `| default(…)`.",
        ),
        (
            "read: {}\n",
            ACTION.replace("NAME", "Microsoft.NAV.Post"),
            "unknown-action",
            'Did you mean "Microsoft.NAV.post"?',
        ),
        # a wrong member in a table
        (
            "wholesale: Wholesale}",
            "wholesale: ^Wholesael}",
            "not-in-the-enum",
            'Did you mean "Wholesale"?',
        ),
        # keys of structure
        (
            "    $each: bc.orderLines\n    $as: line\n",
            "    ^each: bc.orderLines\n    $as: line\n",
            "misplaced-key",
            "Did you mean `$each`?",
        ),
        (
            "    $each: bc.orderLines\n    $as: line\n",
            "    $each: bc.orderLines\n    ^as: line\n",
            "misplaced-key",
            "Did you mean `$as`?",
        ),
        ("read: {}\n", "read:^\n", "wrong-type", "Write `read: {}`."),
        ("api: v2.0\n", "api: ^2.0\n", "wrong-type", "Write text, such as v2.0."),
        ("title: Orders\n", "title: ^7\n", "wrong-type", "Put it in quotes."),
        (
            REMARK,
            leaf("{{ ^order.id }}"),
            "unknown-input",
            "Read another path.",
        ),
        # how many
        (
            REMARK,
            leaf("{{ order.reference | ^truncate_to }}"),
            "wrong-argument",
            "Give the argument that it takes.",
        ),
        ("cache: 5m", "cache: ^300", "wrong-type", "Write text, such as 5m."),
        ("omit: [lines]", "omit: ^lines", "wrong-type", "Write [lines]."),
        (
            "{field: weight, operator: ge}",
            "{field: weight, operator: ^'>='}",
            "wrong-shape",
            'Did you mean "ge"?',
        ),
        (
            "{field: weight, operator: ge}",
            "{field: weight, operator: ^lte}",
            "wrong-shape",
            'Did you mean "le"?',
        ),
        (
            'anchor: {field: externalDocumentNumber, value: "{{ order.reference }}", also_in: [orders]}',
            "anchor: ^externalDocumentNumber",
            "wrong-type",
            "Write {field: …, value: …}.",
        ),
        # what is done otherwise here
        (
            REMARK,
            leaf("{{ order.remark | default(^now | date) }}"),
            "wrong-argument",
            "Write `x if x is present else y`.",
        ),
        (
            "choose(tables.kind_read)",
            "choose(tables.kind_read, ^null)",
            "wrong-argument",
            "Null is written `none`.",
        ),
        (
            GUARD,
            guard("(order.lines | ^length) == 0"),
            "unknown-filter",
            "Nothing counts; a list without elements is `== []`.",
        ),
        (
            "wholesale: Wholesale}",
            "wholesale: ^''}",
            "not-in-the-enum",
            "What is blank is null here: `none if … else …`.",
        ),
        (
            "wholesale: Wholesale}",
            "wholesale: ^Trade}",
            "not-in-the-enum",
            "Known here: Retail Sale, Wholesale.",
        ),
        (
            "state: {Draft: draft, In Work: done}",
            "state: {Draft:draft^, In Work: done}",
            "wrong-type",
            "Write a space behind the colon: `Draft: draft`.",
        ),
        ("api: v2.0\n", "api: v2.0\nschema_version: ^2.1\n", "wrong-type", "Put it in quotes."),
        (
            "read: {}\n",
            ACTION.replace("NAME", "Microsoft.NAV.post")
            .replace("      - {name: again", "      - {^name: agian}\n      - {name: again")
            .replace("^M", "M"),
            "misplaced-key",
            'Did you mean the step "again"?',
        ),
    ],
)
def test_a_mistake_is_one_finding_with_a_way_out(old: str, new: str, rule: str, hint: str) -> None:
    before = changed((old, new)).partition("^")[0]
    found = errors(compiled(changed((old, new.replace("^", "")))))
    place = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert [(one.name, one.hint, one.place.line, one.place.column) for one in found] == [
        (rule, hint, *place)
    ]


def test_a_lookup_named_like_a_word_is_told_at_its_name() -> None:
    text = MAPPING.replace("    buyer:\n" + BUYER, "    bc:\n" + BUYER)
    text = text.replace("lookups.buyer", "lookups.bc")
    (found,) = errors(compiled(text))
    assert (found.name, found.message) == ("bad-name", '"bc" is a word of the language.')
    assert text.splitlines()[found.place.line - 1] == "    bc:"
    assert found.place.column == len("    b")


def test_a_table_needs_no_entry_for_what_a_condition_leaves_out() -> None:
    old = '    text?: "{{ line.description }}"\n'
    table = "  kind_read: {"
    for when, lost in (
        ("line.lineType in ['Item']", None),
        ("line.lineType == 'Item'", None),
        ("line.lineType is present and line.lineType != 'Charge (Item)'", None),
        ("line.lineType is present and not line.lineType in ['Charge (Item)']", None),
        ("line.lineType in ['Item', 'Charge (Item)']", '"Charge (Item)"'),
        ("line.lineType is present", '"Charge (Item)"'),
    ):
        text = changed(
            (old, """    text: "{{ line.lineType | choose(tables.line) }}"\n"""),
            (table, "  line: {Item: item}\n" + table),
            ("    $when: line.lineType == 'Item'\n", f"    $when: {when}\n"),
        )
        messages = [one.message for one in errors(compiled(text))]
        assert messages == ([] if lost is None else [f"The table has no entry for {lost}."]), when


def test_today_is_the_day_of_now() -> None:
    made = plan("create", changed((DAY, '    postingDate: "{{ now | date }}"\n')))
    order = {"reference": "a", "kind": "retail", "lines": [], "buyer": {"number": "1"}}
    names = {"order": order, "lookups": {"buyer": {"id": "x"}}, "now": "2026-11-23T23:30:00Z"}
    body = made.steps[0].render({**names, "params": {}}).body
    assert body is not None
    assert body["postingDate"] == "2026-11-23"


def test_now_is_no_date_and_the_remedy_makes_it_one() -> None:
    (found,) = errors(compiled(changed((DAY, '    postingDate: "{{ now }}"\n'))))
    assert found.hint == "Make it one: `| date`."


def test_what_is_required_is_not_told_to_be_left_out() -> None:
    hints = {one.hint for one in compiled().findings if one.name == "may-be-null"}
    assert hints == {"Say `| default(…)`, or ask first whether it `is present`."}


KEYED = """\
update:
  input: order
  body:
    orderLines:
      $key: [sequence]
      $others: keep
      $each: order.lines
      $as: line
      $index: i
      sequence: "{{ (i + 1) * 10000 }}"
      lineObjectNumber: "{{ line.sku }}"
"""


def test_what_tells_elements_apart_is_one_mistake_when_it_is_misspelt() -> None:
    usual = {(one.name, one.message) for one in compiled(MAPPING + KEYED).findings}
    for old, new, hint in (
        ("$others: keep", "$others: remove", "Write keep, or delete."),
        ("$key: [sequence]", "$key: sequence", "Write [sequence]."),
    ):
        found = compiled(MAPPING + KEYED.replace(old, new)).findings
        more = [one for one in found if (one.name, one.message) not in usual]
        assert [(one.name, one.hint) for one in more] == [("misplaced-key", hint)]
