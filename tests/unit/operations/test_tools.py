"""Which mapping an operation goes by: its connection's, of the snapshot it began with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gateway.config import shipped
from gateway.snapshot import Snapshot, load_snapshot
from gateway.storage import Connection, Operation
from tests.remote import Remote
from tests.unit.operations.conftest import Writes, open_writes, order

POST = {"method": "POST", "entity": "salesOrders"}


@cache
def lain(owner: str, ramp: str) -> Snapshot:
    """The shipped mappings; orders of this organization or connection go to that ramp."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / owner / "sales-orders.yaml"
        file.parent.mkdir()
        file.write_text(f'extends: sales-orders\ncreate: {{body: {{shipToName: "{ramp}"}}}}\n')
        return load_snapshot(
            mappings=[shipped("mappings")], schemas=[shipped("schemas")], overrides=Path(folder)
        )


@pytest.fixture
async def writes(remote: Remote, connection: Connection, tmp_path: Path) -> AsyncIterator[Writes]:
    async with open_writes(remote, connection, tmp_path, lain("harwick", "Ramp 1")) as opened:
        yield opened


async def create(writes: Writes, **changes: object) -> Operation:
    """Write an order as the snapshot that counts has it; it need not have ended."""
    snapshot, connection = writes.current.snapshot, writes.connection
    plan = snapshot.plan("sales-orders", "create", connection.id, connection.organization)
    outcome = await writes.engine.run(
        connection, plan, order(**changes), snapshot=snapshot, key=None, prefer_async=True
    )
    return outcome.operation


async def names(writes: Writes) -> list[str]:
    return [row["shipToName"] for row in await writes.orders()]


def succeeded(operation: Operation) -> bool:
    return operation.state == "succeeded"


async def test_an_operation_goes_by_the_override_of_its_organization(writes: Writes) -> None:
    await create(writes)
    done = await writes.pass_until(succeeded)
    assert await names(writes) == ["Ramp 1"]
    assert done.snapshot == writes.current.snapshot.hash
    prepared = await writes.engine.prepare(
        writes.connection,
        writes.current.snapshot.plan("sales-orders", "create", writes.connection.organization),
        order(),
        snapshot=writes.current.snapshot,
    )
    body = prepared.requests[0].body
    assert body is not None
    assert body["shipToName"] == "Ramp 1"


async def test_one_of_the_connection_counts_instead(writes: Writes) -> None:
    own, theirs = lain(writes.connection.id, "Ramp 7"), writes.current.snapshot
    writes.current.adopt(replace(own, overrides={**own.overrides, **theirs.overrides}))
    await create(writes)
    await writes.pass_until(succeeded)
    assert await names(writes) == ["Ramp 7"]


async def test_one_that_is_under_way_keeps_its_mapping(writes: Writes) -> None:
    first = writes.current.snapshot
    await writes.remote.arm("delay", seconds=0.3, match={"entity": "customers"})
    began = await create(writes)
    await asyncio.sleep(0.05)  # it asks its lookups, and nothing is rendered yet
    writes.current.adopt(lain("harwick", "Ramp 2"))
    done = await writes.pass_until(succeeded)
    assert (done.id, done.snapshot) == (began.id, first.hash)
    assert await names(writes) == ["Ramp 1"]


async def test_one_that_waits_keeps_its_mapping_too(writes: Writes) -> None:
    first = writes.current.snapshot
    await writes.remote.arm("status", status=503, count=20, match={"entity": "customers"})
    await create(writes)
    await writes.pass_until(lambda one: one.state == "queued" and one.cause is not None)
    writes.current.adopt(lain("harwick", "Ramp 2"))
    await writes.remote.clear()
    done = await writes.pass_until(succeeded, step=30)
    assert done.snapshot == first.hash
    assert await names(writes) == ["Ramp 1"]


async def test_one_that_a_person_takes_up_goes_by_the_mended_mapping(writes: Writes) -> None:
    await writes.remote.arm("lock", count=5, match=POST)
    await create(writes)
    parked = await writes.pass_until(lambda one: one.state == "parked")
    writes.current.adopt(lain("harwick", "Ramp 2"))
    await writes.engine.retry(parked)
    done = await writes.pass_until(succeeded)
    assert done.snapshot == writes.current.snapshot.hash
    assert await names(writes) == ["Ramp 2"]


async def test_a_request_goes_by_what_it_took_though_another_counts_now(writes: Writes) -> None:
    taken = writes.current.snapshot
    plan = taken.plan("sales-orders", "create", "harwick")
    writes.current.adopt(lain("harwick", "Ramp 2"))
    done = await writes.engine.run(writes.connection, plan, order(), snapshot=taken, key=None)
    assert done.operation.snapshot == taken.hash
    assert await names(writes) == ["Ramp 1"]
