from __future__ import annotations

import pytest

from gateway.simulator import Clock
from gateway.simulator.catalogue.entities import load_stored
from gateway.simulator.records.store import Change, Company, Record
from gateway.simulator.seed.companies import build_environments
from gateway.simulator.seed.seeding import Seeding


def company() -> Company:
    environments = build_environments(load_stored(), Clock(), Seeding())
    found = environments["production"].company("Harwick Ireland")
    assert found is not None
    found.tables.clear()
    return found


def add(target: Company, code: str, **values: object) -> Record:
    blanks = target.catalogue.sets["itemVariants"].blanks
    return target.insert("itemVariants", {**blanks, "code": code, **values}, f"id-{code}")


def add_and_fail(target: Company, code: str) -> None:
    with target.transaction():
        add(target, code)
        raise LookupError


def codes(target: Company) -> list[str]:
    return [record.values["code"] for record in target.table("itemVariants").ordered()]


def test_the_order_and_the_indexes_follow_inserts_and_deletions() -> None:
    target = company()
    table = target.table("itemVariants")
    add(target, "B", itemId="x")
    assert (codes(target), len(table.where("itemId", "x"))) == (["B"], 1)
    first = add(target, "A", itemId="x")
    assert codes(target) == ["A", "B"]
    assert [record.values["code"] for record in table.where("itemId", "x")] == ["A", "B"]
    assert table.lookup("A") is first
    target.delete("itemVariants", first)
    assert (codes(target), table.lookup("A")) == (["B"], None)
    assert len(table.where("itemId", "x")) == 1


def test_a_failed_transaction_leaves_nothing_behind() -> None:
    target = company()
    kept = add(target, "A", itemId="x")
    gone = add(target, "B", itemId="x")
    etag = kept.etag

    def fail() -> None:
        with target.transaction():
            target.edit("itemVariants", kept)
            kept.values["code"] = "Z"
            target.delete("itemVariants", gone)
            add(target, "C", itemId="x")
            assert target.next_number("items", 5, 1) == 5
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert codes(target) == ["A", "B"]
    assert kept.etag == etag
    assert [r.values["code"] for r in target.table("itemVariants").where("itemId", "x")] == [
        "A",
        "B",
    ]
    assert target.next_number("items", 5, 1) == 5


def test_every_change_has_a_new_etag() -> None:
    target = company()
    record = add(target, "A")
    tags = {record.etag}
    for _ in range(3):
        target.edit("itemVariants", record)
        tags.add(record.etag)
    assert len(tags) == 4


def test_a_moved_record_is_found_in_its_new_place() -> None:
    target = company()
    table = target.table("itemVariants")
    record = add(target, "A", itemId="x")
    assert table.where("itemId", "x") == [record]
    before = dict(record.values)
    record.values["itemId"] = "y"
    table.moved(record, before)
    assert (table.where("itemId", "x"), table.where("itemId", "y")) == ([], [record])


def test_a_transaction_inside_another_takes_back_only_its_own() -> None:
    target = company()
    with target.transaction():
        add(target, "A")
        with pytest.raises(LookupError):
            add_and_fail(target, "B")
        assert codes(target) == ["A"]
    assert codes(target) == ["A"]


def test_watchers_hear_of_what_stands_once_it_stands() -> None:
    target = company()
    heard: list[tuple[str, str]] = []
    target.watchers.append(
        lambda changes: heard.extend((one.kind, one.record.values["code"]) for one in changes)
    )
    with target.transaction():
        record = add(target, "A")
        with pytest.raises(LookupError):
            add_and_fail(target, "B")
        target.edit("itemVariants", record)
        assert heard == []
    with target.transaction():
        target.delete("itemVariants", record)
    assert heard == [("created", "A"), ("updated", "A"), ("deleted", "A")]


def commit_and_fail(target: Company) -> None:
    with target.transaction():
        add(target, "A")
        with target.transaction():
            add(target, "B")
        target.commit()
        with pytest.raises(LookupError):
            add_and_fail(target, "C")
        add(target, "D")
        raise LookupError


def test_what_was_committed_is_not_taken_back() -> None:
    target = company()
    told: list[list[Change]] = []
    target.watchers.append(told.append)
    with pytest.raises(LookupError):
        commit_and_fail(target)
    assert codes(target) == ["A", "B"]
    assert [[change.record.id for change in changes] for changes in told] == [["id-A", "id-B"]]
    with pytest.raises(LookupError):
        add_and_fail(target, "E")
    assert codes(target) == ["A", "B"]


def test_a_failed_transaction_gives_its_ids_versions_and_places_back() -> None:
    target = company()
    first = add(target, "A")
    add(target, "B")
    before = (target.counters, list(target.table("itemVariants").records))

    def fail() -> None:
        with target.transaction():
            target.new_id()
            target.delete("itemVariants", first)
            add(target, "C")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert (target.counters, list(target.table("itemVariants").records)) == before


def test_what_was_committed_keeps_its_ids_and_versions() -> None:
    target = company()
    used, before = set(), target.version

    def fail() -> None:
        with target.transaction():
            used.add(target.new_id())
            add(target, "A")
            target.commit()
            add(target, "B")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert codes(target) == ["A"]
    assert target.new_id() not in used
    assert target.version == before + 1
