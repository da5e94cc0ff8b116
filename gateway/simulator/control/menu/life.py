"""Faults of an environment that lives on: maintenance, replicas, companies (bc/pitfalls.md 15, 17, 24)."""

from __future__ import annotations

from gateway.simulator.control.effects import (
    refusal,
)
from gateway.simulator.control.kinds import (
    BUSINESS_CENTRAL,
    COMMITS,
    MOMENT,
    READS,
    RELEASE,
    SECONDS,
    TEXT,
    Detail,
    Example,
    Kind,
    choice,
    from_replica,
    in_window,
)

# Texts of refusals; where no source tells, they are a choice.
_MAINTENANCE = "The tenant is not accessible. The service is under maintenance."
_COMPANY = Detail("company", TEXT, "its name or id", needed=True)

LIFE: tuple[Kind, ...] = (
    Kind(
        "maintenance",
        "Life",
        BUSINESS_CENTRAL,
        "503 while the environment is under maintenance",
        (
            Detail("from", MOMENT, "when it starts, by the simulator's clock"),
            Detail("until", MOMENT, "when it is over"),
        ),
        (
            Example("until it is cleared"),
            Example(
                "in a window", {"from": "2026-03-02T11:00:00Z", "until": "2026-03-02T13:00:00Z"}
            ),
        ),
        lasts=True,
        when=in_window,
        refuse=refusal(503, "Internal_TenantUnavailable", _MAINTENANCE),
    ),
    Kind(
        "replica_lag",
        "Life",
        READS,
        "reads show what was there a while ago",
        (
            Detail("seconds", SECONDS, "how long ago", needed=True),
            Detail(
                "reads",
                choice("read_only", "all"),
                "those with Data-Access-Intent: ReadOnly, or all",
                default="read_only",
            ),
        ),
        (Example("", {"seconds": 10}), Example("", {"seconds": 10, "reads": "all"})),
        lasts=True,
        when=from_replica,
    ),
    Kind(
        "late_commit",
        "Life",
        COMMITS,
        "the answer comes first, reads see the write later",
        (Detail("seconds", SECONDS, "how much later, by the simulator's clock", needed=True),),
        (Example("", {"seconds": 10}),),
    ),
    Kind(
        "other_release",
        "Life",
        BUSINESS_CENTRAL,
        "the call comes to a node that has another release, with its metadata",
        (Detail("release", RELEASE, "which", needed=True),),
        (
            Example("", {"release": "17.0"}),
            Example(
                "every third call or so",
                {"release": "17.0", "match": {"probability": 0.3, "seed": 1}, "count": None},
            ),
        ),
        lasts=True,
    ),
    Kind(
        "company_deleted",
        "Life",
        BUSINESS_CENTRAL,
        "a company is gone",
        (_COMPANY,),
        (Example("", {"company": "Harwick Ireland"}),),
        lasts=True,
    ),
    Kind(
        "company_recreated",
        "Life",
        BUSINESS_CENTRAL,
        "a company was deleted and set up anew: the same name, another id, other records",
        (_COMPANY,),
        (Example("", {"company": "Harwick Ireland"}),),
        lasts=True,
    ),
)
