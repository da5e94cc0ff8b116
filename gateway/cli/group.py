"""What all commands share: how they end, and the options that several of them take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from gateway.config import ENVIRONMENT_VARIABLE
from gateway.documents import Finding, format_findings
from gateway.errors import GatewayError, InvalidFiles, UnknownConnection

if TYPE_CHECKING:
    from gateway.storage import Connection, Store

Format = Literal["text", "json"]
_Command = Callable[..., object]


class Commands(click.Group):
    """A group whose commands end with a sentence and exit 1 where they raise our errors."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return cast("object", super().invoke(ctx))
        except InvalidFiles as error:
            findings = cast("Sequence[Finding]", error.findings)
            click.echo(format_findings(findings), err=True)
            count = len(findings)
            click.echo(f"\n{count} finding{'s' if count != 1 else ''}.", err=True)
        except GatewayError as error:
            click.echo(f"Error: {error.detail}", err=True)
        return ctx.exit(1)


def with_config(command: _Command) -> _Command:
    """Give a command `--config`, handed to it as `config: Path | None`."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar=ENVIRONMENT_VARIABLE,
        show_envvar=True,
        help="The configuration file.",
    )(command)


def with_format(command: _Command) -> _Command:
    """Give a command `--format`, handed to it as `fmt`."""
    return click.option(
        "--format",
        "fmt",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="For people, or for programs.",
    )(command)


async def known_connection(store: Store, connection_id: str) -> Connection:
    """The connection with this id. Raises `UnknownConnection` with the command that lists them."""
    found = await store.connection(connection_id)
    if found is None:
        raise unknown_connection(connection_id)
    return found


def unknown_connection(connection_id: str) -> UnknownConnection:
    """What a command says of an id that no connection has."""
    return UnknownConnection(
        f"There is no connection {connection_id}. `bc-gateway connections list` shows them."
    )
