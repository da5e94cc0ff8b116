"""Item matches by rules, not only by people, and how the matching of a connection goes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Let a match have a status and a rule; what is there already was decided by people."""
    with op.batch_alter_table("matches") as batch:
        batch.alter_column("sku", existing_type=sa.String(200), type_=sa.String(250))
        batch.alter_column("item_id", existing_type=sa.String(64), nullable=True)
        batch.alter_column("item_number", existing_type=sa.String(64), nullable=True)
        batch.alter_column(
            "decided_at",
            existing_type=_MOMENT,
            existing_nullable=False,
            new_column_name="updated_at",
        )
        batch.add_column(
            sa.Column("status", sa.String(16), nullable=False, server_default="matched")
        )
        batch.add_column(sa.Column("rule", sa.String(32), server_default="decided"))
        batch.add_column(sa.Column("reason", sa.Text))
        batch.add_column(sa.Column("candidates", sa.Text, nullable=False, server_default="[]"))
    with op.batch_alter_table("matches") as batch:  # the defaults were for the rows that are there
        batch.alter_column("status", existing_type=sa.String(16), server_default=None)
        batch.alter_column("rule", existing_type=sa.String(32), server_default=None)
        batch.alter_column("candidates", existing_type=sa.Text, server_default=None)
    op.create_table(
        "match_progress",
        sa.Column(
            "connection_id",
            sa.String(64),
            sa.ForeignKey("connections.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("skus", sa.Integer, nullable=False),
        sa.Column("items_read", sa.Integer, nullable=False),
        sa.Column("items_total", sa.Integer),
        sa.Column("counts", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )
