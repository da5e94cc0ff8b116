"""What an order gets, and what people decide."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.businesscentral import BusinessCentral
from gateway.documents import Document, read_document
from gateway.errors import Conflict, FilterNotApplied, InvalidFiles, InvalidInput
from gateway.matching import (
    Asked,
    Decision,
    Imported,
    ItemMatch,
    Matching,
    decisions_text,
    kept_match,
)
from gateway.storage import Connection, MatchFilter, MatchProgress
from tests.odd_server import odd_server, reply
from tests.remote import OTHER_COMPANY_ID, Remote, snapshot
from tests.unit.matching.conftest import GTIN, Plant

UNTRIED = (
    "No item has just this number. The other rules have not been tried for this SKU: "
    "`POST /v1/connections/{connection}/matches/items` does that."
)


def number(match: ItemMatch) -> str | None:
    return None if match.matched is None else match.matched.item.number


async def matched(
    matching: Matching, connection: Connection, *asked: Asked
) -> dict[str, ItemMatch]:
    done = await matching.match(connection, asked, wait=8)
    assert done.matches is not None
    return {match.sku: match for match in done.matches}


async def change(remote: Remote, item: str, **fields: object) -> None:
    """Somebody in Business Central changes an item."""
    async with remote.control.get(
        "/_simulator/state", params={"company": "Harwick Distributors Ltd", "entity": "items"}
    ) as answer:
        rows = (await answer.json())["value"]
    [row] = [row for row in rows if row["number"] == item]
    token = await remote.tokens.access_token((await remote.store.connections())[0])
    connection = (await remote.store.connections())[0]
    url = (
        f"/v2.0/{connection.tenant}/Production/api/v2.0/companies({connection.company_id})"
        f"/items({row['id']})"
    )
    headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
    async with remote.control.patch(url, json=fields, headers=headers) as answer:
        assert answer.status == 200, await answer.text()


async def test_the_exact_number_matches(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    skus = ["1896-S", "000", "10115", "1e5", "0x10", " 1900-s "]
    found = await matching.items(connection, skus, remote.deadline())
    assert {sku: (match.status, match.rule) for sku, match in found.items()} == dict.fromkeys(
        skus, ("matched", "number")
    )
    numbers = [number(match) for match in found.values()]
    assert numbers == ["1896-S", "000", "10115", "1E5", "0X10", "1900-S"]
    assert len(await remote.journal(entity="items")) == 1, "all of them in one read"


async def test_what_is_not_certain_waits_for_a_person(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    skus = ["CHAIR", "1972-S", "", "X" * 21, "1896", "O'Brien & Co/50%+#", "00", "1896-S*"]
    found = await matching.items(connection, skus, remote.deadline())
    assert {match.status for match in found.values()} == {"unmatched"}
    assert found["1972-S"].reason == "The item is blocked in Business Central."
    assert [one.item.number for one in found["1972-S"].candidates] == ["1972-S"]
    reasons = {match.reason for sku, match in found.items() if sku != "1972-S"}
    assert reasons == {UNTRIED}


async def test_nothing_is_read_for_nothing(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    assert await matching.items(connection, [], remote.deadline()) == {}
    found = await matching.items(connection, ["", " "], remote.deadline())
    assert found[""].status == "unmatched"
    assert await remote.journal() == []


async def test_a_persons_decision_comes_first_and_stays(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    for sku in ("CHAIR", "1896-S"):
        decided = await matching.decide(connection, Decision(sku, "1900-s"), remote.deadline())
        assert (decided.status, decided.rule) == ("matched", "decided")
    skus = ["CHAIR", "1896-S", "000"]
    for _ in range(2):
        found = await matching.items(connection, skus, remote.deadline())
        assert [number(found[sku]) for sku in skus] == ["1900-S", "1900-S", "000"]
        assert [found[sku].rule for sku in skus] == ["decided", "decided", "number"]
        again = await matched(matching, connection, *map(Asked, [*skus, "NONE"]))
        assert [number(again[sku]) for sku in skus] == ["1900-S", "1900-S", "000"]
    kept = await matching.kept(connection, MatchFilter(decided=True), after=None, limit=9)
    assert [known.sku for known in kept] == ["1896-S", "CHAIR"]

    assert await matching.forget(connection, "CHAIR")
    assert not await matching.forget(connection, "CHAIR")
    found = await matching.items(connection, ["CHAIR"], remote.deadline())
    assert found["CHAIR"].status == "unmatched"


async def test_a_decision_is_of_one_connection(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    await matching.decide(connection, Decision("CHAIR", "1900-S"), remote.deadline())
    other = await remote.connect("another organization")
    found = await matching.items(other, ["CHAIR"], remote.deadline())
    assert found["CHAIR"].status == "unmatched"


async def test_a_decision_needs_what_can_be_sold(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    for decision, pointer in (
        (Decision("CHAIR", "NONE"), "/item_number"),
        (Decision("CHAIR", "1972-S"), "/item_number"),
        (Decision("CHAIR", ""), "/item_number"),
        (Decision("CHAIR", "X" * 30), "/item_number"),
        (Decision("CHAIR", "1900-S", variant="OAK"), "/variant"),
        (Decision("CHAIR", "1896-S", unit_of_measure="DOZEN"), "/unit_of_measure"),
    ):
        with pytest.raises(InvalidInput) as caught:
            await matching.decide(connection, decision, remote.deadline())
        assert [violation.pointer for violation in caught.value.violations] == [pointer]
    assert await matching.kept(connection, MatchFilter(), after=None, limit=9) == []


async def test_a_decision_may_name_variant_and_unit(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    decision = Decision("DESK", "1896-S", variant="oak", unit_of_measure="box")
    await matching.decide(connection, decision, remote.deadline())
    desk = (await matching.items(connection, ["DESK"], remote.deadline()))["DESK"]
    assert desk.unit_of_measure == "BOX"
    assert desk.matched is not None
    assert desk.matched.variant is not None
    assert desk.matched.variant.code == "OAK"


async def test_a_decided_item_of_another_company_is_no_match(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    await matching.decide(connection, Decision("CHAIR", "1900-S"), remote.deadline())
    moved = await remote.store.update_connection(connection.id, company_id=OTHER_COMPANY_ID)
    found = await matching.items(moved, ["CHAIR"], remote.deadline())
    assert (found["CHAIR"].status, found["CHAIR"].rule) == ("unmatched", "decided")
    assert "not in this company" in (found["CHAIR"].reason or "")


async def test_what_a_rule_matched_is_used_by_orders_and_read_each_time(
    remote: Remote, connection: Connection, matching: Matching, plant: Plant
) -> None:
    await plant({"number": "G-1", "gtin": GTIN})
    asked = [Asked("1896S"), Asked("CHAIR", gtin=f"0{GTIN}"), Asked("1896-S OAK"), Asked("000")]
    before = await matching.items(connection, [one.sku for one in asked], remote.deadline())
    assert [match.status for match in before.values()] == [*["unmatched"] * 3, "matched"]
    made = await matched(matching, connection, *asked)
    after = await matching.items(connection, [one.sku for one in asked], remote.deadline())
    assert [(match.status, match.rule, number(match)) for match in after.values()] == [
        ("matched", "normalised_number", "1896-S"),
        ("matched", "gtin", "G-1"),
        ("matched", "variant", "1896-S"),
        ("matched", "number", "000"),
    ]
    assert after == made

    await change(remote, "G-1", blocked=True)
    blocked = (await matching.items(connection, ["CHAIR"], remote.deadline()))["CHAIR"]
    assert (blocked.status, blocked.reason) == (
        "unmatched",
        "The item is blocked in Business Central.",
    )


async def test_a_renamed_item_stays_and_its_number_in_other_hands_is_ambiguous(
    remote: Remote, connection: Connection, matching: Matching, plant: Plant
) -> None:
    await plant({"number": "OLD"})
    await matched(matching, connection, Asked("OLD"))
    await change(remote, "OLD", number="RENAMED")
    renamed = (await matching.items(connection, ["OLD"], remote.deadline()))["OLD"]
    assert (renamed.status, number(renamed)) == ("matched", "RENAMED")

    await change(remote, "000", number="OLD")
    both = (await matching.items(connection, ["OLD"], remote.deadline()))["OLD"]
    assert both.status == "ambiguous"
    assert [one.item.number for one in both.candidates] == ["OLD", "RENAMED"]

    again = await matched(matching, connection, Asked("OLD"), *map(Asked, map(str, range(101))))
    assert number(again["OLD"]) == "OLD", "matched again, by its number"
    after = await matching.items(connection, ["OLD"], remote.deadline())
    assert number(after["OLD"]) == "OLD"


async def test_exact_numbers_match_in_another_company_too(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    await matched(matching, connection, Asked("1896-S"))
    moved = await remote.store.update_connection(connection.id, company_id=OTHER_COMPANY_ID)
    found = await matching.items(moved, ["1896-S"], remote.deadline())
    assert found["1896-S"].status == "matched"


async def test_two_items_are_never_guessed_between(remote: Remote, connection: Connection) -> None:
    rows = [
        {"id": f"{at}{OTHER_COMPANY_ID[1:]}", "number": name, "displayName": "", "blocked": False}
        for at, name in enumerate(("CHAIR", "chair"))
    ]
    async with odd_server(lambda _: reply(200, {"value": rows})) as odd:
        central = BusinessCentral(odd.url, remote.session, remote.tokens, remote.clock)
        matching = Matching(remote.store, central, snapshot().schemas, remote.clock)
        found = await matching.items(connection, ["CHAIR"], remote.deadline())
    assert (found["CHAIR"].status, number(found["CHAIR"])) == ("ambiguous", None)


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


async def test_a_few_exact_numbers_need_no_catalogue(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    await matching.match(connection, [Asked("1896-S"), Asked("000")], wait=8)
    [entry] = await remote.journal(entity="items")
    assert "filter" in entry["query"]


async def test_one_matching_of_a_connection_at_a_time(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    await remote.arm("delay", seconds=0.3, when="before", match={"entity": "items"}, count=1)
    first = await matching.match(connection, [Asked("NONE")], wait=0)
    assert (first.matches, first.progress.state) == (None, "running")
    with pytest.raises(Conflict):
        await matching.match(connection, [Asked("OTHER")], wait=8)
    now: MatchProgress | None = first.progress
    while now is not None and now.state == "running":
        await asyncio.sleep(0.02)
        now = await matching.progress(connection)
    assert now is not None
    assert (now.state, now.counts) == ("finished", {"matched": 0, "ambiguous": 0, "unmatched": 1})
    assert [kept.sku for kept in await remote.store.matches(connection.id)] == ["NONE"]


async def test_closing_ends_what_is_under_way_and_says_so(
    remote: Remote, connection: Connection
) -> None:
    await remote.arm("delay", seconds=5, when="before", match={"entity": "items"})
    async with Matching(
        remote.store, remote.business_central, snapshot().schemas, remote.clock
    ) as matching:
        await matching.match(connection, [Asked("NONE")], wait=0.05)
    await remote.clear()
    now = await matching.progress(connection)
    assert now is not None
    assert (now.state, now.detail) == ("failed", "It was interrupted. Ask for it again.")


def document(matches: list[ItemMatch]) -> Document:
    return read_document("decisions.yaml", decisions_text(matches))


async def test_decisions_go_out_and_come_back(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    async def exported(of: Connection) -> list[ItemMatch]:
        kept = await matching.kept(of, MatchFilter(decided=True), after=None, limit=99)
        return [kept_match(match) for match in kept]

    async def imported(to: Connection, file: Document, *, check: bool = False) -> Imported:
        return await matching.import_decisions(to, file, remote.deadline(), check=check)

    for decision in (
        Decision('Tür "Ü"\u2028', "1900-S"),
        Decision("007", "000"),
        Decision("DESK", "1896-S", "OAK", "BOX"),
    ):
        await matching.decide(connection, decision, remote.deadline())
    await matched(matching, connection, Asked("1896S"))
    file = document(await exported(connection))
    other = await remote.connect("another organization")
    assert await imported(other, file, check=True) == Imported(3, 0, 0)
    assert await exported(other) == []
    assert await imported(other, file) == Imported(3, 0, 0)
    assert await imported(other, file) == Imported(0, 0, 3)
    assert await exported(other) == await exported(connection)
    await matching.decide(other, Decision("007", "1900-S"), remote.deadline())
    assert await imported(other, file) == Imported(0, 1, 2)


async def test_nothing_is_imported_when_something_is_wrong(
    remote: Remote, connection: Connection, matching: Matching
) -> None:
    text = (
        "decisions:\n"
        '  A: {item_number: "1896-S"}\n'
        "  B: {item_number: NONE}\n"
        '  C: {item_number: "1972-S"}\n'
        '  D: {item_number: "1896-S", variant: PINE}\n'
        '  E: {item_number: "1896-S", unit_of_measure: DOZEN}\n'
    )
    with pytest.raises(InvalidFiles) as caught:
        await matching.import_decisions(
            connection, read_document("d.yaml", text), remote.deadline(), check=False
        )
    findings: list[object] = list(caught.value.findings)
    assert [str(getattr(one, "place", None)) for one in findings] == [
        "d.yaml:3:20",
        "d.yaml:4:20",
        "d.yaml:5:39",
        "d.yaml:6:47",
    ]
    assert await remote.store.matches(connection.id) == []


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(skus=st.lists(st.text(max_size=25), max_size=8))
async def test_every_sku_gets_an_answer_and_only_real_items_match(
    remote: Remote, connection: Connection, matching: Matching, skus: list[str]
) -> None:
    found = await matching.items(connection, skus, remote.deadline())
    assert set(found) == set(skus)
    for sku, match in found.items():
        if match.matched is not None:
            assert number(match) == sku.strip().upper()
