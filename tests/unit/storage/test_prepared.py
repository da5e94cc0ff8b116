from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from gateway.storage import upgrade
from gateway.storage.addresses import address_of
from gateway.storage.database import Database
from gateway.storage.prepared import Lookup, Prepared
from gateway.storage.tables import connections
from tests import postgres
from tests.unit.storage.conftest import execute

NOW = datetime(2026, 11, 26, 9, 30, 0, 120, tzinfo=timezone(timedelta(hours=1)))
ROW: dict[str, Any] = {
    "id": "con_1",
    "organization": "harwick",
    "status": "active",
    "grant": "authorization_code",
    "params": {"freight": "10.50", "odd": "Ä'\"\\ \U0001f600"},
    "created_at": NOW,
    "updated_at": NOW,
}
ADD = Prepared(lambda _: insert(connections))
MOVE = Prepared(
    lambda _: (
        update(connections)
        .where(connections.c.id == bindparam("of_id"))
        .returning(connections.c.label, connections.c.updated_at)
    )
)
NAME = Prepared(lambda _: update(connections).where(connections.c.id == bindparam("of_id")))
BY_ID = select(connections).where(connections.c.id == bindparam("of_id"))
FIND = Prepared(lambda _: BY_ID)


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    upgrade(url)
    engine = address_of(url).engine(connections=1, writing=True)
    with engine.connect() as opened:
        opened.begin()
        yield opened
    engine.dispose()


def test_rows_go_in_and_come_out_as_sqlalchemy_would_have_it(connection: Connection) -> None:
    assert ADD.rows(connection, ROW) == []
    told = connection.execute(select(connections)).mappings().one()
    assert FIND.row(connection, {"of_id": "con_1"}) == dict(told)
    assert (told["params"], told["created_at"]) == (ROW["params"], NOW)
    assert told["created_at"].tzinfo is UTC
    connection.execute(insert(connections), {**ROW, "id": "con_2"})
    assert FIND.row(connection, {"of_id": "con_2"}) == {**told, "id": "con_2"}


def test_an_update_writes_what_is_named_and_nothing_else(connection: Connection) -> None:
    ADD.rows(connection, {**ROW, "tenant": "there"})
    later = NOW + timedelta(seconds=1)
    for values in ({"label": "New"}, {"label": None, "updated_at": later}):
        found = MOVE.row(connection, {"of_id": "con_1", **values})
        assert found == {"label": values["label"], "updated_at": values.get("updated_at", NOW)}
    assert MOVE.row(connection, {"of_id": "con_3", "label": "New"}) is None
    after = FIND.row(connection, {"of_id": "con_1"})
    assert after is not None
    assert (after["tenant"], after["updated_at"]) == ("there", later)


def test_what_gives_no_rows_back_tells_how_many_it_wrote(connection: Connection) -> None:
    assert ADD.count(connection, ROW) == 1
    assert NAME.count(connection, {"of_id": "con_1", "label": "New"}) == 1
    assert NAME.count(connection, {"of_id": "con_2", "label": "New"}) == 0
    after = FIND.row(connection, {"of_id": "con_1"})
    assert after is not None
    assert after["label"] == "New"


def test_a_record_is_made_anew_as_soon_as_its_row_is_another(connection: Connection) -> None:
    look_up = Lookup(lambda _: BY_ID, lambda row: [row["id"], row["label"]], most=2)
    assert look_up.one(connection, {"of_id": "con_1"}) is None
    ADD.rows(connection, ROW)
    first = look_up.one(connection, {"of_id": "con_1"})
    assert first == ["con_1", None]
    assert look_up.one(connection, {"of_id": "con_1"}) is first
    for label in ("New", None):
        NAME.count(connection, {"of_id": "con_1", "label": label})
        assert look_up.one(connection, {"of_id": "con_1"}) == ["con_1", label]


def test_an_error_is_sqlalchemys_and_names_no_values(connection: Connection) -> None:
    ADD.rows(connection, ROW)
    with pytest.raises(IntegrityError) as raised:
        ADD.rows(connection, {**ROW, "label": "Philomena Quill"})
    assert "Philomena" not in str(raised.value)


async def test_a_lost_connection_is_noticed_as_one() -> None:
    with postgres.database() as url:
        upgrade(url)
        database = Database(address_of(url))
        database.start()
        await database.write(lambda c: ADD.rows(c, ROW))
        execute(
            url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        await database.write(lambda c: MOVE.rows(c, {"of_id": "con_1", "label": "New"}))
        found = await database.read(lambda c: FIND.row(c, {"of_id": "con_1"}))
        assert found is not None
        assert found["label"] == "New"
        await database.close()


@pytest.mark.timeout(60)  # the first one waits for the server
def test_a_lost_connection_is_told_as_one() -> None:
    with postgres.database() as url:
        engine = address_of(url).engine(connections=1, writing=False)
        with engine.connect() as connection:
            assert FIND.row(connection, {"of_id": "con_1"}) is None
            postgres.end_connections(url)
            with pytest.raises(DBAPIError) as raised:
                FIND.row(connection, {"of_id": "con_1"})
            assert (raised.value.connection_invalidated, connection.invalidated) == (True, True)
        engine.dispose()
