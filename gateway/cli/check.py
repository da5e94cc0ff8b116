"""`bc-gateway check`: everything that is wrong with configuration, schemas, mappings and tests."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from gateway.cases import check_cases, own_cases, read_cases
from gateway.cli.group import with_config
from gateway.cli.mapping_files import (
    MappingFiles,
    mapping_files,
    with_overrides,
    with_paths,
    with_schemas,
)
from gateway.documents import Finding, format_findings
from gateway.errors import InvalidFiles
from gateway.snapshot import Snapshot, load_checked


@click.command(epilog="Example: bc-gateway check mappings/ --format github")
@with_paths
@with_config
@with_schemas
@with_overrides
@click.option(
    "--format",
    "fmt",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="For people, for programs, or as annotations of GitHub.",
)
@click.pass_context
def check(
    context: click.Context,
    *,
    paths: tuple[Path, ...],
    config: Path | None,
    schemas: Path | None,
    overrides: Path | None,
    fmt: Literal["text", "json", "github"],
) -> None:
    """Check configuration, schemas, mappings, overrides and their tests.

    PATH is a folder of mappings or a file in one; it is checked over the shipped mappings.
    Without PATH the folders of the configuration are checked. Warnings alone end with 0.
    """
    findings = _findings(paths, config, schemas, overrides)
    if findings or fmt == "json":
        click.echo(format_findings(findings, fmt))
    errors = sum(finding.severity == "error" for finding in findings)
    if fmt == "text":
        click.echo(_summary(errors, len(findings) - errors), err=bool(findings))
    context.exit(1 if errors else 0)


def _findings(
    paths: tuple[Path, ...], config: Path | None, schemas: Path | None, overrides: Path | None
) -> list[Finding]:
    try:
        files = mapping_files(config, schemas, paths, overrides)
    except InvalidFiles as error:
        return _of(error)
    found, snapshot = load_checked(
        mappings=files.mappings, schemas=files.schemas, overrides=files.overrides
    )
    if snapshot is not None:
        found = [*found, *_case_findings(files, snapshot)]
    return [finding for finding in found if files.asked(Path(finding.place.file))]


def _case_findings(files: MappingFiles, snapshot: Snapshot) -> list[Finding]:
    found: list[Finding] = []
    for path in files.cases():
        try:
            found += check_cases(read_cases(path), snapshot)
        except InvalidFiles as error:
            found += _of(error)
    for owner, own in own_cases(files.overrides, found).items():
        for file in own:
            found += check_cases(file, snapshot, owner)
    return found


def _of(error: InvalidFiles) -> list[Finding]:
    return [finding for finding in error.findings if isinstance(finding, Finding)]


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "Everything is fine."
    return f"\n{_counted(errors, 'error')}, {_counted(warnings, 'warning')}."


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
