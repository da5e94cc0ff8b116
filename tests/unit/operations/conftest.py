from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.config import shipped
from gateway.mapping import Plan
from gateway.matching import Matching
from gateway.operations import Engine, Outcome
from gateway.snapshot import Snapshot, load_snapshot
from gateway.storage import Connection, Operation, Store, open_store
from tests.remote import COMPANY_ID, Remote, open_remote

ORDER: dict[str, Any] = {
    "external_reference": "D-1042",
    "customer": {"number": "10000"},
    "order_date": "2026-11-23",
    "ship_to": {"name": "Birgit Holm"},
    "lines": [
        {"sku": "1896-S", "quantity": 2, "unit_price": Decimal("19.90")},
        {"sku": "1900-S", "quantity": Decimal("1.5"), "unit_price": 100},
    ],
}


@cache
def snapshot() -> Snapshot:
    """The shipped mappings, read once."""
    return load_snapshot(mappings=[shipped("mappings")], schemas=[shipped("schemas")])


def order(**changes: object) -> dict[str, Any]:
    """Harwick's order, with other members."""
    return {**deepcopy(ORDER), **changes}


@dataclass(slots=True)
class Writes:
    """An engine with everything below it, against the simulator."""

    remote: Remote
    engine: Engine
    store: Store
    connection: Connection

    @property
    def plan(self) -> Plan:
        return snapshot().plan("sales-orders", "create")

    async def create(
        self,
        document: object = None,
        *,
        key: str | None = None,
        wait: float = 60,
        prefer_async: bool = False,
    ) -> Outcome:
        """Run one create of Harwick's order, or of `document`."""
        return await self.engine.run(
            self.connection,
            self.plan,
            order() if document is None else document,
            key=key,
            wait=wait,
            prefer_async=prefer_async,
        )

    async def orders(self, entity: str = "salesOrders") -> list[dict[str, Any]]:
        """What the simulator holds."""
        wanted = {"environment": "Production", "company": COMPANY_ID, "entity": entity}
        async with self.remote.control.get("/_simulator/state", params=wanted) as answer:
            assert answer.status == 200, await answer.text()
            rows: list[dict[str, Any]] = (await answer.json())["value"]
            return rows

    async def posts(self) -> int:
        """How often an order was sent."""
        return len(await self.remote.journal(method="POST", entity="salesOrders"))

    async def operation(self) -> Operation:
        """The only operation there is."""
        [found] = await self.store.operations()
        return found

    async def until(self, happened: Callable[[Operation], bool]) -> Operation:
        """Wait, for real, until the only operation is as wanted; the clock stands still."""
        while True:
            for found in await self.store.operations():
                if happened(found):
                    return found
            await asyncio.sleep(0.01)

    async def pass_until(
        self, happened: Callable[[Operation], bool], *, step: float = 1.0
    ) -> Operation:
        """Let time pass until the only operation is as wanted."""
        while True:
            for _ in range(10):
                for found in await self.store.operations():
                    if happened(found):
                        return found
                await asyncio.sleep(0.005)
            await self.remote.clock.advance(step)


@asynccontextmanager
async def open_writes(
    remote: Remote, connection: Connection, folder: Path
) -> AsyncIterator[Writes]:
    """An engine that serves alone from the database of `remote`, which lies in `folder`."""
    url = f"sqlite:///{folder / 'remote.db'}"
    async with (
        open_store(url, [b"k" * 32], remote.clock, serving=True) as store,
        Engine(
            store,
            snapshot(),
            remote.business_central,
            remote.connections,
            Matching(store, remote.business_central, snapshot().schemas, remote.clock),
            clock=remote.clock,
        ) as engine,
    ):
        yield Writes(remote, engine, store, connection)


@pytest.fixture
async def remote(tmp_path: Path) -> AsyncIterator[Remote]:
    async with open_remote(tmp_path) as opened:
        yield opened


@pytest.fixture
async def connection(remote: Remote) -> Connection:
    return await remote.connect()


@pytest.fixture
async def writes(remote: Remote, connection: Connection, tmp_path: Path) -> AsyncIterator[Writes]:
    async with open_writes(remote, connection, tmp_path) as opened:
        yield opened
