"""An operation as tests of the journal need one."""

from __future__ import annotations

from datetime import datetime

from gateway.storage import Operation, changed


def an_operation(now: datetime, **fields: object) -> Operation:
    """A create of a sales order that began at `now`; `fields` are what matters to the test."""
    made = Operation(
        id="op_1",
        connection_id="con_1",
        organization="harwick",
        resource="sales-orders",
        verb="create",
        hash="hash",
        snapshot="snapshot",
        created_at=now,
        updated_at=now,
        document={},
    )
    return changed(made, **fields)
