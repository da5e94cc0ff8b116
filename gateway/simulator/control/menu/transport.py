"""Faults of the way between client and server."""

from __future__ import annotations

from gateway.simulator.control.effects import (
    retyped,
    truncated,
)
from gateway.simulator.control.kinds import (
    EVERYWHERE,
    FLAG,
    HEADERS,
    JSON,
    LINE,
    SECONDS,
    STATUS,
    Detail,
    Example,
    Kind,
    choice,
)

TRANSPORT: tuple[Kind, ...] = (
    Kind(
        "drop_before_commit",
        "Transport",
        EVERYWHERE,
        "the connection is closed, nothing was done",
    ),
    Kind(
        "drop_after_commit",
        "Transport",
        EVERYWHERE,
        "everything was done, the connection is closed without an answer",
    ),
    Kind(
        "delay",
        "Transport",
        EVERYWHERE,
        "the answer is late",
        (
            Detail("seconds", SECONDS, "how late", needed=True),
            Detail(
                "when", choice("before", "after"), "waits before or after the work", default="after"
            ),
        ),
        (Example("", {"seconds": 0.05}),),
    ),
    Kind(
        "status",
        "Transport",
        EVERYWHERE,
        "another answer comes in place of the real one",
        (
            Detail("status", STATUS, "its status", needed=True),
            Detail("headers", HEADERS, "its headers"),
            Detail("body", JSON, "its body"),
            Detail("committed", FLAG, "the work is done all the same", default=False),
        ),
        (
            Example(
                "busy, and says for how long", {"status": 503, "headers": {"Retry-After": "7"}}
            ),
            Example("busy, and does not", {"status": 502}),
            Example("timed out, nothing was done", {"status": 504}),
            Example("timed out, everything was done", {"status": 504, "committed": True}),
            Example(
                "a page of something on the way",
                {"status": 502, "body": "<html><body>Bad Gateway</body></html>"},
            ),
            Example(
                "an error that says 200",
                {"status": 200, "body": {"error": {"code": "Unknown", "message": "It failed."}}},
            ),
        ),
    ),
    Kind(
        "truncate",
        "Transport",
        EVERYWHERE,
        "everything was done, the JSON ends in the middle",
        alter=truncated,
    ),
    Kind(
        "content_type",
        "Transport",
        EVERYWHERE,
        "the answer says that it is something else",
        (Detail("type", LINE, "what it says", default="text/plain"),),
        alter=retyped,
    ),
    Kind(
        "slow_body",
        "Transport",
        EVERYWHERE,
        "the body comes piece by piece",
        (Detail("seconds", SECONDS, "from the first piece to the end", needed=True),),
        (Example("", {"seconds": 0.05}),),
    ),
    Kind(
        "partial_body",
        "Transport",
        EVERYWHERE,
        "everything was done, the connection is closed in the middle of the body",
    ),
)
