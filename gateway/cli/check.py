"""`bc-gateway check`: everything that is wrong with configuration, schemas, mappings and tests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from gateway.cases import check_cases, own_cases, read_cases, run_all
from gateway.cli.blocks import check_blocks
from gateway.cli.group import with_config
from gateway.cli.mapping_files import (
    MappingFiles,
    mapping_files,
    with_overrides,
    with_paths,
    with_schemas,
)
from gateway.cli.test import print_results
from gateway.cli.watching import watched
from gateway.documents import Finding, format_findings
from gateway.errors import InvalidFiles
from gateway.snapshot import Snapshot, load_checked
from gateway.validation import load_schemas

_Format = Literal["text", "json", "github"]


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
@click.option(
    "--watch", is_flag=True, help="Check, and run the tests, again after each save, until Ctrl-C."
)
@click.pass_context
def check(
    context: click.Context,
    *,
    paths: tuple[Path, ...],
    config: Path | None,
    schemas: Path | None,
    overrides: Path | None,
    fmt: _Format,
    watch: bool,
) -> None:
    """Check configuration, schemas, mappings, overrides and their tests.

    PATH is a folder of mappings or a file in one; it is checked over the shipped mappings. Of a
    Markdown file the YAML blocks are checked. Without PATH the folders of the configuration are
    checked. Warnings alone end with 0. Tests are read and not run: `bc-gateway test` runs them,
    and so do --watch and every start of the gateway.
    """
    asked = _Asked(paths, config, schemas, overrides)
    if watch:
        code = watched(lambda: _checked(asked, fmt) or _tested(asked), lambda: _places(asked))
    else:
        code = _checked(asked, fmt)
    context.exit(code)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the caller wants checked."""

    paths: tuple[Path, ...]
    config: Path | None
    schemas: Path | None
    overrides: Path | None

    def files(self) -> MappingFiles:
        """The files. Raises `InvalidFiles` for a configuration with findings."""
        return mapping_files(self.config, self.schemas, self.paths, self.overrides)


def _checked(asked: _Asked, fmt: _Format) -> int:
    """Print what is wrong; gives the exit code."""
    findings = _findings(asked)
    if findings or fmt == "json":
        click.echo(format_findings(findings, fmt))
    errors = sum(finding.severity == "error" for finding in findings)
    if fmt == "text":
        click.echo(_summary(errors, len(findings) - errors), err=bool(findings))
    return 1 if errors else 0


def _tested(asked: _Asked) -> int:
    """Run the tests of files without errors, print those that fail; gives the exit code."""
    files = asked.files()
    cases = [read_cases(path) for path in files.cases()]
    results = asyncio.run(run_all(cases, files.snapshot(), files.own_cases()))
    print_results(results, passed=False)
    return 1 if any(result.findings for result in results) else 0


def _places(asked: _Asked) -> list[Path]:
    """Where a save may change what is found."""
    own = [*([asked.config] if asked.config else []), *asked.paths]
    try:
        files = asked.files()
    except InvalidFiles:
        return own
    lain = [files.overrides] if files.overrides else []
    return [*own, *files.mappings, *files.schemas, *lain]


def _findings(asked: _Asked) -> list[Finding]:
    try:
        files = asked.files()
    except InvalidFiles as error:
        return _of(error)
    found, snapshot = load_checked(
        mappings=files.mappings, schemas=files.schemas, overrides=files.overrides
    )
    if snapshot is not None:
        found = [*found, *_case_findings(files, snapshot)]
    found = [*found, *_block_findings(files, snapshot)]
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


def _block_findings(files: MappingFiles, snapshot: Snapshot | None) -> list[Finding]:
    """What is wrong in the Markdown files, where there are schemas to check them with."""
    found: list[Finding] = []
    for path in files.markdown:
        try:
            schemas = load_schemas(files.schemas) if snapshot is None else snapshot.schemas
            found += check_blocks(path, schemas, snapshot)
        except InvalidFiles as error:
            found += _of(error)
    return found


def _of(error: InvalidFiles) -> list[Finding]:
    return [finding for finding in error.findings if isinstance(finding, Finding)]


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "Everything is fine."
    return f"\n{_counted(errors, 'error')}, {_counted(warnings, 'warning')}."


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
