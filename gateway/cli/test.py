"""`bc-gateway test`: the tests beside the mappings, without any tenant."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import click

from gateway.cases import CaseResult, read_cases, run_all
from gateway.cli.group import Format, with_config, with_format
from gateway.cli.mapping_files import mapping_files, with_overrides, with_paths, with_schemas
from gateway.cli.printing import print_json
from gateway.documents import format_findings


@click.command(epilog="Example: bc-gateway test mappings/sales-orders.test.yaml")
@with_paths
@with_config
@with_schemas
@with_overrides
@with_format
@click.pass_context
def test(
    context: click.Context,
    *,
    paths: tuple[Path, ...],
    config: Path | None,
    schemas: Path | None,
    overrides: Path | None,
    fmt: Format,
) -> None:
    """Run the tests beside the mappings, also on what each override makes of them.

    PATH is a folder of mappings, a mapping or its test file; its mappings go before the shipped
    ones of the same name. Without PATH all tests of the configuration's folders are run.
    """
    files = mapping_files(config, schemas, paths, overrides)
    snapshot = files.snapshot()
    cases = [read_cases(path) for path in files.cases()]
    results = asyncio.run(run_all(cases, snapshot, files.own_cases()))
    if not results:
        raise click.UsageError("There are no tests here: no file ends in .test.yaml.")
    if fmt == "json":
        print_json([_as_json(result) for result in results])
    else:
        _print(results)
    context.exit(1 if any(result.findings for result in results) else 0)


def _print(results: Sequence[CaseResult]) -> None:
    file = None
    for result in results:
        if result.place.file != file:
            file = result.place.file
            click.echo(click.style(file, bold=True))
        mark = click.style("failed", fg="red") if result.findings else click.style("ok", fg="green")
        click.echo(f"  {mark}  {result.name}")
        if result.findings:
            text = format_findings(result.findings, "text")
            click.echo("\n".join(f"      {line}".rstrip() for line in text.splitlines()))
    failed = sum(bool(result.findings) for result in results)
    click.echo(f"{len(results) - failed} passed, {failed} failed.")


def _as_json(result: CaseResult) -> dict[str, object]:
    return {
        "name": result.name,
        "file": result.place.file,
        "line": result.place.line,
        "passed": not result.findings,
        "findings": json.loads(format_findings(result.findings, "json")),
    }
