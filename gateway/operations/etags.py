"""The ETag of a canonical record, which callers get and give back in `If-Match`. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from gateway.documents import encode_json
from gateway.errors import PreconditionFailed

ANY = "*"  # any record there is


def etag(record: Mapping[str, object]) -> str:
    """The strong ETag of a canonical record: SHA-256 of its JSON."""
    return etag_of(encode_json(record))


def etag_of(data: bytes) -> str:
    """The ETag of a canonical record whose JSON is `data`."""
    return f'"{hashlib.sha256(data).hexdigest()}"'


def check_condition(if_match: Sequence[str], record: Mapping[str, object] | None) -> None:
    """Hold the ETags a caller gave, if any, against the record as it stands; None: none is there.

    A weak ETag is never equal to a record's own. Raises `PreconditionFailed`.
    """
    if not if_match:
        return
    if record is None:
        raise PreconditionFailed("There is no such record, so it has none of these ETags.")
    if ANY not in if_match and etag(record) not in if_match:
        raise PreconditionFailed
