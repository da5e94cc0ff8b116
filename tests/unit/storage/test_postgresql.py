from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import make_url, select, text

from gateway.errors import StartError
from gateway.storage import open_store, upgrade
from gateway.storage.addresses import address_of
from gateway.storage.tables import connections
from tests import postgres
from tests.clock import MovingClock
from tests.unit.storage.conftest import KEY, execute

pytestmark = pytest.mark.timeout(60)  # the first one waits for the server


def with_parts(url: str, **parts: str) -> str:
    return make_url(url).set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type]  # parts of the address, by name


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("postgresql://gateway:hunter2@127.0.0.1:1/gateway", "cannot be reached"),
        ("postgresql://gateway:hunter2@127.0.0.1:1/gateway?nonsense=1", "does not know"),
        ("postgresql://gateway:hunter2@127.0.0.1:1/gateway?sslmode=maybe", "does not know"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(given: str, sentence: str) -> None:
    with pytest.raises(StartError, match=sentence) as raised:
        upgrade(given)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_a_database_that_is_not_there_or_cannot_be_used(clock: MovingClock) -> None:
    with postgres.database(empty=True) as url:
        with pytest.raises(StartError, match="There is no database nowhere"):
            upgrade(with_parts(url, database="nowhere"))
        with pytest.raises(StartError, match="no such user"):
            upgrade(with_parts(url, username="nobody"))

        latin, name = f"{make_url(url).database}_l", make_url(url).database
        engine = address_of(url).engine(connections=1, writing=False)
        with engine.connect() as connection:
            connection.execute(
                text(f"CREATE DATABASE {latin} TEMPLATE template0 ENCODING latin1 LOCALE 'C'")
            )
        upgrade(with_parts(url, database=latin))
        with pytest.raises(StartError, match="UTF8"):
            async with open_store(with_parts(url, database=latin), [KEY], clock, serving=True):
                pass
        execute(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {latin}"))
        engine.dispose()
        with pytest.raises(StartError, match="may not make tables"):
            upgrade(url)


def test_a_server_without_tls_is_refused_where_it_is_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(8)
                connection.sendall(b"N")

        thread = threading.Thread(target=refuse)
        thread.start()
        port = server.getsockname()[1]
        with pytest.raises(StartError, match="No TLS"):
            upgrade(f"postgresql://gateway@127.0.0.1:{port}/gateway?sslmode=require")
        thread.join()


def test_values_come_back_as_they_went() -> None:
    with postgres.database() as url:
        engine = address_of(url).engine(connections=1, writing=True)
        moment = datetime(2026, 11, 23, 9, 30, 0, 123456, tzinfo=UTC)
        with engine.begin() as connection:
            connection.execute(text("SET TIME ZONE 'America/New_York'"))
            connection.execute(
                connections.insert().values(
                    id="con_1",
                    organization="Ünïcødé 木 🪑",
                    status="active",
                    grant="authorization_code",
                    params={"rate": Decimal("19.900"), "text": "a\x00b"},
                    created_at=moment,
                    updated_at=moment,
                )
            )
            row = connection.execute(select(connections)).one()
        engine.dispose()

    assert row.created_at == moment
    assert row.created_at.tzinfo is UTC
    assert str(row.params["rate"]) == "19.900"
    assert row.params["text"] == "a\x00b"
    assert row.organization == "Ünïcødé 木 🪑"


def test_what_is_committed_is_on_the_disk() -> None:
    with postgres.database() as url:
        execute(url, f"ALTER DATABASE {make_url(url).database} SET synchronous_commit = off")

        assert execute(url, "SHOW synchronous_commit") == [("on",)]
        assert execute(url, "SHOW lock_timeout") == [("5s",)]
