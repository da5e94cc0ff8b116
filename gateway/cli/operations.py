"""`bc-gateway operations`: where is an order? Straight from the database, also while it is served."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast, get_args

import click

from gateway.cli.group import Format, known_connection, with_config, with_format
from gateway.cli.printing import print_json, print_rows
from gateway.cli.stored import opened_store
from gateway.cli.whereabouts import call_row, in_words, next_step, operation_row, payload
from gateway.clock import Clock
from gateway.documents import encode_json
from gateway.errors import Conflict, NotFound, OperationInProgress
from gateway.operations.settling import cancelled, retried
from gateway.storage import Call, Operation, OperationFilter, State, Store

MOST_FOUND: Final = 20  # operations that one key or number is told to lead to

_COLUMNS: Final = ("id", "state", "resource", "verb", "key", "number", "cause", "updated_at")
_CALL_COLUMNS: Final = (
    "sent_at",
    "call",
    "outcome",
    "answered_at",
    "status",
    "code",
    "correlation_id",
)
_AGE: Final = re.compile(r"([0-9]{1,6})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}

Settling = Callable[[Operation, Sequence[Call], datetime], dict[str, object]]
"""The changes that settle an operation with these calls at a time."""


@click.group()
def operations() -> None:
    """The writes that products asked for, and what became of each."""


def _read_since(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> datetime | None:
    """An age such as `90m`, `2h` or `3d`, or a time in ISO 8601, which is UTC if it does not say."""
    if text is None:
        return None
    age = _AGE.fullmatch(text)
    try:
        if age is not None:
            return Clock().now() - timedelta(**{_UNITS[age[2]]: int(age[1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise click.BadParameter("give an age such as 90m, 2h or 3d, or 2026-11-23T09:30") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


@operations.command(name="list", epilog="Example: bc-gateway operations list --state parked")
@click.option("--connection", "connection_id", help="Only those of this connection.")
@click.option("--organization", help="Only those of this organization.")
@click.option("--resource", help="Only those of this resource.")
@click.option("--state", type=click.Choice(get_args(State)), help="Only those in this state.")
@click.option("--cause", help="Only those that wait or failed for this cause.")
@click.option("--key", help="Only those with this key or reference.")
@click.option("--number", help="Only those that wrote the record with this number.")
@click.option("--since", callback=_read_since, help="Only those from then on: 2h, 3d, 2026-11-23.")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="At most so many, the newest first.",
)
@with_config
@with_format
def list_operations(limit: int, config: Path | None, fmt: Format, **wanted: object) -> None:
    """List operations, the newest first."""
    limits = OperationFilter(**cast("dict[str, Any]", wanted))
    found = asyncio.run(_listed(limits, limit, config))
    print_rows([operation_row(operation) for operation in found], _COLUMNS, fmt)


@operations.command(epilog="Example: bc-gateway operations show D-1042")
@click.argument("name", metavar="ID|KEY|NUMBER")
@click.option("--payload", "with_payload", is_flag=True, help="Also what was sent and came back.")
@with_config
@with_format
@click.pass_context
def show(
    context: click.Context, name: str, with_payload: bool, config: Path | None, fmt: Format
) -> None:
    """Tell where one operation is, what was sent when, what came back, and what happens next.

    NAME is its id, its key or reference, or the number of the record that it wrote. Payloads hold
    personal values and are left out unless asked for.
    """
    found = asyncio.run(_found(name, config))
    if len(found) > 1:
        print_rows([operation_row(operation) for operation, _ in found], _COLUMNS, fmt)
        click.echo("These are several: name one by its id.", err=True)
        context.exit(1)
    ((operation, calls),) = found
    told: dict[str, object] = {
        **operation_row(operation),
        "means": in_words(operation),
        "next": next_step(operation, Clock().now(), calls),
    }
    if fmt == "json":
        told["calls"] = [call_row(call) for call in calls]
        if with_payload:
            _print_exactly({**told, **payload(operation, calls)})
        else:
            print_json(told)
        return
    if told["remedy"] == told["problem"]:
        del told["remedy"]  # once is enough
    pairs = [{"what": what, "value": value} for what, value in told.items() if value is not None]
    print_rows(pairs, ("what", "value"), fmt)
    if calls:
        click.echo()
        print_rows([call_row(call) for call in calls], _CALL_COLUMNS, fmt)
    if with_payload:
        click.echo()
        _print_exactly(payload(operation, calls))


@operations.command(epilog="Example: bc-gateway operations retry D-1042")
@click.argument("name", metavar="ID|KEY|NUMBER")
@with_config
@with_format
def retry(name: str, config: Path | None, fmt: Format) -> None:
    """Take up an operation that waits. What may be written already is looked for first.

    A serving process does it within seconds.
    """
    after = asyncio.run(_settled(name, config, lambda one, calls, _: retried(one, calls)))
    print_rows([operation_row(after)], _COLUMNS, fmt)


@operations.command(epilog="Example: bc-gateway operations cancel D-1042")
@click.argument("name", metavar="ID|KEY|NUMBER")
@with_config
@with_format
def cancel(name: str, config: Path | None, fmt: Format) -> None:
    """Give up an operation that waits, and say what of it may stand in Business Central."""
    after = asyncio.run(_settled(name, config, cancelled))
    print_rows([operation_row(after)], (*_COLUMNS, "remedy"), fmt)


def _print_exactly(value: object) -> None:
    """Print JSON with the decimals as they are, which the standard library cannot."""
    click.echo(encode_json(value).decode("utf-8"))


async def _listed(wanted: OperationFilter, limit: int, file: Path | None) -> list[Operation]:
    async with opened_store(file) as store:
        found = await store.operations(wanted, limit=limit)
        if not found and wanted.connection_id is not None:  # those of a deleted one are kept
            await known_connection(store, wanted.connection_id)
        return found


async def _found(name: str, file: Path | None) -> list[tuple[Operation, list[Call]]]:
    """What `name` leads to, the newest first, each with its calls. Raises `NotFound`."""
    async with opened_store(file) as store:
        found = await _named(store, name)
        if not found:
            raise NotFound(
                f"No operation has the id, the key or the number {name}. "
                "`bc-gateway operations list` shows them."
            )
        return [(operation, await store.calls(operation.id)) for operation in found]


async def _settled(name: str, file: Path | None, settling: Settling) -> Operation:
    """The operation that `name` leads to, settled.

    Raises `NotFound`, `Conflict` for a name that leads to several, and what `settling` raises.
    """
    async with opened_store(file) as store:
        found = await _named(store, name)
        if not found:
            raise NotFound(f"No operation has the id, the key or the number {name}.")
        if len(found) > 1:
            raise Conflict(f"Several operations have the key or the number {name}; name one by id.")
        calls = await store.calls(found[0].id)
        after = await store.settle(found[0], **settling(found[0], calls, Clock().now()))
        if after is None:
            raise OperationInProgress("The operation has gone on meanwhile; look at it again.")
        return after


async def _named(store: Store, name: str) -> list[Operation]:
    operation = await store.operation(name)
    if operation is not None:
        return [operation]
    by_key = await store.operations(OperationFilter(key=name), limit=MOST_FOUND)
    return by_key or await store.operations(OperationFilter(number=name), limit=MOST_FOUND)
