"""Rotation of the key that seals, as an operator does it."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest

from gateway.clock import Clock
from gateway.config import load_config
from gateway.storage import Connection, open_store
from tests.unit.cli.conftest import Run


async def keep_a_token(config_file: Path) -> None:
    config, clock = load_config(config_file), Clock()
    async with open_store(config.storage_url, config.encryption_keys, clock) as store:
        await store.add_connection(Connection("con_1", "harwick", clock.now(), clock.now()))
        await store.save_refresh_token("con_1", "token", None)


def test_rotate(run: Run, config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(keep_a_token(config_file))
    monkeypatch.setenv("NEW_KEY", base64.b64encode(b"n" * 32).decode())
    text = config_file.read_text()
    config_file.write_text(text.replace("{env: BC", "{env: NEW_KEY}, {env: BC"))
    result = run("secrets", "rotate")
    assert result.exit_code == 0
    assert "The older ones can be taken out." in result.output

    assert "Rows sealed again" in result.output
    again = run("secrets", "rotate").output
    said = "Everything is sealed with the first key. The older ones can be taken out."
    assert again.strip() == said

    config_file.write_text(text.replace("BC_GATEWAY_KEY", "NEW_KEY"))
    assert run("keys", "list").exit_code == 0
    config_file.write_text(text)
    assert run("keys", "list").exit_code == 1
