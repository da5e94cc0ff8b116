"""Every state in words, and what comes next, to the minute."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from gateway.cli.whereabouts import call_row, in_words, next_step, operation_row
from gateway.clock import timestamp
from gateway.errors import BusinessCentralRefused, Fault, RateLimited, RecordGone
from gateway.operations import failures
from gateway.storage import Call, State, changed
from tests.clock import START
from tests.operations import an_operation

NOW = START
OPERATION = an_operation(NOW, document={"ship_to": {"name": "Philomena Quill"}}, key="D-1042")


@pytest.mark.parametrize("state", get_args(State))
def test_every_state_has_words_and_a_next_step(state: State) -> None:
    operation = changed(OPERATION, state=state)
    assert in_words(operation).endswith(".")
    assert next_step(operation, NOW).endswith(".")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "queued"}, "due"),
        ({"state": "queued", "not_before": NOW - timedelta(1)}, "due"),
        ({"state": "queued", "not_before": NOW + timedelta(minutes=2)}, "tries again at 2026-11-23T09:32"),
        ({"state": "uncertain", "not_before": NOW + timedelta(minutes=2)}, "looks for it in Business"),
        ({"state": "uncertain", "sent_at": NOW - timedelta(minutes=1), "not_before": NOW + timedelta(minutes=2)}, "on until 2026-11-23T09:47"),
        ({"state": "uncertain", "sent_at": NOW - timedelta(minutes=17)}, "on until 2026-11-23T09:31"),
        ({"state": "running", "owner": "own_1", "lease_until": NOW}, "at it now"),
        ({"state": "running", "owner": "own_1", "lease_until": NOW - timedelta(1)}, "due"),
        ({"state": "parked", "cause": "connection_needs_consent"}, "goes on by itself"),
        ({"state": "parked", "cause": "ambiguous"}, "decides"),
        ({"state": "failed"}, "may be corrected and sent with the same key"),
        ({"state": "failed", "sent_at": NOW, "restartable": True}, "same document"),
        ({"state": "failed", "sent_at": NOW}, "key of its own"),
        ({"state": "succeeded"}, "Nothing."),
    ],
)  # fmt: skip
def test_what_comes_next(changes: dict[str, object], expected: str) -> None:
    assert expected in next_step(changed(OPERATION, **changes), NOW)


def test_how_long_it_is_looked_for() -> None:
    sent_at = NOW - timedelta(minutes=1)
    operation = changed(OPERATION, state="uncertain", sent_at=sent_at)
    assert next_step(operation, NOW).endswith(
        f"Where it finds nothing, it looks on until {timestamp(NOW + timedelta(minutes=17))}, "
        "18 minutes after the call was sent, and only then sends it again."
    )
    change: dict[str, object] = {"method": "PATCH", "record": '"1"', "anchor": None}
    calls = [Call("op_1", "update", 1, change, sent_at)]
    assert "looks on" not in next_step(operation, NOW, calls), "a change is sent again at once"
    change["action"] = {}
    assert "looks on" in next_step(operation, NOW, calls)
    assert "looks on" not in next_step(operation, NOW + timedelta(minutes=17))


def test_an_operation_is_told_without_its_payload() -> None:
    problem = failures.written(RateLimited())
    row = operation_row(changed(OPERATION, state="failed", problem=problem))
    assert (row["key"], row["problem"]) == ("D-1042", RateLimited().detail)
    assert "Philomena" not in str(row)


def sent(answer: dict[str, object] | None) -> dict[str, object]:
    request = {"method": "POST", "path": "salesOrders", "body": {"shipToName": "Philomena Quill"}}
    return call_row(Call("op_1", "create", 1, request, NOW, answer, NOW if answer else None))


def test_a_call_is_told_by_what_came_back() -> None:
    silent = sent(None)
    assert (silent["call"], silent["answered_at"], silent["status"]) == (
        "POST salesOrders",
        None,
        None,
    )
    body = {"shipToName": "Philomena Quill"}
    good = sent({"status": 201, "body": body, "correlation_id": "4f3a"})
    assert (good["status"], good["code"], good["correlation_id"]) == (201, None, "4f3a")
    fault = Fault(400, "Application_FieldValidationException", "Philomena Quill is wrong", "4f3b")
    refused = sent(failures.written(BusinessCentralRefused(fault=fault)))
    assert (refused["status"], refused["code"], refused["correlation_id"]) == (
        400,
        "Application_FieldValidationException",
        "4f3b",
    )
    unsent = sent(failures.written(RateLimited()))
    assert (unsent["status"], unsent["code"]) == (None, "rate_limited")
    assert "Philomena" not in f"{silent} {good} {refused} {unsent}"
    rows = (silent, good, refused, unsent)
    outcomes = ["no answer", "answered", "refused", "came to nothing"]
    assert [row["outcome"] for row in rows] == outcomes
    assert {row["found_at"] for row in rows} == {None}


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (
            {"status": 200, "body": {}, "found_after": "no_answer"},
            "answer lost; found out by looking",
            None,
        ),
        (
            {**failures.written(RecordGone()), "found_after": "no_answer"},
            "answer lost; found out by looking",
            "not_found",
        ),
        (
            {"status": 200, "body": {}, "found_after": "refusal"},
            "refused; found done by looking",
            None,
        ),
    ],
)
def test_what_was_found_by_looking_was_not_answered(
    answer: dict[str, object], outcome: str, code: str | None
) -> None:
    row = sent(answer)
    assert (row["outcome"], row["code"]) == (outcome, code)
    assert (row["answered_at"], row["status"]) == (None, None)
    assert row["found_at"] == timestamp(NOW)
