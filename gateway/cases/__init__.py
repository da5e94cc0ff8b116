"""Tests beside the mappings: `<mapping>.test.yaml`, run without any tenant.

`bc-gateway test` runs them, `bc-gateway check` reads them. A test goes through the very function
that prepares a write for Business Central, with answers from its file. What does not come out as
expected is a `Finding` at the expectation.
"""

from __future__ import annotations

from gateway.cases.answers import misfits, wrong_records
from gateway.cases.judging import CaseResult, check_cases, run_cases
from gateway.cases.mutants import Flip, flips
from gateway.cases.overriding import OwnCases, files_of, own_cases, run_all
from gateway.cases.reading import Case, CaseFile, case_files, cases_of, read_cases
from gateway.cases.running import record_there
from gateway.cases.trying import Noticed, Reached, is_own, noticed, reached, told_once

__all__ = [
    "Case",
    "CaseFile",
    "CaseResult",
    "Flip",
    "Noticed",
    "OwnCases",
    "Reached",
    "case_files",
    "cases_of",
    "check_cases",
    "files_of",
    "flips",
    "is_own",
    "misfits",
    "noticed",
    "own_cases",
    "reached",
    "read_cases",
    "record_there",
    "run_all",
    "run_cases",
    "told_once",
    "wrong_records",
]
