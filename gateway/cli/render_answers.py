"""Where `bc-gateway render` has the answers of Business Central from."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cases import read_cases, wrong_records
from gateway.cli.mapping_files import MappingFiles
from gateway.documents import load_document
from gateway.errors import InvalidFiles
from gateway.mapping import Plan
from gateway.operations.offline import KINDS, Answers, answers_of
from gateway.validation import Schemas


def read_answers(path: Path | None, files: MappingFiles, plan: Plan, schemas: Schemas) -> Answers:
    """The answers of the file given, else those that the mapping's tests share.

    Raises `InvalidFiles` where Business Central would never give those of the file.
    """
    if path is not None:
        document = load_document(path)
        given = answers_of(document.value, str(path))
        if given is None:
            words = f"{', '.join(KINDS[:-1])} and {KINDS[-1]}"
            raise click.UsageError(f"The answers are a map with {words}, nothing else.")
        if found := wrong_records(document, plan, schemas):
            raise InvalidFiles(found)
        return given
    for test in files.cases():
        cases = read_cases(test)
        if cases.resource == plan.resource:
            known = cases.answers
            return Answers(
                known.get("lookups", {}),
                known.get("steps", {}),
                cases.params,
                file=cases.document.file,
                shared=True,
            )
    return Answers()
