"""A closed loop of callers over raw sockets, so that making the load costs little."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import cast

import psutil

Asking = Callable[[int], bytes]
"""The whole HTTP request of the n-th call."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What some seconds of load came to. Times in seconds."""

    calls: int
    seconds: float
    cpu: float
    latencies: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds

    @property
    def cpu_each(self) -> float:
        """Seconds of processor time the process spent on one call, all its threads together."""
        return self.cpu / self.calls

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def together(parts: list[Measured]) -> Measured:
    """Slices of the same load as one."""
    return Measured(
        sum(part.calls for part in parts),
        sum(part.seconds for part in parts),
        sum(part.cpu for part in parts),
        tuple(latency for part in parts for latency in part.latencies),
    )


class Caller(asyncio.Protocol):
    """One kept connection that asks, waits for the whole answer, and asks again."""

    def __init__(self) -> None:
        self._received = b""
        self._answered: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or self._answered is None:
            return
        head = self._received[:end].lower()
        at = head.find(b"content-length:")
        whole = end + 4 + (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0)
        if len(self._received) >= whole:
            body, self._received = self._received[end + 4 : whole], self._received[whole:]
            answered, self._answered = self._answered, None
            if not answered.done():
                answered.set_result((int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError("closed before an answer"))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answered


async def connected(port: int) -> Caller:
    loop = asyncio.get_running_loop()
    _, caller = await loop.create_connection(Caller, "127.0.0.1", port)
    return caller


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def load(
    port: int, asking: Asking, *, expected: int, callers: int, seconds: float, pid: int
) -> Measured:
    """So many callers for so many seconds; an answer that is not the expected one ends it all."""
    latencies: list[float] = []
    until = perf_counter() + seconds

    async def call(caller: Caller, at: int) -> None:
        while perf_counter() < until:
            started = perf_counter()
            status, body = await caller.ask(asking(at))
            latencies.append(perf_counter() - started)
            if status != expected:
                raise AssertionError(f"{status}: {body[:500]!r}")

    open_ = [await connected(port) for _ in range(callers)]
    process = psutil.Process(pid)
    before, started = process.cpu_times(), perf_counter()
    try:
        await asyncio.gather(*(call(caller, at) for at, caller in enumerate(open_)))
    finally:
        for caller in open_:
            caller.transport.close()
    elapsed, after = perf_counter() - started, process.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    return Measured(len(latencies), elapsed, cpu, tuple(latencies))
