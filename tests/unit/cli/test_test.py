from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
Replace = Callable[[Path, Mapping[str, str]], None]


@pytest.fixture(autouse=True)
def _somewhere_else(own: Path) -> None:
    """No configuration of the developer's gets in."""


def test_the_tests_of_the_shipped_mappings_pass(run: Run) -> None:
    result = run("test")
    assert result.exit_code == 0
    assert "ok  codes that look like numbers stay text" in result.stdout
    assert result.stdout.splitlines()[-1].endswith(" passed, 0 failed.")


def test_a_failing_test_shows_the_leaf_and_the_cause(run: Run, own: Path, replace: Replace) -> None:
    replace(own / "sales-orders.yaml", {"lineType: Charge": "lineType: Item"})
    result = run("test", own / "sales-orders.yaml")
    assert result.exit_code == 1
    assert "failed  header and lines go out together in the order of sending" in result.stdout
    assert "salesOrderLines[1].lineType is another." in result.stdout
    assert 'want  "Charge", found "Item"' in result.stdout
    assert "customers" not in result.stdout


def test_results_for_programs(run: Run, own: Path, replace: Replace) -> None:
    replace(own / "items.test.yaml", {"unitPrice: 0, blocked: false}": "unitPrice: 1}"})
    result = run("test", own / "items.test.yaml", "--format", "json")
    assert result.exit_code == 1
    told = {one["name"]: one for one in json.loads(result.stdout)}
    failed = told["a name is enough, and false and 0 are sent"]
    assert failed["passed"] is False
    assert failed["file"] == "own/items.test.yaml"
    assert {one["expected"] for one in failed["findings"]} == {"1", "nothing"}
    assert told["the stock cannot be set"]["passed"] is True


def test_files_with_mistakes_and_folders_without_tests(run: Run, own: Path, tmp_path: Path) -> None:
    (own / "items.test.yaml").write_text("resource: items\ntests: []\n")
    result = run("test", own)
    assert result.exit_code == 1
    assert "own/items.test.yaml:2:" in result.stderr
    nothing = tmp_path / "nothing.yaml"
    nothing.write_text("")
    assert run("test", "nowhere").exit_code == 2
    assert "Example: bc-gateway test" in run("test", "--help").stdout


def test_a_folder_that_is_named_twice_is_read_once(run: Run, own: Path) -> None:
    (own / "items.yaml").write_text("resource: [items\n")
    result = run("test", own, own.resolve() / "vendors.yaml")
    assert result.exit_code == 1
    assert result.stderr.count("D110") == 1


def test_what_the_tests_reach_and_notice_is_counted(run: Run, own: Path) -> None:
    result = run("test", own / "vendors.yaml", "--coverage", "--mutate")
    assert result.exit_code == 0
    line = result.stdout.splitlines()[-1]
    assert line.startswith("own/vendors.yaml: 17 of 17 leaves reached, 25 of 25 branches reached, ")
    assert re.search(r"(\d+) of \1 flips noticed\.$", line)


def test_what_no_test_reaches_is_found(run: Run, own: Path, replace: Replace) -> None:
    replace(own / "vendors.yaml", {"resource: vendors": "resource: sellers"})
    replace(own / "vendors.test.yaml", {"resource: vendors": "resource: sellers"})
    text = (own / "vendors.test.yaml").read_text()
    (own / "vendors.test.yaml").write_text(text[: text.index("  - name: a vendor that is")])
    result = run("test", own / "vendors.test.yaml", "--coverage")
    assert result.exit_code == 1
    assert "T301 never-reached" in result.stdout
    told = json.loads(
        run("test", own / "vendors.yaml", "--coverage", "--mutate", "--format", "json").stdout
    )
    (mapping,) = told["mappings"]
    assert mapping["branches"]["reached"] < mapping["branches"]["all"]
    assert mapping["flips"]["noticed"] < mapping["flips"]["all"]
    assert {one["rule"] for one in mapping["findings"]} == {"T301", "T302"}
    assert {one["file"] for one in mapping["findings"]} == {"own/vendors.yaml"}
    assert all(one["passed"] for one in told["tests"])


def test_a_mapping_without_tests_is_never_reached(run: Run, own: Path, replace: Replace) -> None:
    (own / "vendors.test.yaml").unlink()
    replace(own / "vendors.yaml", {"resource: vendors": "resource: sellers"})
    result = run("test", own / "vendors.yaml", "--coverage")
    assert result.exit_code == 1
    assert "own/vendors.yaml: 0 of 17 leaves reached, 0 of 25 branches reached." in result.stdout


def test_tests_that_fail_come_first(run: Run, own: Path, replace: Replace) -> None:
    replace(own / "vendors.yaml", {"bc.city": "bc.state"})
    result = run("test", own / "vendors.yaml", "--coverage", "--mutate")
    assert result.exit_code == 1
    assert "only when all tests pass" in result.stderr
    assert "leaves" not in result.stdout


def test_what_stands_in_an_override_is_looked_at_too(run: Run, own: Path, tmp_path: Path) -> None:
    over = tmp_path / "lain" / "harwick" / "items.yaml"
    over.parent.mkdir(parents=True)
    over.write_text(
        "extends: items\nrecord:\n  name: \"{{ bc.displayName | default('') | trim }}\"\n"
    )
    flags = ("--coverage", "--mutate", "--overrides", str(tmp_path / "lain"), "--format", "json")
    result = run("test", own / "items.yaml", *flags)
    base, override = json.loads(result.stdout)["mappings"]
    assert base["findings"] == []
    assert override["file"] == "lain/harwick/items.yaml"
    assert override["leaves"] == {"all": 1, "reached": 1}
    assert override["branches"] == {"all": 2, "reached": 2}
    (survivor,) = override["findings"]
    assert (survivor["rule"], survivor["file"], survivor["line"]) == ("T302", override["file"], 3)
