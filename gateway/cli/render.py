"""`bc-gateway render`: the exact requests of a verb, in their order, without any tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import click

from gateway.cases import read_cases
from gateway.cli.group import Format, with_config, with_format
from gateway.cli.mapping_files import (
    MappingFiles,
    mapping_files,
    with_mappings,
    with_overrides,
    with_owner,
    with_schemas,
)
from gateway.cli.story import pretty
from gateway.clock import Clock
from gateway.documents import load_document
from gateway.errors import GatewayError
from gateway.mapping import Plan
from gateway.operations import failures
from gateway.operations.prepare import Prepared, names_for
from gateway.operations.sources import GivenAnswers
from gateway.operations.walk import rehearsed

_File = click.Path(path_type=Path, exists=True, dir_okay=False)
_KINDS = ("lookups", "steps", "params")


@dataclass(frozen=True, slots=True)
class _Answers:
    """What Business Central would answer, and the params of the connection."""

    lookups: Mapping[str, object] = field(default_factory=dict)
    steps: Mapping[str, object] = field(default_factory=dict)
    params: Mapping[str, object] = field(default_factory=dict)


@click.command(
    epilog="Example: bc-gateway render sales-orders create order.json --answers answers.yaml"
)
@click.argument("resource")
@click.argument("verb")
@click.argument("input_file", metavar="[INPUT.json]", type=_File, required=False)
@click.option("--target", help="The id of the record, or the key of an upsert.")
@click.option(
    "--answers",
    type=_File,
    help="What Business Central answers: `lookups`, under `steps` the record to `read` before "
    "a change, and `params` of the connection. Without it the shared answers of the mapping's "
    "test file count.",
)
@with_mappings
@with_owner
@with_config
@with_schemas
@with_overrides
@with_format
@click.pass_context
def render(
    context: click.Context,
    *,
    resource: str,
    verb: str,
    input_file: Path | None,
    target: str | None,
    answers: Path | None,
    mappings: Path | None,
    owners: tuple[str, ...],
    config: Path | None,
    schemas: Path | None,
    overrides: Path | None,
    fmt: Format,
) -> None:
    """Print the requests that VERB of RESOURCE makes of the document INPUT.json.

    Nothing is sent, nothing is read but files.
    """
    files = mapping_files(config, schemas, [mappings] if mappings else [], overrides)
    snapshot = files.snapshot()
    plan = snapshot.plan(resource, verb, *owners)
    if not plan.steps:
        raise click.UsageError(f"{verb} of {resource} sends no document.")
    if (input_file is None) != (plan.input is None):
        raise click.UsageError(
            f"{verb} of {resource} takes {'no' if plan.input is None else 'an'} INPUT.json."
        )
    document = None if input_file is None else load_document(input_file).value
    given = _answers(answers, files, resource)
    named = _target(plan, target, given)
    names = names_for(plan, document, None, now=Clock().now(), target=named)
    names["params"] = dict(given.params)
    source = GivenAnswers(given.lookups, given.steps)
    prepared = asyncio.run(rehearsed(snapshot.schemas, plan, names, source))
    if fmt == "json":
        click.echo(pretty(_as_json(prepared)))
    elif prepared.problem is None:
        _print(prepared)
    else:
        _print_problem(prepared.problem)
    context.exit(1 if prepared.problem else 0)


def _answers(answers: Path | None, files: MappingFiles, resource: str) -> _Answers:
    """The answers of the file given, else those that the mapping's tests share."""
    if answers is not None:
        given = cast("Any", load_document(answers).value)
        if not isinstance(given, Mapping) or not given.keys() <= {*_KINDS}:
            words = f"{', '.join(_KINDS[:-1])} and {_KINDS[-1]}"
            raise click.UsageError(f"The answers are a map with {words}, nothing else.")
        return _Answers(**given)
    for path in files.cases():
        cases = read_cases(path)
        if cases.resource == resource:
            known = cases.answers
            return _Answers(known.get("lookups", {}), known.get("steps", {}), cases.params)
    return _Answers()


def _target(plan: Plan, target: str | None, given: _Answers) -> Mapping[str, object]:
    """What the address of the request would name; where nothing is said, the record to read."""
    if plan.verb == "upsert":
        if target is None:
            raise click.UsageError("An upsert goes to a key: give it as --target.")
        return {"key": target}
    there = given.steps.get("read")
    known = there.get("id") if isinstance(there, Mapping) else None
    return {} if target is None and known is None else {"id": target or known}


def _print(prepared: Prepared) -> None:
    for request in prepared.requests:
        click.echo(click.style(f"{request.method} {request.path}", bold=True))
        if request.body is not None:
            click.echo(pretty(request.body))
    if prepared.then:
        click.echo(f"Then, with what is answered: {', '.join(prepared.then)}.", err=True)
    elif not prepared.requests:
        click.echo("Nothing has to be sent: the record is that way already.", err=True)


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
        "then": list(prepared.then),
        "problem": None if problem is None else failures.written(problem),
    }
