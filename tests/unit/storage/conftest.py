from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.storage import Store, open_store
from gateway.storage.addresses import address_of
from tests import postgres
from tests.clock import MovingClock
from tests.remote import empty_database

KEY = bytes(range(32))


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


# Whoever is the first to need the server waits for its start.
BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.timeout(60)))


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database: whatever takes it runs on both kinds."""
    if request.param == "sqlite":
        (tmp_path / "gateway.db").write_bytes(empty_database())
        yield f"sqlite:///{tmp_path / 'gateway.db'}"
    else:
        with postgres.database() as address:
            yield address


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As `url`, for a database in which there is nothing yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'gateway.db'}"
    else:
        with postgres.database(empty=True) as address:
            yield address


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    """The address of a file, for what only SQLite has."""
    return f"sqlite:///{tmp_path / 'gateway.db'}"


@pytest.fixture
async def store(url: str, clock: MovingClock) -> AsyncIterator[Store]:
    async with open_store(url, [KEY], clock, serving=True) as opened:
        yield opened


def execute(url: str, statement: str, **values: object) -> list[object]:
    """Run a statement as another program would; the rows that come back."""
    engine = address_of(url).engine(connections=1, writing=True)
    with engine.begin() as connection:
        result = connection.execute(text(statement), values)
        rows: list[object] = list(result.all()) if result.returns_rows else []
    engine.dispose()
    return rows


def stored_bytes(url: str) -> bytes:
    """Everything that the database at `url` keeps, whatever its kind."""
    if url.startswith("sqlite:///"):
        name = url.removeprefix("sqlite:///")
        return b"".join(Path(file).read_bytes() for file in (name, f"{name}-wal"))
    return b"".join(
        repr(execute(url, f'SELECT * FROM "{table}"')).encode()  # noqa: S608 - names of our own
        for table in ("connections", "sign_ins", "refresh_tokens", "operations", "calls")
    )
