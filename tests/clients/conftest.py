"""What the clients of others need: Node, and their packages as `package.json` names them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
INSTALL = "Node 20 or newer with npm is needed: apt-get install nodejs npm"

Script = Callable[[str, Mapping[str, str]], Awaitable[dict[str, Any]]]


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder of the installed packages. Nothing is left out where they are missing."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.fail(INSTALL)
    words = ("install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run([npm, *words], cwd=FOLDER, check=True)  # noqa: S603 - npm, as found
    return FOLDER / "node_modules"


@pytest.fixture
def script(packages: Path) -> Script:
    """Runs a script of this folder; gives what it reports."""

    async def run(name: str, environment: Mapping[str, str]) -> dict[str, Any]:
        output = await ran("node", str(packages.parent / name), environment=environment)
        report: dict[str, Any] = json.loads(output)
        return report

    return run


async def ran(*words: str, environment: Mapping[str, str] | None = None) -> str:
    """What a program prints; it has to end well."""
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=FOLDER,
        env={**os.environ, **(environment or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, f"{output.decode()}\n{errors.decode()}"
    return output.decode()
