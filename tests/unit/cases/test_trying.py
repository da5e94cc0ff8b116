"""What the tests beside a mapping never reach and do not notice, and that the shipped ones do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.cases import CaseFile, case_files, flips, noticed, reached, read_cases, told_once
from gateway.cases.trying import Noticed, Reached
from gateway.config import folders, shipped
from gateway.documents import load_document, read_document
from gateway.snapshot import Snapshot, load_snapshot, mapping_documents
from tests.unit.cases.conftest import MAPPING

NOTHING = "resource: things\ntests:\n"
CREATE = """\
  - name: one
    verb: create
    given: thing.json
    answers: {lookups: {terms: {id: 5f8c0000-0000-4000-8000-0000000000aa}}}
    expect: EXPECT
"""


async def strength(folder: Path, snapshot: Snapshot, tests: str) -> tuple[Reached, Noticed]:
    path = folder / "mappings" / "things.test.yaml"
    path.write_text(tests)
    document = load_document(folder / "mappings" / "things.yaml")
    files = [read_cases(path)]
    return (
        await reached(document, files, snapshot),
        await noticed(document, flips(document), files, snapshot),
    )


async def test_what_is_never_reached_is_named_with_its_place(
    folder: Path, snapshot: Snapshot
) -> None:
    there, _ = await strength(folder, snapshot, NOTHING + CREATE.replace("EXPECT", "{writes: 1}"))
    found = {(one.place.line, one.place.column, one.message) for one in there.findings}
    assert there.leaves == (4, 10)
    assert there.branches == (2, 5)
    assert (10, 7, "No test reaches this.") in found
    assert (13, 13, "No test asks for this filter.") in found
    assert (21, 39, "In no test there is a value, so that the default is not needed.") in found
    assert (24, 14, "In no test this is true.") in found
    assert {one.rule for one in there.findings} == {"T301"}


async def test_what_nobody_notices_is_named_with_its_place(
    folder: Path, snapshot: Snapshot
) -> None:
    weak = NOTHING + CREATE.replace("EXPECT", "{writes: 1}")
    _, seen = await strength(folder, snapshot, weak)
    missed = {(one.place.line, one.message) for one in seen.findings}
    assert (27, "No test notices `paymentTermsId` left out.") in missed
    strong = NOTHING + CREATE.replace(
        "EXPECT",
        "{requests: [{call: POST customers, body: {displayName: Adatum,"
        " paymentTermsId: 5f8c0000-0000-4000-8000-0000000000aa}}]}",
    )
    _, seen = await strength(folder, snapshot, strong)
    assert not {one.place.line for one in seen.findings} & {26, 27}


async def test_what_no_test_reaches_is_not_flipped_too(folder: Path, snapshot: Snapshot) -> None:
    there, _ = await strength(folder, snapshot, NOTHING + CREATE.replace("EXPECT", "{writes: 1}"))
    document = load_document(folder / "mappings" / "things.yaml")
    every = list(flips(document))
    left = told_once(every, document, there)
    gone = {(flip.place.line, flip.was) for flip in every if flip not in left}
    record, default, guard = 10, 21, 24
    assert {record, default} <= {line for line, _ in gone}
    assert record not in {flip.place.line for flip in left}
    assert ((default, "'NET'") in gone) is (default in {one.place.line for one in there.findings})
    assert {flip.values for flip in left if flip.place.line == guard} >= {("true",)}


async def test_what_a_test_clears_is_told_so() -> None:
    shipped_ = load_snapshot(mappings=folders("mappings", None), schemas=folders("schemas", None))
    folder = folders("mappings", None)[0]
    file = read_cases(folder / "sales-orders.test.yaml")
    clearing = replace(file, cases=tuple(one for one in file.cases if "null clears" in one.name))
    there = await reached(load_document(folder / "sales-orders.yaml"), [clearing], shipped_)
    assert "In every test this is left out or cleared." in {one.message for one in there.findings}


async def test_a_mapping_without_tests_is_reached_nowhere(folder: Path, snapshot: Snapshot) -> None:
    document = load_document(folder / "mappings" / "things.yaml")
    there = await reached(document, [], snapshot)
    assert there.leaves[0] == there.branches[0] == 0
    assert len(there.missed) == there.leaves[1] + there.branches[1]


async def test_of_a_leaf_that_no_test_reaches_nothing_else_is_told(snapshot: Snapshot) -> None:
    change = 'update:\n  input: thing\n  body: {email: "{{ thing.terms }}"}\n'
    text = MAPPING.replace(
        'update:\n  input: thing\n  body: {displayName: "{{ thing.name }}"}\n', change
    )
    there = await reached(read_document("mappings/things.yaml", text), [], snapshot)
    missed = [one.what for one in there.missed if one.path == ("update", "body", "email")]
    assert missed == ["leaf", "left-out"]
    told = [one.message for one in there.findings if one.place.line == 30]
    assert told == ["No test reaches this."]
    assert {one.hint for one in there.findings} == {
        "Write the test that is missing, or take out what nobody needs."
    }


@pytest.fixture(scope="module")
def all_shipped() -> Snapshot:
    return load_snapshot(mappings=folders("mappings", None), schemas=folders("schemas", None))


async def test_the_tests_of_the_shipped_mappings_reach_everything(all_shipped: Snapshot) -> None:
    files = [read_cases(path) for path in case_files([shipped("mappings")])]
    documents = mapping_documents([shipped("mappings")])
    assert len(documents) == len(all_shipped.resources)
    for document in documents:
        there = await reached(document, _beside(document.value, files), all_shipped)
        assert there.findings == ()
        assert there.leaves[0] == there.leaves[1] > 0


async def test_the_tests_of_a_shipped_mapping_notice_every_flip(all_shipped: Snapshot) -> None:
    """`make check` tries all of them, which takes a quarter of a minute."""
    document = load_document(shipped("mappings") / "vendors.yaml")
    files = [read_cases(shipped("mappings") / "vendors.test.yaml")]
    seen = await noticed(document, flips(document), files, all_shipped)
    assert seen.flips > 40
    assert seen.findings == ()


def _beside(mapping: object, files: list[CaseFile]) -> list[CaseFile]:
    assert isinstance(mapping, dict)
    return [file for file in files if file.resource == mapping["resource"]]
