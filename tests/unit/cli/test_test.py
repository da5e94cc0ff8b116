from __future__ import annotations

import json
import shutil
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


# Leaves of the shipped mappings, each changed so that a test beside them must fail.
LEAVES = [
    ("sales-orders", {"line.unit_price }}": "line.discount_percent }}"}),
    ("sales-orders", {"bc.totalAmountIncludingTax": "bc.totalTaxAmount"}),
    ("sales-orders", {"['Invoice', 'All']": "['Invoice', 'Ship']"}),
    ("sales-orders", {"In Review: in_review": "In Review: draft"}),
    ("sales-orders", {"(i + 1) * 10000": "(i + 2) * 10000"}),
    ("sales-orders", {"truncate_to(100)": "truncate_to(99)"}),
    ("sales-orders", {"reject: unknown_customer": "reject: unmatched_item"}),
    ("sales-orders", {"{field: customerNumber}": "{field: number}"}),
    ("customers", {"{{ customer.address.city }}": "{{ customer.address.country }}"}),
    ("customers", {"Invoice: invoice": "Invoice: ship"}),
    ("items", {"{{ item.blocked }}": "{{ item.price_includes_tax }}"}),
    ("items", {"{field: gtin}": "{field: number}"}),
]


def test_a_wrong_leaf_makes_a_test_fail(run: Run, own: Path, replace: Replace) -> None:
    for at, (name, change) in enumerate(LEAVES):
        renamed = {f"resource: {name}": f"resource: {name}-{at}"}
        for suffix, changes in ((".yaml", {**renamed, **change}), (".test.yaml", renamed)):
            copy = Path(shutil.copy(own / (name + suffix), own / f"{name}-{at}{suffix}"))
            replace(copy, changes)
    results = json.loads(run("test", own, "--format", "json").stdout)
    failed = {one["file"] for one in results if not one["passed"]}
    assert failed == {f"own/{name}-{at}.test.yaml" for at, (name, _) in enumerate(LEAVES)}
