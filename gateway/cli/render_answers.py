"""Where `bc-gateway render` has the answers of Business Central from."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cases import read_cases
from gateway.cli.mapping_files import MappingFiles
from gateway.documents import load_document
from gateway.operations.offline import KINDS, Answers, answers_of


def read_answers(path: Path | None, files: MappingFiles, resource: str) -> Answers:
    """The answers of the file given, else those that the mapping's tests share."""
    if path is not None:
        given = answers_of(load_document(path).value, str(path))
        if given is None:
            words = f"{', '.join(KINDS[:-1])} and {KINDS[-1]}"
            raise click.UsageError(f"The answers are a map with {words}, nothing else.")
        return given
    for test in files.cases():
        cases = read_cases(test)
        if cases.resource == resource:
            known = cases.answers
            return Answers(
                known.get("lookups", {}),
                known.get("steps", {}),
                cases.params,
                file=cases.document.file,
                shared=True,
            )
    return Answers()
