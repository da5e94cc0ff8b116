"""An operation as the command line tells of it: its state in words, its calls, what comes next.

No value of a payload is in what these give, except in what `payload` gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

from gateway.clock import timestamp
from gateway.operations.course import WAITS_FOR_CONNECTION
from gateway.operations.entry import FOUND_AFTER
from gateway.operations.resolver import SETTLED_AFTER
from gateway.operations.sending import last_of
from gateway.storage import ENDED, Call, Operation, State

_MEANS: Final[Mapping[State, str]] = {
    "queued": "It waits. Nothing of it is in doubt.",
    "running": "It is under way. Nothing of it is in doubt.",
    "sending": "A call is on its way to Business Central, and its answer is not here yet.",
    "uncertain": "A call was sent, and whether Business Central did it is being found out.",
    "parked": "It stands still until something changes or somebody acts.",
    "succeeded": "It is done.",
    "failed": "It ended without being done.",
    "cancelled": "A person ended it.",
}

_FOUND: Final[Mapping[object, str]] = {
    "no_answer": "answer lost; found out by looking",
    "refusal": "refused; found done by looking",
}


def in_words(operation: Operation) -> str:
    """What the state of `operation` means."""
    return _MEANS[operation.state]


def next_step(operation: Operation, now: datetime, calls: Sequence[Call] = ()) -> str:
    """What happens next by itself, and when; else who has to do what. `calls` are its own."""
    if operation.state == "uncertain":
        return f"{_soon(operation, now)}{_looks_until(operation, now, calls)}"
    if operation.state in ENDED:
        return _after_the_end(operation)
    if operation.state == "parked":
        if operation.cause in WAITS_FOR_CONNECTION:
            return "It goes on by itself once its connection is active again."
        return (
            "Nothing by itself: somebody looks into Business Central and decides, "
            "then `operations retry` or `operations cancel`."
        )
    return _soon(operation, now)


def _soon(operation: Operation, now: datetime) -> str:
    """When it goes on by itself."""
    if operation.not_before is not None and operation.not_before > now:
        does = "looks for it in Business Central" if operation.state == "uncertain" else "tries"
        return f"The gateway {does} again at {timestamp(operation.not_before)}."
    if operation.owner is not None and operation.lease_until and operation.lease_until >= now:
        return "A serving process is at it now."
    return "It is due: a serving process takes it up within seconds, if one runs."


def operation_row(operation: Operation) -> dict[str, object]:
    """`operation` without anything that was sealed but the text of its problem, and what Business
    Central said without the values that were sent.
    """
    problem = cast("Mapping[str, Any]", operation.problem or {})
    said = cast("Mapping[str, Any]", problem.get("business_central") or {})
    return {
        "id": operation.id,
        "connection": operation.connection_id,
        "organization": operation.organization,
        "resource": operation.resource,
        "verb": operation.verb,
        "key": operation.key,
        "state": operation.state,
        "number": operation.record_number,
        "record": operation.record_id,
        "cause": operation.cause,
        "remedy": operation.remedy,
        "problem": problem.get("detail"),
        "business_central_code": said.get("code"),
        "business_central_message": said.get("message"),
        "correlation_id": said.get("correlation_id"),
        "warnings": "; ".join(warning.detail for warning in operation.warnings) or None,
        "attempt": operation.attempt,
        "snapshot": operation.snapshot,
        "created_at": timestamp(operation.created_at),
        "updated_at": timestamp(operation.updated_at),
    }


def call_row(call: Call) -> dict[str, object]:
    """What was sent when, and what came back: HTTP status, error code, correlation id. What was
    found by looking was not answered: it has neither, but a time of its own.
    """
    answer = cast("Mapping[str, Any]", call.answer or {})
    refused, found = "error" in answer, answer.get(FOUND_AFTER)
    said = cast("Mapping[str, Any]", (answer.get("business_central") if refused else answer) or {})
    known_at = None if call.answered_at is None else timestamp(call.answered_at)
    outcome = "no answer" if call.answer is None else "answered"
    if refused:
        outcome = "refused" if said else "came to nothing"
    return {
        "sent_at": timestamp(call.sent_at),
        "step": call.step,
        "attempt": call.attempt,
        "call": f"{call.request.get('method')} {call.request.get('path')}",
        "outcome": _FOUND.get(found, outcome),
        "answered_at": None if found else known_at,
        "found_at": known_at if found else None,
        "status": None if found else said.get("status"),
        "code": (said.get("code") or answer.get("code")) if refused else None,
        "correlation_id": said.get("correlation_id"),
    }


def payload(operation: Operation, calls: Sequence[Call]) -> dict[str, object]:
    """What was asked for, sent and answered, in full."""
    return {
        "document": operation.document,
        "answer": operation.answer,
        "sent": [{"request": call.request, "answer": call.answer} for call in calls],
    }


def _looks_until(operation: Operation, now: datetime, calls: Sequence[Call]) -> str:
    """How long a call is looked for that made nothing. A change is sent again as soon as the
    record is seen to be as it was.
    """
    last = last_of(calls).request if calls else {}
    changing = "record" in last and "action" not in last
    settled = (operation.sent_at or now) + SETTLED_AFTER
    if changing or operation.sent_at is None or settled <= now:
        return ""
    return (
        f" Where it finds nothing, it looks on until {timestamp(settled)}, "
        f"{SETTLED_AFTER // timedelta(minutes=1)} minutes after the call was sent, and only then "
        "sends it again."
    )


def _after_the_end(operation: Operation) -> str:
    if operation.state != "failed":
        return "Nothing."
    if operation.sent_at is None:
        return "Nothing by itself. The document may be corrected and sent with the same key."
    if operation.restartable:
        return "Nothing by itself. The same document may be sent again with the same key."
    return "Nothing by itself. A corrected document needs a key of its own."
