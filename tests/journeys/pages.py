"""Pages of the manual that tell a story: their files are written, their commands run, and what
these print is compared with what the page shows.

A block `sh` holds commands, and `sh fails` some that must end with an error; a block `json` or
`text` behind it what they print. A block that names a file, as `yaml mappings/contacts.yaml`, is
that file; with `more` it goes to its end, with `change` its lines take the place of those of the
same keys.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tests.journeys.processes import free_port

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ANY = "…"
PORTS = ("8080", "8090")  # of the gateway and of the simulator, as the pages have them


@dataclass(frozen=True)
class Step:
    """Commands, whether they must fail, and what is shown of what they print: its kind and text."""

    command: str
    fails: bool
    kind: str
    shown: str


def steps(page: str) -> list[Step]:
    """What is to be run, in the order of the page; files are written by commands too."""
    files: dict[str, str] = {}
    found: list[Step] = []
    for kind, words, text in BLOCK.findall(page):
        match words.split():
            case [] if kind in {"json", "text"}:
                before = found.pop()
                found.append(Step(before.command, before.fails, kind, text))
            case [] | ["fails"] if kind == "sh":
                found.append(Step(text, "fails" in words, "", ""))
            case [file, *how] if "." in file:
                files[file] = written(files.get(file, ""), text, how)
                found.append(Step(_saved(file, files[file]), False, "", ""))
            case _:
                raise AssertionError(f"nobody knows what to do with {kind} {words}")
    return found


def written(file: str, text: str, how: list[str]) -> str:
    """A file after a block of the page."""
    if "more" in how:
        return file + text
    if "change" not in how:
        return text
    lines = file.splitlines()
    for line in text.splitlines():
        key = line.partition(":")[0]
        (at,) = [number for number, old in enumerate(lines) if old.partition(":")[0] == key]
        lines[at] = line
    return "\n".join(lines) + "\n"


def _saved(file: str, text: str) -> str:
    return f"cat > {shlex.quote(file)} <<'END OF FILE'\n{text}END OF FILE\n"


def differs(expected: object, actual: object, at: str = "") -> list[str]:
    """Where `actual` lacks what the page shows; `…` stands for anything."""
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
        return [] if re.fullmatch(pattern, actual, re.DOTALL) else [f"{at}: {actual}"]
    return [] if expected == actual else [f"{at}: {actual!r} instead of {expected!r}"]


def script(found: list[Step], folder: Path) -> str:
    """The steps as one shell script; each writes what it prints to `folder`."""
    lines = ["set -euo pipefail", "trap 'kill $(jobs -p) || true' EXIT"]
    for number, step in enumerate(found):
        lines.append(f"exec > {folder}/{number}.out 2>&1")
        lines.append(f"if {step.command.strip()}; then exit 9; fi" if step.fails else step.command)
    return "\n".join(lines)


ALONE = f"#!{sys.executable}\nfrom gateway.cli import main\nmain()\n"


async def follow(page: str, folder: Path, command: str = ALONE) -> list[str]:
    """Follow a page in an empty folder: what does not come out as it shows. `command` is the
    script that stands for `bc-gateway`, by default one that loads everything by itself.
    """
    found = steps(page)
    ports = {port: str(free_port()) for port in PORTS}
    text = re.sub(rf"\b({'|'.join(PORTS)})\b", lambda match: ports[match[1]], script(found, folder))
    text = text.replace(
        "encryption:",
        f"public: {{listen: '127.0.0.1:{ports['8080']}'}}\nconsole: {{listen: null}}\nencryption:",
    )
    script_ = folder / "bc-gateway"
    script_.write_text(command)
    script_.chmod(0o755)
    path = {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", text, cwd=folder, env={**os.environ, **path}
    )
    status = await process.wait()
    outputs = list(_outputs(folder, ports))
    assert status == 0, f"{found[len(outputs) - 1].command}\n{outputs[-1]}"
    return [line for pair in zip(found, outputs, strict=True) for line in _compared(*pair)]


def _outputs(folder: Path, ports: dict[str, str]) -> Iterator[str]:
    """What each step printed, with the ports of the page."""
    for number in range(len(list(folder.glob("*.out")))):
        output = (folder / f"{number}.out").read_text(encoding="utf-8")
        for port, used in ports.items():
            output = output.replace(used, port)
        yield output


def _compared(step: Step, output: str) -> list[str]:
    wrong: list[str] = []
    if step.kind == "json":
        wanted = json.loads(step.shown, parse_float=Decimal)
        wrong = differs(wanted, json.loads(output, parse_float=Decimal))
    elif step.kind == "text":
        wrong = differs(_bare(step.shown), _bare(output))
    return [f"{step.command}\n{line}" for line in wrong]


def _bare(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def files(page: str) -> dict[str, str]:
    """The files of a page by their names, as they are at its end."""
    found: dict[str, str] = {}
    for _, words, text in BLOCK.findall(page):
        match words.split():
            case [file, *how] if "." in file:
                found[file] = written(found.get(file, ""), text, how)
    return found
