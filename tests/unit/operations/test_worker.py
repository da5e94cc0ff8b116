from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.storage import Connection, Operation, Store, open_store
from tests.remote import Remote
from tests.unit.operations.conftest import Writes, open_writes, order, snapshot

POST = {"method": "POST", "entity": "salesOrders"}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'remote.db'}"


@dataclass(frozen=True, slots=True)
class Sendable:
    """The call that the dead process was at."""

    body: dict[str, Any]
    path: str = "salesOrders"
    method: str = "POST"


def begun(remote: Remote, connection: Connection) -> Operation:
    """What the dead process began."""
    return Operation(
        id="op_left",
        connection_id=connection.id,
        organization=connection.organization,
        resource="sales-orders",
        verb="create",
        hash="hash",
        snapshot="snapshot",
        created_at=remote.clock.now(),
        updated_at=remote.clock.now(),
        document=order(),
        key="D-1042",
    )


async def body_of(remote: Remote, connection: Connection, folder: Path) -> dict[str, Any]:
    async with open_writes(remote, connection, folder) as writes:
        found = await writes.engine.prepare(connection, writes.plan, order(), snapshot=snapshot())
        body = found.requests[0].body
        assert body is not None
        return body


async def intend(store: Store, operation: Operation, body: dict[str, Any]) -> Operation:
    request = {"method": "POST", "path": "salesOrders", "body": body, "anchor": "D-1042"}
    sending, _ = await store.intent(
        operation,
        "create",
        request,
        entity="salesOrders",
        anchor="D-1042",
        place="harwick production c0a1",
        snapshot="snapshot",
    )
    return sending


async def test_what_was_running_starts_over(
    remote: Remote, connection: Connection, tmp_path: Path, url: str
) -> None:
    async with open_store(url, [b"k" * 32], remote.clock) as dead:
        await dead.begin(begun(remote, connection))
    async with open_writes(remote, connection, tmp_path) as writes:
        done = await writes.until(lambda operation: operation.state == "succeeded")
        assert done.attempt == 2
        assert done.snapshot == snapshot().hash
        assert await writes.posts() == 1


async def test_what_was_sent_and_written_is_found(
    remote: Remote, connection: Connection, tmp_path: Path, url: str
) -> None:
    body = await body_of(remote, connection, tmp_path)
    async with open_store(url, [b"k" * 32], remote.clock) as dead:
        began = await dead.begin(begun(remote, connection))
        await intend(dead, began.operation, body)
        await remote.business_central.write(connection, Sendable(body), deadline=remote.deadline())
    async with open_writes(remote, connection, tmp_path) as writes:
        done = await writes.until(lambda operation: operation.state == "succeeded")
        [there] = await writes.orders()
        assert done.record_number == there["number"]
        assert await writes.posts() == 1


async def test_what_was_perhaps_sent_is_sent_again_only_when_that_is_safe(
    remote: Remote, connection: Connection, tmp_path: Path, url: str
) -> None:
    body = await body_of(remote, connection, tmp_path)
    async with open_store(url, [b"k" * 32], remote.clock) as dead:
        began = await dead.begin(begun(remote, connection))
        await intend(dead, began.operation, body)
    async with open_writes(remote, connection, tmp_path) as writes:
        await writes.until(lambda operation: operation.not_before is not None)
        assert await writes.posts() == 0
        await writes.pass_until(lambda operation: operation.state == "succeeded", step=60)
        assert len(await writes.orders()) == 1


async def test_what_was_written_and_answered_is_not_sent_again(
    remote: Remote, connection: Connection, tmp_path: Path, url: str
) -> None:
    body = await body_of(remote, connection, tmp_path)
    answer = await remote.business_central.write(
        connection, Sendable(body), deadline=remote.deadline()
    )
    async with open_store(url, [b"k" * 32], remote.clock) as dead:
        began = await dead.begin(begun(remote, connection))
        sending = await intend(dead, began.operation, body)
        [call] = await dead.calls(sending.id)
        await dead.result(sending, call, {"status": 201, "body": answer.body})
    async with open_writes(remote, connection, tmp_path) as writes:
        done = await writes.until(lambda operation: operation.state == "succeeded")
        [there] = await writes.orders()
        assert done.record_number == there["number"]
        assert await writes.posts() == 1


async def test_what_lives_here_is_not_taken_up_again(writes: Writes) -> None:
    await writes.remote.arm("delay", seconds=0.4, match=POST)
    waiting = asyncio.create_task(writes.create(wait=300))
    await writes.until(lambda operation: operation.state == "sending")
    for _ in range(8):
        await writes.remote.clock.advance(20)
        await asyncio.sleep(0.01)

    assert (await waiting).status == 201
    done = await writes.operation()
    assert (done.state, done.attempt) == ("succeeded", 1)
    assert await writes.posts() == 1
