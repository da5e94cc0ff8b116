"""Figures for Prometheus: what the rooms count, and the page that is scraped.

Every room calls the function of what it has just done. The number of series is bounded, whatever
callers send: the values of a label are templates of routes, entity sets and resources of the
mappings, states, classes of failure; never an id, an organization or an unknown path.

With several serving processes each counts in files of its own in the folder that
`PROMETHEUS_MULTIPROC_DIR` names, and any of them answers for all. The library looks at that
variable when it is imported, so it has to stand in the environment of a fresh interpreter.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Final, Literal, TypeVar

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

__all__ = ["Metric"]

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
UNMATCHED: Final = "unmatched"  # the route of a request that none takes
LOOK_EVERY: Final = 0.5  # seconds between two looks at the event loop

M = TypeVar("M", Counter, Gauge, Histogram)

_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_SEVERAL: Final = bool(os.environ.get(_FOLDER))  # processes that count together
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NAME: Final = re.compile(r"\w{1,64}")
_SUMMED: Final = frozenset(
    {"process_virtual_memory_bytes", "process_resident_memory_bytes", "process_open_fds"}
)

# They would double the series and tell nothing.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's
_counted = CollectorRegistry()
_not_put_down: dict[tuple[Counter, tuple[str, ...]], int] = {}

_requests = Counter(
    "bc_gateway_requests",
    "Requests answered on the public listener.",
    ["route", "method", "status"],
    registry=_counted,
)
_request_seconds = Histogram(
    "bc_gateway_request_seconds",
    "From a request to its answer.",
    ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=_counted,
)
_calls = Counter(
    "bc_gateway_business_central_calls",
    "Calls to Business Central by class of failure, or ok; status is none without an answer.",
    ["entity", "method", "outcome", "status"],
    registry=_counted,
)
_call_seconds = Histogram(
    "bc_gateway_business_central_call_seconds",
    "From sending a call to the end of its answer, without waiting for a turn.",
    ["entity", "method"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 480),
    registry=_counted,
)
_tokens = Counter(
    "bc_gateway_token_calls",
    "Calls to Microsoft's token endpoint: granted, unreachable, or the kind of refusal.",
    ["grant", "outcome"],
    registry=_counted,
)
_token_seconds = Histogram(
    "bc_gateway_token_call_seconds",
    "From a token call to its answer.",
    ["grant"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=_counted,
)
_transitions = Counter(
    "bc_gateway_operation_transitions",
    "States that operations came into.",
    ["resource", "verb", "state"],
    registry=_counted,
)
_waiting = Gauge(
    "bc_gateway_waiting",
    "Calls that wait now: for a turn of the principal, for their lane, or for the limit's window.",
    ["reason"],
    multiprocess_mode="livesum",
    registry=_counted,
)
_waited_seconds = Histogram(
    "bc_gateway_waited_seconds",
    "How long calls waited, by what they waited for.",
    ["reason"],
    buckets=(0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 480),
    registry=_counted,
)
_lag_seconds = Histogram(
    "bc_gateway_event_loop_lag_seconds",
    "How much later than asked for the event loop wakes a sleeper.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
    registry=_counted,
)
_write_size = Histogram(
    "bc_gateway_database_write_size",
    "Writes that shared one transaction of the database.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200),
    registry=_counted,
)
_write_seconds = Histogram(
    "bc_gateway_database_write_seconds",
    "One transaction of the database, from its begin to its commit.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
    registry=_counted,
)


def request_answered(route: str | None, method: str, status: int, seconds: float) -> None:
    """A request of the public listener is answered. `route` is its template, None for none."""
    template, known = route or UNMATCHED, method if method in _METHODS else "other"
    _count(_requests, template, known, str(status))
    _labelled(_request_seconds, template, known).observe(seconds)


def business_central_called(
    path: str, method: str, outcome: str, *, status: int | None, seconds: float
) -> str:
    """One call was sent, answered or not. Counts for the entity set that `path` begins with, and
    gives it back.
    """
    found = _NAME.match(path)
    entity = found.group() if found else "other"
    code = "none" if status is None else str(status)
    _count(_calls, entity, method, outcome, code)
    _labelled(_call_seconds, entity, method).observe(seconds)
    return entity


def token_called(grant: str, outcome: str, seconds: float) -> None:
    """The token endpoint was asked for a token by `grant`."""
    _count(_tokens, grant, outcome)
    _labelled(_token_seconds, grant).observe(seconds)


def operation_entered(resource: str, verb: str, state: str) -> None:
    """An operation came into `state`, durably."""
    _count(_transitions, resource, verb, state)


def database_written(writes: int, seconds: float) -> None:
    """A transaction of so many writes is over."""
    _write_size.observe(writes)
    _write_seconds.observe(seconds)


@contextmanager
def waiting(reason: Literal["turn", "lane", "window"]) -> Iterator[None]:
    """Around waiting until a call may be sent."""
    now, started = _labelled(_waiting, reason), time.perf_counter()
    now.inc()
    try:
        yield
    finally:
        now.dec()
        _labelled(_waited_seconds, reason).observe(time.perf_counter() - started)


@asynccontextmanager
async def watched_loop() -> AsyncIterator[None]:
    """Measure how late the running event loop is."""
    task = asyncio.create_task(_watch(), name="loop watch")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def gauge(
    name: str, text: str, values: Mapping[str, float] | float, label: str | None = None
) -> Metric:
    """A figure that is read where it lies when the page is asked for; `values` by `label`."""
    if not isinstance(values, Mapping):
        return GaugeMetricFamily(name, text, value=values)
    family = GaugeMetricFamily(name, text, labels=[label or "kind"])
    for of, value in values.items():
        family.add_metric([of], value)
    return family


def exposition(read: Iterable[Metric]) -> bytes:
    """The page: what was counted, the processes, and `read`, which was read just now."""
    _put_down()
    registry = CollectorRegistry()
    folder = os.environ.get(_FOLDER)
    if folder:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's
        registry.register(_Processes(Path(folder)))
    else:
        registry.register(_counted)
        ProcessCollector(registry=registry)
    registry.register(_Read([*read]))
    return generate_latest(registry)


def forget_process(pid: int, folder: Path) -> None:
    """A serving process has died: what it was doing counts no more, what it did still does."""
    mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]  # the library's


def _count(metric: Counter, *labels: str) -> None:
    """Once more. Only the thread of the event loop counts.

    Nobody can see it before the page is made, so the library is told then, once a series. The
    page of several processes is made from the files that each of them writes, at once.
    """
    if _SEVERAL:
        _labelled(metric, *labels).inc()
    else:
        series = metric, labels
        _not_put_down[series] = _not_put_down.get(series, 0) + 1


def _put_down() -> None:
    while _not_put_down:
        (metric, labels), times = _not_put_down.popitem()
        _labelled(metric, *labels).inc(times)


@cache
def _labelled(metric: M, *values: str) -> M:
    """One series. Finding it in the library costs more than counting; there are few of them."""
    return metric.labels(*values)


async def _watch() -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LOOK_EVERY
        await asyncio.sleep(LOOK_EVERY)
        _lag_seconds.observe(max(0.0, loop.time() - due))


class _Read(Collector):
    """Figures that are there already."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


class _Processes(Collector):
    """All the processes that count in one folder, as one: memory, files and time added up."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        sums: dict[str, float] = {}
        for pid in {int(file.stem.rpartition("_")[2]) for file in self._folder.glob("*.db")}:
            for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                for sample in metric.samples:
                    sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
        for name, value in sums.items():
            if name == "process_cpu_seconds_total":
                yield CounterMetricFamily(name, "CPU time of all living processes.", value=value)
            elif name in _SUMMED:
                yield GaugeMetricFamily(name, "Of all living processes together.", value=value)
