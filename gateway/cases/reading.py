"""Test files → cases: shape, documents they name, answers merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from gateway.cases.comparing import merged, with_value
from gateway.config import shipped
from gateway.documents import Document, Finding, check_shape, load_document, to_be_read
from gateway.errors import InvalidFiles

SUFFIX: Final = ".test.yaml"
RULES: Final = {
    "T101": "wrong-shape",
    "T102": "unknown-resource",
    "T103": "unknown-verb",
    "T104": "no-document",
    "T105": "no-such-place",
    "T106": "double-name",
    "T107": "unused-answer",
    "T108": "no-answer",
    "T109": "no-target",
    "T110": "wrong-record",
    "T201": "wrong-input",
    "T202": "difference",
    "T203": "other-problem",
    "T204": "wrong-answer",
    "T205": "not-deterministic",
    "T206": "other-record",
    "T301": "never-reached",
    "T302": "not-noticed",
}
_REMEDIES: Final = {
    "T102": "Name the resource of a mapping.",
    "T103": "Take one of the verbs and actions of the mapping.",
    "T104": "Write the document in place, or the name of a file beside this one.",
    "T105": "Name a place that is there, or one key more of an object.",
    "T106": "Give it another name.",
    "T107": "Take it out, or give it the name of a lookup or a step.",
    "T108": "Add it under `answers`.",
    "T201": "Put the document right, or say `invalid_input: true`.",
    "T202": "Put the mapping right, or the expectation.",
    "T203": "Put the mapping right, or the expectation.",
    "T204": "Put the mapping right, or the expectation.",
    "T205": "Take out the filter that answers otherwise each time.",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One test. `at` is its place in the file's `tests`; `own` are the answers it gives itself,
    `target` is what the address of its request names.
    """

    at: int
    name: str
    verb: str
    given: object = field(repr=False)
    target: Mapping[str, str]
    query: Mapping[str, str]
    invalid_input: bool
    params: Mapping[str, object]
    answers: Mapping[str, Mapping[str, object]] = field(repr=False)
    own: Mapping[str, Mapping[str, object]] = field(repr=False)
    expect: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A test file that was read: the resource, what all its tests share, the tests."""

    document: Document
    resource: str
    params: Mapping[str, object]
    answers: Mapping[str, Mapping[str, object]] = field(repr=False)
    cases: tuple[Case, ...]

    def finding(
        self,
        path: tuple[str | int, ...],
        rule: str,
        message: str,
        *,
        expected: str | None = None,
        actual: str | None = None,
        hint: str | None = None,
        key: bool = False,
    ) -> Finding:
        """A finding at `path` of the file, or at the key there, against one of `RULES`."""
        return Finding(
            rule,
            RULES[rule],
            message,
            self.document.place(path, key=key),
            length=self.document.length(path, key=key),
            expected=expected,
            actual=actual,
            hint=hint or _REMEDIES.get(rule),
        )


def case_files(folders: Sequence[Path]) -> list[Path]:
    """The test files directly in `folders`; a folder may be a test file itself.

    One of a later folder replaces one of the same name, as the mapping beside it does.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        paths = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else [folder]
        found |= {
            path.name: path for path in paths if path.name.endswith(SUFFIX) and to_be_read(path)
        }
    return list(found.values())


def read_cases(path: Path) -> CaseFile:
    """Read a test file and the documents it names.

    Raises `InvalidFiles` with every finding.
    """
    return cases_of(load_document(path), path.parent)


def cases_of(document: Document, folder: Path) -> CaseFile:
    """The tests that a document holds; the documents they name stand in `folder`.

    Raises `InvalidFiles` with every finding.
    """
    findings = check_shape(document, _shape(), "T101")
    if findings:
        raise InvalidFiles(findings)
    said = cast("Mapping[str, Any]", document.value)
    shared: Mapping[str, Any] = said.get("answers", {})
    file = CaseFile(document, said["resource"], said.get("params", {}), shared, ())
    cases = [_case(file, folder, at, findings) for at in range(len(said["tests"]))]
    findings += _double_names(file, [case.name for case in cases])
    if findings:
        raise InvalidFiles(findings)
    return replace(file, cases=tuple(cases))


@cache
def _shape() -> Mapping[str, object]:
    schema = load_document(shipped("schemas") / "gateway" / "case.schema.json")
    return cast("Mapping[str, object]", schema.value)


def _case(file: CaseFile, folder: Path, at: int, findings: list[Finding]) -> Case:
    said = cast("Mapping[str, Any]", file.document.value)
    test = said["tests"][at]
    own: Mapping[str, Any] = test.get("answers", {})
    return Case(
        at=at,
        name=test["name"],
        verb=test["verb"],
        given=_given(file, folder, at, findings),
        target=test.get("target", {}),
        query=test.get("query", {}),
        invalid_input=test.get("invalid_input", False),
        params={**file.params, **test.get("params", {})},
        answers=cast("Mapping[str, Any]", merged(file.answers, own)),
        own=own,
        expect=test["expect"],
    )


def _given(file: CaseFile, folder: Path, at: int, findings: list[Finding]) -> object:
    """The document of a test with its values set; an empty one where there is none to read."""
    said = cast("Mapping[str, Any]", file.document.value)
    test = said["tests"][at]
    given = test.get("given", {})
    try:
        given = load_document(folder / given).value if isinstance(given, str) else given
    except InvalidFiles as error:
        told = [found for found in error.findings if isinstance(found, Finding)]
        if any(found.rule == "D101" for found in told):
            message = f"There is no file {given} that can be read."
            told = [file.finding(("tests", at, "given"), "T104", message)]
        findings += told
        return {}
    for pointer, value in test.get("set", {}).items():
        try:
            given = with_value(given, pointer, value)
        except LookupError:
            message = "The document has no such place."
            findings.append(file.finding(("tests", at, "set", pointer), "T105", message))
    return given


def _double_names(file: CaseFile, names: Sequence[str]) -> Iterator[Finding]:
    for at, name in enumerate(names):
        if name in names[:at]:
            message = "Another test of this file has the same name."
            yield file.finding(("tests", at, "name"), "T106", message)
