"""The tables, as SQLAlchemy's statements need them. The migrations create them.

Bytes are sealed (`seal.py`); everything else is stored as it is. A test proves that the sum of
the migrations is this description.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

from gateway.documents import decode_json, encode_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Dialect


_IN_UTC = len("2026-11-26T09:30:00.000120Z")


class Moment(TypeDecorator[datetime]):
    """An aware time, in UTC. SQLite has no time zones and keeps a text, PostgreSQL answers in that
    of its session.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], object]:
        return _written if dialect.name == "sqlite" else _in_utc

    def result_processor(
        self,
        dialect: Dialect,
        coltype: object,  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> Callable[[Any], datetime | None]:
        return _read if dialect.name == "sqlite" else _in_utc


class Json(TypeDecorator[object]):
    """JSON with exact decimals, as text. None is NULL."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[object], str | None]:  # noqa: ARG002 - the signature is SQLAlchemy's
        return _as_json

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], object]:  # noqa: ARG002 - the signature is SQLAlchemy's
        return _of_json


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


def _written(value: datetime | None) -> str | None:
    """As SQLAlchemy writes a time for SQLite, `2026-11-26 09:30:00.000120`."""
    if value is None:
        return None
    text: str = msgspec.to_builtins(value)
    if len(text) == _IN_UTC:  # and not on the second: nearly every time, and three times as fast
        return text[:-1].replace("T", " ")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _read(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


def _as_json(value: object) -> str | None:
    return None if value is None else encode_json(value).decode("utf-8")


def _of_json(text: str | None) -> object:
    return None if text is None else decode_json(text.encode("utf-8"), strict=False)


metadata = MetaData()

canaries = Table(
    "canaries",
    metadata,
    Column("key_id", String(16), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("hash", String(128), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("organization", String(200)),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

connections = Table(
    "connections",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("organization", String(200), nullable=False, index=True),
    Column("status", String(32), nullable=False),
    Column("status_detail", Text),
    Column("grant", String(32), nullable=False),
    Column("tenant", String(64)),
    Column("environment", String(64)),
    Column("environment_type", String(64)),
    Column("company_id", String(64)),
    Column("company_name", String(200)),
    Column("principal", String(64)),
    Column("params", Json, nullable=False),
    Column("label", String(200)),
    Column("return_url", Text),
    Column("expected_tenant", String(64)),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)


def _connection_id(*, primary_key: bool = False) -> Column[str]:
    return Column(
        "connection_id",
        String(64),
        ForeignKey("connections.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


sign_ins = Table(
    "sign_ins",
    metadata,
    Column("ticket", String(128), primary_key=True),
    _connection_id(),
    Column("state", String(128), unique=True),
    Column("verifier", LargeBinary),
    Column("nonce", LargeBinary),
    Column("session", String(128)),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Index("sign_ins_by_end", "expires_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    _connection_id(primary_key=True),
    Column("token", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("until", Moment, nullable=False),
)

matches = Table(
    "matches",
    metadata,
    _connection_id(primary_key=True),
    Column("sku", String(250), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("rule", String(32)),
    Column("item_id", String(64)),
    Column("item_number", String(64)),
    Column("variant_id", String(64)),
    Column("unit_of_measure", String(64)),
    Column("reason", Text),
    Column("candidates", Json, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

match_progress = Table(
    "match_progress",
    metadata,
    _connection_id(primary_key=True),
    Column("id", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("skus", Integer, nullable=False),
    Column("items_read", Integer, nullable=False),
    Column("items_total", Integer),
    Column("counts", Json),
    Column("detail", Text),
    Column("started_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)


def _of_what_is_there(name: str, first: str, *others: str, unique: bool = False) -> Index:
    """An index without the rows in which the `first` column is NULL. Many are so at first, and
    each entry of an index costs the writer as much as a small row.
    """
    there = text(f"{first} IS NOT NULL")
    return Index(name, first, *others, unique=unique, sqlite_where=there, postgresql_where=there)


operations = Table(
    "operations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("connection_id", String(64), nullable=False),
    Column("organization", String(200), nullable=False),
    Column("resource", String(200), nullable=False),
    Column("verb", String(64), nullable=False),
    Column("target", LargeBinary, nullable=False),
    Column("key", String(300)),
    Column("hash", String(64), nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("snapshot", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("restartable", Boolean, nullable=False),
    Column("entity", String(200)),
    Column("anchor", String(300)),
    Column("place", String(300)),
    Column("sent_at", Moment),
    Column("not_before", Moment),
    Column("owner", String(64)),
    Column("lease_until", Moment),
    Column("cause", String(64)),
    Column("remedy", Text),
    Column("record_id", String(200)),
    Column("record_number", String(200)),
    Column("status", Integer),
    Column("answer", LargeBinary),
    Column("warnings", Json, nullable=False),
    Column("problem", LargeBinary),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    # NULLs never collide: the anchor stands here while a record with it may exist.
    UniqueConstraint("connection_id", "entity", "anchor", name="operations_one_per_anchor"),
    # Two connections may lead to one company, and a reference names one record there. People look
    # for operations by their anchor, too.
    _of_what_is_there("operations_one_per_place", "anchor", "entity", "place", unique=True),
    Index("operations_by_connection", "connection_id", "created_at"),
    Index("operations_by_time", "created_at"),
    Index("operations_by_state", "state", "not_before"),
    _of_what_is_there("operations_by_key", "key"),
    _of_what_is_there("operations_by_number", "record_number"),
)

calls = Table(
    "calls",
    metadata,
    Column(
        "operation_id",
        String(64),
        ForeignKey("operations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("step", String(64), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("request", LargeBinary, nullable=False),
    Column("sent_at", Moment, nullable=False),
    Column("answer", LargeBinary),
    Column("answered_at", Moment),
)
