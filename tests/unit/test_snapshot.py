"""A snapshot is whole and checked, or there is none."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.cases import own_cases
from gateway.config import shipped
from gateway.documents import Finding
from gateway.errors import InvalidFiles, InvalidInput, MethodNotAllowed, UnknownResource
from gateway.snapshot import Current, Snapshot, check, load_snapshot, merged_mapping

SCHEMAS = [shipped("schemas")]
ITEM = """\
resource: items
title: Own items
schema: item
entity: items
api: v2.0
record:
  id: "{{ bc.id }}"
  name: "{{ bc.displayName | default('') }}"
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
    assert list(orders.verbs) == ["list", "read", "create", "update", "ship-and-invoice"]
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
    (tmp_path / "items.yaml").write_text(ITEM)
    (tmp_path / "items.test.yaml").write_text("not: a mapping\n")
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


def test_who_replaces_a_mapping_says_so_by_its_name(tmp_path: Path) -> None:
    for name in ("base", "own"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "items.yaml").write_text(ITEM)
    folders = [tmp_path / "base", tmp_path / "own"]
    assert check(mappings=folders, schemas=SCHEMAS) == []
    (tmp_path / "own" / "items.yaml").rename(tmp_path / "own" / "goods.yaml")
    (found,) = check(mappings=folders, schemas=SCHEMAS)
    assert (found.rule, found.place.line, found.place.column) == ("M105", 1, 11)
    assert str(found.hint).endswith("To replace that one, name the file items.yaml.")


def test_a_file_that_is_not_read_is_named_as_seen_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "items.yml").write_text(ITEM)
    (found,) = check(mappings=[tmp_path / "own"], schemas=SCHEMAS)
    assert found.place.file == "own/items.yml"


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


OVERRIDE = """\
extends: items
title: Goods
record:
  name: "{{ bc.number }}"
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "items.yaml").write_text(ITEM)
    return tmp_path / "ours"


@pytest.fixture
def lain(tmp_path: Path) -> Path:
    for owner in ("harwick", "con_1"):
        (tmp_path / "overrides" / owner).mkdir(parents=True)
    return tmp_path / "overrides"


def test_an_override_counts_for_its_organization_or_its_connection_alone(
    base: Path, lain: Path
) -> None:
    (lain / "harwick" / "items.yaml").write_text(OVERRIDE)
    (lain / "con_1" / "anything.yaml").write_text("extends: items\ntitle: Wares\n")
    loaded = load_snapshot(mappings=[base], schemas=SCHEMAS, overrides=lain)
    titles = {
        owners: loaded.plan("items", "read", *owners).title
        for owners in (
            (),
            ("con_2", "harwick"),
            ("con_1", "harwick"),
            ("con_1",),
            ("con_2", "kemp"),
        )
    }
    assert titles == {
        (): "Own items",
        ("con_2", "harwick"): "Goods",
        ("con_1", "harwick"): "Wares",
        ("con_1",): "Wares",
        ("con_2", "kemp"): "Own items",
    }
    # Two layers, never three: the connection's file lies over the mapping.
    answers = [
        loaded.plan("items", "read", *owners).record.answer(
            {"id": "i", "number": "n", "displayName": "d"}, {}
        )
        for owners in (("con_1", "harwick"), ("con_2", "harwick"))
    ]
    assert [one["name"] for one in answers] == ["d", "n"]
    assert loaded.of("con_2", "harwick")["items"].title == "Goods"
    with pytest.raises(MethodNotAllowed, match="Goods have no create"):
        loaded.plan("items", "create", "harwick")


def test_the_hash_tells_overrides_apart_and_whose_they_are(base: Path, lain: Path) -> None:
    def hashed() -> str:
        return load_snapshot(mappings=[base], schemas=SCHEMAS, overrides=lain).hash

    hashes = [hashed()]
    (lain / "harwick" / "items.yaml").write_text(OVERRIDE)
    hashes.append(hashed())
    (lain / "harwick" / "items.yaml").write_text(OVERRIDE.replace("Goods", "Wares"))
    hashes.append(hashed())
    (lain / "harwick" / "items.yaml").rename(lain / "con_1" / "items.yaml")
    hashes.append(hashed())
    assert len(set(hashes)) == 4


def test_an_override_of_another_kind_is_not_passed_over(base: Path, lain: Path) -> None:
    for name, text in {
        "items.yaml": OVERRIDE,
        "harwick/items.yml": OVERRIDE,
        "harwick/more/items.yaml": OVERRIDE,
        "harwick/more/things.yml": OVERRIDE,
        "harwick/a.yaml": "extends: itms\n",
        "harwick/b.yaml": "title: Goods\n",
        "harwick/c.yaml": OVERRIDE,
        "harwick/d.yaml": OVERRIDE,
        "harwick/e.yaml": "a: [\n",
        "..data/harwick/items.yaml": OVERRIDE,
        "con_1/items.test.yaml": "tests of the override\n",
    }.items():
        (lain / name).parent.mkdir(parents=True, exist_ok=True)
        (lain / name).write_text(text)
    found = {
        str(Path(one.place.file).relative_to(lain)): (one.rule, one.hint)
        for one in check(mappings=[base], schemas=SCHEMAS, overrides=lain)
    }
    hint = "Put it into <organization or connection>/items.yaml."
    assert found == {
        "items.yaml": ("D105", hint),
        "harwick/items.yml": ("D104", "Name it items.yaml."),
        "harwick/more/items.yaml": ("D105", hint),
        "harwick/more/things.yml": ("D105", hint.replace("items.yaml", "things.yml")),
        "harwick/a.yaml": ("M402", 'Did you mean "items"?'),
        "harwick/b.yaml": ("M402", "Begin with `extends: ` and the resource."),
        "harwick/d.yaml": ("M105", "Put all of it into one file."),
        "harwick/e.yaml": (
            "D110",
            "Close it: `]`.",
        ),
    }
    (base / "items.yaml").write_text(OVERRIDE)
    assert "M401" in {one.rule for one in check(mappings=[base], schemas=SCHEMAS)}


@pytest.mark.parametrize("way", ["goods.yaml", "harwick", "goods.test.yaml"])
def test_a_link_that_leads_nowhere_is_no_override_less(base: Path, lain: Path, way: str) -> None:
    """Harwick would get the mapping of all, without its own guards."""
    whole = lain / "harwick" / way
    if way == "harwick":
        whole = lain / way
        whole.rmdir()
    whole.symlink_to("nowhere")
    (lain / "con_1" / ".#lock.yaml").symlink_to("an-editor@4711")
    findings = check(mappings=[base], schemas=SCHEMAS, overrides=lain)
    own_cases(lain, findings)
    assert [(one.rule, Path(one.place.file).name) for one in findings] == [("D101", way)]


def test_a_link_that_leads_nowhere_is_no_file_less(base: Path, tmp_path: Path) -> None:
    (base / "things.yaml").symlink_to("nowhere")
    (base / "folder.yaml").mkdir()
    (tmp_path / "canonical").mkdir()
    (tmp_path / "canonical" / "thing.schema.json").symlink_to("nowhere")
    for schemas, names in ((SCHEMAS, {"things.yaml", "folder.yaml"}), ([*SCHEMAS, tmp_path], None)):
        found = {Path(one.place.file).name for one in check(mappings=[base], schemas=schemas)}
        assert found == (names or {"thing.schema.json"})


def test_a_folder_that_cannot_be_listed_is_a_finding(base: Path) -> None:
    (found,) = check(mappings=[base, base / "items.yaml"], schemas=SCHEMAS)
    assert (found.rule, found.message) == ("D101", "This folder cannot be read: Not a directory.")


def test_a_mapping_that_cannot_be_read_is_told_alone(base: Path, lain: Path) -> None:
    (base / "items.yaml").write_text(ITEM + "read: [\n")
    found = check(mappings=[base], schemas=SCHEMAS, overrides=lain)
    assert [one.rule for one in found] == ["D110"]


def test_an_override_is_not_told_to_change_the_schema_of_all(base: Path, lain: Path) -> None:
    (base / "items.yaml").write_text(
        ITEM
        + "create:\n  input: item\n"
        + '  body: {displayName: "{{ item.name }}", gtin?: "{{ item.gtin }}"}\n'
    )
    usual = {one.message for one in check(mappings=[base], schemas=SCHEMAS)}
    over = lain / "harwick" / "items.yaml"
    over.write_text(
        "extends: items\nparams: {mark: {type: string, maxLength: 10, optional: true}}\n"
        'create:\n  body: {gtin?: {$remove: true}, taxGroupCode?: "{{ params.mark }}"}\n'
    )
    found = check(mappings=[base], schemas=SCHEMAS, overrides=lain)
    (more,) = [one for one in found if one.rule == "M304" and one.message not in usual]
    assert more.hint == "Read it in the override, or leave there what the mapping has."
    assert "item.gtin" in more.message
    assert "makes it so" not in more.message
    assert (more.place.file, more.place.line, more.place.column) == (str(over), 4, 10)


def test_an_override_that_takes_the_anchor_away_is_told_there(base: Path, lain: Path) -> None:
    text = 'create:\n  input: item\n  anchor: {field: displayName, value: "{{ item.name }}"}\n'
    (base / "items.yaml").write_text(
        f'{ITEM}{text}  body: {{displayName: "{{{{ item.name }}}}"}}\n'
    )
    plain = check(mappings=[base], schemas=SCHEMAS)
    over = lain / "harwick" / "items.yaml"
    over.write_text("extends: items\ntitle: Own\ncreate:\n  anchor: {$remove: true}\n")
    found = check(mappings=[base], schemas=SCHEMAS, overrides=lain)
    (more,) = [one for one in found if one not in plain]
    assert (more.rule, more.place.file, more.place.line) == ("M301", str(over), 4)


def test_findings_stand_in_the_layer_they_are_about(base: Path, lain: Path) -> None:
    (base / "items.yaml").write_text(
        ITEM
        + "params: {group: {type: string, maxLength: 10, optional: true}}\nrejections: {no_group: {title: None}}\n"
        + "create:\n  input: item\n  guards: [{when: params.group is not present, reject: no_group}]\n"
        + '  body: {displayName: "{{ item.name }}", baseUnitOfMeasureCode: "{{ params.group }}"}\n'
    )
    plain = check(mappings=[base], schemas=SCHEMAS)
    over = lain / "harwick" / "items.yaml"
    over.write_text('extends: items\ncreate:\n  guards: []\n  body: {gtin: "{{ item.gtn }}"}\n')
    more = [
        one for one in check(mappings=[base], schemas=SCHEMAS, overrides=lain) if one not in plain
    ]
    places = {one.name: (one.place.file, one.place.line, one.place.column) for one in more}
    assert places["unknown-input"] == (str(over), 4, 20)
    assert places["may-be-missing"][:2] == (str(base / "items.yaml"), 15)
    [missing] = [one for one in more if one.name == "may-be-missing"]
    assert missing.message.endswith("It is overrides/harwick/items.yaml that makes it so.")
    with pytest.raises(InvalidFiles):
        load_snapshot(mappings=[base], schemas=SCHEMAS, overrides=lain)


def test_a_mapping_and_an_override_as_one_document(base: Path, lain: Path) -> None:
    (lain / "harwick" / "items.yaml").write_text(OVERRIDE)
    (lain / "con_1" / "items.yaml").write_text("extends: items\nresource: wares\n")
    found = merged_mapping("items", "con_2", "harwick", mappings=[base], overrides=lain)
    assert found.value["title"] == "Goods"  # type: ignore[index]  # it is a mapping
    assert found.place(("title",)).file == str(lain / "harwick" / "items.yaml")
    assert found.place(("entity",)).file == str(base / "items.yaml")
    assert merged_mapping("items", mappings=[base]).value["title"] == "Own items"  # type: ignore[index]
    with pytest.raises(UnknownResource, match='Did you mean "items"'):
        merged_mapping("itms", mappings=[base])
    with pytest.raises(InvalidFiles):
        merged_mapping("items", "con_1", mappings=[base], overrides=lain)


def test_the_snapshot_that_counts_and_those_before_it(snapshot: Snapshot) -> None:
    current = Current(snapshot)
    for number in range(5):
        current.adopt(replace(snapshot, hash=str(number)))
    assert current.snapshot.hash == "4"
    assert [current.of(wanted).hash for wanted in ("4", "3", "1", "0", "?")] == [
        "4",
        "3",
        "1",
        "4",
        "4",
    ]


def test_what_did_not_change_is_compiled_once(base: Path, lain: Path) -> None:
    def plans() -> list[object]:
        loaded = load_snapshot(mappings=[base], schemas=SCHEMAS, overrides=lain)
        owned = [loaded.plan("items", "read", owner) for owner in ("", "harwick")]
        return [*owned, loaded.plan("things", "read")]

    (lain / "harwick" / "items.yaml").write_text(OVERRIDE)
    (base / "things.yaml").write_text(ITEM.replace("resource: items", "resource: things"))
    first = plans()
    assert all(one is known for one, known in zip(plans(), first, strict=True))
    (lain / "harwick" / "items.yaml").write_text(OVERRIDE.replace("Goods", "Wares"))
    second = plans()
    assert [one is known for one, known in zip(second, first, strict=True)] == [True, False, True]
    (base / "items.yaml").write_text(f"{ITEM}list: {{}}\n")  # an override is made of both files
    third = plans()
    assert [one is known for one, known in zip(third, second, strict=True)] == [False, False, True]


def test_with_other_schemas_everything_is_compiled_again(tmp_path: Path) -> None:
    schemas = Path(shutil.copytree(shipped("schemas"), tmp_path / "schemas"))
    first = load_snapshot(mappings=[shipped("mappings")], schemas=[schemas])
    vendor = schemas / "bc" / "v2.0" / "vendors.schema.json"
    text = vendor.read_text(encoding="utf-8")
    assert '"website"' in text
    vendor.write_text(text.replace('"website"', '"webpage"'), encoding="utf-8")
    found = check(mappings=[shipped("mappings")], schemas=[schemas])
    assert {Path(one.place.file).name for one in found} == {"vendors.yaml"}
    again = load_snapshot(mappings=[shipped("mappings")], schemas=SCHEMAS)
    assert again.plan("items", "read") is not first.plan("items", "read")
