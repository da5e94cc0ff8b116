"""What all commands share: how they end, the configuration they read, the tables they print."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, cast

import click
from rich.console import Console
from rich.table import Table

from gateway.config import ENVIRONMENT_VARIABLE
from gateway.documents import Finding, format_findings
from gateway.errors import GatewayError, InvalidFiles, UnknownConnection
from gateway.storage import Connection, Store

_FILE_WIDTH = 200  # characters of a table that goes into a file or a pipe

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


def print_json(value: object) -> None:
    """Print `value` for programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_rows(rows: Sequence[Mapping[str, object]], columns: Sequence[str], fmt: Format) -> None:
    """Print `rows`: all of them as JSON, or `columns` of them as a table."""
    if fmt == "json":
        print_json(list(rows))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*("" if row[column] is None else str(row[column]) for column in columns))
    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    console.print(table)
