"""What of Jinja the language relies on: offsets as lines, exact numbers, its grammar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import nodes

from gateway.mapping.extents import extent
from gateway.mapping.syntax import Mistake, offset_of, parse_expression, parse_leaf


def walked(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from walked(child)


def mistaken(parse: Callable[[str], object], text: str) -> Mistake | None:
    try:
        parse(text)
    except Mistake as mistake:
        return mistake
    return None


def first(node: nodes.Node, kind: type[nodes.Node]) -> nodes.Node:
    return next(one for one in walked(node) if isinstance(one, kind))


def test_lines_of_nodes_are_offsets_in_the_text() -> None:
    text = "A {{ order.lines[0].sku | upper }}\n and {{ 'x' ~ other }}"
    parts = parse_leaf(text).parts
    assert parts[0] == "A "
    assert parts[2] == "\n and "
    assert isinstance(parts[1], nodes.Filter)
    assert isinstance(parts[3], nodes.Concat)
    assert text[offset_of(parts[1]) :].startswith("upper")
    assert text[offset_of(first(parts[1], nodes.Name)) :].startswith("order")
    assert text[offset_of(first(parts[1], nodes.Getattr)) :].startswith(".sku")
    assert text[offset_of(first(parts[1], nodes.Getitem)) :].startswith("[0]")
    assert text[offset_of(first(parts[3], nodes.Const)) :].startswith("'x'")
    assert text[offset_of(first(parts[3], nodes.Name)) :].startswith("other")


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("{{  order.buyer.name }}", "order.buyer.name"),
        ("{{ a.b['c'] | upper }}", "a.b['c'] | upper"),
        ("{{ 1 if a.b is present else 2 }}", "1 if a.b is present else 2"),
        ("{{ a.b + c.d }}", "a.b + c.d"),
        ("{{ a > b }}", "a > b"),
        ("{{ not a.b }}", "not a.b"),
        ("{{ none }}", "none"),
        ("{{ -5 }}", "-"),
    ],
)
def test_the_caret_marks_the_expression(text: str, marked: str) -> None:
    node = parse_leaf(text).parts[0]
    assert isinstance(node, nodes.Expr)
    start, length = extent(node)
    assert text[start : start + length] == marked


WORDS = st.sampled_from(
    ["a", "order", "_x1", "if", "not", "none", "true", "items", "True", "is", "b2"]
)


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=10))
def test_a_path_alone_is_what_jinja_makes_of_it(words: list[str]) -> None:
    path = ".".join(words)
    mistake = mistaken(parse_leaf, f"{{{{ {path} }}}}")
    by_jinja = mistaken(parse_leaf, f"{{{{ {path}  }}}}")
    assert (mistake is None) is (by_jinja is None)
    if mistake is None:
        quick, slow = (parse_leaf(f"{{{{ {path}{space} }}}}") for space in ("", " "))
        assert quick == slow
        offsets = [
            [(type(node), offset_of(node)) for part in parsed.parts for node in walked(part)]  # type: ignore[arg-type]  # a node
            for parsed in (quick, slow)
        ]
        assert offsets[0] == offsets[1]


def test_numbers_are_exact() -> None:
    values = [
        one.value
        for one in walked(parse_expression("[0.1, 1, 007.50]"))
        if isinstance(one, nodes.Const)
    ]
    assert values == [Decimal("0.1"), 1, Decimal("7.50")]
    assert [type(value) for value in values] == [Decimal, int, Decimal]
    assert str(values[2]) == "7.50"


def test_one_expression_and_nothing_else_is_a_value() -> None:
    assert parse_leaf("{{ a }}").alone
    assert parse_leaf("{{a}}").alone
    for text in (" {{ a }}", "{{ a }} ", "{{ a }}\n", "{{ a }}{{ b }}"):
        assert not parse_leaf(text).alone
    assert parse_leaf("{{ a }}\n").parts[1] == "\n"
    assert parse_leaf("\n {{ a }} }} \n\n").parts[2] == " }} \n\n"


def test_half_of_a_surrogate_pair_is_no_escape() -> None:
    """JSON could not hold it: what it stood in was an error of the gateway."""
    for text in (r"'\ud800'", r"'\uDFFF'", r"'\ud83d\ude00'"):
        mistake = mistaken(parse_expression, text)
        assert mistake is not None
        assert (mistake.rule, mistake.offset) == ("syntax", 1)
    assert mistaken(parse_expression, r"'\ud7ff\ue000'") is None


def test_strings_keep_their_escapes() -> None:
    node = parse_expression(r"'a\n\\d\u00e4\''")
    assert isinstance(node, nodes.Const)
    assert node.value == "a\n\\dä'"


@pytest.mark.parametrize(
    ("text", "rule", "offset"),
    [
        ("{{ a", "syntax", 3),
        ("{{ }}", "syntax", 3),
        ("{{ a b }}", "syntax", 5),
        ("{{ $ }}", "syntax", 3),
        (r"{{ '\d' }}", "syntax", 4),
        (r"{{ '\x41' }}", "syntax", 4),
        ("x{{- a }}", "syntax", 1),
        ("{{ a -}} x", "syntax", 5),
        ("{{ a }}\r\n", "syntax", 7),
        ("{{ 1_000 }}", "number-out-of-bounds", 3),
        ("{{ 1.5e3 }}", "number-out-of-bounds", 3),
        ("{# x #}{{ a }}", "not-in-the-language", 0),
        ("{% raw %}{{ a }}{% endraw %}", "not-in-the-language", 0),
        ("{{ a }}{% set b = 1 %}", "not-in-the-language", 7),
        ("{{ " + "(" * 200 + "a" + ")" * 200 + " }}", "syntax", 0),
        ("{{ " + "9" * 5000 + " }}", "syntax", 0),
        ("{{ " + "a." * 60 + "a }}", "syntax", 122),
    ],
)
def test_what_is_no_expression(text: str, rule: str, offset: int) -> None:
    with pytest.raises(Mistake) as caught:
        parse_leaf(text)
    assert (caught.value.rule, caught.value.offset) == (rule, offset)


def test_bare_expressions_have_no_braces() -> None:
    with pytest.raises(Mistake, match="without braces"):
        parse_expression("a and {{ b }}")
    assert isinstance(parse_expression("a == '{{'"), nodes.Compare)
    with pytest.raises(Mistake, match="ends here"):
        parse_expression("a }} b")


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *"{}[]()|.,:~+-*/%<>=!'\"\\\n#_ ",
                "{{",
                "}}",
                "{%",
                "%}",
                "{#",
                "a",
                "if",
                "not ",
                "5",
                "0.",
            ]
        ),
        max_size=25,
    ).map("".join)
)
def test_no_text_gives_anything_but_nodes_or_a_mistake(text: str) -> None:
    for parse in (parse_leaf, parse_expression):
        mistake = mistaken(parse, text)
        assert mistake is None or 0 <= mistake.offset <= len(text)
