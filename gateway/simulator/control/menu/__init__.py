"""The menu of faults: everything that can be made to go wrong on purpose.

A kind is one entry of one of these tables. One that refuses the work or changes the finished
answer carries the function that does it; for the others the room that does it asks
``CallFaults`` by name.
"""

from __future__ import annotations

from gateway.simulator.control.kinds import Kind
from gateway.simulator.control.menu.concurrency import CONCURRENCY
from gateway.simulator.control.menu.life import LIFE
from gateway.simulator.control.menu.posting import POSTING
from gateway.simulator.control.menu.semantics import SEMANTICS
from gateway.simulator.control.menu.setup import SET_UP
from gateway.simulator.control.menu.signin import SIGN_IN
from gateway.simulator.control.menu.transport import TRANSPORT
from gateway.simulator.control.menu.webhooks import WEBHOOKS

MENU: dict[str, Kind] = {
    kind.name: kind
    for group in (
        TRANSPORT,
        SIGN_IN,
        SET_UP,
        CONCURRENCY,
        SEMANTICS,
        POSTING,
        WEBHOOKS,
        LIFE,
    )
    for kind in group
}
