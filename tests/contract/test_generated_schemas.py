"""The script that makes the schema files of Business Central from the catalogue."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "schemas" / "bc" / "generate.py"


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(script), *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copy(SCRIPT.with_name("catalogue.json"), tmp_path)
    return Path(shutil.copy(SCRIPT, tmp_path))


def test_the_schema_files_are_those_of_the_catalogue() -> None:
    done = run(SCRIPT, "--check")
    assert (done.returncode, done.stdout) == (0, "")


def test_stale_files_are_named_and_made_anew(copied: Path) -> None:
    assert run(copied).returncode == 0
    made = copied.parent / "v2.0"
    assert len(list(made.iterdir())) == 150
    (made / "items.schema.json").write_text("{}")
    (made / "vendors.schema.json").unlink()
    (made / "gadgets.schema.json").write_text("{}")
    done = run(copied, "--check")
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "v2.0/gadgets.schema.json",
        "v2.0/items.schema.json",
        "v2.0/vendors.schema.json",
    ]
    assert "3 of them changed" in run(copied).stdout
    assert run(copied, "--check").returncode == 0
    assert not (made / "gadgets.schema.json").exists()
