"""Nothing that the API has with a verb is left out: every entity set answers every one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.simulator import run_simulator
from gateway.simulator.catalogue.entities import EntitySet, load_catalogue
from tests.unit.simulator.client import Client, signed_in

SETS = load_catalogue("29.0").sets
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


async def test_no_verb_is_left_out(newest: Client) -> None:
    """Whatever is wrong with an empty body, it is not that nobody has built it."""
    for name, one in SETS.items():
        if name in ELSEWHERE:
            continue
        made = await newest.post(name, {})
        assert (made.status == 405) is ("post" not in one.verbs), (name, made.text)
        record = f"{name}(3f2b1c00-0000-4000-8000-000000000000)"
        for method in ("PATCH", "DELETE"):
            reply = await newest.send(method, record, {}, {"If-Match": "*"})
            assert made.status not in {500, 501}, (name, made.text)
            assert reply.status not in {500, 501}, (name, reply.text)


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
