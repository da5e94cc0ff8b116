"""How things stand in the database, as gauges: read when somebody looks, the same from any of
several serving processes.
"""

from __future__ import annotations

from gateway.errors import StorageUnavailable
from gateway.reload import Reload
from gateway.storage import Store
from gateway.telemetry import Metric, gauge


async def figures(store: Store) -> list[Metric]:
    """The gauges. A database that cannot be read is a figure too, and the only one."""
    try:
        found = await store.figures()
    except StorageUnavailable:
        return [_database_up(0)]
    return [
        _database_up(1),
        gauge(
            "bc_gateway_operations",
            "Operations that have not ended, by state.",
            found.operations,
            "state",
        ),
        gauge(
            "bc_gateway_operations_due", "Operations that could run and nobody is at.", found.due
        ),
        gauge(
            "bc_gateway_operations_oldest_due_seconds",
            "How long the one that waits longest has been due.",
            found.oldest_due,
        ),
        gauge("bc_gateway_connections", "Connections, by status.", found.connections, "status"),
    ]


def reload_figures(reload: Reload) -> list[Metric]:
    """How the mappings stand in the process that answers."""
    return [
        gauge(
            "bc_gateway_mapping_findings",
            "Findings that keep changed files of mappings from counting.",
            len(reload.findings),
        ),
        gauge(
            "bc_gateway_mappings_since_seconds",
            "Since when the mappings count that count now, in seconds since 1970.",
            reload.since.timestamp(),
        ),
    ]


def _database_up(value: int) -> Metric:
    return gauge("bc_gateway_database_up", "Whether the database can be read.", value)
