"""`bc-gateway db`: the gateway's database."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.group import with_config
from gateway.config import load_config
from gateway.storage import revision
from gateway.storage import upgrade as upgrade_store


@click.group()
def db() -> None:
    """The gateway's database."""


@db.command(epilog="Example: bc-gateway db upgrade --config config.yaml")
@with_config
def upgrade(config: Path | None) -> None:
    """Bring the database to the form this version of the gateway needs; make it if need be."""
    url = load_config(config).storage_url
    upgrade_store(url)
    click.echo(f"The database is at revision {revision(url)}.")
