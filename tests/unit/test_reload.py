"""Reload: what is right counts once it has come to rest, what is wrong changes nothing."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from os import mkfifo
from pathlib import Path

import pytest

from gateway import logs
from gateway.app import open_gateway
from gateway.clock import Clock
from gateway.config import Config, Entra, Public, shipped
from gateway.documents import Finding
from gateway.errors import InvalidFiles
from gateway.reload import Reload, files_seen, watched
from gateway.snapshot import Current, Snapshot, load_configured
from tests.clock import MovingClock
from tests.unit.test_snapshot import ITEM

TESTS = """\
resource: items
tests:
  - name: the name of an item
    verb: read
    answers: {steps: {read: {id: 5f8c0000-0000-4000-8000-000000000001, displayName: Chair}}}
    expect: {answer_contains: {name: Chair}}
"""
OVERRIDE = "extends: items\ntitle: Goods\n"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Snapshot]:
    """A folder with mappings, their tests, schemas and overrides of one's own; its snapshot."""
    folder = tmp_path_factory.mktemp("own")
    for name in ("mappings", "schemas/canonical", "overrides/harwick"):
        (folder / name).mkdir(parents=True)
    (folder / "mappings" / "items.yaml").write_text(ITEM)
    (folder / "mappings" / "items.test.yaml").write_text(TESTS)
    (folder / "overrides" / "harwick" / "goods.yaml").write_text(OVERRIDE)
    return folder, load_configured(configured(folder))


def configured(folder: Path) -> Config:
    return Config(
        Entra("client", ("secret",)),
        (b"k" * 32,),
        Public("127.0.0.1", 0, "http://127.0.0.1:0"),
        mappings=folder / "mappings",
        schemas=folder / "schemas",
        overrides=folder / "overrides",
    )


@pytest.fixture
def files(loaded: tuple[Path, Snapshot], tmp_path: Path) -> Path:
    """A copy of the folder, to change. Its snapshot is the same, since its texts are."""
    return Path(shutil.copytree(loaded[0], tmp_path / "files"))


@pytest.fixture
def reload(loaded: tuple[Path, Snapshot], files: Path) -> Reload:
    own = configured(files)
    return Reload(own, Current(loaded[1]), MovingClock(), files_seen(own))


async def rest(reload: Reload) -> None:
    """Look twice: the first look sees that something has changed, the second that it rests."""
    await reload.look()
    await reload.look()


def title(snapshot: Snapshot, *owners: str) -> str:
    return snapshot.plan("items", "read", *owners).title


def standing(reload: Reload) -> tuple[object, object]:
    return reload.findings, reload.refused


def names(reload: Reload) -> list[tuple[str, str, int]]:
    return [(one.name, Path(one.place.file).name, one.place.line) for one in reload.findings]


async def test_what_does_not_change_is_not_loaded(reload: Reload) -> None:
    before = reload.current.snapshot
    await rest(reload)
    assert reload.current.snapshot is before


async def test_a_changed_file_counts_once_it_rests(reload: Reload, files: Path) -> None:
    before = reload.current.snapshot
    (files / "mappings" / "items.yaml").write_text(ITEM.replace("Own items", "Wares"))
    await reload.look()
    assert reload.current.snapshot is before
    (files / "mappings" / "items.yaml").write_text(ITEM.replace("Own items", "Things"))
    await reload.look()  # somebody is at it
    assert reload.current.snapshot is before
    await reload.look()
    assert title(reload.current.snapshot) == "Things"
    assert title(reload.current.snapshot, "harwick") == "Goods"
    assert reload.current.of(before.hash) is before
    assert (reload.findings, reload.refused) == ((), None)


IN_THE_FILES = {
    "mappings/items.yaml": (ITEM.replace("Name", "Nme"), ("unknown-input", 8)),
    "mappings/half.yaml": (ITEM[:120], ("yaml-syntax", 8)),
    "mappings/less.yaml": (ITEM[16:60], ("missing-key", 1)),
    "overrides/harwick/goods.yaml": ("extends: item\n", ("no-base", 1)),
}
IN_THE_TESTS = {
    "mappings/items.test.yaml": (
        TESTS.replace("{name: Chair}", "{name: Table}"),
        ("difference", 6),
    ),
}
IN_THE_TESTS_OF_AN_OVERRIDE = {
    "overrides/harwick/goods.yaml": (
        'extends: items\nrecord: {name: "{{ bc.number }}"}\n',
        ("no-answer", 5),
    ),
}
IN_TEST_FILES = {
    "mappings/items.test.yaml": ("resource: items\n", ("missing-key", 1)),
    "overrides/harwick/x.test.yaml": ("tests: 1\n", ("missing-key", 1)),
}
IN_THE_SCHEMAS = {"schemas/canonical/item.schema.json": ("{", ("json-syntax", 1))}


@pytest.mark.parametrize(
    "mistakes",
    [
        IN_THE_FILES,
        IN_THE_TESTS,
        IN_THE_TESTS_OF_AN_OVERRIDE,
        IN_TEST_FILES,
        IN_THE_SCHEMAS,
    ],
)
async def test_what_is_wrong_changes_nothing_and_is_shown(
    reload: Reload, files: Path, mistakes: dict[str, tuple[str, tuple[str, int]]]
) -> None:
    before = reload.current.snapshot
    texts: dict[Path, str | None] = {}
    for name, (wrong, _) in mistakes.items():
        path = files / name
        texts[path] = path.read_text() if path.exists() else None
        path.write_text(wrong)
    await rest(reload)
    assert reload.current.snapshot is before
    assert {found for _, found in mistakes.values()} <= {
        (name, line) for name, _, line in names(reload)
    }
    assert reload.refused is not None
    again = reload.findings
    await rest(reload)
    assert reload.findings is again  # nothing is tried twice

    for path, text in texts.items():
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
    await rest(reload)
    assert standing(reload) == ((), None)
    assert reload.current.snapshot is before


async def test_a_folder_that_is_gone_is_no_folder_without_mappings(
    reload: Reload, files: Path
) -> None:
    before = reload.current.snapshot
    (files / "mappings").rename(files / "elsewhere")
    await rest(reload)
    assert reload.current.snapshot is before
    assert names(reload) == [("unreadable", "mappings", 1)]
    (files / "elsewhere").rename(files / "mappings")
    await rest(reload)
    assert reload.findings == ()


async def test_a_pipe_is_not_waited_for(reload: Reload, files: Path) -> None:
    mkfifo(files / "mappings" / "given.json")
    text = TESTS.replace("verb: read\n", "verb: read\n    given: given.json\n")
    (files / "mappings" / "items.test.yaml").write_text(text)
    await rest(reload)
    assert names(reload) == [("no-document", "items.test.yaml", 5)]


async def test_a_test_beside_an_override_says_what_is_different_on_purpose(
    reload: Reload, files: Path
) -> None:
    folder = files / "overrides" / "harwick"
    (folder / "goods.yaml").write_text('extends: items\nrecord: {name: "{{ bc.number }}"}\n')
    text = TESTS.replace("displayName", "number")
    (folder / "items.test.yaml").write_text(text)
    await rest(reload)
    assert reload.findings == ()
    plan = reload.current.snapshot.plan("items", "read", "harwick")
    assert plan.record.answer({"id": "i", "number": "1000"}, {})["name"] == "1000"
    (folder / "items.test.yaml").write_text(text.replace("name: Chair}", "name: Table}"))
    await rest(reload)
    assert names(reload) == [("difference", "items.test.yaml", 6)]


async def test_a_finding_says_for_whom_it_is(reload: Reload, files: Path) -> None:
    stream = io.StringIO()
    logs.configure(stream)
    wrong, _ = IN_THE_TESTS_OF_AN_OVERRIDE["overrides/harwick/goods.yaml"]
    (files / "overrides" / "harwick" / "goods.yaml").write_text(wrong)
    await rest(reload)
    assert [one.message[:13] for one in reload.findings] == ["For harwick: "]
    assert "For harwick: " in json.loads(stream.getvalue().splitlines()[0])["what"]


@pytest.mark.parametrize("mistakes", [IN_THE_TESTS, IN_THE_TESTS_OF_AN_OVERRIDE, IN_TEST_FILES])
async def test_a_gateway_does_not_start_with_what_is_refused(
    config: Config, files: Path, mistakes: dict[str, tuple[str, tuple[str, int]]]
) -> None:
    own = replace(config, mappings=files / "mappings", overrides=files / "overrides")
    for name, (wrong, _) in mistakes.items():
        (files / name).write_text(wrong)
    with pytest.raises(InvalidFiles) as refused:
        async with open_gateway(own):
            pass
    found = {one.name for one in refused.value.findings if isinstance(one, Finding)}
    assert found >= {name for _, (name, _) in mistakes.values()}


async def test_schemas_are_loaded_as_well(reload: Reload, files: Path) -> None:
    schema = json.loads((shipped("schemas") / "canonical" / "item.schema.json").read_text())
    schema["properties"]["name"]["maxLength"] = 150
    (files / "schemas" / "canonical" / "item.schema.json").write_text(json.dumps(schema))
    await rest(reload)
    assert reload.findings == ()
    document = reload.current.snapshot.schemas.canonical("item")
    assert document.value["properties"]["name"]["maxLength"] == 150  # type: ignore[index]  # a map


async def test_a_link_that_leads_elsewhere_is_a_change(reload: Reload, files: Path) -> None:
    """As a mounted folder of configuration is changed: all its files at once, by one link."""
    shutil.copytree(files / "overrides" / "harwick", files / "new")
    (files / "new" / "goods.yaml").write_text(OVERRIDE.replace("Goods", "Wares"))
    shutil.rmtree(files / "overrides" / "harwick")
    (files / "overrides" / "harwick").symlink_to(files / "new")
    await rest(reload)
    assert title(reload.current.snapshot, "harwick") == "Wares"


async def test_the_log_tells_what_counts_and_why_something_does_not(
    reload: Reload, files: Path
) -> None:
    stream = io.StringIO()
    logs.configure(stream)
    (files / "mappings" / "items.yaml").write_text(ITEM.replace("Name", "Nme"))
    await rest(reload)
    (files / "mappings" / "items.yaml").write_text(ITEM.replace("Own items", "Wares"))
    await rest(reload)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("mapping_finding", "error"),
        ("mappings_refused", "error"),
        ("mappings_loaded", "info"),
    ]
    assert lines[0]["at"].endswith("items.yaml:8:13")
    assert (lines[0]["rule"], lines[1]["findings"]) == ("M201", 1)
    assert lines[2]["snapshot"] == reload.current.snapshot.hash


async def test_only_folders_of_ones_own_are_watched(files: Path) -> None:
    own = configured(files)
    assert len(watched(own)) == 3
    nothing = replace(own, mappings=None, schemas=None, overrides=None)
    assert watched(nothing) == ()
    assert files_seen(nothing) == frozenset()


async def test_a_gateway_that_is_open_watches(config: Config, files: Path) -> None:
    clock = MovingClock()
    mine = replace(config, mappings=files / "mappings")
    async with open_gateway(mine, clock=clock) as gateway:
        assert title(gateway.snapshot) == "Own items"
        (files / "mappings" / "items.yaml").write_text(ITEM.replace("Own items", "Wares"))
        for _ in range(200):
            await clock.advance(1)
            await Clock().sleep(0.01)
            if title(gateway.snapshot) == "Wares":
                break
        assert title(gateway.snapshot) == "Wares"
