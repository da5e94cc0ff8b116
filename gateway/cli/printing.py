"""What commands print of records: tables for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.cli.group import Format

_FILE_WIDTH = 200  # characters of a table that goes into a file or a pipe


def print_json(value: object) -> None:
    """Print `value` for programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_rows(rows: Sequence[Mapping[str, object]], columns: Sequence[str], fmt: Format) -> None:
    """Print `rows`: all of them as JSON, or `columns` of them as a table."""
    if fmt == "json":
        print_json(list(rows))
        return
    if not rows:
        click.echo("There is nothing to show.", err=True)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        texts = ("" if row[column] is None else str(row[column]) for column in columns)
        table.add_row(*map(escape, texts))
    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    console.print(table)
