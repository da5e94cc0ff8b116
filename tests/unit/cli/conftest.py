from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.config import shipped

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Run `bc-gateway` with arguments."""

    def run_command(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run_command


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of mappings that holds copies of the shipped ones; the current one is above it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BC_GATEWAY_CONFIG", raising=False)
    return Path(shutil.copytree(shipped("mappings"), tmp_path / "own")).relative_to(tmp_path)


Replace = Callable[[Path, Mapping[str, str]], None]


@pytest.fixture
def replace() -> Replace:
    """Replace texts in a file, each of which must be there."""

    def replace_in(path: Path, changes: Mapping[str, str]) -> None:
        text = path.read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")

    return replace_in
