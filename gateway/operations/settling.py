"""A person settles an operation that waits: it is taken up again, or given up. Pure.

The engine asks here what that means for the state an operation is in, and gets the changes of
its row or, as an error, the words why it cannot be.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.clock import timestamp
from gateway.errors import Conflict, OperationInProgress
from gateway.operations.elements import ELEMENT
from gateway.operations.journal import AGAIN_AFTER
from gateway.operations.resolver import SETTLED_AFTER
from gateway.operations.sending import Past, carried_out, last_of
from gateway.storage import ENDED, Call, Operation

_UNDER_WAY = "The operation is under way and settles itself; ask for it again."
_NOTHING = "Nothing was written."


def retried(operation: Operation, calls: Sequence[Call]) -> dict[str, object]:
    """The changes that take it up: what may have written is looked for, anything else queued.

    Raises `OperationInProgress`, and `Conflict` with what can be done instead.
    """
    if operation.state == "queued":
        return {"not_before": None}
    _must_be_parked(operation, "It is not carried out again: send a request of its own.")
    if operation.cause == "unanchored":
        raise Conflict(
            "The gateway cannot look for this record, since the mapping names no anchor, and so "
            "never sends it again. See whether it is in Business Central, then cancel this "
            "operation and send the document with another key if it is not.",
            operation=operation.id,
        )
    state = "uncertain" if may_have_written(calls) else "queued"
    return {"state": state, "cause": None, "remedy": None, "problem": None, "not_before": None}


def cancelled(operation: Operation, calls: Sequence[Call], now: datetime) -> dict[str, object]:
    """The changes that give it up, with words of what may stand in Business Central.

    Raises `OperationInProgress`, and `Conflict` where it is too late, or too early to know.
    """
    doubtful = may_have_written(calls)
    if operation.state != "queued":
        _must_be_parked(operation, "There is nothing to give up.")
        settled = (operation.sent_at or now) + SETTLED_AFTER
        if doubtful and now < settled:
            raise Conflict(
                "Business Central may still be working on what was sent. It can be given up "
                f"after {timestamp(settled)}.",
                operation=operation.id,
                retry_after=(settled - now).total_seconds(),
            )
    return {
        "state": "cancelled",
        "cause": "cancelled",
        "remedy": _left_behind(operation, calls, doubtful=doubtful),
        "problem": None,
        "anchor": None,
        "not_before": None,
        "restartable": False,
    }


def may_have_written(calls: Sequence[Call]) -> bool:
    """Whether a call has left whose outcome nobody knows."""
    return bool(calls) and (last_of(calls).answer is None or Past.of(calls).doubt is not None)


def _must_be_parked(operation: Operation, instead: str) -> None:
    if operation.state in ENDED:
        raise Conflict(
            f"The operation is over: it has {_ENDS[operation.state]}. {instead}",
            operation=operation.id,
        )
    if operation.state != "parked":
        raise OperationInProgress(_UNDER_WAY, operation=operation.id, retry_after=AGAIN_AFTER)


_ENDS = {
    "succeeded": "succeeded",
    "failed": "failed, and nothing of it was written",
    "cancelled": "been cancelled",
}


def _left_behind(operation: Operation, calls: Sequence[Call], *, doubtful: bool) -> str:
    """What stands, and what may stand, in Business Central."""
    written = carried_out(calls)
    words = [f"Carried out before: {written}."] if written else []
    if doubtful:
        words.append(
            f"In Business Central there may stand {_doubtful(operation, last_of(calls))}: it was sent, "
            "and no answer came back."
        )
    return " ".join(words) or _NOTHING


def _doubtful(operation: Operation, call: Call) -> str:
    if "action" in call.request:
        return f"what {call.request['path']} does"
    match call.request["method"]:
        case "POST" if ELEMENT in call.request:
            return f"a new element of {call.request['path']}"
        case "POST":
            return f"a new record of {operation.entity} with the reference of this operation"
        case "DELETE":
            return f"{call.request['path']}, unless it was deleted"
        case _:
            return f"the change of {call.request['path']}"
