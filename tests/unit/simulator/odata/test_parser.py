from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.odata.lexer import tokenize
from gateway.simulator.odata.nodes import (
    Call,
    Compare,
    InList,
    Lambda,
    Literal,
    Logical,
    Node,
    Not,
    Path,
    write,
)
from gateway.simulator.odata.parser import parse_filter

PATHS = st.lists(st.sampled_from(["number", "city", "customer"]), min_size=1, max_size=3).map(
    lambda names: Path(tuple(names))
)
LITERALS = st.one_of(
    st.text(max_size=8).map(lambda text: Literal("string", text)),
    st.integers(-999, 999).map(lambda number: Literal("number", str(number))),
    st.uuids().map(lambda guid: Literal("guid", str(guid))),
    st.dates().map(lambda day: Literal("date", day.isoformat())),
    st.sampled_from([Literal("boolean", "true"), Literal("null", "null")]),
)
CALLS = st.builds(Call, st.sampled_from(["contains", "tolower"]), st.tuples(PATHS, LITERALS))
OPERATORS = st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"])
LEAVES = st.one_of(
    st.builds(Compare, OPERATORS, st.one_of(PATHS, CALLS), st.one_of(LITERALS, PATHS)),
    st.builds(InList, PATHS, st.lists(LITERALS, min_size=1, max_size=3).map(tuple)),
    CALLS,
    st.builds(lambda path: Lambda(path, "any", None, None), PATHS),
)
NODES: st.SearchStrategy[Node] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Logical, st.sampled_from(["and", "or"]), inner, inner),
        st.builds(Not, inner),
        st.builds(lambda path, node: Lambda(path, "all", "x", node), PATHS, inner),
    ),
    max_leaves=8,
)


@given(NODES)
def test_what_is_written_is_read_back(node: Node) -> None:
    assert parse_filter(write(node)) == node


@given(st.text(alphabet="abe q'()$,/:0123456789-.T", max_size=30))
def test_nonsense_is_read_or_refused_but_never_breaks(text: str) -> None:
    try:
        node = parse_filter(text)
    except BusinessCentralError:
        return
    assert parse_filter(write(node)) == node


def test_and_binds_closer_than_or() -> None:
    node = parse_filter("a eq 1 or b eq 2 and c eq 3")
    assert isinstance(node, Logical)
    assert node.operator == "or"
    assert isinstance(node.right, Logical)


def test_quotes_in_texts_are_doubled() -> None:
    assert parse_filter("name eq 'O''Brien'") == Compare(
        "eq", Path(("name",)), Literal("string", "O'Brien")
    )


def test_an_enum_may_have_its_type_in_front() -> None:
    node = parse_filter("blocked eq Microsoft.NAV.customerBlocked'All'")
    assert node == Compare("eq", Path(("blocked",)), Literal("string", "All"))


@pytest.mark.parametrize(
    "text",
    ["", "a eq", "a eq 'open", "a eq 1 and", "(a eq 1", "a eq 1)", "a ~ 1", "a in ()", "a/1 eq 2"],
)
def test_syntax_errors_are_refused(text: str) -> None:
    with pytest.raises(BusinessCentralError) as caught:
        parse_filter(text)
    assert (caught.value.status, caught.value.code) == (400, "BadRequest")


def test_depth_is_limited() -> None:
    with pytest.raises(BusinessCentralError, match="too deep"):
        parse_filter("(" * 200 + "a eq 1" + ")" * 200)


def test_tokens_know_their_kind() -> None:
    guid = "f14d18ab-3fd2-5f2e-9f4e-1ae60bfd0afe"
    kinds = [token.kind for token in tokenize(f"a {guid} 2026-01-02 2026-01-02T10:00:00Z -1.5 'x'")]
    assert kinds == ["name", "guid", "date", "datetime", "number", "string", "end"]
