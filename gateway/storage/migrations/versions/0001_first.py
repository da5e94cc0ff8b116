"""The first tables: keys, connections and their sign-in, item matches, operations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create every table of the first release."""
    _create_keys()
    _create_connections()
    _create_operations()


def _create_keys() -> None:
    op.create_table(
        "canaries",
        sa.Column("key_id", sa.String(16), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("hash", sa.String(128), nullable=False, unique=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("organization", sa.String(200)),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT),
    )


def _create_connections() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("organization", sa.String(200), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("status_detail", sa.Text),
        sa.Column("grant", sa.String(32), nullable=False),
        sa.Column("tenant", sa.String(64)),
        sa.Column("environment", sa.String(64)),
        sa.Column("environment_type", sa.String(64)),
        sa.Column("company_id", sa.String(64)),
        sa.Column("company_name", sa.String(200)),
        sa.Column("principal", sa.String(64)),
        sa.Column("params", sa.Text, nullable=False),
        sa.Column("label", sa.String(200)),
        sa.Column("return_url", sa.Text),
        sa.Column("expected_tenant", sa.String(64)),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )
    op.create_index("ix_connections_organization", "connections", ["organization"])
    op.create_table(
        "sign_ins",
        sa.Column("ticket", sa.String(128), primary_key=True),
        _connection_id(),
        sa.Column("state", sa.String(128), unique=True),
        sa.Column("verifier", sa.LargeBinary),
        sa.Column("nonce", sa.LargeBinary),
        sa.Column("session", sa.String(128)),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT),
    )
    op.create_table(
        "refresh_tokens",
        _connection_id(primary_key=True),
        sa.Column("token", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "matches",
        _connection_id(primary_key=True),
        sa.Column("sku", sa.String(200), primary_key=True),
        sa.Column("item_id", sa.String(64), nullable=False),
        sa.Column("item_number", sa.String(64), nullable=False),
        sa.Column("variant_id", sa.String(64)),
        sa.Column("unit_of_measure", sa.String(64)),
        sa.Column("decided_at", _MOMENT, nullable=False),
    )


def _create_operations() -> None:
    op.create_table(
        "operations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("connection_id", sa.String(64), nullable=False),
        sa.Column("organization", sa.String(200), nullable=False),
        sa.Column("resource", sa.String(200), nullable=False),
        sa.Column("verb", sa.String(64), nullable=False),
        sa.Column("target", sa.LargeBinary, nullable=False),
        sa.Column("key", sa.String(300)),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("snapshot", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("restartable", sa.Boolean, nullable=False),
        sa.Column("entity", sa.String(200)),
        sa.Column("anchor", sa.String(300)),
        sa.Column("sent_at", _MOMENT),
        sa.Column("not_before", _MOMENT),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", _MOMENT),
        sa.Column("cause", sa.String(64)),
        sa.Column("remedy", sa.Text),
        sa.Column("record_id", sa.String(200)),
        sa.Column("record_number", sa.String(200)),
        sa.Column("status", sa.Integer),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("warnings", sa.Text, nullable=False),
        sa.Column("problem", sa.LargeBinary),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("connection_id", "entity", "anchor", name="operations_one_per_anchor"),
    )
    op.create_index("operations_by_connection", "operations", ["connection_id", "created_at"])
    op.create_index("operations_by_time", "operations", ["created_at"])
    op.create_index("operations_by_state", "operations", ["state", "not_before"])
    op.create_index("operations_by_key", "operations", ["key"])
    op.create_index("operations_by_number", "operations", ["record_number"])
    op.create_table(
        "calls",
        sa.Column(
            "operation_id",
            sa.String(64),
            sa.ForeignKey("operations.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("step", sa.String(64), primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("sent_at", _MOMENT, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("answered_at", _MOMENT),
    )


def _connection_id(*, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(
        "connection_id",
        sa.String(64),
        sa.ForeignKey("connections.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )
