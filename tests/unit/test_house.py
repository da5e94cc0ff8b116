"""The bars of the house that no tool of `make check` checks by itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import grimp
import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "gateway").rglob("*.py"))
NAMELESS = re.compile(r"(?i)(manager|helper|util|common|misc|processor|service)s?$|^base$")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}


def functions() -> Iterator[tuple[Path, Function]]:
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield path, node


def test_no_module_is_longer_than_400_lines_and_half_are_within_200() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {path: length for path, length in lengths.items() if length > 400} == {}
    assert median(lengths.values()) <= 200


def test_95_of_100_functions_have_at_most_45_lines() -> None:
    lengths = sorted(
        ((node.end_lineno or 0) - node.lineno + 1, f"{name(path)}:{node.name}")
        for path, node in functions()
    )
    assert lengths[int(len(lengths) * 0.95)][0] <= 45, lengths[-12:]


def test_no_import_stands_inside_a_function() -> None:
    found = [
        f"{name(path)}:{inner.lineno}"
        for path, node in functions()
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert found == []


def test_modules_import_each_other_without_a_cycle() -> None:
    graph = grimp.build_graph("gateway", cache_dir=None)
    direct = {
        module: graph.find_modules_directly_imported_by(module)
        - {parent for parent in graph.modules if module.startswith(f"{parent}.")}
        for module in graph.modules
    }
    TopologicalSorter(direct).prepare()


def test_every_module_says_what_it_is_for() -> None:
    assert [name(path) for path, tree in trees().items() if not ast.get_docstring(tree)] == []


def test_no_file_and_no_class_is_named_after_nothing() -> None:
    classes = [
        f"{name(path)}:{node.name}"
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and NAMELESS.search(node.name)
    ]
    assert classes + [name(path) for path in MODULES if NAMELESS.search(path.stem)] == []


def test_nothing_is_left_for_later_or_silenced_without_a_reason() -> None:
    marks = re.compile(
        r"\b(TODO|FIXME|XXX|NotImplementedError)\b"
        r"|# type: ignore(\[[a-z-]+\])? *$|# noqa(: [A-Z0-9, ]+)? *$|except Exception: *pass"
    )
    found = [
        f"{name(path)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if marks.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("room", ["mapping", "wire", "businesscentral", "operations"])
def test_no_float_is_made_where_amounts_pass(room: str) -> None:
    found = [
        f"{name(path)}:{node.lineno}"
        for path, tree in trees().items()
        if path.is_relative_to(ROOT / "gateway" / room)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "float"
    ]
    assert found == []


def test_the_clock_is_read_in_one_place() -> None:
    reads = re.compile(r"\b(datetime\.(now|utcnow|today)|date\.today|time\.time)\(")
    found = [name(path) for path in MODULES if reads.search(path.read_text())]
    assert set(found) <= {"gateway/clock.py", "gateway/simulator/clock.py"}


def test_tests_mirror_modules() -> None:
    """A test file of `tests/unit` is named after the module it tests, or it tests the whole."""
    whole = {
        *("test_house", "test_readme", "test_docs", "test_rule_pages", "test_packaging"),
        "test_reference",
        *("test_planted",),
    }
    orphans = []
    for test in (ROOT / "tests" / "unit").rglob("test_*.py"):
        room = test.parent.relative_to(ROOT / "tests" / "unit")
        subject = test.stem.removeprefix("test_")
        folder = ROOT / "gateway" / room
        there = (folder / f"{subject}.py").exists() or (folder / subject).is_dir()
        if not there and test.stem not in whole:
            orphans.append(name(test))
    assert orphans == []
