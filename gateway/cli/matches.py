"""`bc-gateway matches`: which items SKUs are – matched, listed, decided on in a file.

It works beside a gateway that serves, on the same database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TextIO

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gateway import logs
from gateway.app import Rooms, open_rooms
from gateway.businesscentral import Deadline
from gateway.cli.group import Format, known_connection, with_config, with_format
from gateway.cli.printing import print_json, print_rows
from gateway.cli.stored import opened_store
from gateway.clock import Clock
from gateway.config import load_config
from gateway.documents import load_document
from gateway.errors import StartError
from gateway.matching import (
    LONGEST_SKU,
    STATUSES,
    Asked,
    ItemMatch,
    decisions_text,
    is_sku,
    kept_match,
)
from gateway.storage import Connection, Match, MatchFilter, MatchProgress

VERIFY_WITHIN: Final = 600.0  # seconds for all decisions of a file
MATCH_WITHIN: Final = 3600.0  # seconds for a whole catalogue
PAGE: Final = 1_000  # matches read from the database at once

_COLUMNS: Final = ("sku", "status", "rule", "item", "variant", "candidates", "reason")
_CONNECTION = click.argument("connection_id", metavar="CONNECTION")
_SUMMARY: Final = "{matched} matched, {ambiguous} ambiguous, {unmatched} unmatched."


@click.group()
def matches() -> None:
    """Which item of Business Central each SKU is."""


@matches.command(epilog="Example: bc-gateway matches run con_1f0c… --skus skus.txt")
@_CONNECTION
@click.option(
    "--skus",
    type=click.File(encoding="utf-8"),
    required=True,
    help="One SKU a line; behind a tab its GTIN, behind another its name. - is standard input.",
)
@with_config
@with_format
def run(connection_id: str, skus: TextIO, config: Path | None, fmt: Format) -> None:
    """Match SKUs against the whole catalogue, and keep what comes of it.

    What people decided stays. Exits 1 while SKUs wait for a person.
    """
    if not asyncio.run(_run(connection_id, _read_skus(skus), config, fmt)):
        raise click.exceptions.Exit(1)


@matches.command(
    name="list", epilog="Example: bc-gateway matches list con_1f0c… --status unmatched"
)
@_CONNECTION
@click.option("--status", type=click.Choice(STATUSES), help="Only those with this status.")
@click.option("--decided", is_flag=True, help="Only what people decided.")
@with_config
@with_format
def list_matches(
    connection_id: str, status: str | None, config: Path | None, fmt: Format, *, decided: bool
) -> None:
    """List what is kept, as it was when it was matched or decided."""
    wanted = MatchFilter(status, decided=True if decided else None)
    kept = asyncio.run(_kept(connection_id, wanted, config))
    print_rows([_row(match) for match in kept], _COLUMNS, fmt)


@matches.command(epilog="Example: bc-gateway matches export con_1f0c… > decisions.yaml")
@_CONNECTION
@with_config
def export(connection_id: str, config: Path | None) -> None:
    """Print every decision of people as YAML, fit for `import`."""
    kept = asyncio.run(_kept(connection_id, MatchFilter(decided=True), config))
    click.echo(decisions_text(kept), nl=False)


@matches.command(
    name="import", epilog="Example: bc-gateway matches import con_1f0c… decisions.yaml"
)
@_CONNECTION
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--check", is_flag=True, help="Only say what is wrong; change nothing.")
@with_config
def import_decisions(connection_id: str, file: Path, config: Path | None, *, check: bool) -> None:
    """Keep every decision of a file, once each stands in Business Central.

    When one of them does not, nothing is kept. Decisions that the file does not name stay.
    """
    asyncio.run(_import(connection_id, file, config, check=check))


async def _run(
    connection_id: str, asked: list[Asked], config_file: Path | None, fmt: Format
) -> bool:
    console = Console(stderr=True)
    async with _opened(connection_id, config_file) as (rooms, connection):
        with Progress(
            TextColumn("items read"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        ) as bar:
            task = bar.add_task("", total=None)

            def tell(progress: MatchProgress) -> None:
                bar.update(task, completed=progress.items_read, total=progress.items_total)

            matched = await rooms.matching.match(connection, asked, wait=MATCH_WITHIN, tell=tell)
    if matched.matches is None or matched.progress.counts is None:
        raise StartError("Business Central did not give the whole catalogue within an hour.")
    waiting = [match for match in matched.matches if match.status != "matched"]
    if fmt == "json":
        print_json([_row(match) for match in matched.matches])
    elif waiting:
        print_rows([_row(match) for match in waiting], _COLUMNS, fmt)
    click.echo(_SUMMARY.format(**matched.progress.counts), err=True)
    return not waiting


async def _import(connection_id: str, file: Path, config_file: Path | None, *, check: bool) -> None:
    document = load_document(file)
    async with _opened(connection_id, config_file) as (rooms, connection):
        deadline = Deadline.within(Clock(), VERIFY_WITHIN)
        done = await rooms.matching.import_decisions(connection, document, deadline, check=check)
    verb = "would be " if check else ""
    click.echo(f"{done.new} {verb}new, {done.changed} {verb}changed, {done.same} as before.")


async def _kept(
    connection_id: str, wanted: MatchFilter, config_file: Path | None
) -> list[ItemMatch]:
    found: list[Match] = []
    async with opened_store(config_file) as store:
        await known_connection(store, connection_id)
        after: str | None = None
        while page := await store.list_matches(connection_id, wanted, after=after, limit=PAGE):
            found += page
            after = page[-1].sku
    return [kept_match(match) for match in found]


@asynccontextmanager
async def _opened(
    connection_id: str, config_file: Path | None
) -> AsyncIterator[tuple[Rooms, Connection]]:
    logs.configure(level="error")
    async with open_rooms(load_config(config_file)) as rooms:
        await known_connection(rooms.store, connection_id)
        yield rooms, await rooms.connections.require_readable(connection_id)


def _read_skus(file: TextIO) -> list[Asked]:
    """Raises `StartError` for a line that is none."""
    found: dict[str, Asked] = {}
    try:
        lines = file.readlines()
    except UnicodeDecodeError:
        raise StartError("The file is not text in UTF-8.") from None
    for number, line in enumerate(lines, 1):
        sku, gtin, name = [*line.rstrip("\r\n").split("\t", 2), "", ""][:3]
        if not line.strip():
            continue
        if not is_sku(sku):
            raise StartError(f"Line {number}: a SKU has 1 to {LONGEST_SKU} characters.")
        asked = Asked(sku, gtin or None, name or None)
        if found.setdefault(sku, asked) != asked:
            raise StartError(f"Line {number}: this SKU stands above with another GTIN or name.")
    if not found:
        raise StartError("The file names no SKU.")
    return list(found.values())


def _row(match: ItemMatch) -> dict[str, object]:
    one = match.matched
    others = [] if one is not None else [known.item.number for known in match.candidates]
    return {
        "sku": match.sku,
        "status": match.status,
        "rule": match.rule,
        "item": None if one is None else one.item.number,
        "variant": None if one is None or one.variant is None else one.variant.code,
        "candidates": ", ".join(others) or None,
        "reason": match.reason,
    }
