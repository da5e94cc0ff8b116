"""Small changes of an expression: each where it stands, none that says the same."""

from __future__ import annotations

import pytest

from gateway.cases.texts import Others, edits, paths_in

OTHERS = Others(
    paths=["order.number", "order.ship_to.city", "order.ship_to.name", "line.sku"],
    tables={"status": {}, "kind": {}},
    texts=["draft", "done"],
    same={},
)


def changed(text: str, *, bare: bool = False) -> list[str]:
    """The text after the first choice of each edit."""
    return [
        text[: one.offset] + one.choices[0] + text[one.offset + one.length :]
        for one in edits(text, OTHERS, bare=bare)
        if one.choices
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ order.ship_to.city }}", ["{{ order.ship_to.name }}"]),
        ("{{ line.sku }}", ["{{ '~' }}"]),
        (
            "{{ (i + 1) * 10000 }}",
            [
                "{{ ('~' + 1) * 10000 }}",
                "{{ (i - 1) * 10000 }}",
                "{{ (i + 2) * 10000 }}",
                "{{ (i + 1) + 10000 }}",
                "{{ (i + 1) * 10001 }}",
            ],
        ),
        (
            "{{ line.sku | truncate_to(100) }}",
            [
                "{{ '~' | truncate_to(100) }}",
                "{{ line.sku  }}",
                "{{ line.sku | truncate_to(101) }}",
            ],
        ),
        (
            "{{ line.sku | choose(tables.status, 'draft') }}",
            [
                "{{ '~' | choose(tables.status, 'draft') }}",
                "{{ line.sku | choose(tables.kind, 'draft') }}",
                "{{ line.sku | choose(tables.status, 'draft~') }}",
                "{{ line.sku | choose(tables.status) }}",
            ],
        ),
        ("No. {{ line.sku }}!", ["No. {{ '~' }}!", "No. ~{{ line.sku }}!", "No. {{ line.sku }}!~"]),
    ],
)
def test_each_part_of_a_leaf_is_changed(text: str, expected: list[str]) -> None:
    assert changed(text) == expected


def test_conditions_are_turned_round() -> None:
    text = "line.sku in ['a', 'b'] and not order.number > 0 or line.sku is present"
    found = changed(text, bare=True)
    assert "line.sku not in ['a', 'b'] and not order.number > 0 or line.sku is present" in found
    assert "line.sku in ['b'] and not order.number > 0 or line.sku is present" in found
    assert "line.sku in ['a'] and not order.number > 0 or line.sku is present" in found
    assert "line.sku in ['a', 'b'] or not order.number > 0 or line.sku is present" in found
    assert "line.sku in ['a', 'b'] and  order.number > 0 or line.sku is present" in found
    assert "line.sku in ['a', 'b'] and not order.number >= 0 or line.sku is present" in found
    assert "line.sku in ['a', 'b'] and not order.number > 0 and line.sku is present" in found
    assert "line.sku in ['a', 'b'] and not order.number > 0 or line.sku is not present" in found
    assert text not in found


def test_what_always_says_the_same_is_no_change() -> None:
    same = Others(
        ["steps.a.id", "target.id", "steps.a", "steps.b.id"], {}, [], {"steps.a.id": "target.id"}
    )
    (edit,) = edits("steps.a.id", same, bare=True)
    assert edit.choices[0] == "steps.b.id"
    assert not {"target.id", "steps.a", "steps.a.id"} & set(edit.choices)


def test_paths_are_found_within_the_braces_alone() -> None:
    assert list(paths_in("a.b {{ c.d[e.f].g | choose(tables.x) }} h.i")) == ["c.d[e.f].g"]
    assert list(paths_in("a.b and not c.d", bare=True)) == ["a.b", "c.d"]
