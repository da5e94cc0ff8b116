"""What the pages under `docs/` promise is compared with the code."""

from __future__ import annotations

import asyncio
import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest
from click.testing import CliRunner

from docs.generate import MARK, MENU_ENDS, MENU_STARTS, REPORT_STARTS, menu, rendered, report
from gateway.cli import main
from gateway.config import shipped
from gateway.errors import CallerError, GatewayError, Rejected
from gateway.simulator import run_simulator
from gateway.snapshot import Snapshot
from gateway.storage import ConnectionStatus

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def codes(cls: type[GatewayError] = GatewayError) -> Iterator[str]:
    if cls not in {Rejected, CallerError}:
        yield cls.code
    for child in cls.__subclasses__():
        if child.__module__ == "gateway.errors":
            yield from codes(child)


def test_every_status_of_a_connection_is_told_and_no_other() -> None:
    table = page("operating.md").split("## Connections\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(get_args(ConnectionStatus))


def test_every_problem_code_has_its_section_and_no_other() -> None:
    assert set(re.findall(r"^### (\S+)$", page("problems.md"), re.MULTILINE)) == set(codes())


def test_the_order_of_the_readme_is_rendered_and_explained_as_the_manual_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (DOCS.parent / "README.md").read_text()
    (order,) = re.findall(
        r"cat > order\.json <<'EOF'\n(.*?)^EOF$", readme, re.DOTALL | re.MULTILINE
    )
    guide = page("mappings.md")
    (answers,) = re.findall(r"^```yaml answers\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    (told,) = re.findall(r"^```text explain\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    Path("order.json").write_text(order)
    Path("answers.yaml").write_text(answers)
    words = ["render", "sales-orders", "create", "order.json", "--answers", "answers.yaml"]
    sent = CliRunner().invoke(main, words)
    assert sent.exit_code == 0
    assert '"lineObjectNumber": "1900-S"' in sent.stdout
    explained = CliRunner().invoke(main, [*words, "--explain", "salesOrderLines.quantity"])
    shown = explained.stdout.replace(f"{shipped('mappings')}/", "mappings/")
    assert shown == told


def test_the_page_of_the_resources_is_that_of_the_shipped_mappings(snapshot: Snapshot) -> None:
    made = page("resources.md").partition(MARK)[2]
    assert made == rendered(snapshot), "run python docs/generate.py"


def test_the_menu_of_faults_is_that_of_the_simulator() -> None:
    made = page("simulator.md").partition(MENU_STARTS)[2].partition(MENU_ENDS)[0]
    assert made == menu(), "run python docs/generate.py"


def test_the_report_of_what_is_simulated_is_that_of_the_simulator() -> None:
    assert page("simulator.md").partition(REPORT_STARTS)[2] == report(), "run docs/generate.py"


def test_the_metrics_of_the_manual_are_those_that_are_counted() -> None:
    gateway = DOCS.parent / "gateway"
    counted = {
        name
        for file in (gateway / "telemetry" / "metrics.py", gateway / "console" / "figures.py")
        for name in re.findall(r'"(bc_gateway_\w+)"', file.read_text(encoding="utf-8"))
    }
    named = set(re.findall(r"bc_gateway_\w+", page("operating.md")))
    assert {name.removesuffix("_total").removesuffix("_bucket") for name in named} == counted


def test_every_command_in_the_pages_exists() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in DOCS.glob("*.md"))
    named = set(re.findall(r"bc-gateway ([a-z]+)", text))
    assert named <= set(main.list_commands(click.Context(main)))


def test_the_figures_of_the_readme_are_those_of_the_last_run() -> None:
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    results = (DOCS.parent / "benchmarks/RESULTS.md").read_text(encoding="utf-8")
    section = readme.partition("## How fast")[2].partition("\n## ")[0]
    quoted = [line for line in section.splitlines() if line.startswith("|")]
    assert len(quoted) >= 6
    assert [line for line in quoted if line not in results.splitlines()] == []
    processor = re.search(r"^\| processor \| (.+) \|$", results, re.MULTILINE)
    assert processor is not None
    assert processor.group(1) in section


async def test_the_first_calls_of_the_simulator_are_answered(tmp_path: Path) -> None:
    section = page("simulator.md").partition("\n## ")[0]
    start, calls = re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    assert start == "bc-gateway simulate --port 8090\n"
    async with run_simulator() as simulator:
        script = calls.replace("http://127.0.0.1:8090", simulator.url)
        assert script != calls
        shell = await asyncio.create_subprocess_exec(
            "bash", "-euc", script, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await shell.communicate()
    assert shell.returncode == 0
    customers, order = (json.loads(line) for line in output.decode().splitlines())
    assert [one["number"] for one in customers["value"]] == ["10000"]
    assert (order["number"], order["customerNumber"]) == ("S-ORD101001", "10000")


def test_the_example_of_the_simulator_in_python_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    section = page("simulator.md").partition("\n## In Python\n")[2]
    found = re.search(r"^```python\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    assert found is not None
    script = tmp_path / "example.py"
    script.write_text(found[1], encoding="utf-8")
    runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out == "Harwick Distributors Ltd 6\n"
