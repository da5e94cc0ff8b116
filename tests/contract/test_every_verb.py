"""Nothing that the API has with a verb is left out: every entity set answers every one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.simulator import run_simulator
from gateway.simulator.catalogue.entities import EntitySet, load_catalogue
from gateway.simulator.records.worked_out import is_worked_out
from tests.contract.plausible import Requests
from tests.unit.simulator.client import Client, signed_in

SETS = load_catalogue("29.0").sets
# They need a parent, or are told of the route as a whole.
NEVER_LISTED = {
    "apicategoryroutes",
    "applyVendorEntries",
    "contactsInformation",
    "entityDefinitions",
    "pdfDocument",
    "pictures",
}
ELSEWHERE = {"companies", "subscriptions"}  # no company's, and answered by tests of their own


@pytest.fixture
async def newest() -> AsyncIterator[Client]:
    async with run_simulator(release="29.0") as running, signed_in(running) as client:
        yield client


async def lists(client: Client, one: EntitySet) -> int:
    reply = await client.get(one.name)
    if reply.status == 400:  # lists that need their parent say so
        assert one.needs_filter is not None
        assert reply.message.startswith(one.needs_filter)
        return 200
    return reply.status


async def test_every_set_is_read(newest: Client) -> None:
    answers = {
        name: await lists(newest, one) for name, one in SETS.items() if name not in ELSEWHERE
    }
    assert set(answers.values()) == {200}, answers


async def test_a_verb_that_a_set_lacks_is_refused(newest: Client) -> None:
    for name, one in SETS.items():
        if name in ELSEWHERE:
            continue
        made = await newest.post(name, {})
        assert (made.status == 405) is ("post" not in one.verbs), (name, made.text)
        record = f"{name}(3f2b1c00-0000-4000-8000-000000000000)"
        for method in ("PATCH", "DELETE"):
            reply = await newest.send(method, record, {}, {"If-Match": "*"})
            below = name == "dimensionSetLines"  # nobody looks for one without its parent
            assert reply.status in ({400} if below else {404, 405}), (name, reply.text)


async def test_what_is_made_is_changed_and_removed(newest: Client) -> None:
    """Every set that takes a POST takes one made from the catalogue, and so with the others."""
    requests = Requests(newest, load_catalogue("29.0"))
    made = {}
    for name, one in SETS.items():
        if "post" not in one.verbs or name in ELSEWHERE:
            continue
        reply = await requests.make(name)
        assert reply.status == 201, (name, reply.text)
        record = reply.headers["Location"]
        changes = await requests.change(name)
        changed = await newest.patch(record, changes)
        assert changed.status == 200, (name, changes, changed.text)
        assert changes or name == "dimensionSetLines"  # it has nothing but codes
        assert changes.items() <= changed.json.items(), name
        removed = await newest.send("DELETE", record, None, {"If-Match": "*"})
        assert removed.status == 204, (name, removed.text)
        made[name] = (await newest.get(record)).status
    assert set(made.values()) == {404}, made
    assert len(made) >= 50


async def test_all_of_a_record_is_read(newest: Client) -> None:
    """Each property by its path, bare, as a stream; each way from a record, and all at once."""
    requests = Requests(newest, load_catalogue("29.0"))
    seen = set()
    for name, one in SETS.items():
        if name in ELSEWHERE or len(one.key) > 1 or one.by_name[one.key[0]].type != "Edm.Guid":
            continue
        record = ""
        if "post" in one.verbs:
            record = (await requests.make(name)).headers["Location"]
        elif not is_worked_out(name) and not await newest.state(name):
            await requests.plant(name)
        listed = await newest.get(name, _top="1")
        rows = listed.json["value"] if listed.status == 200 else await newest.state(name)
        for row in rows[:1]:
            seen.add(name)
            flat = name != "dimensionSetLines"  # their ids count below their parent alone
            await read_all(newest, f"{name}({row[one.key[0]]})" if flat else record, one)
    single = {name for name, one in SETS.items() if len(one.key) == 1}
    assert single - seen - ELSEWHERE == NEVER_LISTED


async def read_all(client: Client, record: str, one: EntitySet) -> None:
    shown = (await client.get(record)).json
    for field in one.fields:
        reply = await client.get(f"{record}/{field.name}")
        if field.type == "Edm.Stream":
            assert reply.status == 404, (record, field.name, reply.text)
            continue
        assert reply.status == 200, (record, field.name, reply.text)
        assert reply.json["value"] == shown[field.name], (record, field.name)
    for way in one.navigation:
        reply = await client.get(f"{record}/{way.name}")
        assert reply.status in ({200} if way.many else {200, 404}), (record, way.name, reply.text)
    ways = ",".join(way.name for way in one.navigation)
    expanded = await client.get(record, **({"_expand": ways} if ways else {}))
    assert expanded.status == 200, (record, expanded.text)
    assert all(way.name in expanded.json for way in one.navigation)


async def test_every_action_is_there(newest: Client) -> None:
    coverage = (await newest.get("/_simulator/coverage")).json["entity_sets"]
    for name, one in SETS.items():
        assert coverage[name]["actions"] == list(one.actions)
        for action in one.actions:
            made = await newest.post(name, {"customerNumber": "10000", "code": "X"})
            found = made.json.get("id") or (await newest.state(name) or [{}])[0].get("id")
            if found is not None:
                path = f"{name}({found})/Microsoft.NAV.{action}"
                assert (await newest.send("POST", path)).status in {200, 204, 400}, path
