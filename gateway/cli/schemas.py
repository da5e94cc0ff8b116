"""`bc-gateway schemas`: schemas for editors, and schema files of a custom API of a tenant."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from gateway import logs
from gateway.app import open_rooms
from gateway.businesscentral import Deadline
from gateway.cli.group import known_connection, with_config
from gateway.clock import Clock
from gateway.config import folders, load_config, shipped
from gateway.errors import BusinessCentralRefused, NotFound, RecordGone, UnexpectedAnswer
from gateway.mapping.editor import EDITOR_FILES, editor_schemas
from gateway.snapshot import load_checked
from gateway.validation import load_schemas
from gateway.wire import Facts, facts_of, kept, render, schema_of

_WITHIN: Final = 120.0  # seconds; the description of a tenant may be large
_ROUTE: Final = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)?/(v[0-9]+\.[0-9]+|beta)")


@click.group(invoke_without_command=True, epilog="Example: bc-gateway schemas --into schemas")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Your folder of schemas; by default that of the configuration.",
)
@with_config
@click.pass_context
def schemas(context: click.Context, into: Path | None, config: Path | None) -> None:
    """Write the schemas that editors check mapping and test files with.

    They go to gateway/ in your folder of schemas: mapping.schema.json for mappings and
    case.schema.json for their tests. A file finds its own by its first line, such as
    `# yaml-language-server: $schema=../schemas/gateway/mapping.schema.json`.

    Write them again after another schema of yours has come, or another release of the gateway.
    """
    if context.invoked_subcommand is None:
        _write_for_editors(into, config)


def _write_for_editors(into: Path | None, config_file: Path | None) -> None:
    config = None if config_file is None else load_config(config_file)
    folder = into or (config.schemas if config else None)
    if folder is None:
        raise click.UsageError("Say with --into where your schemas are, or set `schemas`.")
    if folder.resolve() == shipped("schemas").resolve():
        raise click.UsageError("These are the gateway's own schemas: name a folder of yours.")
    places = folders("schemas", folder if folder.is_dir() else None)
    known = load_schemas(places)
    mappings = folders("mappings", config.mappings if config else None)
    _, snapshot = load_checked(mappings=mappings, schemas=places)
    verbs = (
        {} if snapshot is None else {n: list(one.verbs) for n, one in snapshot.resources.items()}
    )
    own = shipped("schemas") / "gateway"
    mapping, case = (json.loads((own / name).read_text(encoding="utf-8")) for name in EDITOR_FILES)
    made = editor_schemas(mapping, case, known, verbs)
    for name, schema in made.items():
        text = json.dumps(schema, ensure_ascii=False, separators=(",", ":")) + "\n"
        _write(folder / "gateway" / name, text)
    if snapshot is None:
        message = "A mapping has errors, so tests are offered no resources: see bc-gateway check."
        click.echo(message, err=True)


@schemas.command(
    epilog="Example: bc-gateway schemas pull con_1f0c… --api harwick/pricing/v1.0 --into schemas"
)
@click.argument("connection_id", metavar="CONNECTION")
@click.option("--api", required=True, help="The route: publisher/group/version.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Your folder of schemas; by default that of the configuration.",
)
@with_config
def pull(connection_id: str, api: str, into: Path | None, config: Path | None) -> None:
    """Write a schema file for each entity set of a custom API, as CONNECTION's tenant has it.

    What you have added to a file that is there stays: codes, read-only fields, verbs, required
    fields. The tenant's description does not tell them.
    """
    if not _ROUTE.fullmatch(api):
        raise click.BadParameter("a route is publisher/group/version.", param_hint="--api")
    logs.configure(level="error")  # what goes wrong is in the answer
    asyncio.run(_pull(connection_id, api, into, config))


async def _pull(connection_id: str, api: str, into: Path | None, config_file: Path | None) -> None:
    config = load_config(config_file)
    folder = into or config.schemas
    if folder is None:
        raise click.UsageError("Say with --into where your schemas are, or set `schemas`.")
    clock = Clock()
    async with open_rooms(config, clock=clock) as rooms:
        connection = await known_connection(rooms.store, connection_id)
        try:
            document = await rooms.business_central.metadata(
                connection, api, deadline=Deadline.within(clock, _WITHIN)
            )
        except (BusinessCentralRefused, RecordGone):
            where = f"The environment {connection.environment} of {connection_id}"
            hint = "Compare publisher, group and version, and whether the extension is installed."
            raise NotFound(f"{where} has no API {api}. {hint}") from None
    try:
        described = facts_of(document)
    except ValueError as error:
        raise UnexpectedAnswer(str(error)) from None
    for path, text in _files(folder / "bc" / api, described, api).items():
        _write(path, text)


def _write(path: Path, text: str) -> None:
    """Write a file where it differs, and say so."""
    word = "as it was"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        word = "changed" if path.exists() else "new"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    click.echo(f"{word:>9}  {path}")


def _files(folder: Path, described: Mapping[str, Facts], api: str) -> dict[Path, str]:
    """Every schema file with its text."""
    paths = {name: folder / f"{name}.schema.json" for name in described}
    facts = {name: kept(one, _before(paths[name])) for name, one in described.items()}
    return {paths[name]: render(schema_of(one, facts, api)) for name, one in facts.items()}


def _before(path: Path) -> Facts:
    """The facts of a file that is there already."""
    if not path.exists():
        return {}
    said: Facts = json.loads(path.read_text(encoding="utf-8"))["x-business-central"]
    return said
