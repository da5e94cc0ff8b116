from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import (
    Conflict,
    GatewayError,
    IdempotencyKeyReused,
    OperationInProgress,
    OutcomeUnknown,
    RecordLocked,
)
from gateway.operations import failures
from gateway.operations.journal import fold, operation_id, outcome_of, repeated, request_hash
from gateway.storage import State, changed
from tests.operations import an_operation

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=6) | st.integers()
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | NUMBERS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


OPERATION = an_operation(NOW)


def hashed(document: object) -> str:
    return request_hash("sales-orders", "create", {}, document)


def reordered(value: object) -> object:
    """The same document as somebody else might write it."""
    if isinstance(value, dict):
        return {key: reordered(inner) for key, inner in reversed(value.items())}
    if isinstance(value, list):
        return [reordered(element) for element in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        text = f"{Decimal(value):f}"
        return Decimal(f"{text}0" if "." in text else f"{text}.00")
    return value


@given(DOCUMENTS)
@settings(max_examples=60)
def test_the_order_of_keys_and_the_form_of_numbers_do_not_count(document: object) -> None:
    assert hashed(document) == hashed(reordered(document))


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=60)
def test_different_documents_differ(one: object, other: object) -> None:
    if repr(reordered(one)) != repr(reordered(other)) and one != other:
        assert hashed(one) != hashed(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", 1),
        (True, 1),
        (None, ""),
        ([1], 1),
        ({"a": None}, {}),
        ([1, 2], [2, 1]),
        (Decimal("0.1"), Decimal("0.10000000000000000000000000000000000001")),
    ],
)
def test_what_differs_in_value_or_type_differs(one: object, other: object) -> None:
    assert hashed(one) != hashed(other)


@pytest.mark.parametrize("zero", ["-0.00", "0E+5", "-0", "0.0", "-0E-3"])
@pytest.mark.parametrize("other", ["", "3.50", "E+1", "-0,"])
def test_zero_is_zero(zero: str, other: str) -> None:
    assert hashed([0, other, 0]) == hashed([0, other, Decimal(zero)])
    assert hashed([0, other, 0]) == hashed([Decimal(zero), other, 0])


def test_what_earlier_versions_have_stored_is_still_the_same_request() -> None:
    numbers = [Decimal(text) for text in ("1.50", "19.9", "2E+2", "-0", "1E-9")]
    keys = {"z": 1, "é": numbers, "\U00010000": "1.50", "\uffff": {"b": None, "a": True}}
    assert request_hash("sales-orders", "create", {"id": "1"}, keys) == (
        "d83f7ef02068b79b68b33d646e14c0492c0e3b410521e4187863a6b2a6a49f85"
    )
    assert hashed({"b": [1, Decimal("19.9")], "a": {"y": "E+1x", "x": None}}) == (
        "ed17150fc3784e2f72da80b2e3b432a4353368a672d30ba2c0dd52bd11fb5ee2"
    )


def test_verb_resource_and_target_count() -> None:
    hashes = {
        request_hash("sales-orders", "create", {}, {}),
        request_hash("customers", "create", {}, {}),
        request_hash("sales-orders", "post", {}, {}),
        request_hash("sales-orders", "post", {"id": "1"}, {}),
    }
    assert len(hashes) == 4


def test_the_header_is_the_key_else_the_anchor_else_nothing() -> None:
    def made(key: str | None, anchor: str | None) -> tuple[str, str | None]:
        return operation_id("con_1", "sales-orders", "create", key=key, anchor=anchor)

    assert made("k", "D-1") == made("k", "D-2")
    assert made(None, "d-1")[0] == made(None, " D-1 ")[0]
    assert made(None, "D-1")[1] == "D-1"
    assert made("D-1", None)[0] != made(None, "D-1")[0]
    first, second = made(None, None), made(None, None)
    assert first[1] is None
    assert first[0] != second[0]


def test_the_key_counts_within_connection_resource_and_verb() -> None:
    ids = {
        operation_id(connection, resource, verb, key="k", anchor=None)[0]
        for connection in ("con_1", "con_2")
        for resource in ("customers", "items")
        for verb in ("create", "update")
    }
    assert len(ids) == 8


def test_case_and_surrounding_blanks_do_not_make_another_anchor() -> None:
    assert fold(" d-1042 ") == "D-1042"


@pytest.mark.parametrize(
    ("state", "sent", "same", "expected"),
    [
        ("running", None, True, OperationInProgress),
        ("running", None, False, OperationInProgress),
        ("queued", None, True, OperationInProgress),
        ("sending", NOW, True, OperationInProgress),
        ("sending", NOW, False, IdempotencyKeyReused),
        ("uncertain", NOW, True, OutcomeUnknown),
        ("uncertain", NOW, False, IdempotencyKeyReused),
        ("parked", NOW, True, OutcomeUnknown),
        ("succeeded", NOW, False, IdempotencyKeyReused),
        ("cancelled", NOW, True, Conflict),
    ],
)
def test_what_a_repeated_request_gets(
    state: str, sent: datetime | None, same: bool, expected: type[GatewayError]
) -> None:
    asked = changed(OPERATION, hash="hash" if same else "other")
    there = changed(OPERATION, state=cast("State", state), sent_at=sent)

    with pytest.raises(expected) as raised:
        repeated(asked, there)
    assert raised.value.operation == "op_1"


def test_a_success_is_replayed() -> None:
    there = changed(
        OPERATION, state="succeeded", sent_at=NOW, status=201, answer={"number": "101005"}
    )
    outcome = repeated(OPERATION, there)

    assert (outcome.status, outcome.body, outcome.replayed) == (201, {"number": "101005"}, True)
    assert not outcome_of(there).replayed


def test_a_failure_is_replayed_as_it_was() -> None:
    problem = failures.written(RecordLocked("Somebody holds it."))

    with pytest.raises(RecordLocked, match="Somebody holds it"):
        repeated(OPERATION, changed(OPERATION, state="failed", sent_at=NOW, problem=problem))


def test_after_a_refusal_the_corrected_document_needs_a_key_of_its_own() -> None:
    there = changed(OPERATION, state="failed", sent_at=NOW)
    with pytest.raises(IdempotencyKeyReused, match="refused; nothing was written"):
        repeated(changed(OPERATION, hash="other"), there)
