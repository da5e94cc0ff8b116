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
