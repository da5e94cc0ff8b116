"""Pages of a partner: another route, and records that are named by a code or by two fields."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from gateway import reads
from gateway.config import shipped
from gateway.errors import BusinessCentralRefused, GatewayError, NotFound, RecordGone
from gateway.operations import Outcome
from gateway.snapshot import Snapshot, load_snapshot
from tests.remote import open_remote
from tests.unit.operations.conftest import Typed, Writes, open_writes

FOLDER = Path(__file__).parent / "custom_apis"
SEED = FOLDER / "seed.json"


@cache
def known() -> Snapshot:
    return load_snapshot(
        mappings=[FOLDER / "mappings"], schemas=[shipped("schemas"), FOLDER / "schemas"]
    )


@pytest.fixture
async def partner(tmp_path: Path) -> AsyncIterator[Writes]:
    async with open_remote(tmp_path, seed_file=SEED) as remote:
        connection = await remote.connect()
        async with open_writes(remote, connection, tmp_path, known()) as opened:
            yield opened


async def write(
    writes: Writes, resource: str, verb: str, document: object = None, **target: object
) -> Outcome:
    plan = known().plan(resource, verb)
    return await writes.engine.run(
        writes.connection, plan, document, snapshot=known(), key=None, target=target
    )


def body(outcome: Outcome) -> dict[str, Any]:
    return cast("dict[str, Any]", outcome.body)


async def read(writes: Writes, resource: str, record_id: str) -> dict[str, Any]:
    remote = writes.remote
    return await reads.read_record(
        remote.business_central,
        known().schemas,
        known().plan(resource, "read"),
        writes.connection,
        record_id,
        now=remote.clock.now(),
        deadline=remote.deadline(),
    )


GROUP = {
    "code": "NEW",
    "name": "New ones",
    "discount": Decimal("2.5"),
    "lines": [{"item": "1896-S", "price": 5}],
}


async def test_a_record_that_is_named_by_a_code(partner: Writes) -> None:
    made = await write(partner, "price-groups", "create", GROUP)
    assert (made.status, body(made)["id"]) == (201, "NEW")
    assert [one["item"] for one in body(made)["lines"]] == ["1896-S"]
    assert await read(partner, "price-groups", "new") == body(made)

    changed = await write(partner, "price-groups", "update", {"discount": 7}, id="NEW")
    assert body(changed)["discount"] == 7
    assert changed.operation.record_id == "NEW"

    same = await write(partner, "price-groups", "upsert", {**GROUP, "discount": 7}, key="NEW")
    assert (same.status, same.operation.sent_at) == (200, None)

    closed = await write(partner, "price-groups", "close", id="NEW")
    assert body(closed)["closed"] is True

    with pytest.raises(RecordGone):
        await read(partner, "price-groups", "NONE")


async def test_a_code_may_hold_what_means_something_in_an_address(partner: Writes) -> None:
    code = "A/B 'C',D%"
    made = await write(partner, "price-groups", "create", {**GROUP, "code": code})
    assert body(made)["id"] == code
    assert (await read(partner, "price-groups", code))["name"] == "New ones"
    gone = await write(partner, "price-groups", "delete", id=code)
    assert gone.status == 204


async def test_a_record_that_is_named_by_two_fields(partner: Writes) -> None:
    await write(partner, "price-groups", "create", GROUP)
    line = {"group": "NEW", "number": 30000, "item": "1900-S", "price": Decimal("9.90")}
    made = await write(partner, "price-lines", "create", line)
    assert (made.status, body(made)["id"]) == (201, "NEW,30000")
    assert made.operation.record_id == "NEW,30000"
    there = await read(partner, "price-lines", "NEW,30000")
    assert there["price"] == Decimal("9.9")
    changed = await write(partner, "price-lines", "update", {"price": 10}, id="NEW,30000")
    assert body(changed)["price"] == 10


@pytest.mark.parametrize("key", ["NEW", "NEW,x", "NEW,1,2", ",1", "N" * 21 + ",1"])
async def test_what_cannot_name_a_record(partner: Writes, key: str) -> None:
    with pytest.raises((NotFound, RecordGone)):
        await read(partner, "price-lines", key)
    with pytest.raises(GatewayError):
        await write(partner, "price-lines", "update", {"price": 10}, id=key)


async def test_an_answer_that_is_lost_is_found_on_its_route(partner: Writes) -> None:
    match = {"method": "POST", "entity": "priceGroups"}
    await partner.remote.arm("drop_after_commit", match=match)
    made = await write(partner, "price-groups", "create", GROUP)
    assert (made.status, body(made)["id"]) == (201, "NEW")
    assert len(await partner.orders("priceGroups")) == 3


async def test_every_call_of_a_mapping_asks_for_its_version_of_the_schemas(
    partner: Writes,
) -> None:
    await write(partner, "price-groups", "create", GROUP)
    line = {"group": "NEW", "number": 30000, "item": "1900-S", "price": Decimal("9.90")}
    await write(partner, "price-lines", "create", line)
    await write(partner, "price-lines", "update", {"price": 10}, id="NEW,30000")
    await read(partner, "price-lines", "NEW,30000")
    remote, plan = partner.remote, known().plan("price-lines", "list")
    cursor = None
    for limit in (1, 1):
        page = await reads.list_records(
            remote.business_central,
            partner.store,
            known().schemas,
            plan,
            partner.connection,
            wanted={"group": "NEW"},
            limit=limit,
            cursor=cursor,
            now=remote.clock.now(),
            deadline=remote.deadline(),
        )
        assert page.data
        cursor = page.next_cursor
    calls = await remote.journal(path="harwick/pricing")
    asked = {
        (call["method"], "$schemaversion=2.1" in call["query"], "priceLines" in call["path"])
        for call in calls
    }
    assert asked == {
        *(("POST", pinned, pinned) for pinned in (True, False)),
        *(("GET", pinned, pinned) for pinned in (True, False)),
        ("PATCH", True, True),
    }


async def test_an_action_takes_its_parameters(partner: Writes) -> None:
    await write(partner, "price-groups", "create", GROUP)
    closing = {"reason": "Nobody buys", "final": True}
    closed = await write(partner, "price-groups", "close-because", closing, id="NEW")
    assert (body(closed)["closed"], body(closed)["closed_reason"]) == (True, "Nobody buys")
    assert closed.operation.warnings == ()
    (call,) = await partner.remote.journal(path="Microsoft.NAV.close$")
    assert json.loads(call["body"]) == closing

    await write(partner, "price-groups", "create", {**GROUP, "code": "OTHER"})
    bare = await write(partner, "price-groups", "close-because", {}, id="OTHER")
    assert (body(bare)["closed"], "closed_reason" in body(bare)) == (True, False)


async def test_parameters_whose_answer_is_lost_are_not_sent_again_blindly(partner: Writes) -> None:
    await write(partner, "price-groups", "create", GROUP)
    await partner.remote.arm("drop_after_commit", match={"path": "Microsoft.NAV.close$"})
    plan = known().plan("price-groups", "close-because")
    assert plan.steps[0].effect == "irreversible"
    await partner.engine.run(
        partner.connection,
        plan,
        {"reason": "Nobody buys"},
        snapshot=known(),
        key=None,
        target={"id": "NEW"},
        prefer_async=True,
    )
    parked = await partner.pass_until(lambda one: one.state == "parked")
    assert parked.cause == "ambiguous"
    (group,) = [one for one in await partner.orders("priceGroups") if one["code"] == "NEW"]
    assert group["closedReason"] == "Nobody buys"
    assert len(await partner.remote.journal(path="Microsoft.NAV.close$")) == 1


@pytest.mark.parametrize(
    "given", [{"raeson": "x"}, {"reason": 5}, {"reason": "x" * 31}, {"final": "yes"}]
)
async def test_business_central_refuses_what_is_no_parameter(
    partner: Writes, given: dict[str, object]
) -> None:
    await write(partner, "price-groups", "create", GROUP)
    with pytest.raises(BusinessCentralRefused):
        await partner.remote.business_central.write(
            partner.connection,
            Typed("priceGroups('NEW')/Microsoft.NAV.close", given),
            deadline=partner.remote.deadline(),
            api="harwick/pricing/v1.0",
        )
    (group,) = [one for one in await partner.orders("priceGroups") if one["code"] == "NEW"]
    assert group["closed"] is False
