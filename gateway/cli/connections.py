"""`bc-gateway connections`: what operators ask about connections, straight from the database."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast, get_args

import click

from gateway.cli.group import Format, print_json, print_rows, with_config, with_format
from gateway.clock import Clock, timestamp
from gateway.config import load_config
from gateway.errors import UnknownConnection
from gateway.storage import Connection, ConnectionStatus, open_store

_COLUMNS = ("id", "organization", "status", "environment", "company", "updated_at")


@click.group()
def connections() -> None:
    """The connections to Business Central."""


@connections.command(name="list", epilog="Example: bc-gateway connections list --status active")
@click.option("--organization", help="Only those of this organization.")
@click.option(
    "--status", type=click.Choice(get_args(ConnectionStatus)), help="Only those with this status."
)
@with_config
@with_format
def list_connections(
    organization: str | None, status: str | None, config: Path | None, fmt: Format
) -> None:
    """List the connections."""
    asyncio.run(_list(organization, status, config, fmt))


@connections.command(epilog="Example: bc-gateway connections show con_1f0c…")
@click.argument("connection_id", metavar="ID")
@with_config
@with_format
def show(connection_id: str, config: Path | None, fmt: Format) -> None:
    """Show everything about one connection but its tokens."""
    asyncio.run(_show(connection_id, config, fmt))


async def _list(
    organization: str | None, status: str | None, config_file: Path | None, fmt: Format
) -> None:
    config = load_config(config_file)
    async with open_store(config.storage_url, config.encryption_keys, Clock()) as store:
        found = await store.connections(
            organization=organization, status=cast("ConnectionStatus | None", status)
        )
    print_rows([_row(connection) for connection in found], _COLUMNS, fmt)


async def _show(connection_id: str, config_file: Path | None, fmt: Format) -> None:
    config = load_config(config_file)
    async with open_store(config.storage_url, config.encryption_keys, Clock()) as store:
        found = await store.connection(connection_id)
    if found is None:
        raise UnknownConnection(
            f"There is no connection {connection_id}. `bc-gateway connections list` shows them."
        )
    row = _row(found)
    if fmt == "json":
        print_json(row)
    else:
        pairs: list[dict[str, object]] = [{"what": name, "value": row[name]} for name in row]
        print_rows(pairs, ("what", "value"), fmt)


def _row(connection: Connection) -> dict[str, object]:
    return {
        "id": connection.id,
        "organization": connection.organization,
        "label": connection.label,
        "status": connection.status,
        "status_detail": connection.status_detail,
        "grant": connection.grant,
        "tenant": connection.tenant,
        "environment": connection.environment,
        "environment_type": connection.environment_type,
        "company": connection.company_name,
        "company_id": connection.company_id,
        "principal": connection.principal,
        "created_at": timestamp(connection.created_at),
        "updated_at": timestamp(connection.updated_at),
    }
