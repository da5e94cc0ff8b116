"""`bc-gateway serve`: the gateway."""

from __future__ import annotations

from pathlib import Path

import click
import structlog

from gateway import logs
from gateway.app import bind, listening, open_gateway
from gateway.cli.group import with_config
from gateway.cli.waiting import run, stopped
from gateway.config import Config, load_config

_LOG = structlog.get_logger("gateway.serve")


@click.command(epilog="Example: bc-gateway serve --config /etc/bc-gateway/config.yaml")
@with_config
def serve(config: Path | None) -> None:
    """Run the gateway until it is told to stop; it finishes what it is doing."""
    loaded = load_config(config)
    logs.configure()
    run(_serve(loaded))


async def _serve(config: Config) -> None:
    with bind(config.public.host, config.public.port) as socket:
        async with open_gateway(config) as gateway, listening(gateway, socket):
            click.echo(f"The gateway listens at {config.public.url} (see {config.public.url}/docs)")
            _LOG.info("started", url=config.public.url, snapshot=gateway.snapshot.hash)
            await stopped()
            _LOG.info("stopping")
