"""The tutorial is followed word by word, in an empty folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import forked
from tests.journeys.pages import ROOT, follow, steps

TUTORIAL = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")


@pytest.mark.timeout(90)
async def test_the_tutorial_by_hand(tmp_path: Path) -> None:
    assert await follow(TUTORIAL, tmp_path, forked.client()) == []
    assert not (
        tmp_path / "contacts/bc-gateway.db"
    ).exists()  # so that step 9 can be followed again


def test_what_is_run_is_shown_with_what_it_prints() -> None:
    assert sum(bool(step.kind) for step in steps(TUTORIAL)) >= 15


def test_the_sentences_before_a_file_name_it() -> None:
    for before, file in re.findall(r"\n([^\n]+)\n\n```(?:yaml|json) (\S+)", TUTORIAL):
        assert f"`{file}`" in before or "Put the two lines right" in before
