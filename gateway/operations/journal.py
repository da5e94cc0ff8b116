"""What makes a write one operation: its hash, its key, and what a repeated request gets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Final

from gateway.documents import encode_json
from gateway.errors import (
    Conflict,
    IdempotencyKeyReused,
    OperationInProgress,
    OutcomeUnknown,
)
from gateway.operations import failures
from gateway.storage import Connection, Operation, new_id

IF_MATCH: Final = "if_match"  # in the target of an operation: the ETags its caller gave
AGAIN_AFTER: Final = 2.0  # seconds a caller should wait before asking for the same key again

Place = list[str | None]
"""Where a write goes: tenant, environment and company."""

ANEW: Final = (  # what is left to do where a key stays with what Business Central refused
    "Send it corrected, or once Business Central is put right, with an Idempotency-Key of its "
    "own: the reference may stay."
)
_FAILED: Final = (
    "This idempotency key, or the reference it is taken from, belongs to a request that Business "
    f"Central refused; nothing was written. {ANEW}"
)
_PLAIN: Final = frozenset({str, int, bool, type(None)})
_EXACT: Final = Context(prec=80)  # more digits than `decode_json` lets through
_ODD_NUMBERS: Final = (  # 1.50, 1E+2 and -0; each pattern begins with what is found fast
    re.compile(rb"\.[0-9]*0(?![0-9])"),
    re.compile(rb"E[+-][0-9]"),
    re.compile(rb"-0[,\]}]"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a caller gets: 201 with the record, or 202 and the operation to ask for."""

    operation: Operation
    status: int
    body: object = field(repr=False)
    replayed: bool = False


def request_hash(resource: str, verb: str, target: Mapping[str, object], document: object) -> str:
    """SHA-256 of what was asked for. Keys are sorted and numbers count by value: 1.0 is 1."""
    asked = {"resource": resource, "verb": verb, "target": target, "document": document}
    data = encode_json(asked, in_order=True)
    if _may_be_odd(data):
        data = encode_json(_canonical(asked), in_order=True)
    return hashlib.sha256(data).hexdigest()


def fold(anchor: str) -> str:
    """An anchor as Business Central compares it: the case does not count."""
    return anchor.strip().upper()


def place_of(connection: Connection) -> Place:
    """Where writes of `connection` go: tenant, environment, company."""
    return [connection.tenant, connection.environment, connection.company_id]


def place_name(place: Place) -> str:
    """A place as one text, which is the same for every connection that leads there."""
    return " ".join(part or "-" for part in place).casefold()


def operation_id(
    connection_id: str, resource: str, verb: str, *, key: str | None, anchor: str | None
) -> tuple[str, str | None]:
    """The id of the operation and its key: the header's, else the anchor's, else none.

    The same key gives the same id, so that the row's identity is known before it is written.
    """
    if key is not None:
        parts, effective = ("key", key), key
    elif anchor is not None:
        parts, effective = ("anchor", fold(anchor)), anchor
    else:
        return new_id("op"), None
    text = encode_json([connection_id, resource, verb, *parts])
    return f"op_{hashlib.sha256(text).hexdigest()[:32]}", effective


def repeated(asked: Operation, there: Operation) -> Outcome:
    """What a request gets whose key leads to the operation `there`, which it does not start.

    Raises `IdempotencyKeyReused`, `OperationInProgress`, and what `outcome_of` raises.
    """
    if asked.hash != there.hash and (there.sent_at is not None or there.state == "succeeded"):
        raise IdempotencyKeyReused(_FAILED if there.state == "failed" else None, operation=there.id)
    if there.state in {"queued", "running", "sending"}:
        raise OperationInProgress(operation=there.id, retry_after=AGAIN_AFTER)
    return outcome_of(there, replayed=True)


def outcome_of(operation: Operation, *, replayed: bool = False) -> Outcome:
    """What an operation that does not run comes to, for its caller.

    Raises the problem it failed with, `OutcomeUnknown` while it is not settled, `Conflict` when
    a person cancelled it.
    """
    if operation.state == "succeeded":
        return Outcome(operation, operation.status or 201, operation.answer, replayed)
    if operation.state == "cancelled":
        raise Conflict("A person cancelled this operation.", operation=operation.id)
    if operation.problem is not None:
        raise failures.read(operation.problem, operation=operation.id)
    raise unsettled(operation.id)


def unsettled(operation_id: str) -> OutcomeUnknown:
    """What a caller is told while nobody can say what the operation comes to."""
    return OutcomeUnknown(
        "Whether this was written is not settled yet; the gateway is finding out. "
        f"Ask for it: GET /v1/operations/{operation_id}.",
        operation=operation_id,
        retry_after=AGAIN_AFTER,
    )


def perhaps_begun(operation_id: str) -> OutcomeUnknown:
    """What a caller is told where nobody can say whether the operation is in the journal."""
    return OutcomeUnknown(
        f"The gateway's database was lost while this began. Ask for it: GET "
        f"/v1/operations/{operation_id}. Where that is not there a minute later, nothing was "
        "sent: send it again.",
        operation=operation_id,
    )


def _may_be_odd(data: bytes) -> bool:
    """Whether a number in `data` may be written in another way than `_canonical` would, which
    costs more than to look. A text may look like one.
    """
    ends_in_zero, exponent, below_zero = _ODD_NUMBERS
    return bool(ends_in_zero.search(data) or exponent.search(data) or below_zero.search(data))


def _canonical(value: object) -> object:
    if isinstance(value, dict):
        return {key: one if type(one) in _PLAIN else _canonical(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [one if type(one) in _PLAIN else _canonical(one) for one in value]
    if not isinstance(value, Decimal):
        return value
    exact = _EXACT.normalize(value)
    whole = exact == exact.to_integral_value(context=_EXACT)
    return int(exact) if whole else exact
