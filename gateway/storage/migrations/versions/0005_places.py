"""Anchors by the company they are in, whatever connection leads there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Let an anchor be one in its company, too. Of several that are there already, the first has
    it; where a connection led before nobody knows, so it counts where it leads now.
    """
    op.add_column("operations", sa.Column("place", sa.String(300)))
    operations = sa.table(
        "operations",
        *(sa.column(name) for name in ("id", "connection_id", "entity", "anchor", "place")),
        sa.column("created_at"),
    )
    connections = sa.table(
        "connections",
        *(sa.column(name) for name in ("id", "tenant", "environment", "company_id")),
    )
    bind = op.get_bind()
    rows = bind.execute(
        sa.select(
            operations.c.id,
            operations.c.entity,
            operations.c.anchor,
            connections.c.tenant,
            connections.c.environment,
            connections.c.company_id,
        )
        .join_from(operations, connections, operations.c.connection_id == connections.c.id)
        .where(operations.c.anchor.is_not(None))
        .order_by(operations.c.created_at)
    )
    taken: dict[tuple[str, str, str], str] = {}
    for identity, entity, anchor, *place in rows:
        named = " ".join(part or "-" for part in place).casefold()
        taken.setdefault((named, entity, anchor), identity)
    change = (
        sa.update(operations)
        .where(operations.c.id == sa.bindparam("of_id"))
        .values(place=sa.bindparam("named"))
    )
    if taken:
        bind.execute(
            change, [{"of_id": one, "named": named} for (named, _, _), one in taken.items()]
        )
    op.create_index(
        "operations_one_per_place", "operations", ["place", "entity", "anchor"], unique=True
    )
