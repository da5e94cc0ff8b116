"""`bc-gateway check --watch`, as a process of its own that files are saved under."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.cli.watching import watched
from tests.unit.cli.conftest import Replace

WAITING = "Waiting for the next save"


@asynccontextmanager
async def watching(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from gateway.cli import main; main()",
        *("check", "--watch", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def said(process: asyncio.subprocess.Process) -> str:
    """Everything up to where it waits again."""
    assert process.stdout is not None
    text = ""
    async with asyncio.timeout(9):
        while WAITING not in text:
            line = (await process.stdout.readline()).decode()
            assert line, text
            text += line
    return text


async def interrupted(process: asyncio.subprocess.Process) -> int:
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(5):
        return await process.wait()


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))


@pytest.mark.timeout(30)
async def test_each_save_is_checked_and_tested(own: Path, replace: Replace) -> None:
    async with watching(str(own)) as process:
        first = await said(process)
        assert "Everything is fine." in first
        assert " passed, 0 failed." in first
        replace(own / "items.yaml", {"bc.unitPrice": "bc.unitPrize"})
        second = await said(process)
        assert "Saved: own/items.yaml" in second
        assert 'Did you mean "unitPrice"?' in second
        assert " passed" not in second  # there is nothing to run
        replace(own / "items.yaml", {"bc.unitPrize": "bc.unitCost"})
        third = await said(process)
        assert "Everything is fine." in third
        assert "failed  an item is created with everything that is known" in third
        assert await interrupted(process) == 1


def test_it_ends_with_the_code_of_the_last_time(tmp_path: Path) -> None:
    codes = iter([1, 0])

    def save_or_end() -> list[Path]:
        if next(saves):
            (tmp_path / "a.yaml").write_text("saved")
        return [tmp_path]

    def looked() -> Iterator[bool]:
        yield from (False, True, False, False)  # saved while it waits, then at rest
        raise KeyboardInterrupt

    saves = looked()
    assert watched(lambda: next(codes), save_or_end) == 0
