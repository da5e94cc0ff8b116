"""`bc-gateway render`: the exact requests of a verb, in their order, without any tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import click

from gateway.cli.explain import leaf_text
from gateway.cli.group import Format, with_config, with_format
from gateway.cli.mapping_files import (
    mapping_files,
    tell_whose,
    with_mappings,
    with_overrides,
    with_owner,
    with_schemas,
)
from gateway.cli.render_answers import read_answers
from gateway.clock import Clock
from gateway.documents import load_document, pretty
from gateway.errors import GatewayError
from gateway.mapping import Plan
from gateway.operations import failures
from gateway.operations.explaining import Leaf
from gateway.operations.offline import Answers, Offline, about
from gateway.operations.prepare import Prepared
from gateway.operations.trial import Trial, told, trial_of
from gateway.snapshot import merged_mapping
from gateway.wire import Entity, key_of

_File = click.Path(path_type=Path, exists=True, dir_okay=False)


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
@click.option(
    "--explain",
    is_flag=False,
    flag_value="",
    metavar="[FIELD]",
    help="Tell of each field, or of FIELD, its place in the file, its expression, what it read "
    "and what came of it.",
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
    explain: str | None,
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
    tell_whose(snapshot, resource, owners)
    if not plan.steps:
        raise click.UsageError(f"{verb} of {resource} sends no document.")
    if (input_file is None) != (plan.input is None):
        raise click.UsageError(
            f"{verb} of {resource} takes {'no' if plan.input is None else 'an'} INPUT.json."
        )
    mapping = merged_mapping(resource, *owners, mappings=files.mappings, overrides=files.overrides)
    trial = trial_of(mapping, verb, snapshot.schemas)
    if explain:
        trial.require(explain)
    given = read_answers(answers, files, plan, snapshot.schemas)
    prepared, source = asyncio.run(_prepared(trial, input_file, target, given))
    leaves = None if explain is None else trial.leaves(prepared, explain)
    if source.lacks:
        _print_lacks(source, given)
    elif fmt == "json":
        click.echo(pretty(_as_json(prepared, leaves)))
    elif prepared.problem is None:
        _print(prepared, leaves)
    else:
        _print_problem(prepared.problem)
    if explain and not leaves and not prepared.problem and not source.lacks:
        click.echo(f"Nothing of {explain} was evaluated for this document.", err=True)
    context.exit(1 if prepared.problem or source.lacks else 0)


async def _prepared(
    trial: Trial, input_file: Path | None, target: str | None, given: Answers
) -> tuple[Prepared, Offline]:
    plan, schemas = trial.plan, trial.schemas
    document = None if input_file is None else load_document(input_file).value
    entity = schemas.entity(plan.api, plan.entity)
    known = about(given, plan, entity, target)
    if known != given:
        click.echo(f"{given.file} has no record of this key: as if there were none.", err=True)
    source = Offline(known, schemas)
    prepared = await trial.offline(
        document,
        source,
        now=Clock().now(),
        target=_target(plan, target, known, entity),
        params=known.params,
    )
    return prepared, source


def _target(plan: Plan, target: str | None, given: Answers, entity: Entity) -> Mapping[str, object]:
    """What the address of the request would name; where nothing is said, the record to read."""
    if plan.verb == "upsert":
        if target is None:
            raise click.UsageError("An upsert goes to a key: give it as --target.")
        return {"key": target}
    there = given.steps.get("read")
    known = key_of(entity, there) if isinstance(there, Mapping) else None
    return {} if target is None and known is None else {"id": target or known}


def _print(prepared: Prepared, leaves: list[Leaf] | None) -> None:
    for request in prepared.requests:
        click.echo(click.style(f"{request.method} {request.path}", bold=True))
        if request.body is not None and leaves is None:
            click.echo(pretty(request.body))
    for leaf in leaves or ():
        click.echo(leaf_text(leaf))
    if prepared.then:
        click.echo(f"Then, with what is answered: {', '.join(prepared.then)}.", err=True)
    elif not prepared.requests:
        click.echo("Nothing has to be sent: the record is that way already.", err=True)


def _print_problem(problem: GatewayError) -> None:
    click.echo(f"Refused as {failures.written(problem)['code']}: {problem.detail}", err=True)
    for one in problem.violations:
        at = "the document" if one.pointer == "" else one.pointer
        where = " ".join(str(part) for part in (at, one.target, one.place) if part)
        click.echo(f"  {where}: {one.detail}{f' {one.hint}' if one.hint else ''}", err=True)


def _print_lacks(source: Offline, given: Answers) -> None:
    where = f" in {given.file}" if given.file else ""
    click.echo(f"Answers that this needs are missing{where}.", err=True)
    click.echo("Fill this in, and give the file as --answers:\n", err=True)
    click.echo(source.skeleton())


def _as_json(prepared: Prepared, leaves: list[Leaf] | None) -> dict[str, object]:
    problem = prepared.problem
    found = told(prepared) | {"problem": None if problem is None else failures.written(problem)}
    return found if leaves is None else found | {"fields": [leaf.as_json() for leaf in leaves]}
