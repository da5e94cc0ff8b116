"""What the pages under `docs/` promise is compared with the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gateway.cli import main
from gateway.config import folders
from gateway.errors import CallerError, GatewayError, Rejected
from gateway.mapping.rules import RULES
from gateway.snapshot import load_snapshot

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def codes(cls: type[GatewayError] = GatewayError) -> Iterator[str]:
    if cls not in {Rejected, CallerError}:
        yield cls.code
    for child in cls.__subclasses__():
        if child.__module__ == "gateway.errors":
            yield from codes(child)


def test_every_problem_code_has_its_section_and_no_other() -> None:
    assert set(re.findall(r"^### (\S+)$", page("problems.md"), re.MULTILINE)) == set(codes())


def test_every_rule_of_mappings_stands_in_the_table_as_the_code_has_it() -> None:
    rows = re.findall(r"^\| (M\d+) \| (\S+) \| (\S+) \| (.*) \|$", page("rules.md"), re.MULTILINE)
    assert {(rule.id, rule.name, rule.severity, rule.reason) for rule in RULES.values()} == set(
        rows
    )


def test_every_rule_that_the_code_names_has_its_row() -> None:
    source = Path(__file__).parents[2] / "gateway"
    named = {
        rule
        for file in source.rglob("*.py")
        if "simulator" not in file.parts
        for rule in re.findall(r'"([CDMT]\d{3})"', file.read_text(encoding="utf-8"))
    }
    assert {rule for rule in named if rule not in page("rules.md")} == set()


def test_the_whole_mapping_of_the_manual_has_no_finding(tmp_path: Path) -> None:
    (text,) = re.findall(
        r"^```yaml mapping\n(.*?)^```$", page("mappings.md"), re.DOTALL | re.MULTILINE
    )
    (tmp_path / "price-list-items.yaml").write_text(text, encoding="utf-8")
    snapshot = load_snapshot(
        mappings=folders("mappings", tmp_path), schemas=folders("schemas", None)
    )
    assert snapshot.plan("price-list-items", "list").entity == "items"


def test_every_command_in_the_pages_exists() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in DOCS.glob("*.md"))
    named = set(re.findall(r"bc-gateway ([a-z]+)", text))
    assert named <= set(main.commands)
