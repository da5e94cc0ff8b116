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
from gateway.cli.test_strength import Strength, strength_of
from gateway.documents import format_findings
from gateway.snapshot import mapping_documents


@click.command(epilog="Example: bc-gateway test mappings/sales-orders.test.yaml --coverage")
@with_paths
@click.option("--coverage", is_flag=True, help="Name the leaves and branches no test reaches.")
@click.option(
    "--mutate", is_flag=True, help="Flip each leaf, and name the flips that no test notices."
)
@with_config
@with_schemas
@with_overrides
@with_format
@click.pass_context
def test(
    context: click.Context,
    *,
    paths: tuple[Path, ...],
    coverage: bool,
    mutate: bool,
    config: Path | None,
    schemas: Path | None,
    overrides: Path | None,
    fmt: Format,
) -> None:
    """Run the tests beside the mappings, also on what each override makes of them.

    PATH is a folder of mappings, a mapping or its test file; its mappings go before the shipped
    ones of the same name. Without PATH all tests of the configuration's folders are run. What
    --coverage and --mutate find ends with 1 as a failed test does.
    """
    files = mapping_files(config, schemas, paths, overrides)
    snapshot = files.snapshot()
    cases = [read_cases(path) for path in files.cases()]
    own = files.own_cases()
    results = asyncio.run(run_all(cases, snapshot, own))
    strength: list[Strength] = []
    failed = any(result.findings for result in results)
    if (coverage or mutate) and not failed:
        documents = [
            document
            for document in mapping_documents(files.mappings)
            if files.asked_with_tests(Path(document.file))
        ]
        strength = strength_of(documents, cases, snapshot, own, coverage=coverage, mutate=mutate)
    if not results and not strength:
        raise click.UsageError("There are no tests here: no file ends in .test.yaml.")
    if fmt == "json":
        tests = [_as_json(result) for result in results]
        told = {"tests": tests, "mappings": [one.as_json() for one in strength]}
        print_json(told if coverage or mutate else tests)
    else:
        print_results(results)
        for one in strength:
            click.echo(one.text())
        if failed and (coverage or mutate):
            click.echo("Coverage and flips are looked at only when all tests pass.", err=True)
    context.exit(1 if failed or any(one.findings for one in strength) else 0)


def print_results(results: Sequence[CaseResult], *, passed: bool = True) -> None:
    """Print what became of the tests, of those that `passed` too or not."""
    file = None
    for result in results:
        if not (passed or result.findings):
            continue
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
