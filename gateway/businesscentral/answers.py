"""An answer of Business Central as a value, its faults as errors, its pages as rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, cast

from gateway.businesscentral.transport import Received
from gateway.documents import decode_json
from gateway.errors import (
    AlreadyExists,
    BusinessCentralRefused,
    Fault,
    GatewayError,
    InvalidJson,
    OutcomeUnknown,
    RecordChanged,
    RecordGone,
    RecordLocked,
    UnexpectedAnswer,
)
from gateway.wire import Failure

LONGEST_WAIT: Final = 3600  # seconds; what Retry-After asks beyond this is not believed

_ERRORS: Final[Mapping[Failure, type[GatewayError]]] = {
    Failure.LOCKED: RecordLocked,
    Failure.CHANGED: RecordChanged,
    Failure.ALREADY_EXISTS: AlreadyExists,
    Failure.REFUSED: BusinessCentralRefused,
    Failure.GONE: RecordGone,
    Failure.UNKNOWN_OUTCOME: OutcomeUnknown,
    Failure.UNREADABLE: UnexpectedAnswer,
    Failure.ETAG_MISSING: GatewayError,  # our own fault, and no caller can do anything about it
}


class Answer(NamedTuple):
    """A success. `body` is the decoded object with Decimals, None where there is none (204).
    `raw` is the body of what was asked for as XML.
    """

    status: int
    body: Mapping[str, object] | None
    etag: str | None = None
    correlation_id: str | None = None
    raw: bytes = b""

    def __repr__(self) -> str:
        return f"Answer(status={self.status}, correlation_id={self.correlation_id!r})"


def read_answer(received: Received, *, reading: bool, xml: bool = False) -> Answer | None:
    """The success in `received`, or None when nobody should believe it is one.

    A body that is no JSON object, or that holds an error under a 2xx, is not believed; nor is a
    read without a body.
    """
    if not 200 <= received.status < 300:
        return None
    body: dict[str, object] | None = None
    if xml:
        return Answer(received.status, None, raw=received.body) if received.body else None
    if received.body or reading:
        try:
            decoded = decode_json(received.body, strict=False)
        except InvalidJson:
            return None
        if not isinstance(decoded, dict) or "error" in decoded:
            return None
        body = decoded
    headers = received.headers
    etag = None if body is None else body.get("@odata.etag")
    return Answer(
        received.status,
        body,
        etag if isinstance(etag, str) else headers.get("ETag"),
        headers.get("ms-correlation-x") or headers.get("request-id"),
    )


def error_of(failure: Failure, fault: Fault) -> GatewayError:
    """The error of a failure that is neither about access nor worth another try here."""
    return _ERRORS[failure](fault=fault)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that the answer asks to wait, if it does."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:6]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (aware - now).total_seconds()), LONGEST_WAIT)


def rows_of(answer: Answer) -> list[dict[str, object]]:
    """The records of a collection. Raises `UnexpectedAnswer`."""
    rows = (answer.body or {}).get("value")
    if type(rows) is not list or not {dict}.issuperset(map(type, rows)):
        raise UnexpectedAnswer("Business Central's answer is no list of records.")
    return cast("list[dict[str, object]]", rows)


def next_link(answer: Answer) -> str | None:
    """The address of the next page, to be followed as it stands; None at the end."""
    link = (answer.body or {}).get("@odata.nextLink")
    return link if isinstance(link, str) and link else None
