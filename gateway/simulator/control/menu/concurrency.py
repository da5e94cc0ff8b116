"""Faults of others who work at the same time (bc/pitfalls.md 5 and 6)."""

from __future__ import annotations

from gateway.simulator.control.effects import (
    CHANGED,
    deadlocked,
    duplicate_key,
    locked,
    refusal,
)
from gateway.simulator.control.kinds import (
    BUSINESS_CENTRAL,
    CONDITIONAL,
    CREATES,
    STATUS,
    WRITES,
    Detail,
    Kind,
)

# Seen with the code Unknown by people who publish extensions (bc/pitfalls.md 17).
_EXTENSION = (
    "An administrator changed one or more extensions in the application, so the page that you "
    "were working on had to be closed."
)

CONCURRENCY: tuple[Kind, ...] = (
    Kind(
        "lock",
        "Concurrency",
        WRITES,
        "409 because another session holds the record",
        refuse=locked,
    ),
    Kind(
        "deadlock",
        "Concurrency",
        WRITES,
        "409 because the write is the victim of a deadlock",
        refuse=deadlocked,
    ),
    Kind(
        "stale_etag",
        "Concurrency",
        CONDITIONAL,
        "409 even with the right ETag",
        refuse=refusal(409, "Request_EntityChanged", CHANGED),
    ),
    Kind(
        "duplicate_key",
        "Concurrency",
        CREATES,
        "a record with this key is there already",
        (Detail("status", STATUS, "400 was seen, others tell of 409", default=400),),
        refuse=duplicate_key,
    ),
    Kind(
        "extension_changed",
        "Concurrency",
        BUSINESS_CENTRAL,
        "409 because an administrator changed extensions in the middle of the call",
        refuse=refusal(409, "Unknown", _EXTENSION),
    ),
)
