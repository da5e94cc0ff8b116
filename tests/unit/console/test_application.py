"""The operators' listener: what it shows, to whom, and that callers never see it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiohttp import ClientSession
from pytest_aiohttp.plugin import AiohttpClient

from gateway.app import Gateway, bind, listening, open_gateway
from gateway.clock import Clock, timestamp
from gateway.config import Config, Listener
from gateway.console import operators_application
from gateway.documents import Finding
from gateway.errors import Place
from gateway.reload import Reload, files_seen
from gateway.snapshot import Current, Snapshot
from gateway.storage import open_store
from gateway.validation import Schemas

LOOPBACK = Listener("127.0.0.1", 0)


def standing(config: Config) -> Reload:
    """Mappings that nobody changes."""
    none = Snapshot("none", Schemas({}, {}), {})
    return Reload(config, Current(none), Clock(), files_seen(config))


async def test_each_listener_shows_its_own_and_nothing_of_the_other(
    config: Config, snapshot: Snapshot
) -> None:
    with bind("127.0.0.1", 0) as public, bind("127.0.0.1", 0, "console.listen") as console:
        callers, operators = (
            f"http://127.0.0.1:{socket.getsockname()[1]}" for socket in (public, console)
        )
        async with (
            open_gateway(replace(config, console=LOOPBACK), snapshot=snapshot) as opened,
            listening(opened, public, console),
            ClientSession() as session,
        ):
            statuses = {}
            for path in ("/metrics", "/v1/resources", "/docs", "/health/live", "/health/ready"):
                for side, url in (("callers", callers), ("operators", operators)):
                    async with session.get(f"{url}{path}") as answer:
                        statuses[side, path] = answer.status
    assert statuses == {
        ("callers", "/metrics"): 404,
        ("operators", "/metrics"): 200,
        ("callers", "/v1/resources"): 401,
        ("operators", "/v1/resources"): 404,
        ("callers", "/docs"): 200,
        ("operators", "/docs"): 404,
        ("callers", "/health/live"): 200,
        ("operators", "/health/live"): 200,
        ("callers", "/health/ready"): 200,
        ("operators", "/health/ready"): 200,
    }


async def test_without_a_console_there_is_none(gateway: Gateway) -> None:
    assert gateway.operators is None


@pytest.mark.parametrize("path", ["/metrics", "/health/live", "/nothing"])
async def test_a_name_of_a_stranger_is_refused(
    path: str, config: Config, aiohttp_client: AiohttpClient
) -> None:
    async with open_store(config.storage_url, config.encryption_keys, Clock()) as store:
        client = await aiohttp_client(operators_application(LOOPBACK, store, standing(config)))
        answer = await client.get(path, headers={"Host": "evil.example"})
        assert answer.status == 403
        assert answer.content_type == "application/problem+json"
        assert (await answer.json(content_type=None))["code"] == "forbidden"
        assert "bc_gateway" not in await answer.text()


async def test_a_database_that_is_gone_is_told_and_the_rest_still_shown(
    config: Config, aiohttp_client: AiohttpClient
) -> None:
    async with open_store(config.storage_url, config.encryption_keys, Clock()) as store:
        client = await aiohttp_client(operators_application(LOOPBACK, store, standing(config)))
        shown = await (await client.get("/metrics")).text()
        assert "bc_gateway_database_up 1.0" in shown
        assert 'bc_gateway_operations{state="parked"} 0.0' in shown
    shown = await (await client.get("/metrics")).text()
    assert "bc_gateway_database_up 0.0" in shown
    assert "bc_gateway_operations{" not in shown
    assert "bc_gateway_event_loop_lag_seconds_count" in shown
    assert (await client.get("/health/live")).status == 200
    unready = await client.get("/health/ready")
    assert (unready.status, (await unready.json(content_type=None))["code"]) == (
        503,
        "storage_unavailable",
    )


async def test_what_prometheus_reads_is_what_it_expects(
    config: Config, aiohttp_client: AiohttpClient
) -> None:
    async with open_store(config.storage_url, config.encryption_keys, Clock()) as store:
        client = await aiohttp_client(operators_application(LOOPBACK, store, standing(config)))
        answer = await client.get("/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert "process_resident_memory_bytes" in await answer.text()


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/metrics", (405, "method_not_allowed", "GET, HEAD")),
        ("GET", "/elsewhere", (404, "not_found", None)),
    ],
)
async def test_what_it_does_not_have_is_a_problem(
    config: Config,
    aiohttp_client: AiohttpClient,
    method: str,
    path: str,
    expected: tuple[int, str, str | None],
) -> None:
    async with open_store(config.storage_url, config.encryption_keys, Clock()) as store:
        client = await aiohttp_client(operators_application(LOOPBACK, store, standing(config)))
        answer = await client.request(method, path)
        problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["code"], answer.headers.get("Allow")) == expected


async def test_how_the_mappings_stand(config: Config, aiohttp_client: AiohttpClient) -> None:
    reload = standing(config)
    async with open_store(config.storage_url, config.encryption_keys, Clock()) as store:
        client = await aiohttp_client(operators_application(LOOPBACK, store, reload))
        shown = await (await client.get("/mappings")).json()
        assert shown == {
            "snapshot": "none",
            "since": timestamp(reload.since),
            "refused": None,
            "findings": [],
        }
        place = Place("mappings/items.yaml", 8, 13)
        reload.findings = (Finding("M201", "unknown-input", "There is no such path.", place),)
        reload.refused = reload.since
        shown = await (await client.get("/mappings")).json()
        assert shown["refused"] == timestamp(reload.since)
        [found] = shown["findings"]
        assert [found[name] for name in ("rule", "file", "line", "column")] == [
            *("M201", "mappings/items.yaml", 8, 13),
        ]
        ready = await client.get("/health/ready")
        assert await ready.json() == {"status": "ready", "snapshot": "none", "findings": 1}
        metrics = await (await client.get("/metrics")).text()
        assert "bc_gateway_mapping_findings 1.0" in metrics
