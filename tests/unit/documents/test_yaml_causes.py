"""Where YAML's parser stumbles, a finding says what was typed wrong, where, and what to write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import Finding, read_document
from gateway.errors import InvalidFiles

BODY = 'create:\n  body:\n    name: "{{ deal.name }}"\n'
CLOSED = "The quote is never closed, so the text goes on in the next line."
BRACED = "In braces a value without quotes has no `[`, `{`, `,` and no colon with a space."
FITS = "which fits none above it."


def findings(text: str) -> list[Finding]:
    try:
        read_document("a.yaml", text)
    except InvalidFiles as error:
        return [one for one in error.findings if isinstance(one, Finding)]
    return []


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        # indentation
        (BODY + '   ^day: "x"\n', f"by 3 spaces, {FITS}", "by 2 or 4, or"),
        (BODY + '      ^day: "x"\n', f"by 6 spaces, {FITS}", "by 2 or 4, or"),
        ("a:\n  b: 1\n   ^c: 2\n", f"by 3 spaces, {FITS}", "by 0 or 2, or"),
        ("a:\n  - b: 1\n   ^c: 2\n", f"by 3 spaces, {FITS}", "by 2 or 4, or"),
        ("a:\n  b: 1\n^\tc: 2\n", "A tab stands here", "Write spaces."),
        ("a: 1\n^- b\n", "An element of a list stands beside a key", "below the key of its list."),
        ("a: ^- b\n", "A list begins in a line of its own.", "Begin it in the next line"),
        # colons
        (BODY + '    ^day "x"\n    c: 1\n', "A colon is missing behind the key.", "`day: …`."),
        (BODY + "    ^day\n    c: 1\n", "A colon is missing behind the key.", "`day: …`."),
        (BODY + '    day:^"x"\n    c: 1\n', "A space is missing behind the colon.", "`day: …`."),
        (BODY + "    day?:^'x'\n", "A space is missing behind the colon.", "`day?: …`."),
        ("a:\n  title:^Deals won\n  b: 1\n", "A space is missing behind the colon.", "`title: …`."),
        ("api:^v2.0\nb: 1\n", "A space is missing behind the colon.", "`api: …`."),
        ("a: 1\n^api v2.0\n\nb: 1\n", "A colon is missing behind the key.", "`api: …`."),
        ("title: Deals^: won\n", "A second colon stands here", "Put the text in quotes."),
        # quotes
        ('a:\n  b: ^"{{ x }}\n  c: "{{ y }}"\n', CLOSED, "Close it"),
        ('a:\n  b: ^"{{ x }}\n', CLOSED, "Close it"),
        ('a: "{{ x | default(^"y") }}"\n', "The quote ends the text within its", "the other ones"),
        ('a: "{{ x | date(^"%Y") }}"\n', "The quote ends the text within its", "the other ones"),
        ('when: "{{ x }}" ^and y\n', "Something stands behind the quotes.", "one pair of quotes"),
        ("a: 'it'^s'\n", "Something stands behind the quotes.", "one pair of quotes"),
        ('a: "C:^\\Users"\n', "This escape is none of YAML's.", "two backslashes"),
        ("a: ^@x\n", 'A text that begins with "@" needs quotes.', "in quotes."),
        ('a: "x"^,\nb: 1\n', "The value ends before this.", "Take it out"),
        # braces
        ("- {when: a == ^[], reject: b}\n", BRACED, "Put the value in quotes."),
        ("- {when: a in ^['b'], reject: c}\n", BRACED, "Put the value in quotes."),
        ("- {title: Say^: so}\n", BRACED, "Put the value in quotes."),
        ('anchor: ^{field: a, value: "b"\nbody: {}\n', "The `{` is never closed.", "`}`."),
        ("omit: ^[\nread: {}\n", "The `[` is never closed.", "`]`."),
        ("a: \"\n  ^\\q\"\n", "This escape is none of YAML's.", "two backslashes"),
        ("omit: ^[lines\nread: {}\n", "The `[` is never closed.", "`]`."),
    ],
)  # fmt: skip
def test_the_mistake_is_named_where_it_was_made(text: str, what: str, hint: str) -> None:
    at = text.index("^")
    text = text.replace("^", "", 1)
    (found,) = findings(text)
    assert what in found.message
    assert hint in str(found.hint)
    place = (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    assert (found.rule, found.place.line, found.place.column) == ("D110", *place)


def test_an_expression_without_its_first_quote_is_one_finding() -> None:
    (found,) = findings('a: {{ x }}"\nb: 1\n')
    assert found.rule == "D115"


@given(st.text(st.sampled_from("ab:\"'{}[],-\n \t#|&*!%@`?\\"), max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    for found in findings(text):
        assert found.message.endswith((".", "`."))
        assert 1 <= found.place.line <= text.count("\n") + 1
