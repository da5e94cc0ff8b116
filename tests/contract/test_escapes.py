"""The ways out of Jinja's sandbox that are known, and the bombs: none passes the checker.

Expressions read data, and nothing else. Whatever they put together is bounded when they run.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.errors import InvalidInput, MappingError
from gateway.mapping.bounds import MOST_ELEMENTS, MOST_VISITS
from gateway.mapping.functions import LONGEST_NUMBER, LONGEST_TEXT
from tests.unit.mapping.small import body, changed, compiled, errors

REMARK = 'remark?: "{{ order.remark | truncate_to(100) }}"'
GUARD = "\"lookups.buyer.blocked in ['Invoice', 'All']\""
ESCAPES: dict[str, tuple[str, ...]] = {
    "unknown-input": (
        "order.__class__",
        "order['__class__']",
        "order.reference.__class__",
        "''['__class__']",
        "[].__class__",
        "{}.__class__",
        "(1).__class__",
        "order.lines.__len__",
        "order.lines.append",
        "order.lines[order.__class__]",
        "true and order.__class__",
        "[order.__class__][0]",
        "{'a': order.__class__}['a']",
        "{'__class__': 1}.__class__.__mro__",
        "(order.lines | first).__class__",
        "tables.__class__",
        "tables.kind.__class__",
        "tables['__class__']",
        "params.__class__",
        "lookups.buyer.__class__",
        "lookups.items['A'].__class__",
        "lookups.buyer.number.__class__",
        "connection.__class__",
        "connection.company.__class__",
        "now.__class__",
        "target.__class__",
        "order.reference.0",
        "order.reference[0]",
        "order.lines[0].sku[0]",
    ),
    "not-in-the-language": (
        "order['__cla' ~ 'ss__']",
        "''.__class__.__mro__[1].__subclasses__()",
        "order.items()",
        "order.get('reference')",
        "order.reference.upper()",
        "order.reference.format(order)",
        "'{0.__class__}'.format(order)",
        "'%1000000000d' % 1",
        "order.reference % order",
        "lipsum.__globals__['os'].popen('id').read()",
        "joiner('x')",
        "namespace(a=1)",
        "range(1000000000)",
        "dict(a=1)",
        "super()",
        "caller()",
        "__import__('os')",
        "open('/etc/passwd')",
        "print(1)",
        "debug()",
        "10 ** 1000000000",
        "9 ** 9 ** 9",
        "1 // 1",
        "order.lines[::2]",
        "order.lines[0:1000000000]",
        "(order.reference, order.kind)",
        "{order.reference: 1}",
        "+1",
        "order.reference|upper()()",
    ),
    "unknown-filter": (
        "'{0.__class__}' | format(order)",
        "'%s' | format(order)",
        "order | attr('items')",
        "order.reference | attr('__class__')",
        "order | map(attribute='__class__')",
        "order.lines | map('upper') | list",
        "order.lines | map(attribute='sku')",
        "order.lines | selectattr('sku')",
        "order.lines | groupby('sku')",
        "order.lines | sort(attribute='__class__')",
        "order | xmlattr",
        "order | pprint",
        "order | tojson",
        "order | dictsort",
        "order.reference | safe",
        "order.reference | string",
        "order.reference | replace('a', 'b' * 1000000)",
        "order.reference | center(1000000000)",
        "order.reference | indent(1000000000)",
        "order.reference | wordwrap(1)",
        "order.lines | batch(1000000)",
        "order.lines | slice(1000000)",
        "order.lines | random",
        "order.lines | first | attr('sku')",
        "order.reference|e",
    ),
    "unknown-name": (
        "lipsum",
        "cycler.__init__.__globals__.os",
        "self",
        "self.__init__.__globals__",
        "self._TemplateReference__context",
        "config",
        "request",
        "url_for.__globals__",
        "get_flashed_messages.__globals__",
        "loop.index",
        "varargs",
        "_",
        "__builtins__",
        "import",
        "undefined",
        "context",
        "environment",
        "steps.__class__",
        "bc.__class__",
    ),
    "wrong-type": (
        "'a' * 1000000000",
        "order.reference * 1000000000",
        "[0] * 1000000000",
        "order.extra[order]",
        "order.extra[order.lines]",
        "order.reference ~ order",
        "order.reference ~ order.lines",
        "order",
        "order.lines | sum('__class__')",
        "order.lines | where('__class__', 1)",
        "order.lines | pluck('__class__')",
        "lookups.items.__class__",
        "-order.reference",
        "order.reference is in order.reference",
        "order.reference in order",
    ),
    "syntax": (
        "1 << 1000000000",
        "'\\x41'",
        '"\\N{BULLET}"',
        "await order",
        "~1",
        "order := 1",
        "lambda: 1",
    ),
    "wrong-argument": (
        "1 | decimal(1000000000)",
        "order.reference | truncate_to(1000000000)",
        "order.reference | truncate_to(-1)",
        "order.reference | pad_left(1000000000, 'x')",
        "order.reference | pad_left(order.count, 'x')",
        "order.reference | pad_left(10, order.reference)",
        "order.tags | join(order.reference)",
        "order.reference | split('')",
        "order.reference | truncate_to(n=5)",
        "order.reference | truncate_to(*[5])",
        "order.reference | truncate_to(**{'n': 5})",
        "order.lines | sum(attribute='quantity')",
        "order.reference | default(order.__class__)",
        "order.reference | default(lipsum)",
        "order.remark | default('x' * 1000000000)",
    ),
    "condition-not-boolean": (
        "order.reference if order.lines else 'x'",
        "order.reference and order.kind",
        "not order",
    ),
    "unknown-test": (
        "order.reference is defined",
        "order.reference is callable",
        "order.reference is sameas(order)",
        "order.reference is filter('upper')",
        "order.reference is mapping",
    ),
    "unknown-table": (
        "order.reference | choose({'a': 'b'})",
        "order.reference | choose(order)",
        "order.reference | choose(tables)",
    ),
    "number-out-of-bounds": (
        "1_000_000",
        "0x10",
        "1e1000000",
        "1.5e3",
    ),
}
CASES = [(rule, text) for rule, texts in ESCAPES.items() for text in texts]
STATEMENTS = [
    "{% for x in range(10) %}{{ x }}{% endfor %}",
    "{% set x = order %}{{ x }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% include 'secrets' %}{{ 1 }}",
    "{% import 'x' as y %}{{ y }}",
    "{% from 'x' import y %}{{ y }}",
    "{% extends 'x' %}{{ 1 }}",
    "{% block b %}{{ self.b() }}{% endblock %}",
    "{% call order() %}{{ 1 }}{% endcall %}",
    "{% filter upper %}{{ 1 }}{% endfilter %}",
    "{% raw %}{{ order }}{% endraw %}",
    "{% autoescape true %}{{ 1 }}{% endautoescape %}",
    "{% with x = order %}{{ x }}{% endwith %}",
    "{% debug %}{{ 1 }}",
    "{{ 1 }}{% if order %}{% endif %}",
    "{{ 1 }}{# order #}",
    "{{- 1 }}",
    "{{ 1 -}}",
    "{%- print(order) %}{{ 1 }}",
]


def rules(mapping: str) -> set[str]:
    result = compiled(mapping)
    assert errors(result)
    assert not result.plans
    return {one.name for one in errors(result)}


@pytest.mark.parametrize(("rule", "text"), CASES)
def test_a_way_out_is_refused_with_its_rule(rule: str, text: str) -> None:
    leaf = json.dumps(f"{{{{ {text} }}}}")
    assert rule in rules(changed((REMARK, f"remark: {leaf}")))


@pytest.mark.parametrize(("rule", "text"), CASES)
def test_a_condition_is_no_way_out_either(rule: str, text: str) -> None:
    when = json.dumps(f"({text}) == 1")
    found = rules(changed((GUARD, when)))
    assert rule in found or "wrong-type" in found


@pytest.mark.parametrize("text", STATEMENTS)
def test_there_are_no_statements(text: str) -> None:
    found = rules(changed((REMARK, f"remark: {json.dumps(text)}")))
    assert found & {"not-in-the-language", "syntax"}


def fails(leaf: str, message: str, **changes: object) -> None:
    mapping = changed((REMARK, f"remark?: {json.dumps(leaf)}"))
    with pytest.raises(InvalidInput, match=message) as caught:
        body(mapping, **changes)
    (violation,) = caught.value.violations
    assert violation.pointer
    assert violation.target == "remark"


def test_a_text_that_is_put_together_fits_its_field() -> None:
    leaf = "{{ order.endless ~ order.endless }}"
    made = changed((REMARK, f"remark?: {json.dumps(leaf)}"))
    assert body(made, endless="x" * 50)["remark"] == "x" * 100
    fails(leaf, "102 characters, at most 100", endless="x" * 51)
    fails("{{ order.tags | join('-') }}", "at most 100", tags=["x" * 20] * 6)
    fails("{{ 'No ' ~ (order.count | text) ~ order.endless }}", "100", count=1, endless="x" * 99)


def test_no_text_is_put_together_that_no_field_could_hold() -> None:
    most = f"at most {LONGEST_TEXT} characters"
    comma = ", " * 1000
    fails(f"{{{{ (order.tags | join('{comma}')) | truncate_to(9) }}}}", most, tags=[""] * 500_000)
    long = " ~ ".join(["order.endless"] * 200)
    fails(f"{{{{ ({long}) | truncate_to(9) }}}}", most, endless="x" * 1_000_000)


def test_loops_within_loops_are_bounded() -> None:
    old = "        - $when: (order.shipping.amount | default(0)) > 0\n          sequence: 9000000\n"
    inner = "        - $each: order.lines\n          $as: one\n          lineType: Item\n"
    made = changed((old, inner + old))
    lines: Any = [{"sku": "A", "quantity": 1}]
    assert len(body(made, lines=lines * 100)["orderLines"]) == 200
    with pytest.raises(InvalidInput, match=f"more than {MOST_ELEMENTS} elements"):
        body(made, lines=lines * (MOST_ELEMENTS + 1))


def test_what_filters_go_through_is_bounded() -> None:
    """A sum over all lines for each of them: 16,000 lines took minutes."""
    share = 'weight?: "{{ order.weight }}"', "weight: \"{{ order.lines | sum('quantity') }}\""
    old = 'quantity: "{{ line.quantity }}"\n          lineObjectNumber'
    skus = "1 if line.sku {} (order.lines | pluck('sku')) else 2"
    line: Any = {"sku": "A", "quantity": 1}
    for text in ("order.lines | sum('quantity')", skus.format("in"), skus.format("is in")):
        made = changed((old, old.replace("line.quantity", text)))
        assert len(body(made, lines=[line] * 50)["orderLines"]) == 50
        with pytest.raises(InvalidInput, match=f"more than {MOST_VISITS} elements"):
            body(made, lines=[line] * 1_500)
    cut = "line.text | truncate_to"
    made = changed((cut, "order.endless | split(',') | first | truncate_to"))
    assert len(body(made, lines=[line] * 50, endless="x," * 500)["orderLines"]) == 50
    with pytest.raises(InvalidInput, match=f"more than {MOST_VISITS} elements"):
        body(made, lines=[line] * 300, endless="x" * 5_000_000)
    assert body(changed(share), lines=[line] * 9_000)["weight"] == 9_000
    sums = " + ".join(["(order.lines | sum('quantity'))"] * 30)
    many = changed((share[0], f'weight: "{{{{ {sums} }}}}"'))
    with pytest.raises(InvalidInput, match=f"more than {MOST_VISITS} elements"):
        body(many, lines=[line] * 70_000)


def test_whole_numbers_do_not_grow_without_end() -> None:
    """Loops within loops, each with a product of what the one around it has made."""
    factors = "m"
    for _ in range(6):  # 64 of them
        factors = f"({factors} * {factors})"
    old = "        - $when: (order.shipping.amount | default(0)) > 0\n          sequence: 9000000\n"
    first = "(order.lines | first).quantity"
    for product in (first, f"{first} * 1.5"):
        loop = f'        - $each: "[{product}]"\n          $as: m\n          lineType: Item\n'
        made = changed((old, f'{loop}          quantity: "{{{{ {factors} }}}}"\n{old}'))
        refused = f"at most {LONGEST_NUMBER} digits|cannot be computed exactly"
        with pytest.raises((InvalidInput, MappingError), match=refused):
            body(made, lines=[{"sku": "A", "quantity": 9**30}] * 3)
