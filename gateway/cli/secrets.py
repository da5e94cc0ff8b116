"""`bc-gateway secrets`: the keys that seal what is secret."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from gateway.cli.group import with_config
from gateway.cli.stored import opened_store
from gateway.errors import StartError


@click.group()
def secrets() -> None:
    """What is sealed in the database."""


@secrets.command(epilog="Example: bc-gateway secrets rotate --config config.yaml")
@with_config
def rotate(config: Path | None) -> None:
    """Seal everything again with the first encryption key.

    Put the new key first in `encryption.keys`, leave the old one behind it, and start every
    gateway anew; then run this, while they serve. After it the old key can be taken out.
    """
    asyncio.run(_rotate(config))


async def _rotate(file: Path | None) -> None:
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("Rows sealed again", total=None, visible=False)

        def told(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, visible=total > 0)

        async with opened_store(file) as store:
            left = await store.reseal(told)
    if left:
        raise StartError(
            f"{left} rows are still sealed with an older key: keep it. See that every gateway was "
            "started anew with the new key first, and run this again."
        )
    click.echo("Everything is sealed with the first key. The older ones can be taken out.")
