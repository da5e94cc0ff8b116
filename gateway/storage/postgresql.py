"""What is particular to PostgreSQL: how a connection is set up, and what its errors mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from sqlalchemy import URL, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from gateway.errors import GatewayError, InvalidInput, StartError, StorageUnavailable

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import ConnectionPoolEntry

_DRIVER: Final = "postgresql+psycopg"
_DEFAULTS: Final = {
    "application_name": "bc-gateway",
    "client_encoding": "utf8",
    "connect_timeout": "5",  # seconds
    "tcp_user_timeout": "10000",  # milliseconds until a server that is silent counts as lost
}
# A replica that hangs in the middle of a transaction must not stop the others, and what is told
# as durable must be on the disk of the server.
_SETTINGS: Final = (
    "SET lock_timeout = '5s'",
    "SET idle_in_transaction_session_timeout = '10s'",
    """SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'""",
)
_MIGRATING: Final = 0x6263_6761_7465  # "bcgate": the advisory lock of everybody who migrates

_REPEATABLE: Final = frozenset({"40001", "40P01"})  # serialization failure, deadlock
_HELD: Final = frozenset({"55P03", "57014"})  # lock_timeout, cancelled
_FULL: Final = frozenset({"53100", "53200"})
_READ_ONLY: Final = frozenset({"25006", "42501"})


@dataclass(frozen=True, slots=True)
class PostgresqlDatabase:
    """The database at this address. The address may hold a password: it is never shown."""

    url: URL = field(repr=False)
    near: ClassVar[bool] = False  # every read goes over the network

    def __str__(self) -> str:
        host = self.url.host or self.url.query.get("host") or "this machine"
        return f"{self.url.database} at {host}"

    def exists(self) -> bool:
        """Whether it can be asked; what is wrong is said when it is opened."""
        return True

    def create(self) -> None:
        """Whoever runs the server makes the database; only the tables are ours."""

    def engine(self, *, connections: int, writing: bool) -> Engine:
        """Connections; those that only read need no transactions."""
        given = {name: value for name, value in _DEFAULTS.items() if name not in self.url.query}
        engine = create_engine(
            self.url.set(drivername=_DRIVER),
            pool_size=connections,
            max_overflow=0,
            hide_parameters=True,
            isolation_level="READ COMMITTED" if writing else "AUTOCOMMIT",
            connect_args=given,
        )
        event.listen(engine, "connect", _prepare)
        return engine

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Many may serve from one database: their leases keep them apart."""
        yield

    def watch(self, *, serving: bool) -> Callable[[], None]:  # noqa: ARG002 - a file has more to watch
        """Nothing: a server says by itself that something is wrong."""
        return lambda: None

    def before_migrating(self, connection: Connection) -> None:
        """Let nobody else migrate until this transaction ends."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})

    def examine(self, connection: Connection) -> None:
        """Raise `StartError` for a database that cannot hold every text."""
        if connection.execute(text("SHOW server_encoding")).scalar_one() != "UTF8":
            raise StartError(f"The database {self} is not in UTF8: make one with ENCODING 'UTF8'.")

    def prove(self, connection: Connection) -> None:
        """Raise `StorageUnavailable` for a server that takes no writes, or without our tables."""
        if connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one():
            raise StorageUnavailable("The database's server takes no writes. Nothing was sent.")
        connection.execute(text("SELECT 1 FROM operations LIMIT 1"))

    def repeatable(self, error: SQLAlchemyError, *, committing: bool) -> bool:
        """Whether the same again may succeed: the server undid it, or never had it.

        A connection lost while committing says nothing about what the server did.
        """
        if not isinstance(error, DBAPIError):
            return False
        if _state(error) in _REPEATABLE:
            return True
        return not committing and (error.connection_invalidated or _is_away(error))

    def unavailable(self, error: SQLAlchemyError) -> GatewayError:
        """The driver's error in our words: its own text may hold values of the statement."""
        state = _state(error)
        if state.startswith("22") or _holds_nul(error):
            return InvalidInput(
                "A text is too long for the database, or holds a character it cannot keep."
            )
        if state in _HELD:
            return StorageUnavailable("The database is held by another program. Nothing was sent.")
        if state in _FULL:
            return StorageUnavailable("The database's server is full. Nothing was sent.")
        if state in _READ_ONLY:
            return StorageUnavailable("The database cannot be written to. Nothing was sent.")
        return StorageUnavailable()

    def cannot_start(self, error: SQLAlchemyError) -> StartError:
        """The driver's error while opening, as a sentence that says what to do."""
        said, state = str(getattr(error, "orig", "")).lower(), _state(error)
        if "invalid connection option" in said or "invalid sslmode" in said:
            return StartError("storage.url holds a parameter that PostgreSQL does not know.")
        if "password" in said or "pg_hba" in said or "authentication" in said:
            return StartError(f"The database {self} refuses this user or password.")
        if "does not exist" in said:
            return StartError(f"There is no database {self}, or no such user: make it there first.")
        if "ssl" in said or "certificate" in said:
            return StartError(f"No TLS with {self}: see sslmode and sslrootcert in storage.url.")
        if state in _HELD:
            return StartError(f"The database {self} is held by another program: try again later.")
        if state in _READ_ONLY:
            return StartError(f"This user may not make tables or write in the database {self}.")
        return StartError(
            f"The database {self} cannot be reached: see that the server runs and that "
            "storage.url names it."
        )


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for setting in _SETTINGS:
        cursor.execute(setting)
    cursor.close()
    connection.commit()


def _state(error: SQLAlchemyError) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def _is_away(error: DBAPIError) -> bool:
    """No connection could be made, or the server is starting or stopping."""
    state = _state(error)
    return state.startswith(("08", "57P")) or (not state and _is_operational(error))


def _is_operational(error: DBAPIError) -> bool:
    return type(error.orig).__name__ in {"OperationalError", "ConnectionTimeout"}


def _holds_nul(error: SQLAlchemyError) -> bool:
    return type(getattr(error, "orig", None)).__name__ == "DataError"
