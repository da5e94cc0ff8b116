"""Indexes of operations without the rows that have nothing to be found by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Leave NULLs out, and find an anchor by the index that keeps it one in its place."""
    op.drop_index("operations_by_anchor", "operations")
    op.drop_index("operations_one_per_place", "operations")
    op.drop_index("operations_by_key", "operations")
    op.drop_index("operations_by_number", "operations")
    _create("operations_one_per_place", "anchor", "entity", "place", unique=True)
    _create("operations_by_key", "key")
    _create("operations_by_number", "record_number")


def _create(name: str, first: str, *others: str, unique: bool = False) -> None:
    there = sa.text(f"{first} IS NOT NULL")
    op.create_index(
        name,
        "operations",
        [first, *others],
        unique=unique,
        sqlite_where=there,
        postgresql_where=there,
    )
