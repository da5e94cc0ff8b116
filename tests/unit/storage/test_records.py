from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from gateway.storage import Call, Operation, RefreshToken, SignIn
from gateway.storage.records import Record, changed, columns
from tests.operations import an_operation

NOW = datetime(2026, 11, 26, 9, 30, 0, 120, tzinfo=UTC)


@given(st.dictionaries(st.sampled_from(["state", "cause", "answer", "attempt"]), st.integers()))
def test_a_changed_record_has_the_other_values_and_the_rest(values: dict[str, Any]) -> None:
    before = an_operation(NOW, document={"a": 1})
    after = changed(before, **values)
    assert after == Operation(**{**columns(before), **values})
    assert columns(after) == {**columns(before), **values}


def test_a_field_that_is_not_there_cannot_be_changed() -> None:
    with pytest.raises(TypeError, match="sate"):
        changed(an_operation(NOW), sate="failed")


def test_a_record_cannot_be_changed_in_place() -> None:
    with pytest.raises(AttributeError):
        an_operation(NOW).state = "failed"  # type: ignore[misc]  # that is the test


@pytest.mark.parametrize(
    "record",
    [
        an_operation(NOW, document="quill", target={"a": "quill"}, anchor="quill", answer="quill"),
        Call("op_1", "create", 1, {"a": "quill"}, NOW, {"a": "quill"}),
        RefreshToken("con_1", "quill", 1, NOW),
        SignIn("quill", "con_1", NOW, NOW, "quill", "quill", "quill", "quill"),
    ],
)
def test_what_is_secret_or_personal_is_never_shown(record: Record) -> None:
    for shown in (repr(record), pretty_repr(record)):
        assert type(record).__name__ in shown
        assert "2026" in shown
        assert "quill" not in shown


def test_what_is_not_shown_is_a_field() -> None:
    for kind in Record.__subclasses__():
        assert set(kind.__struct_fields__) >= kind.UNSHOWN
