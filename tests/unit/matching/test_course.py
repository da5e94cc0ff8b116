"""A matching of many SKUs: its pages, its progress, what it holds meanwhile."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta

import pytest

from gateway.businesscentral import BusinessCentral
from gateway.errors import BusinessCentralRefused, Conflict, UnexpectedAnswer
from gateway.matching import Asked
from gateway.matching.catalogue import Catalogue
from gateway.matching.course import SILENT, Course, begin
from gateway.storage import Connection, Match, MatchProgress
from tests.odd_server import Seen, odd_server, reply
from tests.remote import Remote, snapshot
from tests.unit.matching.conftest import Plant

PAGE = 200


async def course(
    remote: Remote,
    connection: Connection,
    *skus: str,
    told: list[MatchProgress] | None = None,
    url: str | None = None,
) -> Course:
    central = remote.business_central
    if url is not None:
        central = BusinessCentral(url, remote.session, remote.tokens, remote.clock)
    return await begin(
        remote.store,
        Catalogue(central, snapshot().schemas, remote.clock, page=PAGE),
        remote.clock,
        connection=connection,
        asked=[Asked(sku) for sku in skus],
        tell=None if told is None else told.append,
    )


async def test_every_page_is_read_and_told(
    remote: Remote, connection: Connection, plant: Plant
) -> None:
    await plant(*({"number": f"BULK-{number:05d}"} for number in range(800)))
    skus = [f"BULK {number:05d}" for number in range(0, 800, 40)] + ["1896-S-OAK", "NONE"]
    told: list[MatchProgress] = []
    begun = await course(remote, connection, *skus, told=told)
    await remote.forget_journal()
    async with begun:
        found = await begun.finish(await begun.search())

    assert [sku for sku, match in found.items() if match.matched is None] == ["NONE"]
    entries = await remote.journal(entity="items")
    assert len(entries) == 5, "pages of 200"
    assert {entry["query"].partition("select=")[2].partition("&")[0] for entry in entries} == {
        "id,number,displayName,gtin,blocked"
    }
    reading = [step for step in told if step.state == "running"]
    assert [step.items_read for step in reading[:4]] == [*range(200, 801, 200)]
    assert {step.items_total for step in reading} == {reading[-1].items_read}
    assert told[-1].counts == {"matched": 21, "ambiguous": 0, "unmatched": 1}
    assert await remote.store.match_progress(connection.id) == told[-1]


async def test_no_page_is_held_when_the_next_one_comes(
    remote: Remote, connection: Connection
) -> None:
    pages = 9
    held: list[int] = []

    def page(request: Seen) -> bytes:
        at = int(request.target.rpartition("skiptoken=")[2]) if "skiptoken" in request.target else 0
        rows = [
            {
                "id": f"{at}-{row}",
                "number": f"{at}-{row}",
                "displayName": "A" * 80,
                "blocked": False,
            }
            for row in range(PAGE)
        ]
        following = {"@odata.nextLink": f"{odd.url}/items?$skiptoken={at + 1}"}
        odd.seen.clear()
        return reply(200, {"value": rows, **(following if at < pages - 1 else {})})

    class Told(list[MatchProgress]):
        def append(self, _: MatchProgress) -> None:
            held.append(tracemalloc.get_traced_memory()[0])

    async with odd_server(page) as odd:
        begun = await course(remote, connection, "3 7", "NONE", url=odd.url, told=Told())
        tracemalloc.start()
        try:
            async with begun:
                found = await begun.search()
        finally:
            tracemalloc.stop()
    assert [sku for sku, match in found.items() if match.matched is not None] == ["3 7"]
    assert len(held) == pages
    assert max(held[2:]) < held[1] * 1.5, f"more and more is held: {held}"


async def test_what_fails_is_told_and_keeps_nothing(remote: Remote, connection: Connection) -> None:
    begun = await course(remote, connection, "NONE", "1896S")
    await remote.arm("status", status=400, match={"entity": "items"})
    with pytest.raises(BusinessCentralRefused):
        async with begun:
            await begun.finish(await begun.search())
    progress = await remote.store.match_progress(connection.id)
    assert progress is not None
    assert progress.state == "failed"
    assert progress.detail
    assert await remote.store.matches(connection.id) == []


async def test_one_that_tells_nothing_any_more_gives_way(
    remote: Remote, connection: Connection
) -> None:
    dead = await course(remote, connection, "NONE")
    with pytest.raises(Conflict):
        await course(remote, connection, "NONE")
    await remote.clock.advance((SILENT + timedelta(seconds=1)).total_seconds())
    alive = await course(remote, connection, "NONE")
    with pytest.raises(Conflict):
        async with dead:
            await dead.finish({})
    progress = await remote.store.match_progress(connection.id)
    assert progress is not None
    assert (progress.id, progress.state) == (alive.progress.id, "running")


async def test_pages_that_lead_in_a_circle_are_not_followed(
    remote: Remote, connection: Connection
) -> None:
    async with odd_server(lambda _: reply(200, page)) as odd:
        page = {"value": [], "@odata.nextLink": f"{odd.url}/items?$skiptoken=1"}
        begun = await course(remote, connection, "NONE", url=odd.url)
        with pytest.raises(UnexpectedAnswer, match="do not end"):
            async with begun:
                await begun.search()


async def test_an_item_without_its_fields_is_not_believed(
    remote: Remote, connection: Connection
) -> None:
    async with odd_server(lambda _: reply(200, {"value": [{"number": "X"}]})) as odd:
        begun = await course(remote, connection, "NONE", url=odd.url)
        with pytest.raises(UnexpectedAnswer, match="without its fields"):
            async with begun:
                await begun.search()


async def test_a_decision_made_meanwhile_is_not_overwritten(
    remote: Remote, connection: Connection
) -> None:
    begun = await course(remote, connection, "1896S")
    async with begun:
        found = await begun.search()
        decided = Match(
            connection.id, "1896S", "matched", "decided", remote.clock.now(), "id", "1900-S"
        )
        await remote.store.save_matches([decided])
        await begun.finish(found)
    assert await remote.store.matches(connection.id) == [decided]
