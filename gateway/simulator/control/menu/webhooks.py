"""Faults of notifications: never sent, twice, in another order, late, or by somebody else
(bc/api.md §9: order and exactly-once are not promised).
"""

from __future__ import annotations

from gateway.simulator.control.kinds import NOTIFICATIONS, SECONDS, Detail, Example, Kind

WEBHOOKS: tuple[Kind, ...] = (
    Kind("webhook_dropped", "Webhooks", NOTIFICATIONS, "a letter is never sent"),
    Kind("webhook_doubled", "Webhooks", NOTIFICATIONS, "a letter is sent twice"),
    Kind("webhook_reordered", "Webhooks", NOTIFICATIONS, "its notifications come in reverse order"),
    Kind(
        "webhook_late",
        "Webhooks",
        NOTIFICATIONS,
        "a letter is sent later, by the simulator's clock",
        (Detail("seconds", SECONDS, "how much", needed=True),),
        (Example("", {"seconds": 300}),),
    ),
    Kind(
        "webhook_forged",
        "Webhooks",
        NOTIFICATIONS,
        "before a letter comes the same one with another clientState",
    ),
)
