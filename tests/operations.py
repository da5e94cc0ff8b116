"""An operation as tests of the journal need one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from gateway.storage import Operation


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
    return replace(made, **fields)  # type: ignore[arg-type]  # fields of the record, by name
