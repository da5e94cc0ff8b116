"""A snapshot is whole and checked, or there is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.config import shipped
from gateway.documents import Finding
from gateway.errors import InvalidFiles, InvalidInput, MethodNotAllowed, UnknownResource
from gateway.snapshot import Snapshot, check, load_snapshot

SCHEMAS = [shipped("schemas")]
ITEM = """\
resource: items
title: Own items
schema: item
entity: items
api: v2.0
record:
  id: "{{ bc.id }}"
  name: "{{ bc.displayName }}"
read: {}
"""


RESOURCES = [
    "accounts",
    "customers",
    "items",
    "ledger-entries",
    "purchase-orders",
    "sales-invoices",
    "sales-orders",
    "vendors",
]


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return load_snapshot(mappings=[shipped("mappings")], schemas=SCHEMAS)


def test_the_shipped_files_have_no_finding_not_even_a_warning() -> None:
    assert check(mappings=[shipped("mappings")], schemas=SCHEMAS) == []


def test_the_shipped_resources(snapshot: Snapshot) -> None:
    assert sorted(snapshot.resources) == RESOURCES
    orders = snapshot.resources["sales-orders"]
    assert (orders.resource, orders.title, orders.schema) == (
        "sales-orders",
        "Sales orders",
        "sales-order",
    )
    assert list(orders.verbs) == ["list", "read", "create", "ship-and-invoice"]
    assert orders.actions == ("ship-and-invoice",)
    for name in ("customers", "items"):  # a delete is for whoever asks for it
        verbs = list(snapshot.resources[name].verbs)
        assert verbs == ["list", "read", "create", "update", "upsert"]
    assert snapshot.plan("sales-orders", "create").verb == "create"


def test_what_does_not_exist_is_named_with_what_does(snapshot: Snapshot) -> None:
    with pytest.raises(UnknownResource, match='Did you mean "sales-orders"'):
        snapshot.plan("sales-order", "create")
    with pytest.raises(UnknownResource, match="There are: accounts, customers, items, "):
        snapshot.plan("zzz", "create")
    with pytest.raises(MethodNotAllowed, match="they have: list, read, create"):
        snapshot.plan("sales-orders", "delete")


def test_a_later_folder_wins(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(ITEM)
    (tmp_path / "mine.test.yaml").write_text("not: a mapping\n")
    loaded = load_snapshot(mappings=[shipped("mappings"), tmp_path], schemas=SCHEMAS)
    assert loaded.resources["items"].title == "Own items"
    assert list(loaded.resources["items"].verbs) == ["read"]
    assert set(loaded.resources) == set(RESOURCES)


def test_the_hash_is_of_the_text_of_all_files(snapshot: Snapshot, tmp_path: Path) -> None:
    shutil.copytree(shipped("mappings"), tmp_path / "mappings")
    same = load_snapshot(mappings=[tmp_path / "mappings"], schemas=SCHEMAS)
    assert same.hash == snapshot.hash
    file = tmp_path / "mappings" / "items.yaml"
    file.write_text(file.read_text() + "\n")
    assert load_snapshot(mappings=[tmp_path / "mappings"], schemas=SCHEMAS).hash != snapshot.hash


def test_every_finding_of_every_file_comes_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ITEM.replace("displayName", "dispName"))
    (tmp_path / "b.yaml").write_text(
        ITEM.replace("resource: items", "resource: things\nx: 1\nx: 2")
    )
    (tmp_path / "c.yaml").write_text("- a list\n")
    (tmp_path / "d.yaml").write_text("a: [\n")
    with pytest.raises(InvalidFiles) as caught:
        load_snapshot(mappings=[tmp_path], schemas=SCHEMAS)
    found = {
        (Path(one.place.file).name, one.name)
        for one in caught.value.findings
        if isinstance(one, Finding)
    }
    assert found == {
        ("a.yaml", "unknown-input"),
        ("b.yaml", "duplicate-key"),
        ("c.yaml", "wrong-type"),
        ("d.yaml", "yaml-syntax"),
    }


def test_one_folder_has_one_mapping_per_resource(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ITEM)
    (tmp_path / "b.yaml").write_text(ITEM)
    (found,) = check(mappings=[tmp_path], schemas=SCHEMAS)
    assert (found.rule, found.name) == ("M105", "double-resource")
    assert (Path(found.place.file).name, found.place.line, found.place.column) == ("b.yaml", 1, 11)


def test_a_file_of_the_other_suffix_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "items.yml").write_text(ITEM)
    (found,) = check(mappings=[shipped("mappings"), tmp_path], schemas=SCHEMAS)
    assert (found.rule, found.hint) == ("D104", "Name it items.yaml.")


def test_a_problem_names_the_file_as_the_integrator_knows_it(tmp_path: Path) -> None:
    own = tmp_path / "ours"
    own.mkdir()
    create = 'create:\n  input: item\n  body: {displayName: "{{ item.name }}"}\n'
    (own / "things.yaml").write_text(ITEM.replace("resource: items", "resource: things") + create)
    loaded = load_snapshot(mappings=[shipped("mappings"), own], schemas=SCHEMAS)
    for resource, file in (("things", "ours/things.yaml"), ("items", "mappings/items.yaml")):
        plan = loaded.plan(resource, "create")
        assert {plan.file, *(one.place.file for one in plan.fields)} == {file}
        with pytest.raises(InvalidInput) as caught:
            plan.steps[0].render({"item": {}, "lookups": {}, "params": {}})
        assert {one.place.file for one in caught.value.violations if one.place} == {file}
    found = {one.place.file for one in check(mappings=[own], schemas=SCHEMAS)}
    assert found == {str(own / "things.yaml")}


def test_warnings_stop_nothing(tmp_path: Path) -> None:
    create = 'create:\n  input: item\n  body: {displayName: "{{ item.name }}"}\n'
    (tmp_path / "a.yaml").write_text(ITEM + create)
    names = [finding.name for finding in check(mappings=[tmp_path], schemas=SCHEMAS)]
    assert sorted(names) == ["input-never-used", "no-anchor"]
    assert (
        load_snapshot(mappings=[tmp_path], schemas=SCHEMAS).plan("items", "create").anchor is None
    )


def test_broken_schemas_are_findings(tmp_path: Path) -> None:
    (tmp_path / "canonical").mkdir()
    (tmp_path / "canonical" / "x.schema.json").write_text("{")
    assert check(mappings=[shipped("mappings")], schemas=[*SCHEMAS, tmp_path])
    with pytest.raises(InvalidFiles):
        load_snapshot(mappings=[shipped("mappings")], schemas=[*SCHEMAS, tmp_path])
