"""What operators ask about connections."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from gateway.clock import Clock
from gateway.storage import Connection, open_store
from tests.unit.cli.conftest import Run

NOW = Clock().now()
HARWICK = Connection(
    "con_1", "harwick", NOW, NOW, status="active", company_name="Harwick Distributors Ltd"
)
OTHER = Connection("con_2", "other", NOW, NOW)


@pytest.fixture(autouse=True)
def known(config_file: Path) -> None:
    async def add() -> None:
        url = f"sqlite:///{config_file.parent / 'gateway.db'}"
        async with open_store(url, [b"k" * 32], Clock()) as store:
            await store.add_connection(HARWICK)
            await store.add_connection(OTHER)

    asyncio.run(add())


def test_all_and_some(run: Run) -> None:
    def listed(*words: str) -> list[str]:
        output = run("connections", "list", "--format", "json", *words).stdout
        return [row["id"] for row in json.loads(output)]

    assert listed() == ["con_1", "con_2"]
    assert listed("--organization", "other") == ["con_2"]
    assert listed("--status", "active") == ["con_1"]
    assert "Harwick Distributors Ltd" in run("connections", "list").output


def test_one(run: Run) -> None:
    assert json.loads(run("connections", "show", "con_1", "--format", "json").stdout)["status"] == (
        "active"
    )
    assert "Harwick Distributors Ltd" in run("connections", "show", "con_1").output


def test_none(run: Run) -> None:
    result = run("connections", "show", "con_3")
    assert result.exit_code == 1
    assert "connections list" in result.output
