"""Expressions mean what plain Jinja means by them, and can do nothing but read data."""

from __future__ import annotations

import copy
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jinja2 import TemplateError

from gateway.documents import read_document
from gateway.errors import InvalidInput, MappingError
from gateway.mapping.emission import Emission
from gateway.mapping.expressions import Walk
from gateway.mapping.rules import Findings
from gateway.mapping.scope import Scope, Site, Value
from gateway.mapping.syntax import Mistake, parse_expression
from gateway.mapping.types import INTEGER
from tests.unit.mapping import ours
from tests.unit.mapping.ours import HARMLESS, REFUSED
from tests.unit.mapping.plain import plain_value
from tests.unit.mapping.small import ORDER, names

TABLES: dict[str, dict[str, object]] = {"kind": {"retail": "R", "wholesale": "W"}}


def evaluated(
    text: str,
    order: object,
    schema: dict[str, Any] = ORDER,
    harmless: frozenset[str] = HARMLESS,
) -> object:
    """What our compiler makes of an expression, or `REFUSED`: it has findings that do harm."""
    return ours.evaluated(text, order, schema, TABLES, harmless)


# Random expressions, typed so that most of them pass the checker.
LETTERS = st.sampled_from(
    ["", "a", "Zz 9", "1e5", "007", "12.50", "{{ x }}", "items", "ß", "\n", "'"]
)
TEXT_PATHS = st.sampled_from(
    [
        *("order.reference", "order.kind", "order.remark", "order.nick", "order.buyer.name"),
        *("order.buyer['number']", "order.shipping.carrier", "order.extra.items", "order.tags[0]"),
        *("order.lines[0].sku", "order.lines[1].text", "order.extra['get']"),
    ]
)
NUMBER_PATHS = st.sampled_from(
    ["order.count", "order.weight", "order.shipping.amount", "order.lines[0].quantity"]
)
BOOLEAN_PATHS = st.sampled_from(["order.urgent", "order.lines[0].gift"])
LISTS = st.sampled_from(
    [
        *("order.tags", "order.lines | pluck('sku')", "['a', 'Zz 9']"),
        *("(order.lines | where('gift', true)) | pluck('sku')", "order.reference | split(' ')"),
    ]
)


def constants(values: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    return values.map(lambda value: repr(value) if isinstance(value, str) else str(value))


def texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(
            "({} | {})".format,
            inner,
            st.sampled_from(
                [
                    *("upper", "lower", "trim", "digits", "text", "truncate_to(3)"),
                    *("pad_left(5, '0')", "choose(tables.kind, 'none')", "split('e') | join('-')"),
                ]
            ),
        ),
        st.builds("({} ~ {})".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, booleans, inner),
        st.builds("({} | text)".format, numbers),
    )


def counts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
        st.builds("(-{})".format, inner),
        st.builds("(({} / {}) | decimal({}))".format, inner, inner, st.integers(0, 6)),
        st.builds("({} | decimal({}))".format, inner, st.integers(0, 4)),
        st.builds("({} if {} else {})".format, inner, booleans, inner),
    )


def conditions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
    )


COMPARED = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
paths = st.one_of(TEXT_PATHS, NUMBER_PATHS, BOOLEAN_PATHS, st.just("order.lines"))
booleans: st.SearchStrategy[str] = st.deferred(
    lambda: st.recursive(
        st.one_of(
            BOOLEAN_PATHS,
            st.sampled_from(["true", "false"]),
            st.builds("({} is present)".format, paths),
            st.builds("({} is null)".format, paths),
            st.builds("({} is {})".format, paths, st.sampled_from(["text", "number", "not text"])),
            st.builds("({} {} {})".format, TEXT_PATHS, COMPARED, constants(LETTERS)),
            st.builds("({} {} {})".format, NUMBER_PATHS, COMPARED, constants(st.integers(-3, 9))),
            st.builds("({} in {})".format, TEXT_PATHS, LISTS),
            st.builds("({} is in {})".format, TEXT_PATHS, st.just("['a', 'retail']")),
        ),
        conditions,
        max_leaves=3,
    )
)
numbers = st.deferred(
    lambda: st.recursive(
        st.one_of(
            NUMBER_PATHS,
            st.builds("({} | default(0))".format, NUMBER_PATHS),
            constants(st.integers(0, 10**12)),
            constants(st.decimals(0, 99, places=2, allow_nan=False)),
            st.builds("({} | {})".format, TEXT_PATHS, st.sampled_from(["integer", "decimal"])),
            st.just("(order.lines | sum('quantity'))"),
            st.just("(order.lines | pluck('quantity') | sum)"),
        ),
        counts,
        max_leaves=4,
    )
)
string = st.recursive(
    st.one_of(
        TEXT_PATHS,
        constants(LETTERS),
        st.builds("({} | default({}))".format, TEXT_PATHS, constants(LETTERS)),
        st.builds("({} | {})".format, LISTS, st.sampled_from(["first", "last", "join(', ')"])),
        st.builds("(order.seen | {})".format, st.sampled_from(["datetime", "text"])),
        st.builds("(order.day | date)".format),
    ),
    texts,
    max_leaves=4,
)
expressions = st.one_of(string, numbers, booleans, LISTS, st.builds("({} | or_null)".format, paths))
EXACT_NUMBERS = st.one_of(
    st.integers(-(10**12), 10**12), st.decimals(-99, 99, places=3, allow_nan=False)
)
documents: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "reference": LETTERS,
        "kind": st.sampled_from(["retail", "wholesale"]),
        "day": st.sampled_from(["2026-11-23", "2026-02-28"]),
        "buyer": st.fixed_dictionaries({"number": LETTERS}, optional={"name": LETTERS}),
        "lines": st.lists(
            st.fixed_dictionaries(
                {"sku": LETTERS, "quantity": EXACT_NUMBERS},
                optional={"text": LETTERS, "gift": st.booleans()},
            ),
            max_size=3,
        ),
    },
    optional={
        "remark": LETTERS,
        "nick": st.one_of(st.none(), LETTERS),
        "urgent": st.booleans(),
        "count": st.integers(-(10**30), 10**30),
        "weight": EXACT_NUMBERS,
        "seen": st.sampled_from(["2026-11-23T09:30:00+01:00", "2026-11-23T09:30:00.5Z"]),
        "shipping": st.fixed_dictionaries({"amount": EXACT_NUMBERS}, optional={"carrier": LETTERS}),
        "tags": st.lists(LETTERS, max_size=2),
        "extra": st.dictionaries(st.sampled_from(["items", "get", "keys"]), LETTERS),
    },
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A document and a schema it fits: what is there may be required, some of it is null."""
    order = draw(documents)
    schema = copy.deepcopy(ORDER)
    there = sorted(order)
    schema["required"] = ["id", *draw(st.lists(st.sampled_from(there), unique=True))]
    for name in draw(st.lists(st.sampled_from(there), unique=True, max_size=3)):
        found = schema["properties"][name]
        if isinstance(found.get("type"), str):
            found["type"] = [found["type"], "null"]
            order[name] = draw(st.one_of(st.none(), st.just(order[name])))
    return order, schema


SEEDED = settings(
    max_examples=80,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@SEEDED
@given(expressions, cases())
def test_generated_code_means_what_plain_jinja_means(
    text: str, case: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    order, schema = case
    known = {"order": order, "tables": TABLES}
    try:
        found = evaluated(text, order, schema)
    except (InvalidInput, MappingError):
        with pytest.raises((TemplateError, TypeError, ValueError, ArithmeticError)):
            plain_value(text, known)
        return
    if found is not REFUSED:
        theirs = plain_value(text, known)
        assert found == theirs
        assert isinstance(found, bool) == isinstance(theirs, bool)
        assert isinstance(found, str) == isinstance(theirs, str)


@SEEDED
@given(expressions, cases())
def test_what_has_no_finding_never_misses_anything(
    text: str, case: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    order, schema = case
    try:
        evaluated(text, order, schema, frozenset())
    except (InvalidInput, MappingError) as error:
        reason = str(error)
    else:
        reason = ""
    assert "missing" not in reason
    assert "null" not in reason


ATTACKS = [
    "order.__class__",
    "order['__class__'].__mro__",
    "''.__class__.__mro__[1].__subclasses__()",
    "order.items()",
    "order.get('reference')",
    "order.reference.format(order)",
    "order.reference | attr('__class__')",
    "order | attr('items')",
    "[].append(1)",
    "lipsum.__globals__",
    "cycler.__init__.__globals__",
    "self.__dict__",
    "range(1000000000)",
    "'a' * 1000000000",
    "order.reference * 1000000000",
    "[0] * 1000000000",
    "10 ** 1000000000",
    "'%1000000000d' % 1",
    "order.lines | map(attribute='sku') | list",
    "order.reference | pad_left(1000000000, 'x')",
    "order.reference | format(1)",
    "(1).bit_length()",
    "namespace(a=1)",
    "{}.items()",
    "order.lines[::2]",
    "1 if true",
    "_",
    "order.reference | truncate_to(n=5)",
    "order.reference | truncate_to(*[5])",
    "1 | decimal(1000000000)",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_no_expression_reads_an_attribute_calls_or_builds_without_bound(text: str) -> None:
    with suppress(Mistake):
        assert evaluated(text, names()["order"]) is REFUSED


@pytest.mark.parametrize("key", ["items", "values", "get", "keys", "copy", "class", "__class__"])
def test_keys_named_like_methods_are_keys(key: str) -> None:
    order: Any = names()["order"]
    assert evaluated(f"order.extra['{key}'] is present", order) is False
    assert (
        evaluated(f"order.extra.{key} | default('x')", {**order, "extra": {key: "mine"}}) == "mine"
    )


@pytest.mark.parametrize(
    "text", ["000", "10115", "1e5", "0x10", "1 # note", "{{ x }}", "None", "true", "a\n", "{% x %}"]
)
def test_text_of_data_stays_what_it_is(text: str) -> None:
    order: Any = {**names()["order"], "reference": text}  # type: ignore[dict-item]  # a dictionary
    assert evaluated("order.reference", order) == text
    assert evaluated("order.reference ~ ''", order) == text
    assert evaluated("'<' ~ order.reference ~ '>'", order) == f"<{text}>"


def test_decimals_are_exact() -> None:
    order: Any = {**names()["order"], "weight": Decimal("19.90")}  # type: ignore[dict-item]  # a dictionary
    assert str(evaluated("order.weight * 3", order)) == "59.70"
    assert evaluated("0.1 + 0.2", order) == Decimal("0.3")
    assert str(evaluated("(10 / 3) | decimal(2)", order)) == "3.33"
    assert str(evaluated("(-0.005) | decimal(2)", order)) == "-0.01"
    assert str(evaluated("-order.weight", order)) == "-19.90"


@pytest.mark.parametrize("constant", ["'x'", "1", "(1 + 2)", "(-5)", "true"])
def test_a_constant_is_asked_without_a_warning_of_python(constant: str) -> None:
    assert ours.evaluated(f"{constant} is present", {}, {"type": "object"}, {}) is True
    assert ours.evaluated(f"{constant} is null", {}, {"type": "object"}, {}) is False


def test_an_inexact_result_is_an_error() -> None:
    order: Any = {**names()["order"], "weight": Decimal("1e30") / 7}  # type: ignore[dict-item]  # a dictionary
    with pytest.raises(InvalidInput, match="exactly"):
        evaluated(" * ".join(["order.weight"] * 12), order)


def test_missing_null_empty_and_zero_are_four_things() -> None:
    base: Any = names()["order"]
    seen = [
        (
            evaluated("order.count is present", order),
            evaluated("(order.count | default(7))", order),
        )
        for order in (base, {**base, "count": None}, {**base, "count": 0})
    ]
    assert seen == [(False, 7), (False, 7), (True, 0)]
    assert evaluated("order.remark | default('x')", {**base, "remark": ""}) == ""


def test_an_index_of_a_loop_is_a_number_of_ours() -> None:
    findings = Findings(read_document("expression.yaml", "x: 1\n"))
    emission = Emission("test")
    scope = Scope({"i": Value(INTEGER, "x1", trusted=True)}, {})
    walk = Walk(scope, Site(findings, ("x",)), emission)
    assert walk.value(parse_expression("(i + 1) * 10000")).code == "((x1 + 1) * 10000)"
    assert not emission.needs_exact


FREE: dict[str, Any] = {"type": "object", "properties": {"free": {}}, "required": ["free"]}


@pytest.mark.parametrize(
    ("text", "free", "value"),
    [
        ("order.free.a.b | default('x')", {"a": {"b": 5}}, 5),
        ("order.free.a.b | default('x')", {"a": {}}, "x"),
        ("order.free.a[1] | default('x')", {"a": ["y"]}, "x"),
        ("'y' if (order.free.on | default(true)) else 'n'", {"on": False}, "n"),
        ("order.free.items is present", {}, False),
    ],
)
def test_what_no_schema_describes_is_read_like_everything_else(
    text: str, free: object, value: object
) -> None:
    assert evaluated(text, {"free": free}, FREE) == value


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("order.free[0]", "text"),
        ("order.free[0] | default('x')", "text"),
        ("order.free.real", 1),
        ("order.free.a", {"b": 1}),
        ("order.free.append", []),
        ("'y' if order.free.a is present and order.free.a else 'n'", {"a": "text"}),
        ("'y' if order.free.a is present and order.free.a and true else 'n'", {"a": [1]}),
        ("(order.free.a | default(0)) + 1", {"a": "1"}),
    ],
)
def test_what_no_schema_describes_is_checked_when_it_is_read(text: str, free: object) -> None:
    with pytest.raises((InvalidInput, MappingError)):
        evaluated(text, {"free": free}, FREE)
