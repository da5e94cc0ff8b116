"""`bc-gateway serve`: the gateway."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from socket import socket

import click
import structlog

from gateway import logs
from gateway.app import bind, listening, open_gateway
from gateway.cli.group import with_config
from gateway.cli.waiting import run, stopped, stopping
from gateway.cli.workers import Tie, Workers
from gateway.config import Config, load_config
from gateway.errors import StartError

_LOG = structlog.get_logger("gateway.serve")


@click.command(epilog="Example: bc-gateway serve --config /etc/bc-gateway/config.yaml")
@with_config
@click.option("--worker", type=(int, int, int), hidden=True)
def serve(config: Path | None, worker: tuple[int, int, int] | None) -> None:
    """Run the gateway until it is told to stop; it finishes what it is doing."""
    loaded = load_config(config)
    logs.configure()
    if worker is not None:
        run(_serve_as_worker(loaded, *worker))
    elif loaded.workers == 1:
        run(_serve_alone(loaded))
    elif sys.platform == "win32":
        raise StartError("On Windows there can be one worker: leave `workers` out.")
    else:
        run(_serve_with_workers(loaded, config))


async def _serve_alone(config: Config) -> None:
    with bind(config.public.host, config.public.port) as public, _bind_console(config) as console:
        async with _serving(config, public, console):
            stop = stopping()
            click.echo(_started(config))
            await stop.wait()


async def _serve_with_workers(config: Config, file: Path | None) -> None:
    arguments = [] if file is None else ["--config", str(file)]
    with bind(config.public.host, config.public.port) as public, _bind_console(config) as console:
        await Workers(config.workers, arguments, public, console).serve(_started(config))


async def _serve_as_worker(config: Config, public: int, console: int, tie: int) -> None:
    """Serve on sockets that are open already, until told to stop or left alone."""
    with (
        socket(fileno=public) as listener,
        nullcontext() if console < 0 else socket(fileno=console) as operators,
        socket(fileno=tie) as end,
    ):
        async with _serving(config, listener, operators):
            Tie(end).tell()
            ends = [asyncio.create_task(stopped()), asyncio.create_task(Tie(end).cut())]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in ends:
                task.cancel()


@asynccontextmanager
async def _serving(config: Config, public: socket, console: socket | None) -> AsyncIterator[None]:
    async with open_gateway(config) as gateway, listening(gateway, public, console):
        _collect_less()
        _LOG.info("started", url=config.public.url, snapshot=gateway.snapshot.hash)
        yield
        _LOG.info("stopping")


def _collect_less() -> None:
    """Leave what was made at the start out of every collection, and collect less often.

    Next to nothing of it is garbage, and a request makes thousands of objects, nearly none of them
    in circles.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def _started(config: Config) -> str:
    return f"The gateway listens at {config.public.url} (see {config.public.url}/docs)"


@contextmanager
def _bind_console(config: Config) -> Iterator[socket | None]:
    """The socket of the operators' listener, where there is to be one. Raises `StartError`."""
    if config.console is None:
        yield None
        return
    with bind(config.console.host, config.console.port, "console.listen") as bound:
        host, port = bound.getsockname()[:2]
        if not config.console.is_loopback:
            _LOG.warning("console_beyond_loopback", host=host)
        _LOG.info("console", host=host, port=port)
        yield bound
