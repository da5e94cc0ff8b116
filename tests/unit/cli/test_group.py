"""What all commands share: help, exit codes, no traceback for a user's mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gateway import __version__
from gateway.cli import main
from gateway.cli.group import Commands
from gateway.cli.printing import print_rows
from gateway.errors import StartError
from tests.unit.cli.conftest import Run


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(commands(main)), ids=" ".join)
def test_every_command_explains_itself_with_an_example(path: tuple[str, ...], run: Run) -> None:
    result = run(*path, "--help")
    assert result.exit_code == 0
    assert f"Example: bc-gateway {' '.join(path)}" in result.output or (
        f"$(bc-gateway {' '.join(path)})" in result.output
    )


def test_the_commands_of_this_release() -> None:
    assert set(main.list_commands(click.Context(main))) == {
        "serve",
        "demo",
        "simulate",
        "check",
        "test",
        "render",
        "compile",
        "schemas",
        "keys",
        "connections",
        "matches",
        "operations",
        "db",
        "secrets",
    }


def test_the_version(run: Run) -> None:
    assert __version__ in run("--version").output


def test_wrong_use_is_2(run: Run) -> None:
    assert run("servee").exit_code == 2
    assert run("keys", "create").exit_code == 2
    assert run("keys", "create", "--role", "king").exit_code == 2


def test_without_a_configuration(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BC_GATEWAY_CONFIG", raising=False)
    result = run("keys", "list")
    assert result.exit_code == 1
    assert "--config" in result.output
    assert "Traceback" not in result.output


def test_a_configuration_that_is_not_there(run: Run, tmp_path: Path) -> None:
    result = run("keys", "list", "--config", str(tmp_path / "nowhere.yaml"))
    assert result.exit_code == 1
    assert "nowhere.yaml" in result.output
    assert "Traceback" not in result.output


def test_every_finding_of_a_broken_configuration(run: Run, config_file: Path) -> None:
    config_file.write_text(
        "encryption: {keys: [{env: NO_SUCH_KEY}]}\n"
        "entra: {client_id: client, client_secret: {env: NO_SUCH_SECRET}}\n"
    )
    result = run("keys", "list")
    assert result.exit_code == 1
    assert "bc-gateway.yaml:1:" in result.output
    assert "bc-gateway.yaml:2:" in result.output
    assert "2 findings." in result.output
    assert "Traceback" not in result.output


def test_a_sentence_instead_of_a_traceback() -> None:
    @click.group(cls=Commands)
    def group() -> None:
        """A group."""

    @group.command()
    def fail() -> None:
        raise StartError("The port is taken.")

    result = CliRunner().invoke(group, ["fail"])
    assert (result.exit_code, result.output) == (1, "Error: The port is taken.\n")


def test_rows_for_people_and_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": "key_1", "made_at": None, "more": 1}]
    print_rows(rows, ("id", "made_at"), "text")
    shown = capsys.readouterr().out
    assert "made at" in shown
    assert "key_1" in shown
    assert "more" not in shown
    print_rows(rows, ("id",), "json")
    assert json.loads(capsys.readouterr().out) == rows
