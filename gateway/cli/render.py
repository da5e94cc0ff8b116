"""`bc-gateway render`: the exact requests of a verb, in their order, without any tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import click

from gateway.cli.explain import Leaf, explained
from gateway.cli.group import Format, with_config, with_format
from gateway.cli.mapping_files import (
    mapping_files,
    tell_whose,
    with_mappings,
    with_overrides,
    with_owner,
    with_schemas,
)
from gateway.cli.render_answers import Answers, Offline, about, read_answers
from gateway.cli.story import pretty
from gateway.clock import Clock
from gateway.documents import load_document
from gateway.errors import GatewayError
from gateway.mapping import Explanation, Plan
from gateway.operations import failures
from gateway.operations.prepare import Prepared, names_for
from gateway.operations.walk import rehearsed
from gateway.snapshot import Snapshot, compile_mapping, merged_mapping

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
    explanation, mapping = (
        Explanation(),
        merged_mapping(resource, *owners, mappings=files.mappings, overrides=files.overrides),
    )
    if explain is not None:
        plan = compile_mapping(mapping, snapshot.schemas, explanation)[verb]
    given = read_answers(answers, files, resource)
    prepared, source = asyncio.run(_prepared(snapshot, plan, input_file, target, given))
    leaves = None
    if explain is not None:
        leaves = explained(explanation, mapping, prepared, verb, explain)
    if source.lacks:
        _print_lacks(source, given)
    elif fmt == "json":
        click.echo(pretty(_as_json(prepared, leaves)))
    elif prepared.problem is None:
        _print(prepared, leaves)
    else:
        _print_problem(prepared.problem)
    context.exit(1 if prepared.problem or source.lacks else 0)


async def _prepared(
    snapshot: Snapshot, plan: Plan, input_file: Path | None, target: str | None, given: Answers
) -> tuple[Prepared, Offline]:
    document = None if input_file is None else load_document(input_file).value
    known = about(given, plan, snapshot.schemas.entity(plan.api, plan.entity), target)
    if known != given:
        click.echo(f"{given.file} has no record of this key: as if there were none.", err=True)
    source = Offline(known, snapshot.schemas)
    names = names_for(plan, document, None, now=Clock().now(), target=_target(plan, target, known))
    names["params"] = dict(known.params)
    return await rehearsed(snapshot.schemas, plan, names, source), source


def _target(plan: Plan, target: str | None, given: Answers) -> Mapping[str, object]:
    """What the address of the request would name; where nothing is said, the record to read."""
    if plan.verb == "upsert":
        if target is None:
            raise click.UsageError("An upsert goes to a key: give it as --target.")
        return {"key": target}
    there = given.steps.get("read")
    known = there.get("id") if isinstance(there, Mapping) else None
    return {} if target is None and known is None else {"id": target or known}


def _print(prepared: Prepared, leaves: list[Leaf] | None) -> None:
    for request in prepared.requests:
        click.echo(click.style(f"{request.method} {request.path}", bold=True))
        if request.body is not None and leaves is None:
            click.echo(pretty(request.body))
    for leaf in leaves or ():
        click.echo(leaf.text())
    if prepared.then:
        click.echo(f"Then, with what is answered: {', '.join(prepared.then)}.", err=True)
    elif not prepared.requests:
        click.echo("Nothing has to be sent: the record is that way already.", err=True)


def _print_problem(problem: GatewayError) -> None:
    click.echo(f"Refused as {failures.written(problem)['code']}: {problem.detail}", err=True)
    for one in problem.violations:
        where = " ".join(str(part) for part in (one.pointer, one.target, one.place) if part)
        click.echo(f"  {where}: {one.detail}{f' {one.hint}' if one.hint else ''}", err=True)


def _print_lacks(source: Offline, given: Answers) -> None:
    where = given.file or "No test file of this resource"
    click.echo(f"{where} has not all the answers that this needs.", err=True)
    click.echo("Fill this in, and give the file as --answers:\n", err=True)
    click.echo(source.skeleton())


def _as_json(prepared: Prepared, leaves: list[Leaf] | None) -> dict[str, object]:
    problem = prepared.problem
    told: dict[str, object] = {
        "requests": [
            {"step": one.step, "method": one.method, "path": one.path, "body": one.body}
            for one in prepared.requests
        ],
        "then": list(prepared.then),
        "problem": None if problem is None else failures.written(problem),
    }
    return told if leaves is None else told | {"fields": [leaf.as_json() for leaf in leaves]}
