"""(e): where the time of one order goes, stage by stage, with one order at a time.

The doors of the rooms are wrapped while this runs. A stage's time is its own: what a stage inside
of it took is counted there. A stage that waits, for the disk or for the stub, says so.
"""

from __future__ import annotations

import functools
import inspect
import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.load import connected
from benchmarks.processes import OTHERS, configured, furnished, stub
from benchmarks.through import Orders
from gateway import logs
from gateway.api import access, records
from gateway.app import bind, listening, open_gateway
from gateway.businesscentral import BusinessCentral
from gateway.config import load_config
from gateway.connections import Connections
from gateway.mapping import Plan, Step
from gateway.mapping.record import Record
from gateway.operations import completion, journal
from gateway.operations.lookups import RemoteLookups
from gateway.storage import Store
from gateway.validation import Validator

WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Stage:
    """One door. `waits`: its time holds waiting for what is in another process or on the disk."""

    name: str
    owner: Any
    attribute: str
    waits: bool = False


STAGES = (
    Stage("find the API key", access, "_caller"),
    Stage("its row", Store, "key_by_hash", waits=True),
    Stage("the connection's row", Store, "connection", waits=True),
    Stage("read and decode the body", records, "read_object"),
    Stage("validate, all three schemas", Validator, "violations"),
    Stage("hash of the request", journal, "request_hash"),
    Stage("journal: begin, durable", Store, "begin", waits=True),
    Stage("target verified a moment ago", Connections, "verify_target"),
    Stage("lookups", RemoteLookups, "find"),
    Stage("matches from the store", Store, "matches", waits=True),
    Stage("guards", Plan, "guards"),
    Stage("render the body", Step, "render"),
    Stage("journal: intent, durable", Store, "intent", waits=True),
    Stage("journal: result, durable", Store, "result", waits=True),
    Stage("journal: the end, durable", Store, "advance", waits=True),
    Stage("journal: calls read", Store, "calls", waits=True),
    Stage("Business Central: write", BusinessCentral, "write", waits=True),
    Stage("Business Central: read", BusinessCentral, "read", waits=True),
    Stage("Business Central: read a list", BusinessCentral, "read_all", waits=True),
    Stage("decode Business Central's record", completion, "decode"),
    Stage("record → canonical", Record, "answer"),
    Stage("compare with what was sent", completion, "differences"),
    Stage("encode the answer", records, "record_answer"),
)


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds a stage takes for one order, the median; `calls` for one order."""

    name: str
    seconds: float
    calls: float
    waits: bool


@dataclass(slots=True)
class _Frame:
    inside: float = 0.0


@dataclass(slots=True)
class _Watch:
    """Times by stage, of the order that is under way."""

    orders: list[dict[str, float]] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    now: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def close(self) -> None:
        self.orders.append(dict(self.now))
        self.now.clear()


_FRAME: ContextVar[_Frame | None] = ContextVar("frame", default=None)


async def stages(folder: Path, port: int, *, orders: int) -> list[Spent]:
    """So many orders, one after the other, in this very process; the stub is another."""
    watch = _Watch()
    logs.configure(io.StringIO())
    async with stub("upstream", core=OTHERS) as upstream:
        database = configured(folder, port, f"http://127.0.0.1:{upstream.port}")
        asking = Orders(*await furnished(database)).asking
        config = load_config(folder / "bc-gateway.yaml")
        with bind("127.0.0.1", port) as socket, _wrapped(watch):
            async with open_gateway(config) as gateway, listening(gateway, socket):
                caller = await connected(port)
                for at in range(WARM_UP + orders):
                    if at == WARM_UP:
                        watch.orders.clear()
                        watch.calls.clear()
                    started = perf_counter()
                    status, body = await caller.ask(asking(0))
                    watch.now["the whole order"] = perf_counter() - started
                    watch.close()
                    assert status == 201, body
                caller.transport.close()
    return _spent(watch, orders)


def _spent(watch: _Watch, orders: int) -> list[Spent]:
    def middle(name: str) -> float:
        return median(one.get(name, 0.0) for one in watch.orders)

    found = [
        Spent(stage.name, middle(stage.name), watch.calls[stage.name] / orders, stage.waits)
        for stage in STAGES
    ]
    whole = middle("the whole order")
    rest = whole - sum(one.seconds for one in found)
    return [
        *found,
        Spent("the listener, tasks, logs, and everything else", rest, 1, waits=False),
        Spent("the whole order", whole, 1, waits=True),
    ]


@contextmanager
def _wrapped(watch: _Watch) -> Iterator[None]:
    """Each door with a watch around it, and as it was afterwards."""
    before = [(one, inspect.getattr_static(one.owner, one.attribute)) for one in STAGES]
    try:
        for stage, plain in before:
            setattr(stage.owner, stage.attribute, _timed(stage.name, plain, watch))
        yield
    finally:
        for stage, plain in before:
            setattr(stage.owner, stage.attribute, plain)


def _timed(name: str, plain: Callable[..., Any], watch: _Watch) -> Callable[..., Any]:
    @contextmanager
    def timing() -> Iterator[None]:
        outer, frame = _FRAME.get(), _Frame()
        token = _FRAME.set(frame)
        started = perf_counter()
        try:
            yield
        finally:
            took = perf_counter() - started
            _FRAME.reset(token)
            watch.now[name] += took - frame.inside
            watch.calls[name] += 1
            if outer is not None:
                outer.inside += took

    if inspect.iscoroutinefunction(plain):

        @functools.wraps(plain)
        async def waited(*given: object, **named: object) -> object:
            with timing():
                return await plain(*given, **named)

        return waited

    @functools.wraps(plain)
    def called(*given: object, **named: object) -> object:
        with timing():
            return plain(*given, **named)

    return called
