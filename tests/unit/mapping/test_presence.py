"""Which conditions prove that a path is there."""

from __future__ import annotations

import pytest

from gateway.mapping.presence import Facts, trail_of
from gateway.mapping.syntax import parse_expression

A = ("o", "a")


def holds(*conditions: str, trail: tuple[object, ...] = A) -> bool:
    facts = [
        (parse_expression(text.removeprefix("!")), not text.startswith("!")) for text in conditions
    ]
    return Facts(tuple(facts)).proves(trail)


@pytest.mark.parametrize(
    "conditions",
    [
        ("o.a is present",),
        ("!o.a is not present",),
        ("not (o.a is not present)",),
        ("o.b and o.a is present",),
        ("!o.b or o.a is not present",),
        ("(o.a | default(0)) > 0",),
        ("!(o.a | default(0)) == 0",),
        ("(o.a | default('x')) != 'x'",),
        ("0 < (o.a | default(0))",),
        ("o.a.b is present",),
        ("(o.a.b | default(0)) >= 1",),
        ("o.b > 0", "!o.b > 0 and o.a is not present"),
        ("o.a is present or o.a.c is present",),
        ("false",),
        ("o.b", "not o.b"),
        ("o.b == 1 or o.c", "!o.b == 1", "!o.c"),
    ],
)
def test_proven(conditions: tuple[str, ...]) -> None:
    assert holds(*conditions)


@pytest.mark.parametrize(
    "conditions",
    [
        (),
        ("!o.a is present",),
        ("o.b is present",),
        ("o.aa is present",),
        ("o.a is present or o.b",),
        ("(o.a | default(1)) > 0",),
        ("(o.a | default('x')) > 0",),
        ("o.b > 0", "!o.c > 0 and o.a is not present"),
        ("o.a > 0",),
        ("o.a | default(0)",),
        ("o is present",),
    ],
)
def test_not_proven(conditions: tuple[str, ...]) -> None:
    assert not holds(*conditions)


def test_a_trail_is_the_path_as_written() -> None:
    assert trail_of(parse_expression("o.a['b'][0]")) == ("o", "a", "b", 0)
    assert trail_of(parse_expression("o.a | upper")) is None
    computed = trail_of(parse_expression("o[k.a]"))
    assert computed == ("o", parse_expression("k.a"))
    assert holds("o[k.a] is present", trail=("o", parse_expression("k.a")))
