from __future__ import annotations

import re
import time
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.simulator.control.patterns import Pattern
from gateway.simulator.errors import ControlError

ATOMS = st.sampled_from(["a", "b", ".", r"\.", r"\d", r"\W", "[ab]", "[^a]", "[a-]", "^", "$", "/"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    times = st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,3}", "*?", "+?"])
    return (
        st.builds("({}){}".format, inner, times)
        | st.builds("(?:{}|{})".format, inner, inner)
        | st.builds("{}{}".format, inner, inner)
    )


PATTERNS = st.recursive(ATOMS, _grown, max_leaves=6)


@given(PATTERNS, st.text("ab1./%", max_size=8), st.booleans())
@example("", "", False)
@example("^$", "", False)
@example("(a|^b)$", "ab", False)
def test_it_finds_what_pythons_own_finds(pattern: str, text: str, folded: bool) -> None:
    written = f"(?i){pattern.upper()}" if folded and "\\" not in pattern else pattern
    assert Pattern(written).search(text) is (re.search(written, text) is not None)


@given(st.text("ab()[]{}|*+?^$\\.1,:=!<P", max_size=12))
def test_whatever_is_written_is_an_expression_or_refused(pattern: str) -> None:
    with suppress(ControlError):
        Pattern(pattern).search("abab")


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*b", "a*a*a*a*a*b", "(a?){100}a{100}$", ".*.*=.*"]
)
def test_no_expression_explodes(pattern: str) -> None:
    found, start = Pattern(pattern), time.monotonic()
    found.search("/" + "a" * 8000 + "!")
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(", "is not a regular expression: missing ), unterminated subpattern at position 0"),
        ("a{99999999999}", "is not a regular expression"),
        (r"(a)\1", "looks around or back"),
        ("(?=a)", "looks around or back"),
        ("(((a{1000}){1000}){1000})", "repeats too much"),
        ("a{100000}", "repeats too much"),
        ("a" * 501, "500 characters at most"),
    ],
)
def test_what_can_not_be_followed_is_refused(pattern: str, text: str) -> None:
    with pytest.raises(ControlError, match=re.escape(text)):
        Pattern(pattern)
