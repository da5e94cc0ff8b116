"""`bc-gateway compile`, and the other commands where there are overrides."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gateway.config import shipped
from gateway.documents import read_document

Run = Callable[..., Result]

OVERRIDE = """\
extends: items
create:
  body:
    displayName: "{{ item.name | upper }}"
    gtin: {$remove: true}
"""


@pytest.fixture
def lain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of overrides, relative to the current one; no configuration gets in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BC_GATEWAY_CONFIG", raising=False)
    for owner, text in (("harwick", OVERRIDE), ("con_1", "extends: items\ntitle: Wares\n")):
        (tmp_path / "overrides" / owner).mkdir(parents=True)
        (tmp_path / "overrides" / owner / "items.yaml").write_text(text)
    return Path("overrides")


def test_the_merged_mapping_is_one_that_can_be_read(run: Run, lain: Path) -> None:
    plain = read_document("a.yaml", run("compile", "items").stdout).value
    assert plain == read_document("a.yaml", (shipped("mappings") / "items.yaml").read_text()).value
    result = run("compile", "items", "--for", "harwick", "--overrides", lain)
    assert result.exit_code == 0
    merged = read_document("a.yaml", result.stdout).value
    assert isinstance(merged, dict)
    body = merged["create"]["body"]
    assert body["displayName"] == "{{ item.name | upper }}"
    assert not {"gtin", "gtin?"} & body.keys()
    assert "extends" not in merged
    as_json = run("compile", "items", "--for", "harwick", "--overrides", lain, "--format", "json")
    assert json.loads(as_json.stdout)["create"]["body"] == json.loads(json.dumps(body, default=str))


def test_every_leaf_tells_its_file_and_line(run: Run, lain: Path) -> None:
    words = ("compile", "items", "--why", "--overrides", lain, "--format", "json")
    leaves = {
        one["leaf"]: (one["value"], one["from"])
        for one in json.loads(run(*words, "--for", "harwick").stdout)
    }
    assert leaves["create.body.displayName"] == (
        '"{{ item.name | upper }}"',
        "overrides/harwick/items.yaml:4:18",
    )
    base = shipped("mappings") / "items.yaml"
    number = next(
        at for at, line in enumerate(base.read_text().splitlines(), 1) if line.startswith("entity:")
    )
    assert leaves["entity"] == ('"items"', f"{base}:{number}:9")
    for owner in ("harwick/con_1", "/con_1"):  # the connection's lies over the mapping alone
        places = {
            one["leaf"]: one["from"] for one in json.loads(run(*words, "--for", owner).stdout)
        }
        assert places["title"] == "overrides/con_1/items.yaml:2:8"
        assert places["create.body.displayName"].startswith(str(base))


def test_who_has_no_override_is_told_so(run: Run, lain: Path) -> None:
    result = run("compile", "items", "--for", "harwik/con_9", "--overrides", lain)
    assert result.stderr == (
        "harwik/con_9 has no override of items: this is the mapping of all. Did you mean harwick?\n"
    )
    assert run("compile", "items", "--for", "harwick", "--overrides", lain).stderr == ""


def test_a_table_for_people_holds_every_bracket(run: Run, lain: Path) -> None:
    result = run("compile", "sales-orders", "--for", "harwick", "--why", "--overrides", lain)
    assert "{{ lookups.items[line.sku].number }}" in result.stdout
    assert "create.body.salesOrderLines.$concat[0].lineObjectNumber" in result.stdout


def test_what_is_wrong_is_told_first(run: Run, lain: Path) -> None:
    (lain / "harwick" / "items.yaml").write_text(OVERRIDE.replace("item.name", "item.nam"))
    for command in (("compile", "items", "--for", "harwick"), ("check",), ("test",)):
        result = run(*command, "--overrides", lain)
        assert result.exit_code == 1
        assert "overrides/harwick/items.yaml:4:22  M201 unknown-input" in result.output
    assert run("compile", "itms").exit_code == 1
    assert 'Did you mean "items"?' in run("compile", "itms").output


def test_check_looks_at_overrides_of_the_configuration_and_at_one_file(
    run: Run, lain: Path, config_file: Path
) -> None:
    config_file.write_text(config_file.read_text() + "overrides: overrides\n")
    assert run("check").exit_code == 0
    (lain / "con_1" / "items.yaml").write_text("extends: items\nschema: item\n")
    (lain / "con_1" / "items.test.yaml").write_text("resource: items\ntests: 1\n")
    assert "con_1/items.yaml:2:1  M403" in run("check").output
    assert "M403" in run("check", lain / "con_1" / "items.yaml").output
    assert "M403" not in run("check", lain / "harwick" / "items.yaml").output
    (lain / "con_1" / "items.yaml").write_text("extends: items\n")
    assert "con_1/items.test.yaml:2:8  T101" in run("check").output


def test_the_tests_of_a_mapping_run_on_its_overrides(run: Run, lain: Path) -> None:
    result = run("test", "--overrides", lain)
    assert result.exit_code == 1
    assert "ok  a name is enough, and false and 0 are sent (for con_1)" in result.stdout
    failed = [line for line in result.stdout.splitlines() if line.startswith("  failed")]
    assert failed
    assert all(line.endswith("(for harwick)") for line in failed)
    names = [line[10:].removesuffix(" (for harwick)") for line in failed]
    tests = [
        {"name": name, "verb": "create", "given": {"name": "x"}, "expect": {"writes": 1}}
        for name in names
    ]
    own = lain / "harwick" / "items.test.yaml"
    own.write_text(json.dumps({"resource": "items", "tests": tests}))
    result = run("test", "--overrides", lain)
    assert (result.exit_code, "0 failed." in result.stdout) == (0, True), result.stdout


def test_render_takes_the_override(run: Run, lain: Path) -> None:
    Path("chair.json").write_text('{"name": "Chair"}')
    words = ("render", "items", "create", "chair.json", "--overrides", lain, "--format", "json")
    names = [
        json.loads(run(*words, *more).stdout)["requests"][0]["body"]["displayName"]
        for more in ((), ("--for", "harwick"), ("--for", "harwick/con_2"))
    ]
    assert names == ["Chair", "CHAIR", "CHAIR"]
