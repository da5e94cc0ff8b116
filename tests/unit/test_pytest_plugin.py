"""The fixture as those see it who have bc-gateway installed, and the example of the manual."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENTRIES = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][
    "pytest11"
]
INI = """
[pytest]
asyncio_default_fixture_loop_scope = function
asyncio_mode = strict
filterwarnings = error
addopts = --strict-markers -p no:cacheprovider {others}
"""
OTHERS = ("aiohttp", "anyio", "hypothesispytest", "randomly", "schemathesis", "timeout", "xdist")
OWN = """
import asyncio
import pytest

def test_it_stands(business_central):
    assert business_central.advance(0).startswith("2")
    business_central.control("POST", "environments", {"copy": "Sandbox", "name": "Mine"})

def test_it_is_fresh(business_central):
    names = business_central.control("GET", "environments")["value"]
    assert [one["name"] for one in names] == ["Production", "Sandbox"]

@pytest.mark.business_central(seed=7, items=20, now="2026-03-02T12:00:00Z")
def test_it_is_as_marked(business_central):
    assert business_central.advance(60) == "2026-03-02T12:01:00Z"
    assert len(business_central.state("items")) == 29

@pytest.mark.asyncio
async def test_it_serves_beside_a_loop(business_central):
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(business_central.url.rpartition(":")[2])
    )
    writer.write(b"GET /_simulator/clock HTTP/1.0\\r\\n\\r\\n")
    assert b'"now"' in await reader.read()
    writer.close()
    await writer.wait_closed()
"""
WRONG = """
import pytest

@pytest.mark.business_central(colour="red")
def test_unknown(business_central): pass

@pytest.mark.business_central(items="many")
def test_type(business_central): pass

@pytest.mark.business_central(7)
def test_nameless(business_central): pass

@pytest.mark.business_central(release="9.0")
def test_release(business_central): pass

@pytest.mark.business_central(now="2026-03-02T12:00:00")
def test_moment(business_central): pass
"""


def example(head: str = "In pytest", kind: str = "python") -> str:
    manual = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    section = manual.partition(f"\n## {head}\n")[2].partition("\n## ")[0]
    found = re.findall(rf"^```{kind}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    assert found
    return "\n\n".join(found)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of a project in whose environment the package is installed as its pyproject
    says: one run of all its files, since it takes as long as one of each.
    """
    project = tmp_path_factory.mktemp("project")
    metadata = project / "site" / "bc_gateway-0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: bc-gateway\nVersion: 0\n")
    entries = "".join(f"{name} = {module}\n" for name, module in ENTRIES.items())
    (metadata / "entry_points.txt").write_text(f"[pytest11]\n{entries}")
    others = " ".join(f"-p no:{name}" for name in OTHERS)  # plugins that nobody there uses
    (project / "pytest.ini").write_text(INI.format(others=others))
    routes = "Routes of your own"
    (project / "pricing.json").write_text(example(routes, "json seed"))
    files = {"manual": example(), "routes": example(routes), "own": OWN, "wrong": WRONG}
    for name, text in files.items():
        (project / f"test_{name}.py").write_text(text)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--tb=short", "-v"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": f"{metadata.parent}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout + run.stderr


def outcomes(told: str, name: str) -> Counter[str]:
    """How the tests of a file ended."""
    return Counter(re.findall(rf"^test_{name}\.py::\w+ ([A-Z]+)", told, re.MULTILINE))


@pytest.mark.timeout(60)
def test_the_example_of_the_manual_runs(told: str) -> None:
    assert outcomes(told, "manual") == {"PASSED": 4}, told


@pytest.mark.timeout(60)
def test_the_example_of_routes_of_ones_own_runs(told: str) -> None:
    assert outcomes(told, "routes") == {"PASSED": 1}, told


@pytest.mark.timeout(60)
def test_every_test_has_its_own_and_the_marker_says_how(told: str) -> None:
    assert outcomes(told, "own") == {"PASSED": 4}, told


@pytest.mark.timeout(60)
def test_a_wrong_marker_is_told(told: str) -> None:
    assert outcomes(told, "wrong") == {"ERROR": 5}, told
    for sentence in (
        "there is no option 'colour', only seed, items",
        "items can not be 'many'",
        "takes options by their names",
        "There is no release 9.0",
        "now is a moment with its offset from UTC",
    ):
        assert sentence in told


def test_unused_it_costs_nothing() -> None:
    code = (
        "import sys, gateway.pytest_plugin\n"
        "heavy = {'aiohttp', 'gateway.simulator', 'sqlalchemy', 'msgspec', 'cryptography'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = [sys.executable, "-c", code]
    result = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    assert result.stdout.strip() == "[]"
