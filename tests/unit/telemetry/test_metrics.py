"""Figures: counted where they should be, bounded whatever comes, one page for many processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.telemetry import metrics
from tests.scraping import Series, grown, series, shown, value

CHILD = """
import sys
from gateway.telemetry import metrics
metrics.request_answered("/v1/resources", "GET", 200, 0.02)
metrics.operation_entered("sales-orders", "create", "succeeded")
with metrics.waiting("lane"):
    print("counted", flush=True)
    sys.stdin.readline()
"""
ANSWER = """
from gateway.telemetry import metrics
metrics.request_answered("/v1/resources", "GET", 200, 0.02)
read = metrics.gauge("bc_gateway_operations", "x", {"parked": 2}, "state")
print(metrics.exposition([read]).decode())
"""


def test_a_request_is_counted_by_template_method_and_status() -> None:
    before = shown()
    metrics.request_answered("/v1/connections/{connection}", "GET", 404, 0.03)
    labels = {"route": "/v1/connections/{connection}", "method": "GET"}
    assert grown(before, "bc_gateway_requests_total", **labels, status="404") == 1
    assert grown(before, "bc_gateway_request_seconds_bucket", **labels, le="0.025") == 0
    assert grown(before, "bc_gateway_request_seconds_bucket", **labels, le="0.05") == 1
    assert grown(before, "bc_gateway_request_seconds_sum", **labels) == pytest.approx(0.03)


def test_each_page_has_all_that_was_counted_until_then_once() -> None:
    before, labels = shown(), {"resource": "sales-orders", "verb": "post"}
    for _ in range(3):
        metrics.operation_entered(**labels, state="parked")
    assert grown(before, "bc_gateway_operation_transitions_total", **labels) == 3
    assert grown(before, "bc_gateway_operation_transitions_total", **labels) == 3
    metrics.operation_entered(**labels, state="parked")
    assert grown(before, "bc_gateway_operation_transitions_total", **labels) == 4


def test_what_callers_make_up_makes_no_series() -> None:
    metrics.request_answered(None, "BREW", 404, 0.001)
    metrics.business_central_called("{odd}", "GET", "ok", status=200, seconds=0.1)
    before = shown()
    for number in range(1000):
        metrics.request_answered(None, f"BREW{number}", 404, 0.001)
        path = f"({number})"
        metrics.business_central_called(path, "GET", "ok", status=200, seconds=0.1)
    assert series(shown()).keys() == series(before).keys()
    labels = {"route": metrics.UNMATCHED, "method": "other"}
    assert grown(before, "bc_gateway_requests_total", **labels) == 1000


@pytest.mark.parametrize(
    ("path", "entity"),
    [
        ("salesOrders", "salesOrders"),
        ("salesOrders(4f3a)/salesOrderLines", "salesOrders"),
        ("salesOrders(4f3a)", "salesOrders"),
        ("", "other"),
    ],
)
def test_a_call_counts_for_its_entity_set(path: str, entity: str) -> None:
    before = shown()
    counted = metrics.business_central_called(
        path, "PATCH", "unknown_outcome", status=None, seconds=31
    )
    assert counted == entity
    labels = {"entity": entity, "method": "PATCH", "outcome": "unknown_outcome", "status": "none"}
    assert grown(before, "bc_gateway_business_central_calls_total", **labels) == 1
    seconds = "bc_gateway_business_central_call_seconds_bucket"
    assert grown(before, seconds, entity=entity, le="30.0") == 0
    assert grown(before, seconds, entity=entity, le="60.0") == 1


def test_tokens_transitions_and_transactions() -> None:
    before = shown()
    metrics.token_called("refresh_token", "granted", 0.2)
    metrics.operation_entered("customers", "update", "parked")
    metrics.database_written(7, 0.004)
    assert grown(before, "bc_gateway_token_calls_total", grant="refresh_token") == 1
    labels = {"resource": "customers", "verb": "update", "state": "parked"}
    assert grown(before, "bc_gateway_operation_transitions_total", **labels) == 1
    assert grown(before, "bc_gateway_database_write_size_sum") == 7
    assert grown(before, "bc_gateway_database_write_seconds_count") == 1


def test_who_waits_now_and_how_long_others_did() -> None:
    before = shown()
    with metrics.waiting("turn"):
        assert grown(before, "bc_gateway_waiting", reason="turn") == 1
        assert grown(before, "bc_gateway_waited_seconds_count", reason="turn") == 0
    with pytest.raises(TimeoutError), metrics.waiting("turn"):
        raise TimeoutError
    assert grown(before, "bc_gateway_waiting", reason="turn") == 0
    assert grown(before, "bc_gateway_waited_seconds_count", reason="turn") == 2


async def test_a_loop_that_is_held_up_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "LOOK_EVERY", 0.01)
    before = shown()
    async with metrics.watched_loop():
        await asyncio.sleep(0.005)
        time.sleep(0.12)  # noqa: ASYNC251 - the mistake that is to be seen
        await asyncio.sleep(0.03)
    late = grown(before, "bc_gateway_event_loop_lag_seconds_count") - grown(
        before, "bc_gateway_event_loop_lag_seconds_bucket", le="0.1"
    )
    assert late >= 1


def test_the_page_has_the_process_and_what_was_read() -> None:
    page = series(
        metrics.exposition(
            [
                metrics.gauge("read_by_state", "x", {"a": 1, "b": 2}, "state"),
                metrics.gauge("up", "x", 1),
            ]
        ).decode()
    )
    assert value(page, "process_resident_memory_bytes") > 10_000_000
    assert (value(page, "read_by_state", state="b"), value(page, "up")) == (2, 1)
    assert not any(name.endswith("_created") for name, _ in page)


@pytest.mark.timeout(30)
def test_any_process_answers_for_all_and_a_dead_one_waits_for_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def answer() -> Series:
        run = [sys.executable, "-c", ANSWER]
        return series(subprocess.check_output(run, env=environment, text=True))  # noqa: S603 - our own words

    child = subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-c", CHILD],
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "counted\n"
    page = answer()
    assert value(page, "bc_gateway_requests_total", route="/v1/resources") == 2
    assert value(page, "bc_gateway_request_seconds_count", method="GET") == 2
    assert value(page, "bc_gateway_operation_transitions_total", state="succeeded") == 1
    assert value(page, "bc_gateway_waiting", reason="lane") == 1
    assert value(page, "bc_gateway_operations", state="parked") == 2
    both = value(page, "process_resident_memory_bytes")
    child.kill()
    child.communicate()
    metrics.forget_process(child.pid, tmp_path)
    page = answer()
    assert value(page, "bc_gateway_requests_total", route="/v1/resources") == 3
    assert value(page, "bc_gateway_waiting", reason="lane") == 0
    assert 0 < value(page, "process_resident_memory_bytes") < both
