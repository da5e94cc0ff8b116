from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.control.faults import Faults
from gateway.simulator.control.scripts import arm_script

WISHES = st.lists(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["lock", "truncate"]), "count": st.integers(1, 9)}
    ),
    max_size=5,
)


def armed(text: str) -> list[tuple[object, object]]:
    faults = Faults()
    count = arm_script(faults, text)
    found = [(fault["kind"], fault["left"]) for fault in faults.listed()]
    assert len(found) == count
    return found


@given(WISHES, st.sampled_from([None, 2]))
def test_lines_and_lists_say_the_same(wishes: list[dict[str, object]], indent: int | None) -> None:
    wanted = [(wish["kind"], wish["count"]) for wish in wishes]
    assert armed("\n".join(map(json.dumps, wishes)) + "\n") == wanted
    assert armed(json.dumps(wishes, indent=indent)) == wanted


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"kind": "lock"}\n\n{"kind": "explode"}\n', "line 3: The kind of a fault is one of"),
        (
            '[\n  {"kind": "lock"},\n  {"kind": "delay"}\n]',
            "line 3: A fault of the kind delay needs",
        ),
        ('{"kind": "lock"}\n{"kind": ', "line 2: it is not JSON"),
        ('[{"kind": "lock"}', "line 1: the list does not end"),
        ('[{"kind": "lock"}]\n{"kind": "lock"}', "line 2: the list has ended before"),
        ("[" * 100_000, "line 1: it is not JSON"),
        ('"lock"', "line 1: A fault is a JSON object"),
    ],
)
def test_mistakes_are_told_with_their_line(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        arm_script(Faults(), text)
