"""Opening and closing: sentences where it cannot start, and nothing left behind."""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession, web

from gateway.app import Gateway, bind, listening, open_gateway
from gateway.config import Config
from gateway.errors import InvalidFiles, StartError
from gateway.snapshot import Snapshot


async def get(url: str) -> tuple[int, dict[str, object]]:
    async with ClientSession() as session, session.get(url) as response:
        return response.status, await response.json()


def test_a_port_that_is_taken() -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"127.0.0.1:{port}: the port is taken"):
            bind("127.0.0.1", port)


def test_an_address_of_another_machine() -> None:
    with pytest.raises(StartError, match="no such address"):
        bind("192.0.2.1", 0)


async def test_health(gateway: Gateway) -> None:
    url = gateway.config.public.url
    assert (await get(f"{url}/health/live"))[1]["status"] == "live"
    status, ready = await get(f"{url}/health/ready")
    assert (status, ready) == (200, {"status": "ready", "snapshot": gateway.snapshot.hash})


async def test_a_second_gateway_on_the_same_database(gateway: Gateway) -> None:
    with pytest.raises(StartError):
        async with open_gateway(gateway.config, snapshot=gateway.snapshot):
            pass


async def test_after_closing_it_opens_again_and_nobody_listens(
    config: Config, snapshot: Snapshot
) -> None:
    for _ in range(2):
        with bind("127.0.0.1", 0) as socket_:
            url = f"http://127.0.0.1:{socket_.getsockname()[1]}"
            async with (
                open_gateway(config, snapshot=snapshot) as opened,
                listening(opened, socket_),
            ):
                assert (await get(f"{url}/health/ready"))[0] == 200
        with pytest.raises(ClientConnectionError):
            await get(f"{url}/health/live")
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_without_an_encryption_key(config: Config, snapshot: Snapshot) -> None:
    with pytest.raises(StartError, match="keys generate"):
        async with open_gateway(replace(config, encryption_keys=()), snapshot=snapshot):
            pass


async def test_a_database_that_cannot_be_written(config: Config, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path / 'file' / 'gateway.db'}"
    with pytest.raises(StartError):
        async with open_gateway(replace(config, storage_url=url)):
            pass


async def test_a_broken_mapping_names_every_finding(config: Config, tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "customers.yaml").write_text("resource: customers\nresource: customers\n")
    with pytest.raises(InvalidFiles) as raised:
        async with open_gateway(replace(config, mappings=folder)):
            pass
    assert raised.value.findings


async def test_the_socket_is_given_back(config: Config, snapshot: Snapshot) -> None:
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        async with open_gateway(config, snapshot=snapshot) as opened, listening(opened, first):
            pass
    with socket.create_server(("127.0.0.1", port)):
        pass


async def test_what_cannot_be_read_as_a_request_is_not_quoted_in_the_log(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    public = gateway.config.public
    reader, writer = await asyncio.open_connection(public.host, public.port)
    writer.write(b"GET / HTTP/1.1\r\nAuthorization: " + b"Philomena" * 2000 + b"\r\n\r\n")
    answer = await reader.read(100)
    writer.close()
    await writer.wait_closed()
    assert b" 400 " in answer.splitlines()[0]
    (record,) = [entry for entry in caplog.records if entry.name == "gateway.listener"]
    assert record.getMessage() == "listener_error LineTooLong"
    assert "Philomena" not in caplog.text


async def test_a_body_that_cannot_be_unpacked_is_no_alarm(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    public = gateway.config.public
    reader, writer = await asyncio.open_connection(public.host, public.port)
    writer.write(
        b"POST /v1/connections HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: 30\r\n\r\n" + b"x" * 30
    )
    await reader.read()  # until the gateway has closed it
    writer.close()
    await writer.wait_closed()
    (record,) = [entry for entry in caplog.records if entry.name == "gateway.listener"]
    assert (record.getMessage(), record.levelname) == (
        "listener_error RequestPayloadError",
        "INFO",
    )


async def test_what_runs_may_finish_when_it_closes(config: Config, snapshot: Snapshot) -> None:
    begun = asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(0.2)
        return web.json_response({"status": "finished"})

    with bind("127.0.0.1", 0) as first:
        url = f"http://127.0.0.1:{first.getsockname()[1]}/slow"
        async with open_gateway(config, snapshot=snapshot) as opened:
            opened.application.router.add_get("/slow", slow)
            async with listening(opened, first):
                asked = asyncio.create_task(get(url))
                await begun.wait()
            assert await asked == (200, {"status": "finished"})
