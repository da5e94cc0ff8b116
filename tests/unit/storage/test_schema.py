from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from gateway.errors import StartError
from gateway.storage import open_store, revision, schema, upgrade
from gateway.storage.addresses import address_of
from gateway.storage.migrating import migrate
from gateway.storage.tables import metadata
from tests.clock import MovingClock
from tests.unit.storage.conftest import KEY, execute


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def told(one: Mapping[str, Any]) -> str:
    options = {name: str(value) for name, value in one.get("dialect_options", {}).items()}
    return repr({**one, "dialect_options": options})


def reflected(connection: Connection) -> dict[str, object]:
    """All that the database says of its tables."""
    inspector = inspect(connection)
    kinds = ("columns", "pk_constraint", "foreign_keys", "indexes", "unique_constraints")
    found: dict[str, object] = {}
    for table in sorted(inspector.get_table_names()):
        for kind in kinds:
            said = getattr(inspector, f"get_{kind}")(table)
            found[f"{table} {kind}"] = sorted(map(told, said)) if isinstance(said, list) else said
    return found


def test_a_fresh_database_is_what_the_migrations_make_of_an_old_one(empty_url: str) -> None:
    engine = address_of(empty_url).engine(connections=1, writing=True)
    with engine.begin() as connection:
        migrate(connection, "head")
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        migrated = reflected(connection)
        version = context.get_current_revision()
        for table in [*reversed(metadata.sorted_tables), schema._version]:
            table.drop(connection)
    engine.dispose()

    upgrade(empty_url)

    assert revision(empty_url) == version
    with engine.connect() as connection:
        assert reflected(connection) == migrated
    engine.dispose()


def test_the_versions_are_those_of_the_migrations() -> None:
    scripts = ScriptDirectory(schema.MIGRATIONS)
    assert schema._revisions() == tuple(one.revision for one in scripts.walk_revisions())


def test_a_fresh_database_has_no_revision_and_gets_one(empty_url: str) -> None:
    assert revision(empty_url) is None
    upgrade(empty_url)
    newest = revision(empty_url)
    assert newest is not None
    upgrade(empty_url)
    assert revision(empty_url) == newest


def test_a_database_of_the_first_version_is_brought_up_to_date(empty_url: str) -> None:
    engine = address_of(empty_url).engine(connections=1, writing=True)
    with engine.begin() as connection:
        migrate(connection, "0001")
    engine.dispose()
    execute(
        empty_url,
        'INSERT INTO connections (id, organization, status, "grant", params, created_at,'
        " updated_at) VALUES ('con_1', 'harwick', 'active', 'authorization_code', '{}',"
        " '2026-11-23 09:30:00', '2026-11-23 09:30:00')",
    )
    with pytest.raises(StartError, match="run `bc-gateway db upgrade`"):
        schema.prepare(address_of(empty_url), create=True, thorough=True)

    upgrade(empty_url)
    schema.prepare(address_of(empty_url), create=False, thorough=True)
    assert execute(empty_url, "SELECT id FROM connections") == [("con_1",)]


async def test_of_many_that_open_a_fresh_database_at_once_each_finds_it_whole(
    empty_url: str, clock: MovingClock
) -> None:
    async def opened() -> None:
        await asyncio.to_thread(schema.prepare, address_of(empty_url), create=True, thorough=False)

    await asyncio.gather(*(opened() for _ in range(5)))
    async with open_store(empty_url, [KEY], clock) as store:
        await store.ping()


def test_an_upgrade_gives_an_anchor_to_the_first_in_its_company(empty_url: str) -> None:
    engine = address_of(empty_url).engine(connections=1, writing=True)
    with engine.begin() as connection:
        migrate(connection, "0004")
    engine.dispose()
    for name, environment in (("con_1", "Production"), ("con_2", "production"), ("con_3", "Test")):
        execute(
            empty_url,
            'INSERT INTO connections (id, organization, status, "grant", environment, company_id,'
            " params, created_at, updated_at) VALUES (:name, 'harwick', 'active', 'basic',"
            " :environment, 'C0A1', '{}', '2026-11-23 09:30:00', '2026-11-23 09:30:00')",
            name=name,
            environment=environment,
        )
        execute(
            empty_url,
            "INSERT INTO operations (id, connection_id, organization, resource, verb, target, hash,"
            " document, snapshot, state, attempt, accepted, restartable, entity, anchor, warnings,"
            " created_at, updated_at) VALUES (:id, :name, 'harwick', 'sales-orders', 'create', '',"
            " 'h', '', 's', 'succeeded', 1, false, false, 'salesOrders', 'D-1042', '[]',"
            " :began, '2026-11-23 09:33:00')",
            id=f"op_{name}",
            name=name,
            began=f"2026-11-23 09:3{name[-1]}:00",
        )
    upgrade(empty_url)
    found = execute(empty_url, "SELECT id, place, anchor FROM operations ORDER BY id")
    assert found == [
        ("op_con_1", "- production c0a1", "D-1042"),
        ("op_con_2", None, "D-1042"),
        ("op_con_3", "- test c0a1", "D-1042"),
    ]


def test_those_who_switch_a_fresh_file_to_a_write_ahead_log_wait_for_each_other(
    file_url: str,
) -> None:
    # Before each waited, one in sixty was told that the file is locked.
    together = Barrier(6)

    def opened() -> None:
        engine = address_of(file_url).engine(connections=1, writing=True)
        together.wait()
        with engine.begin():
            pass
        engine.dispose()

    for _ in range(25):
        for part in ("", "-wal", "-shm"):
            Path(f"{file_of(file_url)}{part}").unlink(missing_ok=True)
        with ThreadPoolExecutor(6) as threads:
            for one in [threads.submit(opened) for _ in range(6)]:
                one.result()


def test_a_lost_table_is_named(url: str) -> None:
    upgrade(url)
    execute(url, "DROP TABLE calls")

    with pytest.raises(StartError, match="lacks calls"):
        schema.prepare(address_of(url), create=True, thorough=False)


def test_a_damaged_file_is_noticed_by_who_serves(file_url: str) -> None:
    upgrade(file_url)
    with file_of(file_url).open("r+b") as file:
        file.seek(4096 * 5)
        file.write(b"\xff" * 4096)

    with pytest.raises(StartError, match=r"damaged|not a database"):
        schema.prepare(address_of(file_url), create=True, thorough=True)


async def test_a_database_without_our_tables_is_not_made_by_a_command_that_only_reads(
    empty_url: str, clock: MovingClock
) -> None:
    address_of(empty_url).create()

    with pytest.raises(StartError, match="run `bc-gateway db upgrade`"):
        async with open_store(empty_url, [KEY], clock, create=False):
            pass
    upgrade(empty_url)
    async with open_store(empty_url, [KEY], clock, create=False) as store:
        assert await store.keys() == []


async def test_a_newer_database_is_refused(url: str, clock: MovingClock) -> None:
    upgrade(url)
    execute(url, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StartError, match="newer bc-gateway"):
        async with open_store(url, [KEY], clock):
            pass
    with pytest.raises(StartError, match="newer bc-gateway"):
        upgrade(url)


async def test_a_database_of_another_program_is_left_alone(
    empty_url: str, clock: MovingClock
) -> None:
    execute(empty_url, "CREATE TABLE orders (id INTEGER)")

    with pytest.raises(StartError, match="another program"):
        async with open_store(empty_url, [KEY], clock):
            pass
    with pytest.raises(StartError, match="another program"):
        upgrade(empty_url)


async def test_a_file_of_another_program_stays_as_it_is(file_url: str, clock: MovingClock) -> None:
    with closing(sqlite3.connect(file_of(file_url))) as theirs:
        theirs.execute("CREATE TABLE orders (id INTEGER)")
    before = file_of(file_url).read_bytes()
    for create in (True, False):
        with pytest.raises(StartError, match="another program"):
            async with open_store(file_url, [KEY], clock, create=create):
                pass
    assert file_of(file_url).read_bytes() == before


def test_a_file_that_is_no_database_is_named(file_url: str) -> None:
    file_of(file_url).write_text("a text that is long enough to be a header of a file" * 20)

    with pytest.raises(StartError, match="is not a database"):
        upgrade(file_url)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="see that its folder exists"):
        upgrade(f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}")


@pytest.mark.parametrize(
    "wanted",
    [
        "key = 'D-1042' OR anchor = 'D-1042'",
        "record_number = 'S-ORD1'",
        "entity = 'e' AND anchor = 'a' AND (connection_id = 'c' OR place = 'p')",
        "state = 'succeeded' AND entity = 'e' AND anchor = 'a' AND (connection_id = 'c' OR place = 'p')",
        "state IN ('queued', 'running')",
    ],
)
def test_no_row_is_looked_at_in_vain(file_url: str, wanted: str) -> None:
    upgrade(file_url)
    with closing(sqlite3.connect(file_of(file_url))) as connection:
        select = f"SELECT * FROM operations WHERE {wanted}"  # noqa: S608 - of this test
        steps = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {select}")]
    assert steps
    assert not any(step.startswith("SCAN") for step in steps)
    by_state = any("operations_by_state" in step for step in steps)
    assert not (by_state and "anchor" in wanted)  # all that ever succeeded
