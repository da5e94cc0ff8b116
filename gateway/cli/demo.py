"""`bc-gateway demo`: simulator and gateway together, and the story between them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from aiohttp import ClientSession
from rich.console import Console

from gateway import logs
from gateway.api.access import new_key
from gateway.app import Gateway, bind, listening, open_gateway
from gateway.cli.story import Ending, Story
from gateway.cli.waiting import run, stopped
from gateway.clock import Clock
from gateway.config import KEY_BYTES, Config, Entra, Listener, Public
from gateway.simulator import CLIENT_ID, CLIENT_SECRET, Simulator, run_simulator
from gateway.storage import ApiKey, new_id


@click.command(epilog="Example: bc-gateway demo --once")
@click.option("--once", is_flag=True, help="End after the story: with 0 if every step was true.")
def demo(once: bool) -> None:
    """Show the product working, with no tenant and nothing to set up.

    Starts the simulator and the gateway on free ports of this machine with a temporary database,
    plays the story of Harwick Distributors from consent to the order number, and stays up.
    """
    logs.configure(level="error")
    run(_demo(Console(), once=once))


async def _demo(console: Console, *, once: bool) -> None:
    async with run_simulator() as simulator, _gateway(simulator) as gateway:
        key = await _key(gateway)
        async with ClientSession() as session:
            story = Story(
                console,
                session,
                gateway=gateway.config.public.url,
                simulator=simulator.url,
                key=key,
            )
            ending = await story.tell()
        console.print("\n[bold green]Every step was true.[/]")
        if not once:
            _addresses(gateway.config, simulator.url, key, ending)
            await stopped()


@asynccontextmanager
async def _gateway(simulator: Simulator) -> AsyncIterator[Gateway]:
    """A gateway whose Microsoft is the simulator, with a database that goes with it."""
    with (
        TemporaryDirectory() as folder,
        bind("127.0.0.1", 0) as socket,
        bind("127.0.0.1", 0) as console,
    ):
        port = socket.getsockname()[1]
        config = Config(
            entra=Entra(CLIENT_ID, (CLIENT_SECRET,), simulator.url),
            encryption_keys=(secrets.token_bytes(KEY_BYTES),),
            public=Public("127.0.0.1", port, f"http://127.0.0.1:{port}"),
            console=Listener("127.0.0.1", console.getsockname()[1]),
            storage_url=f"sqlite:///{Path(folder) / 'demo.db'}",
            business_central_url=simulator.url,
        )
        async with open_gateway(config) as gateway, listening(gateway, socket, console):
            yield gateway


async def _key(gateway: Gateway) -> str:
    text, hashed = new_key()
    now = Clock().now()
    await gateway.store.add_key(ApiKey(new_id("key"), hashed, "integrator", None, now))
    return text


def _addresses(config: Config, simulator: str, key: str, ending: Ending) -> None:
    """What can be tried now. Plain text, so that it can be copied."""
    gateway, port = config.public.url, config.console.port if config.console else None
    orders = f"{gateway}/v1/connections/{ending.connection}/sales-orders"
    click.echo(
        f"""
What is served until you press Ctrl+C:

  what the gateway speaks   {gateway}/docs
  the same for programs     {gateway}/openapi.json
  the operators' figures    http://127.0.0.1:{port}/metrics
  mappings to be tried      http://127.0.0.1:{port}/try
  the simulator's control   {simulator}/_simulator

Try it:

  export KEY={key}
  curl -H "Authorization: Bearer $KEY" "{orders}?number={ending.number}"
  curl -H "Authorization: Bearer $KEY" {gateway}/v1/operations
  curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
    -d '{{"organization": "harwick"}}' {gateway}/v1/connections

The last one answers with a connect_url: open it in a browser and be the administrator.
"""
    )
