from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.businesscentral import Deadline
from gateway.businesscentral.pacing import MOST_IN_FLIGHT, MOST_IN_WINDOW, WIDEN_AFTER, Pacing
from gateway.errors import RateLimited
from tests.clock import MovingClock


@dataclass
class Load:
    now: int = 0
    most: int = 0
    done: int = 0


async def use(pacing: Pacing, clock: MovingClock, load: Load, principal: str = "p") -> None:
    with await pacing.turn(principal, Deadline.within(clock, 5)):
        load.now += 1
        load.most = max(load.most, load.now)
        await asyncio.sleep(0)
        load.now -= 1
        load.done += 1


async def test_never_more_than_five_of_a_principal_are_in_flight() -> None:
    clock, load = MovingClock(), Load()
    pacing = Pacing(clock)
    await asyncio.gather(*(use(pacing, clock, load) for _ in range(50)))
    assert (load.most, load.done) == (MOST_IN_FLIGHT, 50)


async def test_principals_do_not_wait_for_each_other() -> None:
    clock, load = MovingClock(), Load()
    pacing = Pacing(clock)
    await asyncio.gather(*(use(pacing, clock, load, f"p{number}") for number in range(20)))
    assert load.most == 20


async def test_who_waits_longest_is_next() -> None:
    clock = MovingClock()
    pacing, order = Pacing(clock), []

    async def named(name: int) -> None:
        with await pacing.turn("p", Deadline.within(clock, 5)):
            order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(*(named(name) for name in range(20)))
    assert order == list(range(20))


async def test_no_place_before_the_deadline_sends_nothing() -> None:
    clock, load = MovingClock(), Load()
    pacing = Pacing(clock)
    blocked = asyncio.Event()

    async def occupy() -> None:
        with await pacing.turn("p", Deadline.within(clock, 5)):
            await blocked.wait()

    occupants = [asyncio.create_task(occupy()) for _ in range(MOST_IN_FLIGHT)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited):
        await pacing.turn("p", Deadline.within(clock, 0.01))
    blocked.set()
    await asyncio.gather(*occupants)
    await use(pacing, clock, load)
    assert load.done == 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40))
def test_callers_who_give_up_lose_no_place(plan: list[tuple[int, bool]]) -> None:
    """Whatever is cancelled when, afterwards five may be in flight again, and no more."""

    async def play() -> None:
        clock, load = MovingClock(), Load()
        pacing = Pacing(clock)
        tasks = [asyncio.create_task(use(pacing, clock, load)) for _ in plan]
        for task, (steps, gives_up) in zip(tasks, plan, strict=True):
            for _ in range(steps):
                await asyncio.sleep(0)
            if gives_up:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        after = Load()
        await asyncio.gather(*(use(pacing, clock, after) for _ in range(12)))
        assert (after.most, after.done) == (MOST_IN_FLIGHT, 12)

    asyncio.run(play())


async def test_the_window_is_kept_below_microsofts_line() -> None:
    clock, load = MovingClock(), Load()
    pacing = Pacing(clock)
    for _ in range(MOST_IN_WINDOW):
        await use(pacing, clock, load)
    with pytest.raises(RateLimited) as caught:
        await use(pacing, clock, load)
    assert caught.value.retry_after == 300
    await clock.advance(298)
    waiting = asyncio.create_task(use(pacing, clock, load))
    while clock.sleepers == 0:  # noqa: ASYNC110 - the clock has no event
        await asyncio.sleep(0)
    await clock.advance(2)
    await waiting
    assert load.done == MOST_IN_WINDOW + 1


async def test_what_was_sent_leaves_the_window_with_the_last_of_its_second() -> None:
    clock, load = MovingClock(), Load()
    pacing = Pacing(clock)
    for at in range(MOST_IN_WINDOW):
        await use(pacing, clock, load)
        if at % 19 == 0:
            await clock.advance(0.9)
    with pytest.raises(RateLimited) as caught:
        await use(pacing, clock, load)
    assert caught.value.retry_after == pytest.approx(30.9)
    assert len(pacing._principals["p"].moments) <= 301


async def test_too_much_halves_the_places_and_good_answers_give_them_back() -> None:
    clock = MovingClock()
    pacing = Pacing(clock)
    await use(pacing, clock, Load())
    for expected in (2, 1, 1):
        pacing.slow_down("p", None)
        load = Load()
        await asyncio.gather(*(use(pacing, clock, load) for _ in range(10)))
        assert load.most == expected
    for expected in (2, 3, 4, 5, 5):
        for _ in range(WIDEN_AFTER):
            pacing.went_well("p")
        load = Load()
        await asyncio.gather(*(use(pacing, clock, load) for _ in range(10)))
        assert load.most == expected


async def test_a_pause_that_was_asked_for_holds_everybody_back() -> None:
    clock, load = MovingClock(), Load()
    pacing = Pacing(clock)
    await use(pacing, clock, load)
    pacing.slow_down("p", 3)
    pacing.slow_down("p", 1)
    waiting = asyncio.create_task(use(pacing, clock, load))
    while clock.sleepers == 0:  # noqa: ASYNC110 - the clock has no event
        await asyncio.sleep(0)
    await clock.advance(2.9)
    assert load.done == 1
    await clock.advance(0.1)
    await waiting
    pacing.slow_down("p", 60)
    with pytest.raises(RateLimited) as caught:
        await use(pacing, clock, load)
    assert caught.value.retry_after == 60


async def test_one_at_a_time_in_a_lane() -> None:
    clock, load = MovingClock(), Load()
    pacing = Pacing(clock)

    async def alone(lane: str) -> None:
        with await pacing.lane(lane, Deadline.within(clock, 5)):
            await use(pacing, clock, load)

    await asyncio.gather(*(alone("order 1") for _ in range(10)))
    assert load.most == 1
    await asyncio.gather(*(alone(lane) for lane in ("order 1", "order 2", "order 3")))
    assert load.most == 3
    held = await pacing.lane("order 1", Deadline.within(clock, 5))
    with held, pytest.raises(RateLimited, match="same record"):
        await pacing.lane("order 1", Deadline.within(clock, 0.01))
    await alone("order 1")
