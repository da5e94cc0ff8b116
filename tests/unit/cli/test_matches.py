"""`bc-gateway matches`, on the database of a connection, against the simulator."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result

from tests.remote import Remote, open_remote
from tests.unit.cli.conftest import Run

CONFIG = """\
storage: {{url: 'sqlite:///remote.db'}}
encryption: {{keys: [{{env: BC_GATEWAY_KEY}}]}}
entra: {{client_id: {client}, client_secret: {{env: ENTRA_CLIENT_SECRET}}, authority: '{url}'}}
business_central: {{url: '{url}'}}
"""


@contextmanager
def behind(folder: Path) -> Iterator[tuple[Remote, str]]:
    """The simulator and a connection, in a thread of their own: commands have their own loop."""
    opened: list[tuple[Remote, str]] = []
    ready, done = threading.Event(), threading.Event()

    async def stay() -> None:
        async with open_remote(folder) as remote:
            opened.append((remote, (await remote.connected()).id))
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=[stay()])
    thread.start()
    try:
        assert ready.wait(8)
        yield opened[0]
    finally:
        done.set()
        thread.join()


@pytest.fixture
def connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with behind(tmp_path) as (remote, connection_id):
        entra = remote.config.entra
        text = CONFIG.format(client=entra.client_id, url=remote.url)
        (tmp_path / "bc-gateway.yaml").write_text(text)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("BC_GATEWAY_CONFIG", "bc-gateway.yaml")
        monkeypatch.setenv("BC_GATEWAY_KEY", base64.b64encode(b"k" * 32).decode())
        monkeypatch.setenv("ENTRA_CLIENT_SECRET", "simulator-secret")
        yield connection_id


def skus(result: Result) -> list[str]:
    return [row["sku"] for row in json.loads(result.stdout)]


def test_the_whole_way_of_many_skus(run: Run, connection: str, tmp_path: Path) -> None:
    file = tmp_path / "skus.txt"
    file.write_text("1896S\nNONE\t4006381333931\tATHENS Desk\n\n1896-S:OAK\n", encoding="utf-8")
    result = run("matches", "run", connection, "--skus", file)
    assert result.exit_code == 1, "one of them waits for a person"
    assert "2 matched, 0 ambiguous, 1 unmatched." in result.stderr
    assert "NONE" in result.stdout
    assert "1896-S" in result.stdout, "a suggestion"
    listed = run("matches", "list", connection, "--status", "unmatched", "--format", "json")
    assert skus(listed) == ["NONE"]
    (row,) = json.loads(listed.stdout)
    assert (row["item"], row["candidates"]) == (None, "1896-S"), "a suggestion is no match"

    file = tmp_path / "decisions.yaml"
    file.write_text('decisions:\n  NONE: {item_number: "1900-X"}\n')
    wrong = run("matches", "import", connection, file)
    assert wrong.exit_code == 1
    assert "decisions.yaml:2:23" in wrong.output
    assert "No item has this number." in wrong.output

    file.write_text('decisions:\n  NONE: {item_number: "1900-S"}\n  "007": {item_number: "000"}\n')
    checked = run("matches", "import", connection, file, "--check")
    assert checked.stdout == "2 would be new, 0 would be changed, 0 as before.\n"
    assert skus(run("matches", "list", connection, "--decided", "--format", "json")) == []
    assert run("matches", "import", connection, file).stdout.startswith("2 new")
    assert run("matches", "import", connection, file).stdout.endswith(" 2 as before.\n")

    exported = run("matches", "export", connection).stdout
    file.write_text(exported, encoding="utf-8")
    assert run("matches", "import", connection, file).stdout.endswith(" 2 as before.\n")
    assert run("matches", "export", connection).stdout == exported
    assert skus(run("matches", "list", connection, "--format", "json")) == [
        *("007", "1896-S:OAK", "1896S", "NONE"),
    ]
    assert "decided" in run("matches", "list", connection).stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no SKU"),
        ("A\n" + "x" * 251, "Line 2"),
        ("A\nA\t4006381333931\n", "Line 2"),
        ("\tx\n", "Line 1"),
    ],
)
def test_a_file_that_names_no_skus(run: Run, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "skus.txt"
    file.write_text(text, encoding="utf-8")
    result = run("matches", "run", "con_1", "--skus", file)
    assert result.exit_code == 1
    assert said in result.output


def test_no_connection(run: Run, config_file: Path) -> None:
    assert config_file.exists()
    assert run("db", "upgrade").exit_code == 0
    result = run("matches", "export", "con_3")
    assert result.exit_code == 1
    assert "connections list" in result.output


def test_a_file_that_is_no_text(run: Run, config_file: Path, tmp_path: Path) -> None:
    assert config_file.exists()
    file = tmp_path / "skus.txt"
    file.write_bytes(b"\xff\n")
    result = run("matches", "run", "con_1", "--skus", file)
    assert (result.exit_code, result.stderr) == (1, "Error: The file is not text in UTF-8.\n")
