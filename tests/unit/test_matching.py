from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.businesscentral import BusinessCentral
from gateway.errors import FilterNotApplied, InvalidInput
from gateway.matching import Matching
from gateway.storage import Connection
from tests.odd_server import odd_server, reply
from tests.remote import OTHER_COMPANY_ID, Remote, open_remote, snapshot


@pytest.fixture
async def remote(tmp_path: Path) -> AsyncIterator[Remote]:
    async with open_remote(tmp_path) as opened:
        yield opened


@pytest.fixture
async def connection(remote: Remote) -> Connection:
    made = await remote.connect()
    await remote.forget_journal()
    return made


@pytest.fixture
def matching(remote: Remote) -> Matching:
    return Matching(remote.store, remote.business_central, snapshot().schemas, remote.clock)


async def test_the_exact_number_matches(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    skus = ["1896-S", "000", "10115", "1e5", "0x10", " 1900-s "]
    found = await matching.items(
        connection, skus, remote.deadline(), select=("baseUnitOfMeasureCode",)
    )
    assert {sku: match.status for sku, match in found.items()} == dict.fromkeys(skus, "matched")
    numbers = [match.record["number"] for match in found.values() if match.record]
    assert numbers == ["1896-S", "000", "10115", "1E5", "0X10", "1900-S"]
    record = found["1896-S"].record
    assert record is not None
    assert set(record) >= {"id", "number", "displayName", "blocked", "baseUnitOfMeasureCode"}
    assert not any(match.decided for match in found.values())
    assert len(await remote.journal(entity="items")) == 1, "all of them in one read"


async def test_what_is_not_certain_waits_for_a_person(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    skus = ["CHAIR", "1972-S", "", "X" * 21, "1896", "O'Brien & Co/50%+#", "00", "1896-S*"]
    found = await matching.items(connection, skus, remote.deadline())
    assert {match.status for match in found.values()} == {"unmatched"}
    assert found["1972-S"].reason == "The item is blocked in Business Central."
    assert found["1972-S"].record is not None
    reasons = {match.reason for sku, match in found.items() if sku != "1972-S"}
    assert reasons == {"No item has this number, and nobody has decided which item it is."}


async def test_nothing_is_read_for_nothing(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    assert await matching.items(connection, [], remote.deadline()) == {}
    assert (await matching.items(connection, ["", " "], remote.deadline()))[""].record is None
    assert await remote.journal() == []


async def test_a_persons_decision_comes_first_and_stays(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    for sku in ("CHAIR", "1896-S"):
        decided = await matching.decide(connection, sku, "1900-s", remote.deadline())
        assert (decided.status, decided.decided) == ("matched", True)
    found = await matching.items(connection, ["CHAIR", "1896-S", "000"], remote.deadline())
    numbers = {sku: match.record["number"] for sku, match in found.items() if match.record}
    assert numbers == {"CHAIR": "1900-S", "1896-S": "1900-S", "000": "000"}
    assert [found[sku].decided for sku in ("CHAIR", "1896-S", "000")] == [True, True, False]
    assert [known.sku for known in await matching.decisions(connection)] == ["1896-S", "CHAIR"]

    assert await matching.forget(connection, "CHAIR")
    assert not await matching.forget(connection, "CHAIR")
    found = await matching.items(connection, ["CHAIR"], remote.deadline())
    assert found["CHAIR"].status == "unmatched"


async def test_a_decision_is_of_one_connection(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    await matching.decide(connection, "CHAIR", "1900-S", remote.deadline())
    other = await remote.connect("another organization")
    found = await matching.items(other, ["CHAIR"], remote.deadline())
    assert found["CHAIR"].status == "unmatched"


@pytest.mark.parametrize("number", ["NONE", "1972-S", "", "X" * 30])
async def test_a_decision_needs_an_item_that_can_be_sold(
    remote: Remote, connection: Connection, matching: Matching, number: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await matching.decide(connection, "CHAIR", number, remote.deadline())
    assert [violation.pointer for violation in caught.value.violations] == ["/item_number"]
    assert await matching.decisions(connection) == []


async def test_a_decided_item_of_another_company_is_no_match(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    await matching.decide(connection, "CHAIR", "1900-S", remote.deadline())
    moved = await remote.store.update_connection(connection.id, company_id=OTHER_COMPANY_ID)
    found = await matching.items(moved, ["CHAIR"], remote.deadline())
    assert (found["CHAIR"].status, found["CHAIR"].decided) == ("unmatched", True)
    assert found["CHAIR"].reason is not None
    assert "not in this company" in found["CHAIR"].reason


async def test_two_items_are_never_guessed_between(remote: Remote, connection: Connection) -> None:
    rows = [
        {"id": OTHER_COMPANY_ID, "number": number, "displayName": "", "blocked": False}
        for number in ("CHAIR", "chair")
    ]
    async with odd_server(lambda _: reply(200, {"value": rows})) as odd:
        central = BusinessCentral(odd.url, remote.session, remote.tokens, remote.clock)
        matching = Matching(remote.store, central, snapshot().schemas, remote.clock)
        found = await matching.items(connection, ["CHAIR"], remote.deadline())
    assert (found["CHAIR"].status, found["CHAIR"].record) == ("ambiguous", None)


async def test_items_that_were_not_asked_for_are_not_believed(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    await remote.arm("filter_ignored", match={"entity": "items"})
    with pytest.raises(FilterNotApplied):
        await matching.items(connection, ["000"], remote.deadline())


async def test_many_skus_are_read_in_few_calls_of_bounded_length(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    skus = [f"SKU'{number:05d}&#%" for number in range(500)] + ["000"]
    found = await matching.items(connection, skus, remote.deadline())
    assert list(found) == skus
    assert [sku for sku, match in found.items() if match.status == "matched"] == ["000"]
    entries = await remote.journal(entity="items")
    assert 1 < len(entries) <= 10
    assert max(len(entry["query"]) for entry in entries) <= 8099


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(skus=st.lists(st.text(max_size=25), max_size=8))
async def test_every_sku_gets_an_answer_and_only_real_items_match(
    remote: Remote, connection: Connection, matching: Matching, skus: list[str]
) -> None:
    found = await matching.items(connection, skus, remote.deadline())
    assert set(found) == set(skus)
    for sku, match in found.items():
        if match.status == "matched":
            assert match.record is not None
            assert str(match.record["number"]) == sku.strip().upper()
