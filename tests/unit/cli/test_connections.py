"""What operators ask about connections."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from gateway.clock import Clock
from gateway.config import Config
from gateway.simulator import CLIENT_ID, CLIENT_SECRET, COMPANIES, TENANT_ID, Simulator
from gateway.storage import Connection, open_store
from tests.unit.cli.conftest import Run

NOW = Clock().now()
HARWICK = Connection(
    "con_1",
    "harwick",
    NOW,
    NOW,
    status="active",
    company_id=COMPANIES[0][0],
    company_name="Harwick Distributors Ltd",
)
OTHER = Connection(
    "con_2",
    "other",
    NOW,
    NOW,
    status_detail="Name another one with PATCH.",
    company_name="Nowhere Ltd",  # which was asked for, and is not there
)


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


def test_a_company_that_was_never_found_is_not_shown_and_what_is_wrong_is(run: Run) -> None:
    output = run("connections", "list").output
    assert "Nowhere Ltd" not in output
    assert "Name another one with PATCH." in output


def test_one(run: Run) -> None:
    assert json.loads(run("connections", "show", "con_1", "--format", "json").stdout)["status"] == (
        "active"
    )
    assert "Harwick Distributors Ltd" in run("connections", "show", "con_1").output


def test_none(run: Run) -> None:
    result = run("connections", "show", "con_3")
    assert result.exit_code == 1
    assert "connections list" in result.output


def test_deleting_is_asked_about_first(run: Run) -> None:
    assert run("connections", "delete", "con_1").exit_code == 1
    assert run("connections", "show", "con_1").exit_code == 0
    assert run("connections", "delete", "con_1", "--yes").exit_code == 0
    assert run("connections", "show", "con_1").exit_code == 1
    result = run("connections", "delete", "con_1", "--yes")
    assert result.exit_code == 1
    assert "connections list" in result.output


def test_nothing_is_asked_about_a_connection_that_is_not_there(run: Run) -> None:
    result = run("connections", "delete", "con_3")
    assert result.exit_code == 1
    assert result.output == (
        "Error: There is no connection con_3. `bc-gateway connections list` shows them.\n"
    )


def test_a_diagnosis_says_who_must_act(run: Run) -> None:
    result = run("connections", "diagnose", "con_2", "--format", "json")
    assert result.exit_code == 1
    failed = json.loads(result.stdout)["first_failed"]
    assert (failed["name"], failed["who"]) == ("sign_in", "the administrator who connects")
    assert "sign_in" in run("connections", "diagnose", "con_2").output
    assert run("connections", "diagnose", "con_3").exit_code == 1


def point(config_file: Path, url: str) -> None:
    """Let the configuration's Microsoft be at `url`."""
    text = config_file.read_text().replace("client_id: client", f"client_id: {CLIENT_ID}")
    text = text.replace("entra: {", f"entra: {{authority: '{url}', ")
    config_file.write_text(f"{text}business_central: {{url: '{url}'}}\n")


async def connect(config: Config, identity: str) -> None:
    """An active connection of the simulator's application, put into the database."""
    connection = Connection(
        identity,
        "harwick",
        NOW,
        NOW,
        status="active",
        grant="client_credentials",
        tenant=TENANT_ID,
        environment="Production",
        environment_type="Production",
        company_id=COMPANIES[0][0],
        company_name=COMPANIES[0][1],
    )
    async with open_store(config.storage_url, config.encryption_keys, Clock()) as store:
        await store.add_connection(connection)


async def test_a_diagnosis_asks_microsoft_and_business_central(
    run: Run, config_file: Path, simulator: Simulator, config: Config
) -> None:
    point(config_file, simulator.url)
    await connect(config, "con_3")
    words = "connections", "diagnose", "con_3", "--format", "json"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ENTRA_CLIENT_SECRET", CLIENT_SECRET)
        result = await asyncio.to_thread(run, *words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["passed"]
