"""`bc-gateway render`: the exact requests of a verb, in their order, without any tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import click

from gateway.cases import read_cases
from gateway.cli.group import Format, with_config, with_format
from gateway.cli.mapping_files import MappingFiles, mapping_files, with_schemas
from gateway.cli.story import pretty
from gateway.clock import Clock
from gateway.documents import load_document
from gateway.errors import GatewayError
from gateway.mapping import Request
from gateway.operations import failures
from gateway.operations.prepare import GivenAnswers, Prepared, names_for, prepare
from gateway.snapshot import load_snapshot

_File = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(
    epilog="Example: bc-gateway render sales-orders create order.json --answers answers.yaml"
)
@click.argument("resource")
@click.argument("verb")
@click.argument("input_file", metavar="INPUT.json", type=_File)
@click.option(
    "--answers",
    type=_File,
    help="What Business Central answers: `lookups`, and `params` of the connection. "
    "Without it the shared answers of the mapping's test file count.",
)
@click.option(
    "--mappings",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of your own mappings.",
)
@with_config
@with_schemas
@with_format
@click.pass_context
def render(
    context: click.Context,
    *,
    resource: str,
    verb: str,
    input_file: Path,
    answers: Path | None,
    mappings: Path | None,
    config: Path | None,
    schemas: Path | None,
    fmt: Format,
) -> None:
    """Print the requests that VERB of RESOURCE makes of the document INPUT.json.

    Nothing is sent, nothing is read but files.
    """
    files = mapping_files(config, schemas, [mappings] if mappings else [])
    snapshot = load_snapshot(mappings=files.mappings, schemas=files.schemas)
    plan = snapshot.plan(resource, verb)
    if not plan.steps:
        raise click.UsageError(f"{verb} of {resource} sends no document.")
    lookups, params = _answers(answers, files, resource)
    names = names_for(plan, load_document(input_file).value, None, now=Clock().now())
    names["params"] = dict(params)
    prepared = asyncio.run(prepare(snapshot.schemas, plan, names, GivenAnswers(lookups)))
    if fmt == "json":
        click.echo(pretty(_as_json(prepared)))
    elif prepared.problem is None:
        _print(prepared.requests)
    else:
        _print_problem(prepared.problem)
    context.exit(1 if prepared.problem else 0)


def _answers(
    answers: Path | None, files: MappingFiles, resource: str
) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """The answers of lookups and the params: of the file given, else of the mapping's tests."""
    if answers is not None:
        given = cast("Any", load_document(answers).value)
        if not isinstance(given, Mapping) or not given.keys() <= {"lookups", "params"}:
            raise click.UsageError("The answers are a map with lookups and params, nothing else.")
        return given.get("lookups", {}), given.get("params", {})
    for path in files.cases():
        cases = read_cases(path)
        if cases.resource == resource:
            return cases.answers.get("lookups", {}), cases.params
    return {}, {}


def _print(requests: Sequence[Request]) -> None:
    for request in requests:
        click.echo(click.style(f"{request.method} {request.path}", bold=True))
        click.echo(pretty(request.body))


def _print_problem(problem: GatewayError) -> None:
    click.echo(f"Refused as {failures.written(problem)['code']}: {problem.detail}", err=True)
    for one in problem.violations:
        where = " ".join(str(part) for part in (one.pointer, one.target, one.place) if part)
        click.echo(f"  {where}: {one.detail}{f' {one.hint}' if one.hint else ''}", err=True)


def _as_json(prepared: Prepared) -> dict[str, object]:
    problem = prepared.problem
    return {
        "requests": [
            {"step": one.step, "method": one.method, "path": one.path, "body": one.body}
            for one in prepared.requests
        ],
        "problem": None if problem is None else failures.written(problem),
    }
