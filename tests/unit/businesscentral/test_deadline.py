from __future__ import annotations

from gateway.businesscentral import Deadline
from tests.clock import MovingClock


async def test_what_is_left_shrinks_to_nothing_and_no_further() -> None:
    clock = MovingClock()
    deadline = Deadline.within(clock, 10)
    assert deadline.left(clock) == 10
    await clock.advance(4)
    assert deadline.left(clock) == 6
    await clock.advance(60)
    assert deadline.left(clock) == 0
