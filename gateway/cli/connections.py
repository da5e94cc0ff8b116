"""`bc-gateway connections`: what operators ask about connections, straight from the database."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast, get_args

import click

from gateway import logs
from gateway.api.connections import diagnosis_body, entities_read
from gateway.app import open_rooms
from gateway.cli.group import Format, known_connection, unknown_connection, with_config, with_format
from gateway.cli.printing import print_json, print_rows
from gateway.cli.stored import opened_store
from gateway.clock import timestamp
from gateway.config import load_config
from gateway.snapshot import load_configured
from gateway.storage import Connection, ConnectionStatus

_RUNGS = ("name", "outcome", "detail", "who", "where")
_COLUMNS = (
    "id",
    "organization",
    "status",
    "environment",
    "company",
    "updated_at",
    "status_detail",
)


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


@connections.command(epilog="Example: bc-gateway connections diagnose con_1f0c…")
@click.argument("connection_id", metavar="ID")
@with_config
@with_format
def diagnose(connection_id: str, config: Path | None, fmt: Format) -> None:
    """Say what is wrong with one connection, who must act, and where.

    Everything is read from Microsoft and Business Central anew, and nothing is written there.
    """
    logs.configure(level="error")  # what goes wrong is in the answer
    asyncio.run(_diagnose(connection_id, config, fmt))


@connections.command(epilog="Example: bc-gateway connections delete con_1f0c… --yes")
@click.argument("connection_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_config
def delete(connection_id: str, config: Path | None, *, yes: bool) -> None:
    """Forget one connection, and erase its tokens and item matches; its operations stay."""
    asyncio.run(_delete(connection_id, config, asked=not yes))


async def _list(
    organization: str | None, status: str | None, config_file: Path | None, fmt: Format
) -> None:
    async with opened_store(config_file) as store:
        found = await store.connections(
            organization=organization, status=cast("ConnectionStatus | None", status)
        )
    print_rows([_row(connection) for connection in found], _COLUMNS, fmt)


async def _show(connection_id: str, config_file: Path | None, fmt: Format) -> None:
    async with opened_store(config_file) as store:
        row = _row(await known_connection(store, connection_id))
    if fmt == "json":
        print_json(row)
    else:
        pairs: list[dict[str, object]] = [{"what": name, "value": row[name]} for name in row]
        print_rows(pairs, ("what", "value"), fmt)


async def _diagnose(connection_id: str, config_file: Path | None, fmt: Format) -> None:
    config = load_config(config_file)
    snapshot = load_configured(config)
    async with open_rooms(config, schemas=snapshot.schemas) as rooms:
        found = await known_connection(rooms.store, connection_id)
        rungs = await rooms.connections.diagnose(found, entities_read(snapshot, found))
    diagnosis = diagnosis_body(rungs)
    if fmt == "json":
        print_json(diagnosis)
    else:
        print_rows(cast("list[dict[str, object]]", diagnosis["rungs"]), _RUNGS, fmt)
    if not diagnosis["passed"]:
        click.get_current_context().exit(1)


async def _delete(connection_id: str, config_file: Path | None, *, asked: bool) -> None:
    async with opened_store(config_file) as store:
        await known_connection(store, connection_id)
        if asked:
            click.confirm(f"Delete {connection_id} with its tokens and item matches?", abort=True)
        if not await store.delete_connection(connection_id):
            raise unknown_connection(connection_id)
    click.echo(f"Deleted {connection_id}.")


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
        "company": connection.company_name if connection.company_id else None,  # once it is found
        "company_id": connection.company_id,
        "principal": connection.principal,
        "created_at": timestamp(connection.created_at),
        "updated_at": timestamp(connection.updated_at),
    }
