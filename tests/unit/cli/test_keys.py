"""Keys of callers, and fresh encryption keys."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run

pytestmark = pytest.mark.usefixtures("config_file")


def test_a_fresh_encryption_key(run: Run) -> None:
    first, second = run("keys", "generate").output, run("keys", "generate").output
    assert first != second
    assert len(base64.b64decode(first)) == 32


def test_a_key_is_shown_once(run: Run) -> None:
    result = run("keys", "create", "--role", "product", "--organization", "harwick")
    assert result.exit_code == 0
    key = result.stdout.strip()
    assert key.startswith("bcg_")
    assert key not in result.stderr
    listed = run("keys", "list")
    assert "harwick" in listed.output
    assert key not in listed.output


def test_for_programs(run: Run) -> None:
    created = json.loads(run("keys", "create", "--role", "admin", "--format", "json").stdout)
    assert created["key"].startswith("bcg_")
    (listed,) = json.loads(run("keys", "list", "--format", "json").stdout)
    assert listed == {
        "id": created["id"],
        "role": "admin",
        "organization": None,
        "created_at": created["created_at"],
        "revoked_at": None,
    }


def test_revoking(run: Run) -> None:
    created = json.loads(run("keys", "create", "--role", "admin", "--format", "json").stdout)
    assert run("keys", "revoke", created["id"]).exit_code == 0
    (listed,) = json.loads(run("keys", "list", "--format", "json").stdout)
    assert listed["revoked_at"] is not None
    again = run("keys", "revoke", "key_nowhere")
    assert again.exit_code == 1
    assert "keys list" in again.output


def test_a_wrong_encryption_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("keys", "create", "--role", "admin")
    monkeypatch.setenv("BC_GATEWAY_KEY", base64.b64encode(b"w" * 32).decode())
    result = run("keys", "list")
    assert result.exit_code == 1
    assert "encryption.keys" in result.output


def test_a_missing_encryption_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BC_GATEWAY_KEY")
    result = run("keys", "create", "--role", "admin")
    assert result.exit_code == 1
    assert "BC_GATEWAY_KEY" in result.output


def test_a_database_that_cannot_be_written(run: Run, config_file: Path) -> None:
    config_file.write_text(
        config_file.read_text().replace("gateway.db", "no/such/folder/gateway.db")
    )
    result = run("keys", "create", "--role", "admin")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "Traceback" not in result.output
