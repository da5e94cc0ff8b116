"""The tests of a mapping on what overrides make of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.cases import own_cases, read_cases, run_all
from gateway.config import shipped
from gateway.documents import Finding
from gateway.snapshot import load_snapshot

TEST = """\
resource: things
tests:
  - name: it is made
    verb: create
    given: {name: Adatum}
    answers: {lookups: {terms: {id: 6f2e0000-0000-4000-8000-000000000001, code: NET}}}
    expect:
      requests:
        - call: POST customers
          body:
            displayName: Adatum
            paymentTermsId: 6f2e0000-0000-4000-8000-000000000001
"""
OVERRIDE = "extends: things\ncreate: {body: {email: a@b.example}}\n"


@pytest.fixture
def folder(made: tuple[Path, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder, to be written to; it is the current one."""
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def _findings(folder: Path, test: str, override: str, own: str = "") -> list[Finding]:
    """What is found by the tests of a mapping, where an override lies over it."""
    lain = folder / "overrides" / "harwick"
    lain.mkdir(parents=True, exist_ok=True)
    (lain / "things.yaml").write_text(override)
    if own:
        (lain / "things.test.yaml").write_text(own)
    (folder / "mappings" / "things.test.yaml").write_text(test)
    snapshot = load_snapshot(
        mappings=[folder / "mappings"],
        schemas=[shipped("schemas"), folder / "schemas"],
        overrides=folder / "overrides",
    )
    wrong: list[Finding] = []
    cases = own_cases(folder / "overrides", wrong)
    assert not wrong
    results = await run_all([read_cases(folder / "mappings/things.test.yaml")], snapshot, cases)
    return [finding for result in results for finding in result.findings]


async def test_a_test_that_fails_on_an_override_alone_is_not_to_be_changed(folder: Path) -> None:
    (one,) = await _findings(folder, TEST, OVERRIDE)
    assert one.message == "email is not expected."
    assert str(one.place) == "mappings/things.test.yaml:10:11"  # `body`, which lacks it
    assert one.length == len("body")
    assert one.hint == (
        'Put overrides/harwick/things.yaml right. If the override means this, put a test named "it is made" '
        "into things.test.yaml beside it: for harwick that one counts instead."
    )


async def test_what_the_hint_says_to_do_is_all_there_is_to_do(folder: Path) -> None:
    own = TEST.replace("displayName: Adatum", "displayName: Adatum\n            email: a@b.example")
    assert await _findings(folder, TEST, OVERRIDE, own) == []


async def test_a_test_that_fails_by_itself_is_to_be_put_right(folder: Path) -> None:
    found = await _findings(
        folder, TEST.replace("displayName: Adatum", "displayName: Trey"), OVERRIDE
    )
    hints = {one.message: one.hint for one in found}
    assert hints["displayName is another."] == "Put the mapping right, or the expectation."
    assert (hints["email is not expected."] or "").startswith("Put overrides/harwick/things.yaml")
