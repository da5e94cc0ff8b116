"""What the tests of the rooms that talk to Microsoft share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.storage import Connection
from tests.remote import Remote, open_remote


@pytest.fixture
async def remote(tmp_path: Path) -> AsyncIterator[Remote]:
    async with open_remote(tmp_path) as opened:
        yield opened


@pytest.fixture
async def connection(remote: Remote) -> Connection:
    made = await remote.connected()
    await remote.forget_journal()
    return made
