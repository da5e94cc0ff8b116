"""What the README promises is run as it stands: every command, every answer."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from tests.journeys.pages import ROOT, follow, steps

README = (ROOT / "README.md").read_text(encoding="utf-8")
STORY = README[README.index("## The story, by hand") : README.index("## Connect a real tenant")]


@pytest.mark.timeout(90)
async def test_the_story_by_hand(tmp_path: Path) -> None:
    assert await follow(STORY, tmp_path) == []
    assert not (tmp_path / "trial").exists()  # so that it can be followed again


@pytest.mark.parametrize("space", ["", "\n  "])
async def test_a_value_of_the_connection_is_not_that_of_its_company(
    tmp_path: Path, space: str
) -> None:
    (line,) = re.findall(r"^value\(\).*$", STORY, re.MULTILINE)
    (tmp_path / "connection.json").write_text(
        f'{{"id": "con_1",{space}"company": {{"id": "c0a1e5d2", "name": "Harwick"}}}}'
    )
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", f"{line}\nvalue id", cwd=tmp_path, stdout=asyncio.subprocess.PIPE
    )
    assert (await process.communicate())[0] == b"con_1\n"


def test_every_example_of_the_story_is_shown_with_its_answer() -> None:
    assert sum(bool(step.kind) for step in steps(STORY)) >= 11


def test_the_two_commands_are_those_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    run = re.search(r"^run:.*\n\t(.*)$", makefile, re.MULTILINE)
    test = re.search(r"^test:.*\n\t(.*)$", makefile, re.MULTILINE)
    assert run is not None
    assert test is not None
    assert run.group(1).endswith("bc-gateway demo")
    assert "pytest" in test.group(1)


def test_links_lead_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_table_of_the_configuration_names_every_key() -> None:
    schema = json.loads((ROOT / "schemas/gateway/config.schema.json").read_text())
    for name, part in schema["properties"].items():
        for key in part.get("properties", {}):
            assert f"`{name}.{key}`" in README
        if "properties" not in part:
            assert f"`{name}`" in README
