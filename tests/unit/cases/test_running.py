"""Tests of a page whose records are named by a code: the record that is there names itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cases import read_cases, run_cases
from gateway.cli import main
from gateway.config import shipped
from gateway.console.examples import starts
from gateway.snapshot import Snapshot, load_snapshot

FOLDER = Path(__file__).parents[2] / "contract" / "custom_apis"
RECORD = (
    "{code: RETAIL, description: All, discount: 0, closed: false, closedReason: '', priceLines: []}"
)
TESTS = """\
resource: price-groups
answers: {steps: {read: %s}}
tests:
  - name: the discount is changed
    verb: update
    given: {discount: 5}
    expect:
      requests:
        - {call: "PATCH priceGroups('RETAIL')", body: {discount: 5}}
"""


@pytest.fixture
def partner(tmp_path: Path) -> Snapshot:
    mapping = (FOLDER / "mappings" / "price-groups.yaml").read_text()
    (tmp_path / "price-groups.yaml").write_text(mapping)
    (tmp_path / "price-groups.test.yaml").write_text(TESTS % RECORD)
    schemas = [shipped("schemas"), FOLDER / "schemas"]
    return load_snapshot(mappings=[tmp_path], schemas=schemas)


async def test_a_record_that_is_there_is_named_by_its_key(
    tmp_path: Path, partner: Snapshot
) -> None:
    path = tmp_path / "price-groups.test.yaml"
    (result,) = await run_cases(read_cases(path), partner)
    assert not result.findings
    path.write_text(TESTS % RECORD.replace("code: RETAIL, ", ""))
    (result,) = await run_cases(read_cases(path), partner)
    assert {one.rule for one in result.findings} == {"T109"}, "a record without its key"


def test_the_page_for_trying_begins_with_it(partner: Snapshot) -> None:
    assert starts(partner)["price-groups:update"].texts().target == "RETAIL"


def test_it_is_rendered_without_a_target(tmp_path: Path) -> None:
    patch, answers = tmp_path / "patch.json", tmp_path / "answers.yaml"
    patch.write_text('{"discount": 5}')
    arguments = ["render", "price-groups", "update", str(patch), "--answers", str(answers)]
    arguments += ["--mappings", str(FOLDER / "mappings"), "--schemas", str(FOLDER / "schemas")]
    answers.write_text(f"steps: {{read: {RECORD}}}")
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("PATCH priceGroups('RETAIL')\n")
    answers.write_text(f"steps: {{read: {RECORD.replace('code: RETAIL, ', '')}}}")
    nameless = CliRunner().invoke(main, arguments)
    assert (nameless.exit_code, type(nameless.exception)) == (1, SystemExit), "no traceback"
    assert "id: something it reads is missing" in nameless.stderr
