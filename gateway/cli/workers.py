"""Several serving processes: `serve` starts them, puts another in place of one that dies, ends all.

Each is `bc-gateway serve` again, in an interpreter of its own, with the sockets of the listeners
and one end of a pair of sockets. It says there that it serves, and stops when the other end is
closed, however this process ended.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import socket, socketpair
from tempfile import TemporaryDirectory
from typing import Final

import click
import structlog

from gateway.app import FINISH_WITHIN
from gateway.cli.waiting import stopped
from gateway.telemetry import forget_process

FIRST_PAUSE: Final = 0.5  # seconds before another is started, doubled each time
LONGEST_PAUSE: Final = 30.0
STEADY: Final = 60.0  # seconds after which one that dies counts as the first again
END_WITHIN: Final = FINISH_WITHIN + 5  # seconds until one that does not end is killed

_SERVES: Final = b"+"
_LOG = structlog.get_logger("gateway.serve")


@dataclass(frozen=True, slots=True)
class Tie:
    """A worker's end of what ties it to the process that started it."""

    end: socket

    def tell(self) -> None:
        """Say that this worker serves."""
        self.end.send(_SERVES)

    async def cut(self) -> None:
        """Wait until the process that started this one is no more."""
        self.end.setblocking(False)
        with suppress(OSError):
            await asyncio.get_running_loop().sock_recv(self.end, 1)


class Workers:
    """`count` processes that run `serve` with `arguments` on the sockets of the listeners."""

    def __init__(
        self, count: int, arguments: Sequence[str], public: socket, console: socket | None
    ) -> None:
        self._count = count
        self._arguments = arguments
        self._sockets = (public.fileno(), -1 if console is None else console.fileno())
        self._one_serves = asyncio.Event()

    async def serve(self, started: str) -> None:
        """Keep them running until this process is told to stop; print `started` when one serves.

        Where the first one cannot start this process ends as that one did.
        """
        stopping = asyncio.create_task(stopped())
        with TemporaryDirectory(prefix="bc-gateway-metrics-") as folder:
            keeping = [asyncio.create_task(self._keep(Path(folder)))]
            serves = asyncio.create_task(self._one_serves.wait())
            try:
                await _first_of(stopping, serves, keeping[0])
                if serves.done():
                    click.echo(started)
                    more = range(1, self._count)
                    keeping += [asyncio.create_task(self._keep(Path(folder))) for _ in more]
                    await _first_of(stopping, *keeping)
            finally:
                _LOG.info("stopping")
                for task in (stopping, serves, *keeping):
                    task.cancel()
                ended = await asyncio.gather(*keeping, return_exceptions=True)
            for error in ended:
                if isinstance(error, Exception):
                    raise error

    async def _keep(self, folder: Path) -> None:
        """One worker after the other, with a pause between them."""
        loop, pause = asyncio.get_running_loop(), FIRST_PAUSE
        while True:
            began = loop.time()
            status = await self._run(folder)
            if not self._one_serves.is_set():
                raise click.exceptions.Exit(status or 1)
            pause = FIRST_PAUSE if loop.time() - began > STEADY else pause
            _LOG.error("worker_ended", status=status, again_in=pause)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _run(self, folder: Path) -> int:
        """Start a worker and wait for its end. One that is not waited for any more is ended."""
        with _pair() as (ours, its):
            fds = (*self._sockets, its.fileno())
            process = await asyncio.create_subprocess_exec(
                *_command(),
                "serve",
                *self._arguments,
                "--worker",
                *map(str, fds),
                env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
                pass_fds=[fd for fd in fds if fd >= 0],
            )
            its.close()
            ours.setblocking(False)
            try:
                if await asyncio.get_running_loop().sock_recv(ours, 1) == _SERVES:
                    self._one_serves.set()
                    _LOG.info("worker_started", pid=process.pid)
                return await process.wait()
            finally:
                await _end(process)
                forget_process(process.pid, folder)


def _command() -> tuple[str, ...]:
    """`bc-gateway` in a fresh interpreter that finds the same modules."""
    code = f"import sys; sys.path[:] = {sys.path!r}; from gateway.cli import main; main()"
    return sys.executable, "-P", "-c", code


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), END_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _first_of(*tasks: asyncio.Task[None] | asyncio.Task[bool]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


@contextmanager
def _pair() -> Iterator[tuple[socket, socket]]:
    ours, its = socketpair()
    with ours, its:
        yield ours, its
