"""`bc-gateway compile`: a mapping with its override, as one file, and where each leaf is from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from gateway.cli.group import Format, with_config, with_format
from gateway.cli.mapping_files import (
    mapping_files,
    tell_whose,
    with_mappings,
    with_overrides,
    with_owner,
    with_schemas,
)
from gateway.cli.printing import print_json, print_rows
from gateway.documents import Document, encode_json, write_yaml
from gateway.snapshot import merged_mapping


@click.command(epilog="Example: bc-gateway compile sales-orders --for harwick --why")
@click.argument("resource")
@with_owner
@click.option("--why", is_flag=True, help="Each leaf with the file and line it comes from.")
@with_mappings
@with_config
@with_schemas
@with_overrides
@with_format
def compile(  # noqa: A001 - the command is called so
    *,
    resource: str,
    owners: tuple[str, ...],
    why: bool,
    mappings: Path | None,
    config: Path | None,
    schemas: Path | None,
    overrides: Path | None,
    fmt: Format,
) -> None:
    """Print the mapping of RESOURCE as it counts for an organization or one of its connections.

    It is checked like every mapping before anything is printed.
    """
    files = mapping_files(config, schemas, [mappings] if mappings else [], overrides)
    tell_whose(files.snapshot(), resource, owners)
    merged = merged_mapping(resource, *owners, mappings=files.mappings, overrides=files.overrides)
    if why:
        print_rows(list(_leaves(merged, merged.value, ())), ("leaf", "value", "from"), fmt)
    elif fmt == "json":
        print_json(merged.value)
    else:
        click.echo(write_yaml(merged.value), nl=False)


def _leaves(
    document: Document, value: object, path: tuple[str | int, ...]
) -> Iterator[dict[str, object]]:
    """Every leaf below `path`, and what is empty."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    if not inner:
        place = document.place(path)
        shown = encode_json(value).decode()
        yield {"leaf": _words(path), "value": shown, "from": str(place)}
    for step, part in inner:
        yield from _leaves(document, part, (*path, step))


def _words(path: tuple[str | int, ...]) -> str:
    """`create.body.salesOrderLines[0].quantity`."""
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return words.removeprefix(".")
