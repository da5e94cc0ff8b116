"""Which files the mapping commands work on: the shipped ones, and those of the caller over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from gateway.cases import case_files
from gateway.config import Config, folders, load_config

_Command = Callable[..., object]


@dataclass(frozen=True, slots=True)
class MappingFiles:
    """Folders of mappings and of schemas, the later ones win. `only` are files asked for alone."""

    mappings: tuple[Path, ...]
    schemas: tuple[Path, ...]
    only: frozenset[Path] = frozenset()

    def asked(self, path: Path) -> bool:
        """Whether `path` is among the files the caller asked for."""
        return not self.only or path.resolve() in self.only

    def cases(self) -> list[Path]:
        """The test files beside the mappings, those asked for."""
        wanted = {_mapping_name(path) for path in self.only}
        return [
            path
            for path in case_files(self.mappings)
            if not self.only or (_mapping_name(path) in wanted)
        ]


def with_schemas(command: _Command) -> _Command:
    """Give a command `--schemas`, handed to it as `schemas: Path | None`."""
    return click.option(
        "--schemas",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="A folder of your own schemas (canonical/, bc/).",
    )(command)


def with_paths(command: _Command) -> _Command:
    """Give a command the arguments PATH…, handed to it as `paths`."""
    return click.argument(
        "paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path, exists=True)
    )(command)


def mapping_files(
    config: Path | None, schemas: Path | None, paths: Sequence[Path] = ()
) -> MappingFiles:
    """The shipped files, over them those of the configuration, over them those of `paths`.

    A path is a folder of mappings, or a file in one. Raises `InvalidFiles` for a configuration
    with findings.
    """
    known: Config | None = None if config is None else load_config(config)
    own = [*([schemas] if schemas else [])]
    places = dict.fromkeys(path if path.is_dir() else path.parent for path in paths)
    return MappingFiles(
        (*folders("mappings", known.mappings if known else None), *places),
        (*folders("schemas", known.schemas if known else None), *own),
        frozenset(path.resolve() for path in paths if path.is_file()),
    )


def _mapping_name(path: Path) -> str:
    return path.name.removesuffix(".yaml").removesuffix(".test")
