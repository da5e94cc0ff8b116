"""Serving processes that cannot start, and those that are left alone."""

from __future__ import annotations

import asyncio
import socket

import click
import pytest

from gateway.cli.workers import Tie, Workers


@pytest.mark.usefixtures("config_file")
async def test_where_the_first_cannot_start_the_command_ends_as_it_did(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BC_GATEWAY_KEY", "not a key")
    with (
        socket.create_server(("127.0.0.1", 0)) as public,
        pytest.raises(click.exceptions.Exit) as ended,
    ):
        await Workers(2, [], public, None).serve("It serves.")
    said = capfd.readouterr()
    assert ended.value.exit_code == 1
    assert "bc-gateway.yaml" in said.err
    assert "It serves." not in said.out


async def test_a_worker_notices_that_it_is_left_alone() -> None:
    ours, its = socket.socketpair()
    with its:
        left_alone = asyncio.create_task(Tie(its).cut())
        Tie(its).tell()
        assert ours.recv(1) == b"+"
        await asyncio.sleep(0)
        assert not left_alone.done()
        ours.close()
        await left_alone
