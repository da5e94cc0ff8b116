"""Starting the gateway where it cannot start: one sentence that says what to do."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.unit.cli.conftest import Run


def test_a_port_that_is_taken(run: Run, config_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config_file.write_text(f"public: {{listen: '127.0.0.1:{port}'}}\n{config_file.read_text()}")
        result = run("serve")
    assert result.exit_code == 1
    assert f"127.0.0.1:{port}: the port is taken" in result.output
    assert "public.listen" in result.output


def test_a_port_of_the_operators_that_is_taken(run: Run, config_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = config_file.read_text().replace("listen: null", f"listen: '127.0.0.1:{port}'")
        config_file.write_text(f"public: {{listen: '127.0.0.1:0'}}\n{text}")
        result = run("serve")
    assert result.exit_code == 1
    assert f"127.0.0.1:{port}: the port is taken" in result.output
    assert "console.listen" in result.output


def test_a_broken_mapping(run: Run, config_file: Path) -> None:
    folder = config_file.parent / "own"
    folder.mkdir()
    (folder / "sales-orders.yaml").write_text("resource: sales-orders\nschema: sales-ordr\n")
    config_file.write_text(
        f"public: {{listen: '127.0.0.1:0'}}\nmappings: own\n{config_file.read_text()}"
    )
    result = run("serve")
    assert result.exit_code == 1
    assert "sales-orders.yaml:" in result.output
    assert "finding" in result.output
    assert "Traceback" not in result.output


def test_several_workers_on_a_file(run: Run, config_file: Path) -> None:
    config_file.write_text(f"workers: 2\n{config_file.read_text()}")
    result = run("serve")
    assert result.exit_code == 1
    assert "More than one worker needs PostgreSQL" in result.output
