"""Between rows and records: sealing of columns, and the statements about keys, connections and
their sign-ins. Each function runs inside one read or one write of the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import Table, bindparam, delete, insert, select, update

from gateway.documents import decode_json, encode_json
from gateway.errors import StorageUnavailable
from gateway.storage import tables
from gateway.storage.dialects import insertion
from gateway.storage.prepared import Lookup
from gateway.storage.records import (
    ApiKey,
    Connection,
    ConnectionStatus,
    RefreshToken,
    SignIn,
    columns,
)
from gateway.storage.seal import Sealer, Unopenable

if TYPE_CHECKING:
    import sqlalchemy as sa

MOST_NAMES: Final = 500  # values in one IN list
SIGN_IN_KEPT: Final = timedelta(days=1)  # after its end, so that its page can say what happened

_KEY_BY_HASH: Final = Lookup(
    lambda _: select(tables.api_keys).where(tables.api_keys.c.hash == bindparam("hashed")),
    lambda row: ApiKey(**row),
    most=1000,
)
_CONNECTION_BY_ID: Final = Lookup(
    lambda _: select(tables.connections).where(tables.connections.c.id == bindparam("of_id")),
    lambda row: Connection(**row),
    most=1000,
)


class Seals:
    """Sealing of one column of one row; what does not open is the database's fault."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def text(self, value: str | None, *place: str) -> bytes | None:
        """`value` sealed for its place."""
        return None if value is None else self._sealer.seal(value.encode("utf-8"), *place)

    def json(self, value: object, *place: str) -> bytes | None:
        """`value` as sealed JSON; None is NULL."""
        return None if value is None else self._sealer.seal(encode_json(value), *place)

    def open_text(self, sealed: bytes | None, *place: str) -> str | None:
        """What `text` sealed. Raises `StorageUnavailable`."""
        return None if sealed is None else self._open(sealed, place).decode("utf-8")

    def open_json(self, sealed: bytes | None, *place: str) -> object:
        """What `json` sealed. Raises `StorageUnavailable`."""
        return None if sealed is None else decode_json(self._open(sealed, place), strict=False)

    def _open(self, sealed: bytes, place: tuple[str, ...]) -> bytes:
        try:
            return self._sealer.open(sealed, *place)
        except Unopenable:
            raise StorageUnavailable(
                f"A sealed value in {place[0]} does not open: its row was changed by hand, or "
                "the key that sealed it is gone."
            ) from None


def add_key(connection: sa.Connection, key: ApiKey) -> None:
    connection.execute(insert(tables.api_keys).values(**columns(key)))


def keys(connection: sa.Connection) -> list[ApiKey]:
    statement = select(tables.api_keys).order_by(tables.api_keys.c.created_at)
    return [ApiKey(**row) for row in connection.execute(statement).mappings()]


def key_by_hash(connection: sa.Connection, hashed: str) -> ApiKey | None:
    return _KEY_BY_HASH.one(connection, {"hashed": hashed})


def revoke_key(connection: sa.Connection, key_id: str, now: datetime) -> bool:
    table = tables.api_keys
    statement = update(table).where(table.c.id == key_id, table.c.revoked_at.is_(None))
    return connection.execute(statement.values(revoked_at=now)).rowcount == 1


def add_connection(connection: sa.Connection, record: Connection) -> None:
    connection.execute(insert(tables.connections).values(**columns(record)))


def connection_by_id(connection: sa.Connection, connection_id: str) -> Connection | None:
    return _CONNECTION_BY_ID.one(connection, {"of_id": connection_id})


def connections(
    connection: sa.Connection, organization: str | None, status: ConnectionStatus | None
) -> list[Connection]:
    table = tables.connections
    statement = select(table).order_by(table.c.created_at, table.c.id)
    if organization is not None:
        statement = statement.where(table.c.organization == organization)
    if status is not None:
        statement = statement.where(table.c.status == status)
    return [Connection(**row) for row in connection.execute(statement).mappings()]


def update_connection(
    connection: sa.Connection, connection_id: str, changes: Mapping[str, object]
) -> Connection | None:
    table = tables.connections
    statement = update(table).where(table.c.id == connection_id).values(**changes).returning(table)
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else Connection(**row)


def delete_by(connection: sa.Connection, table: Table, **key: object) -> bool:
    conditions = [table.c[name] == value for name, value in key.items()]
    return connection.execute(delete(table).where(*conditions)).rowcount > 0


def save_sign_in(connection: sa.Connection, seals: Seals, sign_in: SignIn, now: datetime) -> None:
    """Keep `sign_in`; each one sweeps away those that ended long ago."""
    table = tables.sign_ins
    connection.execute(delete(table).where(table.c.expires_at < now - SIGN_IN_KEPT))
    values = columns(sign_in)
    for column in ("verifier", "nonce"):
        values[column] = seals.text(values[column], "sign_ins", sign_in.ticket, column)
    statement = insertion(connection, table).values(**values)
    statement = statement.on_conflict_do_update(index_elements=["ticket"], set_=values)
    connection.execute(statement)


def sign_in_by(connection: sa.Connection, seals: Seals, column: str, value: str) -> SignIn | None:
    table = tables.sign_ins
    statement = select(table).where(table.c[column] == value)
    row = connection.execute(statement).mappings().one_or_none()
    if row is None:
        return None
    values = dict(row)
    for name in ("verifier", "nonce"):
        values[name] = seals.open_text(values[name], "sign_ins", values["ticket"], name)
    return SignIn(**values)


def refresh_token(
    connection: sa.Connection, seals: Seals, connection_id: str
) -> RefreshToken | None:
    table = tables.refresh_tokens
    row = connection.execute(
        select(table).where(table.c.connection_id == connection_id)
    ).one_or_none()
    if row is None:
        return None
    token = seals.open_text(row.token, "refresh_tokens", connection_id, "token")
    return RefreshToken(connection_id, cast("str", token), row.version, row.updated_at)


def save_refresh_token(
    connection: sa.Connection, seals: Seals, record: RefreshToken, expected_version: int | None
) -> bool:
    """Write `record` if the stored version is the expected one (None: nothing is stored)."""
    table = tables.refresh_tokens
    values: dict[str, Any] = {
        "token": seals.text(record.token, "refresh_tokens", record.connection_id, "token"),
        "version": record.version,
        "updated_at": record.updated_at,
    }
    if expected_version is None:
        first = insertion(connection, table).values(connection_id=record.connection_id, **values)
        stored = first.on_conflict_do_nothing().returning(table.c.version)
        return connection.execute(stored).one_or_none() is not None
    statement = update(table).where(
        table.c.connection_id == record.connection_id, table.c.version == expected_version
    )
    return connection.execute(statement.values(**values)).rowcount == 1
