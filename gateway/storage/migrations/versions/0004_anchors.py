"""Operations by their anchor: the reference that people know them by."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Find operations by their anchor, in whatever connection."""
    op.create_index("operations_by_anchor", "operations", ["anchor"])
