"""The simulator as a command; that it serves is shown by the journeys."""

from __future__ import annotations

import socket

from tests.unit.cli.conftest import Run


def test_a_port_that_is_taken(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("simulate", "--port", str(port))
    assert result.exit_code == 1
    assert str(port) in result.output
    assert "--port" in result.output
