from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from gateway.errors import StartError
from gateway.storage import open_store, revision, upgrade
from gateway.storage.tables import metadata
from tests.clock import MovingClock
from tests.unit.storage.conftest import KEY


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def execute(url: str, statement: str) -> None:
    with closing(sqlite3.connect(file_of(url))) as connection:
        connection.execute(statement)
        connection.commit()


def test_the_sum_of_the_migrations_is_the_description_of_the_tables(url: str) -> None:
    upgrade(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_a_fresh_database_has_no_revision_and_gets_one(url: str) -> None:
    assert revision(url) is None
    upgrade(url)
    assert revision(url) == "0001"
    upgrade(url)
    assert revision(url) == "0001"


async def test_a_database_without_our_tables_is_not_made_by_a_command_that_only_reads(
    url: str, clock: MovingClock
) -> None:
    file_of(url).touch()

    with pytest.raises(StartError, match="run `bc-gateway db upgrade`"):
        async with open_store(url, [KEY], clock, create=False):
            pass
    upgrade(url)
    async with open_store(url, [KEY], clock, create=False) as store:
        assert await store.keys() == []


async def test_a_newer_database_is_refused(url: str, clock: MovingClock) -> None:
    upgrade(url)
    execute(url, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StartError, match="newer bc-gateway"):
        async with open_store(url, [KEY], clock):
            pass
    with pytest.raises(StartError, match="newer bc-gateway"):
        upgrade(url)


async def test_a_database_of_another_program_is_left_alone(url: str, clock: MovingClock) -> None:
    execute(url, "CREATE TABLE orders (id INTEGER)")

    with pytest.raises(StartError, match="another program"):
        async with open_store(url, [KEY], clock):
            pass
    with pytest.raises(StartError, match="another program"):
        upgrade(url)


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "postgresql://h/d"]
)
def test_only_a_file_can_be_the_database(url: str) -> None:
    with pytest.raises(StartError, match=r"storage\.url"):
        upgrade(url)


def test_a_file_that_is_no_database_is_named(url: str) -> None:
    file_of(url).write_text("a text that is long enough to be read as a header of a file" * 20)

    with pytest.raises(StartError, match="is not a database"):
        upgrade(url)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="see that its folder exists"):
        upgrade(f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}")
