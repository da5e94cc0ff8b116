"""The database, made and brought up to date."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.conftest import Run


def test_upgrade(run: Run, config_file: Path) -> None:
    result = run("db", "upgrade")
    assert result.exit_code == 0
    assert "revision" in result.output
    assert (config_file.parent / "gateway.db").exists()
    assert run("db", "upgrade").output == result.output
