from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import InvalidInput, MappingError, Place, Violation
from gateway.mapping import Change, FieldChange, Names
from gateway.mapping.change import Fixed
from tests.unit.mapping.test_patch import PATCHES

PLACE = Place("orders.yaml", 1, 1)
STEPS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3).map(tuple)


def field(name: str, *reads: tuple[str, ...], lookups: tuple[str, ...] = ()) -> FieldChange:
    return FieldChange(name, reads, frozenset(lookups), PLACE, lambda names: names["order"])


def change(*fields: FieldChange, fixed: tuple[Fixed, ...] = ()) -> Change:
    return Change(fields, (), fixed, frozenset({"guarded"}), ("id",), {})


def slowly_touched(read: tuple[str, ...], patch: object) -> bool:
    """Whether any place that a patch says something about lies on the way of `read`, or beyond."""
    if not isinstance(patch, dict):
        return True
    if not read:
        return any(slowly_touched((), inner) for inner in patch.values())
    return read[0] in patch and slowly_touched(read[1:], patch[read[0]])


@given(st.lists(STEPS, max_size=3), PATCHES)
@settings(max_examples=80)
def test_a_field_is_touched_where_the_patch_says_something_it_reads(
    reads: list[tuple[str, ...]], patch: object
) -> None:
    wanted = any(slowly_touched(read, patch) for read in reads)
    assert bool(change(field("one", *reads)).touched(patch)) is wanted


def test_only_the_lookups_of_what_is_touched_and_of_guards_are_asked() -> None:
    made = change(field("one", ("a",), lookups=("x",)), field("two", ("b",), lookups=("y", "z")))
    assert made.asks({}) == {"guarded"}
    assert made.asks({"b": 1}) == {"guarded", "y", "z"}


def test_what_is_never_written_may_be_said_but_not_changed() -> None:
    made = change(fixed=(Fixed(("number",), code=True), Fixed(("a", "b"), code=False)))
    record = {"number": "C-1", "a": {"b": "x", "c": 1}}
    assert made.desired(record, {"number": "c-1 ", "a": {"b": "x", "c": 2}}) == {
        "number": "c-1 ",
        "a": {"b": "x", "c": 2},
    }
    with pytest.raises(InvalidInput) as caught:
        made.desired(record, {"number": "C-2", "a": None})
    assert [(one.rule, one.pointer) for one in caught.value.violations] == [
        ("fixed", "/number"),
        ("fixed", "/a/b"),
    ]
    assert "C-2" not in str(caught.value.violations)


def test_everything_without_a_translation_is_told_at_once() -> None:
    def bad(pointer: str, error: type[InvalidInput | MappingError]) -> FieldChange:
        def valued(_: Names) -> object:
            raise error(violations=[Violation("mapping", "no", pointer)])

        return FieldChange("bad", (("a",),), frozenset(), PLACE, valued)

    both = change(bad("/x", InvalidInput), field("good", ("a",)), bad("/y", InvalidInput))
    with pytest.raises(InvalidInput) as caught:
        both.render({"order": 1}, {"a": 1})
    assert [one.pointer for one in caught.value.violations] == ["/x", "/y"]
    assert both.render({"order": 1}, {"b": 1}) == {}
    with pytest.raises(MappingError):
        change(bad("/x", MappingError)).render({"order": 1}, {"a": 1})
