"""Which files the mapping commands work on: the shipped ones, and those of the caller over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from gateway.cases import CaseFile, case_files, own_cases
from gateway.config import Config, folders, load_config
from gateway.documents import MARKDOWN, Finding, suggest
from gateway.errors import InvalidFiles
from gateway.snapshot import Snapshot, load_snapshot

_Command = Callable[..., object]


@dataclass(frozen=True, slots=True)
class MappingFiles:
    """Folders of mappings and of schemas, the later ones win, and the one of overrides. `only`
    are files asked for alone, those of `markdown` among them.
    """

    mappings: tuple[Path, ...]
    schemas: tuple[Path, ...]
    overrides: Path | None = None
    only: frozenset[Path] = frozenset()
    markdown: tuple[Path, ...] = ()

    def asked(self, path: Path) -> bool:
        """Whether `path` is among the files the caller asked for."""
        return not self.only or path.resolve() in self.only

    def asked_with_tests(self, mapping: Path) -> bool:
        """Whether a mapping is among those files, or the tests beside it are."""
        beside = {path.resolve().with_name(f"{_mapping_name(path)}.yaml") for path in self.only}
        return not self.only or mapping.resolve() in beside

    def cases(self) -> list[Path]:
        """The test files beside the mappings, those asked for."""
        return [path for path in case_files(self.mappings) if self._wanted(path)]

    def own_cases(self) -> dict[str, list[CaseFile]]:
        """The tests beside the overrides, by whose they are, those asked for.

        Raises `InvalidFiles`.
        """
        findings: list[Finding] = []
        found = own_cases(self.overrides, findings)
        if findings:
            raise InvalidFiles(findings)
        return {
            owner: [file for file in files if self._wanted(Path(file.document.file))]
            for owner, files in found.items()
        }

    def snapshot(self) -> Snapshot:
        """What the files come to. Raises `InvalidFiles` with every finding."""
        return load_snapshot(mappings=self.mappings, schemas=self.schemas, overrides=self.overrides)

    def _wanted(self, path: Path) -> bool:
        """Whether a test file is beside a mapping that was asked for, or an override of it."""
        wanted = {_mapping_name(path) for path in self.only}
        return not self.only or _mapping_name(path) in wanted


def _with_folder(command: _Command, option: str, text: str) -> _Command:
    """Give a command the option of a folder that exists, handed to it as `Path | None`."""
    kind = click.Path(path_type=Path, exists=True, file_okay=False)
    return click.option(option, type=kind, help=text)(command)


def with_schemas(command: _Command) -> _Command:
    """Give a command `--schemas`, handed to it as `schemas: Path | None`."""
    return _with_folder(command, "--schemas", "A folder of your own schemas (canonical/, bc/).")


def with_mappings(command: _Command) -> _Command:
    """Give a command `--mappings`, handed to it as `mappings: Path | None`."""
    return _with_folder(command, "--mappings", "A folder of your own mappings.")


def with_paths(command: _Command) -> _Command:
    """Give a command the arguments PATH…, handed to it as `paths`."""
    return click.argument(
        "paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path, exists=True)
    )(command)


def with_overrides(command: _Command) -> _Command:
    """Give a command `--overrides`, handed to it as `overrides: Path | None`."""
    text = "A folder of overrides, instead of that of the configuration."
    return _with_folder(command, "--overrides", text)


def with_owner(command: _Command) -> _Command:
    """Give a command `--for`, handed to it as `owners`: what `Snapshot.resource` takes."""
    return click.option(
        "--for",
        "owners",
        metavar="ORGANIZATION[/CONNECTION]",
        default="",
        callback=_owners,
        help="With the override that counts there.",
    )(command)


def tell_whose(snapshot: Snapshot, resource: str, owners: Sequence[str]) -> None:
    """Say where nothing is different for the ones that were asked about."""
    if owners and not any(resource in snapshot.overrides.get(owner, ()) for owner in owners):
        near = suggest(owners[-1], snapshot.overrides)
        hint = f" Did you mean {near}?" if near and near != owners[-1] else ""
        click.echo(
            f"{'/'.join(reversed(owners))} has no override of {resource}: this is the mapping of "
            f"all.{hint}",
            err=True,
        )


def _owners(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[str, ...]:
    """The connection and its organization, in the order in which they count."""
    return tuple(part for part in reversed(text.split("/", 1)) if part) if text else ()


def mapping_files(
    config: Path | None,
    schemas: Path | None,
    paths: Sequence[Path] = (),
    overrides: Path | None = None,
) -> MappingFiles:
    """The shipped files, over them those of the configuration, over them those of `paths`.

    A path is a folder of mappings, or a file in one; or a file of `overrides`, which without any
    are those of the configuration; or a Markdown file. Raises `InvalidFiles` for a configuration with findings.
    """
    known: Config | None = None if config is None else load_config(config)
    own = [*([schemas] if schemas else [])]
    if overrides is None and known is not None:
        overrides = known.overrides
    lain = None if overrides is None else overrides.resolve()
    markdown = tuple(path for path in paths if path.is_file() and path.suffix in MARKDOWN)
    below = folders("mappings", known.mappings if known else None)
    places = {folder.resolve(): folder for folder in below}  # no folder is read twice
    for path in paths:
        place = path if path.is_dir() else path.parent
        if path not in markdown and (lain is None or not path.resolve().is_relative_to(lain)):
            places.setdefault(place.resolve(), place)
    return MappingFiles(
        tuple(places.values()),
        (*folders("schemas", known.schemas if known else None), *own),
        overrides,
        frozenset(path.resolve() for path in paths if path.is_file()),
        markdown,
    )


def _mapping_name(path: Path) -> str:
    return path.name.removesuffix(".yaml").removesuffix(".test")
