"""The database, made and brought up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import postgres
from tests.unit.cli.conftest import Run

pytestmark = pytest.mark.timeout(60)  # the first one waits for the server


def test_upgrade(run: Run, config_file: Path) -> None:
    result = run("db", "upgrade")
    assert result.exit_code == 0
    assert "revision" in result.output
    assert (config_file.parent / "gateway.db").exists()
    assert run("db", "upgrade").output == result.output


def test_upgrade_of_postgresql(
    run: Run, config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_file.write_text(config_file.read_text().replace("'sqlite:///gateway.db'", "{env: URL}"))
    with postgres.database(empty=True) as url:
        monkeypatch.setenv("URL", url)
        assert run("db", "upgrade").exit_code == 0
        assert run("keys", "create", "--role", "admin").exit_code == 0
        assert "key_" in run("keys", "list").output


@pytest.mark.parametrize(
    "words",
    [
        "operations list",
        "operations show D-1",
        "operations retry D-1",
        "connections list",
        "connections show con_1",
        "connections diagnose con_1",
        "connections delete con_1",
        "matches list con_1",
        "keys list",
        "keys revoke key_1",
        "secrets rotate",
    ],
)
def test_who_asks_where_there_is_no_database_is_told_so(
    run: Run, config_file: Path, words: str
) -> None:
    result = run(*words.split())
    assert result.exit_code == 1
    file = config_file.parent / "gateway.db"
    assert f"There is no database {file}. See that storage.url leads to" in result.output
    assert not file.exists()
    file.touch()
    assert f"The database {file} is empty." in run(*words.split()).output
