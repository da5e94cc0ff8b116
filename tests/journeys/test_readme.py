"""What the README promises is run as it stands: every command, every answer."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from tests.journeys.processes import free_port

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
STORY = README[README.index("## The story, by hand") : README.index("## Connect a real tenant")]
ANY = "…"


def steps() -> Iterator[tuple[str, str, str]]:
    """The commands of the story, each with the answer shown behind it and its kind."""
    blocks = [*BLOCK.findall(STORY), ("sh", "")]
    for (kind, text), (next_kind, next_text) in pairwise(blocks):
        if kind == "sh":
            yield text, next_kind if next_kind != "sh" else "", next_text


def differs(expected: object, actual: object, at: str = "") -> list[str]:
    """Where `actual` lacks what the README shows; `…` stands for anything."""
    if isinstance(expected, dict):
        given = actual if isinstance(actual, dict) else {}
        return [
            line
            for key, value in expected.items()
            if key != ANY
            for line in differs(value, given.get(key, "(absent)"), f"{at}/{key}")
        ]
    if isinstance(expected, list):
        elements = actual if isinstance(actual, list) else []
        if len(expected) != len(elements):
            return [f"{at}: {len(elements)} elements instead of {len(expected)}"]
        pairs = zip(expected, elements, strict=True)
        return [line for i, pair in enumerate(pairs) for line in differs(*pair, f"{at}/{i}")]
    if isinstance(expected, str) and ANY in expected and isinstance(actual, str):
        pattern = ".*".join(re.escape(part) for part in expected.split(ANY))
        return [] if re.fullmatch(pattern, actual) else [f"{at}: {actual}"]
    return [] if expected == actual else [f"{at}: {actual!r} instead of {expected!r}"]


def script(folder: Path) -> str:
    """The story as one shell script whose steps write their output to `folder`."""
    lines = ["set -euo pipefail", "trap 'kill $(jobs -p)' EXIT"]
    for number, (command, _, _) in enumerate(steps()):
        lines += [f"exec > {folder}/{number}.out", command]
    return "\n".join(lines)


@pytest.mark.timeout(90)
async def test_the_story_by_hand(tmp_path: Path) -> None:
    ports = {"8080": str(free_port()), "8090": str(free_port())}
    text = re.sub(r"\b(8080|8090)\b", lambda match: ports[match.group()], script(tmp_path))
    text = text.replace(
        "encryption:",
        f"public: {{listen: '127.0.0.1:{ports['8080']}'}}\nconsole: {{listen: null}}\nencryption:",
    )
    command = tmp_path / "bc-gateway"
    command.write_text(f"#!{sys.executable}\nfrom gateway.cli import main\nmain()\n")
    command.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", text, cwd=tmp_path, env=environment, stderr=asyncio.subprocess.PIPE
    )  # fmt: skip
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    for number, (shown, kind, expected) in enumerate(steps()):
        output = (tmp_path / f"{number}.out").read_text()
        for name, port in ports.items():
            output = output.replace(port, name)
        if kind == "json":
            wanted = json.loads(expected, parse_float=Decimal)
            assert differs(wanted, json.loads(output, parse_float=Decimal)) == [], shown
        elif kind == "text":
            assert output.replace("\r", "").strip() == expected.strip(), shown


def test_every_example_of_the_story_is_shown_with_its_answer() -> None:
    assert sum(1 for _, kind, _ in steps() if kind) >= 11


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
