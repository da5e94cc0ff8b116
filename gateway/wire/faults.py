"""What Business Central's refusals mean (bc/api.md §4, bc/pitfalls.md appendix 3).

`businesscentral/` reads every answer that is no success through this module; the engine decides
by the class. The status comes first, then the code; the text decides nothing, it has a language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

from gateway.documents import decode_json
from gateway.errors import Fault, InvalidJson


class Failure(Enum):
    """What kind of failure a call met, therefore what to do about it (design/writes.md)."""

    RETRY_LATER = "retry_later"  # nothing happened; again after a while
    UNKNOWN_OUTCOME = "unknown_outcome"  # a write that may have been done
    LOCKED = "locked"  # somebody holds the record; again in its lane
    CHANGED = "changed"  # somebody changed the record meanwhile
    ALREADY_EXISTS = "already_exists"  # a record with this key is there
    UNAUTHORIZED = "unauthorized"  # the user or application may not
    ETAG_MISSING = "etag_missing"  # our own fault: no or a malformed If-Match
    REFUSED = "refused"  # the data or the request will not do
    GONE = "gone"  # the addressed record is not there
    UNREADABLE = "unreadable"  # an answer to a read that nobody can read


_READS: Final = frozenset({"GET", "HEAD"})
_BY_CODE: Final = {
    "BadRequest_InvalidToken": Failure.ETAG_MISSING,
    "BadRequest_ResourceNotFound": Failure.REFUSED,
    "Internal_EntityWithSameKeyExists": Failure.ALREADY_EXISTS,
    "Request_EntityChanged": Failure.CHANGED,
}
_BY_STATUS: Final = {
    401: Failure.UNAUTHORIZED,
    403: Failure.UNAUTHORIZED,
    404: Failure.GONE,
    409: Failure.LOCKED,
    410: Failure.GONE,
    412: Failure.CHANGED,
    429: Failure.RETRY_LATER,
}
_TRANSIENT: Final = frozenset({408, 500, 502, 503, 504})

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,100}")  # it is logged, so it must not be just anything
_CORRELATION = re.compile(r"\s*CorrelationId:\s*([0-9A-Fa-f-]{36})\.?\s*$")
_HEADERS: Final = ("ms-correlation-x", "request-id")


def read_fault(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """What the answer says. Code and message are empty where the body is not Business Central's.

    The correlation id is taken out of the message, or else from a header.
    """
    code, message = _error(body)
    found = _CORRELATION.search(message)
    if found:
        return Fault(status, code, message[: found.start()], found.group(1).lower())
    named = {name.lower(): value for name, value in headers.items()}
    return Fault(status, code, message, next((named[n] for n in _HEADERS if n in named), None))


def classify(method: str, fault: Fault) -> Failure:
    """The class of failure of an answer to a call of `method` that is no readable success.

    A readable success is not asked about; an unreadable one is `UNREADABLE` for a read and
    `UNKNOWN_OUTCOME` for a write.
    """
    status, reading = fault.status, method.upper() in _READS
    if status < 400:
        return Failure.UNREADABLE if reading else Failure.UNKNOWN_OUTCOME
    if status in _TRANSIENT or status > 501:
        return _transient(status, fault.code, reading)
    if status == 409 and not fault.code and not reading:
        return Failure.UNKNOWN_OUTCOME  # not Business Central's words: no proof of a lock
    if status not in {401, 403, 429} and fault.code in _BY_CODE:
        return _BY_CODE[fault.code]
    return _BY_STATUS.get(status, Failure.REFUSED)


def _transient(status: int, code: str, reading: bool) -> Failure:
    if not reading:
        return Failure.UNKNOWN_OUTCOME
    if status == 500 and code and code != "Internal_TenantUnavailable":
        return Failure.REFUSED
    return Failure.RETRY_LATER


def _error(body: bytes) -> tuple[str, str]:
    try:
        value = decode_json(body)
    except InvalidJson:
        return "", ""
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        return "", ""
    code, message = error.get("code"), error.get("message")
    known = isinstance(code, str) and _CODE.fullmatch(code) is not None
    return str(code) if known else "", message if isinstance(message, str) else ""
