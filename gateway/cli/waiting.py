"""How commands that stay up run: on the fast event loop, until somebody ends them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine

_new_event_loop: Callable[[], asyncio.AbstractEventLoop]
try:
    from uvloop import new_event_loop as _new_event_loop
except ImportError:  # it does not install everywhere
    from asyncio import new_event_loop as _new_event_loop


def run(work: Coroutine[object, object, None]) -> None:
    """Run `work` to its end, or until somebody interrupts it while it starts."""
    with (
        contextlib.suppress(KeyboardInterrupt),
        asyncio.Runner(loop_factory=_new_event_loop) as runner,
    ):
        runner.run(work)


async def stopped() -> None:
    """Wait for SIGTERM, SIGINT or SIGHUP."""
    await stopping().wait()


def stopping() -> asyncio.Event:
    """What SIGTERM, SIGINT or SIGHUP sets from now on, so that they end the command in order.

    On Windows, where loops take no signals, an interruption ends whoever waits for it.
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
    return stop
