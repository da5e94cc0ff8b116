"""The simulator as a command; that it serves is shown by the journeys."""

from __future__ import annotations

import asyncio
import importlib
import re
import shutil
import signal
import socket
import sys
from pathlib import Path

import pytest

from gateway.simulator import CLIENT_ID, CLIENT_SECRET, COMPANIES, NEWEST, TENANT_ID
from tests.unit.cli.conftest import Run

simulate = importlib.import_module("gateway.cli.simulate")  # the package has a command so named


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends as soon as it has started."""

    def ended() -> asyncio.Event:
        stop = asyncio.Event()
        stop.set()
        return stop

    monkeypatch.setattr(simulate, "stopping", ended)


def test_a_port_that_is_taken(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("simulate", "--port", str(port))
    assert result.exit_code == 1
    assert str(port) in result.output
    assert "--port" in result.output


@pytest.mark.usefixtures("at_once")
def test_with_tls_it_says_how_to_trust_it(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "trust"
    result = run("simulate", "--port", "0", "--tls-folder", str(folder))
    assert result.exit_code == 0, result.output
    assert "listens at https://127.0.0.1:" in result.output
    (file,) = folder.iterdir()
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert f"{variable}={file}" in result.output
    assert "NODE_EXTRA_CA_CERTS=" in run("simulate", "--port", "0", "--tls").output
    assert "NODE_EXTRA_CA_CERTS=" not in run("simulate", "--port", "0").output


def test_a_folder_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("simulate", "--port", "0", "--tls-folder", str(tmp_path / "file" / "below"))
    assert result.exit_code == 2
    assert "Invalid value for --tls-folder" in result.output


def test_a_fault_script_with_a_mistake(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "faults.jsonl"
    script.write_text('{"kind": "lock"}\n{"kind": "lokc"}\n', encoding="utf-8")
    result = run("simulate", "--port", "0", "--fault-script", script)
    assert result.exit_code == 2
    assert f"{script}, line 2: The kind of a fault is one of" in result.output.replace("\n", " ")


def test_files_that_are_not_there(run: Run, tmp_path: Path) -> None:
    for option in ("--fault-script", "--state", "--seed-file"):
        result = run("simulate", "--port", "0", option, tmp_path / "none" / "file")
        assert result.exit_code == 2
        assert "cannot be used: No such file" in result.output.replace("\n", " ")
        assert f"Invalid value for {option}: {tmp_path}" in result.output
        assert "/.file" not in result.output


def test_a_state_that_is_broken(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text("broken", encoding="utf-8")
    result = run("simulate", "--port", "0", "--state", file)
    assert result.exit_code == 2
    assert "is refused: it is no state of a simulator" in result.output.replace("\n", " ")


def test_a_state_that_could_not_be_saved_at_the_end(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()

    def ended() -> asyncio.Event:
        shutil.rmtree(folder)
        stop = asyncio.Event()
        stop.set()
        return stop

    monkeypatch.setattr(simulate, "stopping", ended)
    result = run("simulate", "--port", "0", "--state", folder / "state.json")
    told = " ".join(result.output.split())
    assert result.exit_code == 1
    assert f"The state was not saved to {folder / 'state.json'}: No such file" in told
    assert "What was done since it was last saved is lost." in told
    assert "Invalid value" not in told


def test_a_seed_file_with_a_mistake(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "seed.json"
    for text, sentence in (
        ("[", "line 1, column 2: this is no JSON"),
        ('{"gadgets": []}', "'gadgets' is no entity set"),
        ('{"customers": [{"number": "10000"}]}', "already exists"),
    ):
        file.write_text(text, encoding="utf-8")
        result = run("simulate", "--port", "0", "--seed-file", file)
        assert result.exit_code == 2
        assert sentence in result.output.replace("\n", " ")


def test_a_release_that_is_none(run: Run) -> None:
    result = run("simulate", "--port", "0", "--release", "99.0")
    assert result.exit_code == 2
    assert "There is no release 99.0" in result.output


def test_a_host_that_is_not_here(run: Run) -> None:
    result = run("simulate", "--port", "0", "--host", "192.0.2.1")
    assert result.exit_code == 1
    assert "--host" in result.output
    assert "--port" not in result.output


@pytest.mark.usefixtures("at_once")
def test_it_says_whom_it_lets_in_and_with_what_it_starts(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "faults.jsonl"
    script.write_text('{"kind": "lock"}\n{"kind": "lock"}\n', encoding="utf-8")
    output = run("simulate", "--port", "0", "--fault-script", script).output
    for told in (CLIENT_ID, CLIENT_SECRET, TENANT_ID, COMPANIES[0][0], "admin@harwick.example"):
        assert told in output
    (url,) = re.findall(r"listens at (\S+)", output)
    assert f"  API v2.0              {url}/v2.0/Production/api/v2.0\n" in output
    assert f"  tokens                {url}/harwick.example/oauth2/v2.0/token\n" in output
    assert f"release               {NEWEST}" in output
    assert "faults armed          2" in output


@pytest.mark.usefixtures("at_once")
def test_options_that_a_state_goes_before_are_told(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    first = run("simulate", "--port", "0", "--state", file, "--release", "26.0")
    assert "until a reset" not in first.output
    again = run("simulate", "--port", "0", "--state", file, "--release", "27.0", "--seed", "3")
    assert f"loaded from {file}" in again.output
    assert "it goes before --release, --seed, until a reset" in again.output
    assert "until a reset" not in run("simulate", "--port", "0", "--state", file).output


@pytest.mark.skipif(sys.platform == "win32", reason="loops take no signals there")
def test_it_can_be_ended_as_soon_as_it_says_anything(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*_: object, **_also: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(simulate.click, "echo", said)
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else the tests would end
    try:
        assert run("simulate", "--port", "0").exit_code == 0
    finally:
        signal.signal(signal.SIGTERM, before)
